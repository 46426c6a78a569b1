/**
 * One-for-one supervision of actors whose state is a buffer of doubles: what is put aside before a batch, and when an
 * actor that keeps failing is stopped. Knows nothing about sensors.
 *
 * @module
 */

/** A failure counts against an actor for so long, ms of event time. */
export const FAILURE_WINDOW_MS = 60_000;

/** A copy of one state as it was before a batch, in a buffer that is used again for every actor. */
export class Aside {
  private buffer = new Float64Array(1024);
  private length = 0;

  /** Puts a state aside. */
  put(state: Float64Array): void {
    if (state.length > this.buffer.length) this.buffer = new Float64Array(2 * state.length);
    this.buffer.set(state);
    this.length = state.length;
  }

  /** A copy of what was put aside. */
  read(): Float64Array {
    return this.buffer.slice(0, this.length);
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
