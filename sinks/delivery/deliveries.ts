/**
 * All deliveries of a process: each sink at its own pace, and what no sink needs any more is removed.
 *
 * @module
 */
import { Waiters } from "../../actors/waiters.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import type { ItemKind } from "./item.ts";
import { isReached, type Outbox, type Place, type Stream } from "./outbox.ts";
import type { DeliverySink } from "./sink.ts";
import type { DeliveryView } from "./view.ts";

/** How all of them work. */
export interface DeliveriesOptions extends DeliveryOptions {
  /** Time between two looks for what may be removed, ms; default 10,000. */
  readonly trimMs?: number;
  /**
   * Items that may wait for a sink before {@linkcode Deliveries.room} makes a checkpoint wait: for a replay, which can.
   * Default: nothing waits, and retention bounds the backlog.
   */
  readonly waitItems?: number;
}

/** Deliveries to all configured sinks. */
export class Deliveries {
  private readonly deliveries: readonly Delivery[];
  private readonly changes = new Waiters();

  /** @throws {TypeError} if two sinks have the same name */
  constructor(
    private readonly outbox: Outbox,
    private readonly sinks: readonly DeliverySink[],
    private readonly options: DeliveriesOptions,
  ) {
    const names = sinks.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new TypeError(`two sinks are called ${twice}: give one another name`);
    const peers = {
      spent: (stream: Stream, places: readonly Place[]) => this.spent(stream, places),
      moved: () => this.changes.wake(),
    };
    this.deliveries = sinks.map((sink) => new Delivery(sink, outbox, options, peers));
  }

  /** Kinds that some sink wants: what the outbox has to keep. */
  get kinds(): ReadonlySet<ItemKind> {
    return new Set(this.sinks.flatMap(({ wants }) => [...wants]));
  }

  /** Delivers until `signal` is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.deliveries.map((delivery) => delivery.run(signal)), this.tidy(signal)]);
  }

  /** How every sink is doing, in the order of the configuration. */
  views(): DeliveryView[] {
    return this.deliveries.map((delivery) => delivery.view());
  }

  /** Resolves once every sink has everything that is committed by then, or when `signal` is aborted. */
  async drained(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.deliveries.some(({ idleAt }) => idleAt !== this.outbox.version)) {
      await this.changes.wait(signal);
    }
  }

  /**
   * Resolves when a partition may put more into the outbox: at once, unless `waitItems` is given.
   *
   * @param totals items of each kind that it has put there since it began
   * @param signal aborted when nobody can wait any longer
   */
  async room(
    partition: string,
    totals: Readonly<Partial<Record<ItemKind, number>>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { waitItems = Infinity } = this.options;
    if (waitItems === Infinity) return;
    for (const { sink, progress } of this.deliveries) {
      for (const kind of sink.wants) {
        const total = totals[kind] ?? 0;
        while (!signal.aborted && total - await progress.next({ partition, kind }) > waitItems) {
          await this.changes.wait(signal);
        }
      }
    }
  }

  /** Of these places those that all sinks which want the stream will have reached: the one that asks has now. */
  private spent({ kind, partition }: Stream, places: readonly Place[]): readonly Place[] {
    const others = this.deliveries.filter(({ sink }) => sink.wants.includes(kind));
    const behind = others.filter(({ progress }) => {
      const place = progress.place({ kind, partition });
      return !place || !isReached(places[places.length - 1], place);
    });
    return behind.length <= 1 ? places : []; // only the one that asks
  }

  /** Whether all sinks that want a stream have reached a place. */
  private isSpent(stream: Stream, place: Place): boolean {
    return this.deliveries.every(({ sink, progress }) => {
      if (!sink.wants.includes(stream.kind)) return true;
      const reached = progress.place(stream);
      return reached !== undefined && isReached(place, reached);
    });
  }

  /** Removes from time to time what every sink has, and what is beyond the bounds. */
  private async tidy(signal: AbortSignal): Promise<void> {
    const { clock, trimMs = 10_000, partitions, report } = this.options;
    while (!signal.aborted) {
      await clock.sleep(trimMs, signal).catch(() => {}); // aborted
      if (signal.aborted) return;
      for (const delivery of this.deliveries) if (!delivery.isWell) await delivery.survey();
      try {
        for (const partition of partitions()) {
          for (const kind of this.kinds) {
            const stream = { partition, kind };
            await this.outbox.trim(stream, (place) => this.isSpent(stream, place));
          }
        }
      } catch (error) {
        report?.(`the outbox could not be trimmed: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
}
