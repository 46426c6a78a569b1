/**
 * Puts what a checkpoint commits into the outbox: the link between a partition's run and the deliveries to sinks.
 *
 * @module
 */
import { z } from "zod";
import type { CommitSink, CutOutputs } from "../../actors/checkpoint.ts";
import type { Json } from "../../actors/ports.ts";
import { viewWindow } from "../../actors/window_view.ts";
import type { Item, ItemKind, ReadingItem } from "../../sinks/delivery/item.ts";
import { type KvOutbox, OUTBOX_NAME, type Totals } from "./outbox.ts";

const count = z.number().int().min(0).optional();
const stateSchema = z.object({ readings: count, windows: count, alerts: count });

/** What the link is made with. */
export interface OutboxSinkOptions {
  readonly outbox: Pick<KvOutbox, "put" | "committed">;
  readonly partition: string;
  /** Kinds that some sink wants. Others are not written. */
  readonly kinds: ReadonlySet<ItemKind>;
  /** Resolves when there is room, given what is there of each kind; for a replay, which can wait. */
  readonly room?: (totals: Totals) => Promise<void>;
}

/** A partition's way into the outbox. */
export class OutboxSink implements CommitSink {
  readonly name = OUTBOX_NAME;
  /** Items of each kind since the partition began, as of the last stored outputs. */
  private totals: z.infer<typeof stateSchema> = {};
  private latest = this.totals;

  constructor(private readonly options: OutboxSinkOptions) {}

  recover(state: Json | undefined): Promise<void> {
    if (state !== undefined) this.totals = this.latest = stateSchema.parse(state);
    return Promise.resolve();
  }

  cut(): (outputs: CutOutputs) => Promise<Json> {
    return async (outputs) => {
      const { outbox, partition, room } = this.options, { cut, from } = outputs, latest = { ...this.totals };
      await room?.(this.totals);
      for (const kind of ["readings", "windows", "alerts"] as const) {
        if (!this.options.kinds.has(kind)) continue;
        latest[kind] = await outbox.put({ partition, kind }, cut, from, itemsOf(kind, outputs), latest[kind] ?? 0);
      }
      this.latest = latest;
      return { ...latest };
    };
  }

  committed(): Promise<void> {
    const { outbox, partition } = this.options, { totals, latest } = this;
    this.totals = latest;
    const kinds = (["readings", "windows", "alerts"] as const).filter((kind) => latest[kind] !== totals[kind]);
    if (kinds.length > 0) outbox.committed(...kinds.map((kind) => ({ partition, kind })));
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function itemsOf(kind: "readings" | "windows" | "alerts", outputs: CutOutputs): Iterable<Item> {
  if (kind === "windows") return outputs.windows().map(viewWindow);
  return kind === "alerts" ? outputs.alerts() : readingItems(outputs);
}

/** One after the other: a checkpoint of many readings needs no second list of them. */
function* readingItems(outputs: CutOutputs): Generator<ReadingItem> {
  for (const reading of outputs.readings()) yield { ...outputs.about(reading.sensor), ...reading };
}
