/**
 * One-for-one supervision of actors whose state is a buffer of doubles: what is put aside before a batch, and when an
 * actor that keeps failing is stopped. Knows nothing about sensors.
 *
 * @module
 */

/** A failure counts against an actor for so long, ms of event time. */
export const FAILURE_WINDOW_MS = 60_000;

/** Copies of states as they were at the start of a batch, in one buffer that is used again for every batch. */
export class Arena {
  private buffer = new Float64Array(1 << 16);
  private used = 0;

  /** Forgets what was put aside. */
  clear(): void {
    this.used = 0;
  }

  /** Puts a state aside and says where. */
  save(state: Float64Array): number {
    const at = this.used;
    if (at + state.length > this.buffer.length) {
      const grown = new Float64Array(Math.max(2 * this.buffer.length, at + state.length));
      grown.set(this.buffer);
      this.buffer = grown;
    }
    this.buffer.set(state, at);
    this.used = at + state.length;
    return at;
  }

  /** A copy of what was put aside. */
  read(at: number, length: number): Float64Array {
    return this.buffer.slice(at, at + length);
  }
}

/**
 * Notes a failure at event time `time` in the two doubles at `at` (−1 for none).
 *
 * @returns true if it is the third within {@linkcode FAILURE_WINDOW_MS}: the actor is to be stopped
 */
export function noteFailure(state: Float64Array, at: number, time: number): boolean {
  const third = state[at] >= 0 && time - state[at] <= FAILURE_WINDOW_MS;
  state[at] = state[at + 1];
  state[at + 1] = time;
  return third;
}
