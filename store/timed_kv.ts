/**
 * A database with a deadline on every call: one that does not answer says so, and is not waited for.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";
import type { Clock } from "../actors/ports.ts";
import { within } from "./deadline.ts";
import type { KvAtomic, KvPort } from "./kv.ts";
import { KvBehind } from "./kv_behind.ts";

/** A KV server or file; whatever goes wrong with it is a {@linkcode StoreAwayError} that names it. */
export class TimedKv extends KvBehind {
  /** What is wrong with it, one sentence; undefined while it answers. */
  problem?: string;

  /**
   * @param name how a person calls it, without secrets
   * @param deadlineMs how long a call may take; what was asked may still happen after it
   */
  constructor(
    protected override readonly kv: KvPort & Pick<Deno.Kv, "watch">,
    readonly name: string,
    private readonly clock: Clock,
    private readonly deadlineMs: number,
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
    const entries = this.kv.list<T>(selector, options)[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.ask(entries.next());
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

  private async ask<T>(answer: Promise<T>): Promise<T> {
    try {
      const result = await within(this.clock, this.deadlineMs, answer);
      this.problem = undefined;
      return result;
    } catch (error) {
      throw error instanceof StoreAwayError ? this.away(error) : error;
    }
  }

  private away(error: Error): StoreAwayError {
    this.problem = `the KV server ${this.name} does not answer`;
    return new StoreAwayError(`${this.problem}: ${error.message}`, { cause: error });
  }
}
