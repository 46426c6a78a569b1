/**
 * A database with a deadline on every call: one that does not answer says so, and is not waited for.
 *
 * A connection may have gone silent for ever without an end (a firewall has forgotten it): the client would send everything
 * over it until the system gives it up, minutes later. So after a deadline it goes on over a new one. Where that is refused,
 * the server is opened by the next call that reaches it: Deno's client tries what was asked of it again and again, says so
 * each time, and never gives up, so that calls to a server that is away would be ever more.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { DeadlineError, within } from "../deadline.ts";
import type { KvAtomic, KvPort } from "../kv.ts";
import { KvBehind } from "../kv_behind.ts";
import { LateKv } from "./late_kv.ts";

/** A connection to a KV server, or a file. */
export type KvConnection = KvPort & Pick<Deno.Kv, "watch">;

/** So long a call whose deadline has passed waits for a new connection, ms; one that comes later is taken all the same. */
const CONNECT_MS = 1_000;

/** A KV server or file; whatever goes wrong with it is a {@linkcode StoreAwayError} that names it. */
export class TimedKv extends KvBehind {
  /** What is wrong with it, one sentence; undefined while it answers. */
  problem?: string;
  private readonly closing = new AbortController();
  /** Until there is a new connection. */
  private connecting?: Promise<void>;

  /**
   * @param name how a person calls it, without secrets
   * @param deadlineMs how long a call may take; what was asked may still happen after it
   * @param again connects anew; absent: what keeps silent is asked again
   */
  constructor(
    protected override kv: KvConnection,
    readonly name: string,
    private readonly clock: Clock,
    private readonly deadlineMs: number,
    private readonly again?: () => Promise<KvConnection>,
  ) {
    super(kv);
  }

  override get<T = unknown>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>> {
    return this.ask(this.kv.get<T>(key));
  }

  override getMany(keys: readonly Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    return this.ask(this.kv.getMany(keys));
  }

  override async *list<T = unknown>(
    selector: Deno.KvListSelector,
    options?: Deno.KvListOptions,
  ): AsyncIterable<Deno.KvEntry<T>> {
    const { kv } = this, entries = kv.list<T>(selector, options)[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.ask(entries.next(), kv);
      if (done) return;
      yield value;
    }
  }

  /**
   * These keys, at most 10, whenever one has changed, and at the beginning; until the signal, or the server ends.
   *
   * @throws {StoreAwayError} if the watch breaks
   */
  async *changes(keys: readonly Deno.KvKey[], signal: AbortSignal): AsyncGenerator<Deno.KvEntryMaybe<unknown>[]> {
    const reader = this.kv.watch<unknown[]>([...keys]).getReader(), stop = () => void reader.cancel().catch(() => {});
    signal.addEventListener("abort", stop, { once: true });
    try {
      while (!signal.aborted) {
        const { done, value } = await reader.read().catch((error) => {
          throw this.away(error);
        });
        if (done) return;
        yield value;
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  protected override commit(write: KvAtomic): ReturnType<KvAtomic["commit"]> {
    return this.ask(write.commit());
  }

  override close(): void {
    this.closing.abort();
    super.close();
  }

  private async ask<T>(answer: Promise<T>, kv = this.kv): Promise<T> {
    try {
      const result = await within(this.clock, this.deadlineMs, answer);
      this.problem = undefined;
      return result;
    } catch (error) {
      if (error instanceof DeadlineError) {
        this.problem = this.silence; // at once: a server that hangs keeps a new connection waiting, too
        await this.connect(kv);
      }
      // Of a connection that was given up meanwhile.
      const isOld = error instanceof Deno.errors.BadResource;
      throw isOld || error instanceof StoreAwayError ? this.away(error) : error;
    }
  }

  private away(error: Error): StoreAwayError {
    this.problem = this.silence;
    return new StoreAwayError(`${this.problem}: ${error.message}`, { cause: error });
  }

  private get silence(): string {
    return `the KV server ${this.name} does not answer`;
  }

  /** Goes on over another connection than this one, if there is none yet. */
  private async connect(silent: KvConnection): Promise<void> {
    const { again, clock, deadlineMs } = this;
    if (again === undefined || silent !== this.kv) return;
    // One that does not come has its deadline, too, or falls silent itself: the next call tries again.
    const connected = () => again().catch(() => new LateKv(again)).then((kv) => this.replace(silent, kv));
    this.connecting ??= within(clock, deadlineMs, connected()).catch(() => {})
      .finally(() => this.connecting = undefined);
    await within(clock, CONNECT_MS, this.connecting).catch(() => {});
  }

  private replace(silent: KvConnection, kv: KvConnection): void {
    if (this.closing.signal.aborted || silent !== this.kv) return kv.close(); // too late
    this.kv = kv;
    // What is under way there has its own deadline; watches end then, and are begun again.
    void this.clock.sleep(this.deadlineMs, this.closing.signal).catch(() => {}).then(() => silent.close());
  }
}
