/**
 * Spans of a delivery, one for each reading in it that is followed.
 *
 * @module
 */
import type { TraceSpan, Tracing } from "../../actors/tracing.ts";
import type { Batch } from "./item.ts";

const NONE: readonly TraceSpan[] = [];

/** Spans of a batch that is about to be delivered; none without tracing. */
export function deliverySpans(batch: Batch, sink: string, tracing: Tracing | undefined): readonly TraceSpan[] {
  if (!tracing || (batch.kind !== "readings" && batch.kind !== "alerts")) return NONE;
  const { tracer, book } = tracing, { kind, partition } = batch, attributes = { "sensorium.sink": sink };
  const positions = kind === "alerts"
    ? batch.items.map(({ position }) => position)
    : batch.items.map(({ id }) => Number(id.split("/", 2)[1]));
  return positions.flatMap((position) => {
    const context = book.of(partition, position);
    return context === undefined ? [] : tracer.begin(`deliver ${kind}`, attributes, context);
  });
}
