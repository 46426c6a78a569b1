/**
 * The delivery to one sink: reads behind a cursor of its own, hands over batches, tries again, sets aside.
 *
 *     outbox ─▶ batch of one stream ─▶ sink.deliver ─▶ cursor moves
 *                       ▲                  │ failed: wait, again          refused: halve, set aside what is left alone
 *                       └──────────────────┘
 *
 * One call at a time, streams in turn. What a sink does, or does not, delays nothing but itself.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { BACKOFF_DEFAULT, backoffMs, type BackoffOptions } from "./backoff.ts";
import { callWithin } from "./deadline.ts";
import type { Tracing } from "../../actors/tracing.ts";
import type { Batch, Item } from "./item.ts";
import type { Outbox, OutboxChunk, Place, SetAside, Stream } from "./outbox.ts";
import { Progress } from "./progress.ts";
import { deliverySpans } from "./traces.ts";
import { type DeliverySink, RefusedError } from "./sink.ts";
import type { DeliveryView } from "./view.ts";

/** How deliveries work. */
export interface DeliveryOptions {
  readonly clock: Clock;
  /** From 0 to 1, for the waits; default `Math.random`. */
  readonly chance?: () => number;
  /** How long one call may take, ms; default 30,000. */
  readonly deadlineMs?: number;
  readonly backoff?: BackoffOptions;
  /** Without word of something new it is looked again after so long, ms; default 1,000. */
  readonly pollMs?: number;
  /** Partitions whose outputs this process delivers. */
  readonly partitions: () => readonly string[];
  /** Where deliveries of readings that are followed become spans; absent: nowhere. */
  readonly tracing?: Tracing;
  /** Told a line when a sink fails, and when it is well again. */
  readonly report?: (line: string) => void;
}

/** What a delivery tells those that share the outbox with it. */
export interface DeliveryPeers {
  /** Of these places those that no other sink needs. */
  spent(stream: Stream, places: readonly Place[]): readonly Place[];
  /** Some cursor moved, or there is nothing to do for now. */
  moved(): void;
}

/** Delivers to one sink while it runs. */
export class Delivery {
  /** The outbox's version at which there was nothing left to deliver; −1 while there is. */
  idleAt = -1;
  readonly progress: Progress;
  private state: DeliveryView["state"] = "starting";
  private error?: string;
  private failingSince?: number;
  private retries = 0;
  private again = 0;
  private lastDelivery?: number;
  /** Streams in which nothing was left, and the version at which that was so. */
  private readonly empty = new Map<string, number>();

  constructor(
    readonly sink: DeliverySink,
    private readonly outbox: Outbox,
    private readonly options: DeliveryOptions,
    private readonly peers: DeliveryPeers,
  ) {
    this.progress = new Progress(sink.name, outbox);
  }

  /** Delivers until `signal` is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await this.insist(signal, () => this.call(signal, (callSignal) => this.sink.open(callSignal)));
    while (!signal.aborted) {
      const { version } = this.outbox;
      let isBusy = false;
      for (const stream of this.streams()) {
        if (signal.aborted) break;
        isBusy = await this.insist(signal, () => this.serve(stream, signal)) === true || isBusy;
      }
      if (!isBusy && !signal.aborted) await this.rest(version, signal);
    }
    this.state = "stopped";
    await this.sink.close().catch(() => {}); // nobody needs it any more
  }

  /** Streams of this sink in this process. */
  streams(): Stream[] {
    const { wants } = this.sink;
    return this.options.partitions().flatMap((partition) => wants.map((kind) => ({ partition, kind })));
  }

  /** Whether its last call succeeded. */
  get isWell(): boolean {
    return this.state === "ok";
  }

  /** How it is doing. */
  view(): DeliveryView {
    const { items, oldest, delivered, aside, missed } = this.progress.sum(this.streams());
    return {
      sink: this.sink.name,
      state: this.state,
      ...(this.error === undefined ? {} : { error: this.error }),
      ...(this.failingSince === undefined ? {} : { failing_since: this.failingSince }),
      backlog_items: items,
      backlog_age_ms: oldest === undefined ? 0 : Math.max(0, this.options.clock.now() - oldest),
      delivered,
      set_aside: aside,
      missed,
      retries: this.retries,
      ...(this.lastDelivery === undefined ? {} : { last_delivery: this.lastDelivery }),
    };
  }

  /** Waits for something to do. */
  private async rest(version: number, signal: AbortSignal): Promise<void> {
    const { outbox, options: { clock, pollMs = 1_000 } } = this, over = new AbortController();
    const stop = () => over.abort();
    this.idleAt = version;
    this.peers.moved();
    signal.addEventListener("abort", stop, { once: true });
    await Promise.race([outbox.changed(version, over.signal), clock.sleep(pollMs, over.signal).catch(() => {})]);
    signal.removeEventListener("abort", stop);
    over.abort();
    this.idleAt = -1;
    // Nobody has told of anything new: what another process may have written is looked for everywhere.
    if (outbox.version === version) this.empty.clear();
  }

  /** Delivers one batch of a stream; whether there was one. */
  private async serve(stream: Stream, signal: AbortSignal): Promise<boolean> {
    const { progress, sink } = this,
      key = `${stream.kind}/${stream.partition}`,
      version = this.outbox.versionOf(stream);
    if (this.empty.get(key) === version) return false;
    const chunks = await progress.read(stream, sink.batchItems);
    if (chunks.length === 0) {
      this.empty.set(key, version);
      return false;
    }
    this.empty.delete(key);
    const items = chunks.flatMap((chunk) => [...chunk.items]), aside: SetAside[] = [];
    for (let at = 0; at < items.length; at += sink.batchItems) {
      await this.settle(stream, items.slice(at, at + sink.batchItems), aside, signal);
    }
    if (signal.aborted) return false;
    await this.move(stream, chunks, aside, signal);
    return true;
  }

  /** Moves the cursor behind these chunks. */
  private async move(
    stream: Stream,
    chunks: readonly OutboxChunk[],
    aside: readonly SetAside[],
    signal: AbortSignal,
  ): Promise<void> {
    const { progress, peers } = this, places = chunks.map(({ place }) => place);
    await this.insist(signal, () => progress.move(stream, chunks, aside, peers.spent(stream, places)));
    this.lastDelivery = this.options.clock.now();
    peers.moved();
  }

  /** Delivers items, whatever it takes; those that are refused end up in `aside`. */
  private async settle(stream: Stream, items: readonly Item[], aside: SetAside[], signal: AbortSignal): Promise<void> {
    const refused = await this.insist(signal, () => this.offer(stream, items, signal));
    if (signal.aborted || refused === undefined) return;
    const at = this.options.clock.now();
    if (refused.refused) {
      for (const { index, reason } of refused.refused) aside.push({ item: items[index], reason, at });
    } else if (items.length === 1) {
      aside.push({ item: items[0], reason: refused.message, at });
    } else {
      const half = items.length >> 1;
      await this.settle(stream, items.slice(0, half), aside, signal);
      await this.settle(stream, items.slice(half), aside, signal);
    }
  }

  /** One call; what the sink refused for good. */
  private async offer(stream: Stream, items: readonly Item[], signal: AbortSignal): Promise<RefusedError | undefined> {
    const batch = { ...stream, items } as Batch; // items of the stream's kind: the outbox gave them
    const spans = deliverySpans(batch, this.sink.name, this.options.tracing);
    try {
      await this.call(signal, (callSignal) => this.sink.deliver(batch, callSignal));
      for (const span of spans) span.end();
    } catch (error) {
      for (const span of spans) span.end({}, error instanceof Error ? error.message : String(error));
      if (error instanceof RefusedError) return error;
      throw error;
    }
  }

  private call<T>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, deadlineMs = 30_000 } = this.options;
    return callWithin(clock, deadlineMs, signal, call);
  }

  /** Does it until it succeeds, with growing waits; undefined if `signal` was aborted before. */
  private async insist<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    const { clock, chance = Math.random, backoff = BACKOFF_DEFAULT } = this.options;
    while (!signal.aborted) {
      try {
        const result = await work();
        if (this.state !== "ok" && !signal.aborted) this.well();
        return result;
      } catch (error) {
        if (signal.aborted) return undefined;
        this.failed(error);
        await this.survey();
        if (signal.aborted) return undefined;
        await clock.sleep(backoffMs(++this.again, chance(), backoff), signal).catch(() => {}); // aborted
        this.retries++;
      }
    }
    return undefined;
  }

  /** Learns how much waits while nothing can be delivered. */
  async survey(): Promise<void> {
    try {
      for (const stream of this.streams()) await this.progress.read(stream, 1);
    } catch {
      // the store is what fails: it is told by whoever writes to it
    }
  }

  private failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.error) this.options.report?.(`sink ${this.sink.name}: ${message}`);
    this.error = message;
    if (this.state === "starting") return;
    this.failingSince ??= this.options.clock.now();
    this.state = "failing";
  }

  private well(): void {
    if (this.error !== undefined) this.options.report?.(`sink ${this.sink.name}: delivers again`);
    this.state = "ok";
    this.error = this.failingSince = undefined;
    this.again = 0;
  }
}
