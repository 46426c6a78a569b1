/**
 * Waiting for "something has changed", by any number of waiters, without a timer and without a leak.
 *
 * A race between a fresh promise and a long-lived one would leave a reaction behind on the long-lived one each time;
 * this takes back what it put down.
 *
 * @module
 */

/** Everybody who waits for the next change. Whoever wakes looks again whether it is the change it waits for. */
export class Waiters {
  #waiting = new Set<() => void>();

  /** How many are waiting. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves at the next {@linkcode wake}, or when `signal` is aborted (at once if it is already). */
  wait(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener("abort", done);
    });
  }

  /** Wakes everybody who waits now. */
  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
