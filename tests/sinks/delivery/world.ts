/**
 * A store, an outbox, a partition and deliveries, together.
 *
 * @module
 */
import { Deliveries, type DeliveriesOptions } from "../../../sinks/delivery/deliveries.ts";
import type { DeliverySink } from "../../../sinks/delivery/sink.ts";
import { KvOutbox, type OutboxLimits } from "../../../store/outbox/outbox.ts";
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

/** Waits between two tries, ms, of these deliveries: exactly these, the last one again and again. */
export const WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;

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
      backoff: { firstMs: WAITS_MS[0], longestMs: WAITS_MS[WAITS_MS.length - 1] },
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

  /** The same, while time passes for those who wait to try again: a server that is back may not be ready at once. */
  async drainedInTime(): Promise<void> {
    let isDrained = false;
    const drained = this.drained().then(() => isDrained = true);
    while (!isDrained) {
      const wait = await Promise.race([drained.then(() => 0), this.clock.sleepingAny(WAITS_MS)]);
      if (wait > 0 && !isDrained) await this.clock.pass(wait);
    }
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
