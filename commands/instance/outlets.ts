/**
 * The sinks of a running instance, put together: what partitions put into the outbox, and the deliveries out of it.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import type { Judging } from "../../actors/config.ts";
import type { Clock } from "../../actors/ports.ts";
import type { Tracing } from "../../actors/tracing.ts";
import { Deliveries } from "../../sinks/delivery/deliveries.ts";
import type { DeliverySink } from "../../sinks/delivery/sink.ts";
import type { DeliveryView } from "../../sinks/delivery/view.ts";
import type { UnitOf } from "../../sinks/postgres/statements.ts";
import type { KvPort } from "../../store/kv.ts";
import { KvOutbox, MODELS_PARTITION, type OutboxLimits, type Totals } from "../../store/outbox/outbox.ts";
import { OutboxSink } from "../../store/outbox/sink.ts";

/** What outlets are made with. */
export interface OutletsOptions {
  readonly kv: KvPort;
  readonly sinks: readonly DeliverySink[];
  readonly clock: Clock;
  /** Partitions that this process owns or owned to their end. */
  readonly partitions: () => readonly string[];
  /** Told a line when a sink fails, and when it is well again. */
  readonly report: (line: string) => void;
  readonly tracing?: Tracing;
  readonly limits?: Partial<OutboxLimits>;
  /** A replay: items that may wait for a sink before reading waits too. Default none, as live. */
  readonly waitItems?: number;
}

/** Longest wait for the database, ms. */
const KV_DEADLINE_MS = 30_000;

/** All sinks of an instance. */
export class Outlets {
  /** For models, which come out of no partition: `outbox.append("global_models", [...])`. */
  readonly outbox: KvOutbox;
  private readonly deliveries: Deliveries;

  constructor(private readonly options: OutletsOptions) {
    const { kv, clock, limits, sinks, waitItems, report, partitions, tracing } = options;
    this.outbox = new KvOutbox(kv, { clock, deadlineMs: KV_DEADLINE_MS, limits });
    this.deliveries = new Deliveries(this.outbox, sinks, {
      clock,
      report,
      waitItems,
      tracing,
      partitions: () => [...partitions(), MODELS_PARTITION],
    });
  }

  /**
   * What a partition's checkpoints call: nothing where there is no sink.
   *
   * @param stopping aborted when the instance ends: then no checkpoint waits for a sink any more
   */
  commitSinks(partition: string, stopping: AbortSignal): CommitSink[] {
    const { outbox, deliveries } = this, { kinds } = deliveries;
    if (this.options.sinks.length === 0) return [];
    const room = (totals: Totals) => deliveries.room(partition, totals, stopping);
    return [new OutboxSink({ outbox, partition, kinds, room })];
  }

  /** Delivers until `signal` is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.deliveries.run(signal);
  }

  /** Resolves once every sink has everything that is committed: the end of a replay. */
  drained(signal: AbortSignal): Promise<void> {
    return this.deliveries.drained(signal);
  }

  /** What sinks do not have yet, a sentence each: for the end. */
  left(): string[] {
    return this.views().filter(({ backlog_items }) => backlog_items > 0)
      .map(({ sink, backlog_items }) =>
        `${backlog_items} items wait for the sink ${sink}: it gets them after the next start.`
      );
  }

  /** How the sinks are doing, for `/metrics`, `/readyz` and the page. */
  views(): DeliveryView[] {
    return this.deliveries.views();
  }
}

/** The unit of a channel, as the configuration has it. */
export function unitsOf({ types }: Pick<Judging, "types">): UnitOf {
  return (type, channel) => type === undefined ? undefined : types[type]?.channels[channel]?.unit;
}
