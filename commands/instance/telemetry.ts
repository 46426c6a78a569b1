/**
 * Spans by OpenTelemetry's API, which Deno itself exports over OTLP where it is started with `OTEL_DENO=true`.
 *
 * @module
 */
import type { Tracer } from "../../actors/tracing.ts";
import { isSampled } from "../../actors/tracing.ts";
import { wholeNumber } from "../settings/setting.ts";

/** The settings of traces. */
export const TRACE_SETTINGS = {
  traceEvery: wholeNumber({
    min: 0,
    max: 1_000_000_000,
    fallback: 10_000,
    help: "with OTEL_DENO=true one reading in so many is followed to its alert; 0: those alone that come with a trace",
  }),
};

/** Requests with a trace of their own that are followed in a second at most: whoever sends one costs a few spans. */
const FOLLOWED_A_SECOND = 10;
const CAPTURED = "sensorium";

/** Spans, and the trace that a request belongs to. */
export interface Telemetry extends Tracer {
  /**
   * The context below which what a request brings is followed; undefined if it is not.
   *
   * @param header its `traceparent`
   */
  follow(header: string | undefined): string | undefined;
}

/** Whether this process exports traces. Not without permission to look. */
export function isTracing(): boolean {
  const name = "OTEL_DENO", permitted = Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
  return permitted && /^(true|1)$/.test(Deno.env.get(name) ?? "");
}

/** Loads the API, which a process without traces never does. */
export async function openTelemetry(every: number): Promise<Telemetry> {
  const { ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags } = await import("@opentelemetry/api");
  const tracer = trace.getTracer(CAPTURED);
  const text = ({ traceId, spanId, traceFlags }: { traceId: string; spanId: string; traceFlags: number }) =>
    `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  const below = (parent: string | undefined) => {
    if (!isSampled(parent)) return ROOT_CONTEXT;
    const [, traceId, spanId] = parent.split("-");
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
  };
  let second = 0, followed = 0;
  return {
    every,
    begin(name, attributes, parent) {
      const span = tracer.startSpan(name, { attributes }, below(parent));
      return {
        context: text(span.spanContext()),
        end: (more, error) => {
          if (more) span.setAttributes(more);
          if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
          span.end();
        },
      };
    },
    follow(header) {
      if (!isSampled(header)) return undefined;
      const now = Math.floor(performance.now() / 1000);
      if (now !== second) [second, followed] = [now, 0];
      if (++followed > FOLLOWED_A_SECOND) return undefined;
      const active = trace.getActiveSpan(); // Deno's own of the request
      return active ? text(active.spanContext()) : header;
    },
  };
}
