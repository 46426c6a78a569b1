/**
 * The clock of one simulated process: it moves when the simulation moves it, and no timer is ever set.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";

interface Sleeper {
  readonly until: number;
  wake(): void;
}

/**
 * A clock that is moved by hand.
 *
 * A sleep that can be called off waits for {@linkcode advance}: it is a deadline, or waits for something else too. One
 * that cannot is nothing but a pause: the clock jumps to its end.
 */
export class SimulatedClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();

  constructor(private time = 1_800_000_000_000) {}

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal === undefined) {
      this.advance(Math.max(0, ms));
      return Promise.resolve();
    }
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.time + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      }, { once: true });
    });
  }

  /** Lets `ms` pass. */
  advance(ms: number): void {
    this.time += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.time) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
