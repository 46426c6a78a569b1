/**
 * Partitions that come and go while a source runs, handed over one change at a time.
 *
 * @module
 */
import type { Assignment, SourcePartition } from "../../actors/ports.ts";

/** Changes that wait to be taken; as many as partitions at the most, since each partition is in one of them. */
export class Assignments {
  readonly #waiting: Assignment[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  /** Partitions to read. */
  assign(partitions: readonly SourcePartition[]): void {
    if (partitions.length > 0) this.#put({ kind: "assign", partitions });
  }

  /** Partitions to give up; resolves once they are. */
  revoke(ids: readonly string[]): Promise<void> {
    if (ids.length === 0 || this.#ended) return Promise.resolve(); // whoever took them is giving everything up
    return new Promise((done) => this.#put({ kind: "revoke", ids, done }));
  }

  #put(change: Assignment): void {
    this.#waiting.push(change);
    this.#wake?.();
  }

  /** The changes in order, until the signal. For one taker. */
  async *take(signal: AbortSignal): AsyncGenerator<Assignment> {
    const wake = () => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        const change = this.#waiting.shift();
        if (change !== undefined) yield change;
        else await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      this.#ended = true;
      signal.removeEventListener("abort", wake);
      for (const change of this.#waiting.splice(0)) if (change.kind === "revoke") change.done();
    }
  }
}
