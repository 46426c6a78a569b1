/**
 * A store, an outbox, a partition and deliveries, together.
 *
 * @module
 */
import { Deliveries, type DeliveriesOptions } from "../../../sinks/delivery/deliveries.ts";
import type { DeliverySink } from "../../../sinks/delivery/sink.ts";
import { KvOutbox, type OutboxLimits } from "../../../store/outbox.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { FakePartition } from "./partition.ts";
import { WatchedClock } from "./watched_clock.ts";

/** What a world is made with. */
export interface WorldOptions extends Partial<DeliveriesOptions> {
  readonly limits?: Partial<OutboxLimits>;
  readonly kv?: MemoryKv;
  readonly clock?: WatchedClock;
  readonly channels?: number;
  readonly names?: readonly string[];
}

/** Longest wait between two tries, ms, of these deliveries: waits are 500, 1,000, 2,000 and so on, exactly. */
export const LONGEST_WAIT_MS = 8_000;

/** Longest rest of a delivery that has nothing to do, ms: unlike any wait. */
export const POLL_MS = 1_234;

/** A running world; its end stops the deliveries. */
export class World {
  readonly lines: string[] = [];
  private readonly stopped = new AbortController();
  private running: Promise<void>;

  private constructor(
    readonly kv: MemoryKv,
    readonly clock: WatchedClock,
    readonly outbox: KvOutbox,
    readonly partitions: readonly FakePartition[],
    sinks: readonly DeliverySink[],
    options: WorldOptions,
  ) {
    this.deliveries = new Deliveries(outbox, sinks, {
      clock,
      chance: () => 1,
      backoff: { firstMs: 500, longestMs: LONGEST_WAIT_MS },
      pollMs: POLL_MS,
      partitions: () => partitions.map(({ name }) => name),
      report: (line) => this.lines.push(line),
      ...options,
    });
    this.running = this.deliveries.run(this.stopped.signal);
  }

  readonly deliveries: Deliveries;

  /** Builds one over what `kv` holds already. */
  static async open(sinks: readonly DeliverySink[], options: WorldOptions = {}): Promise<World> {
    const { kv = new MemoryKv(), clock = new WatchedClock(), limits, names = ["hall"], channels } = options;
    const outbox = new KvOutbox(kv, { clock, deadlineMs: 60_000, limits });
    const partitions: FakePartition[] = [];
    for (const name of names) partitions.push(await FakePartition.claim(kv, name, outbox, channels));
    return new World(kv, clock, outbox, partitions, sinks, options);
  }

  /** The first partition. */
  get partition(): FakePartition {
    return this.partitions[0];
  }

  /** Resolves once every sink has everything. */
  drained(): Promise<void> {
    return this.deliveries.drained(this.stopped.signal);
  }

  /** Stops the deliveries, as a process that ends. */
  async stop(): Promise<void> {
    this.stopped.abort(new Error("the end of a test"));
    await this.running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
