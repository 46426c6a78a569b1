/**
 * A clock moved by hand that tells who waits for it: a test goes on when everybody has come to rest, without a timer.
 *
 * @module
 */
import { Waiters } from "../../../actors/waiters.ts";
import { SimulatedClock } from "../../simulation/clock.ts";

/** A simulated clock whose sleepers can be waited for. */
export class WatchedClock extends SimulatedClock {
  private readonly pending = new Map<number, number>();
  private readonly changes = new Waiters();

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.count(ms, 1);
    try {
      await super.sleep(ms, signal);
    } finally {
      this.count(ms, -1);
    }
  }

  /** Resolves once somebody sleeps for so long, ms. */
  async sleeping(ms: number): Promise<void> {
    while ((this.pending.get(ms) ?? 0) === 0) await this.changes.wait();
  }

  /** Resolves once somebody sleeps for one of these times, ms, to it. */
  async sleepingAny(times: readonly number[]): Promise<number> {
    for (;;) {
      const found = times.find((ms) => (this.pending.get(ms) ?? 0) > 0);
      if (found !== undefined) return found;
      await this.changes.wait();
    }
  }

  /** Waits until somebody sleeps for so long, and lets that time pass. */
  async pass(ms: number): Promise<void> {
    await this.sleeping(ms);
    this.advance(ms);
    while ((this.pending.get(ms) ?? 0) > 0) await this.changes.wait();
  }

  private count(ms: number, by: number): void {
    this.pending.set(ms, (this.pending.get(ms) ?? 0) + by);
    this.changes.wake();
  }
}
