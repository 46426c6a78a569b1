/**
 * One-for-one supervision of actors whose state lies in two buffers: what is put aside before a batch, and when an
 * actor that keeps failing is stopped. Knows nothing about sensors.
 *
 * @module
 */

/** A failure counts against an actor for so long, ms of event time. */
const FAILURE_WINDOW_MS = 60_000;

/** A copy of one actor's buffers as they were before a batch, in memory that is used again for every actor. */
export class Aside {
  private doubles = new Float64Array(1024);
  private floats = new Float32Array(1024);
  private doublesLength = 0;
  private floatsLength = 0;
  private tail?: Float64Array;

  /** Puts buffers aside, and a tail that is mostly absent, as a copy of its own. */
  put(state: Float64Array, floats: Float32Array, tail?: Float64Array): void {
    this.tail = tail;
    if (state.length > this.doubles.length) this.doubles = new Float64Array(2 * state.length);
    if (floats.length > this.floats.length) this.floats = new Float32Array(2 * floats.length);
    this.doubles.set(state);
    this.floats.set(floats);
    this.doublesLength = state.length;
    this.floatsLength = floats.length;
  }

  /** A copy of what was put aside. */
  read(): { state: Float64Array; floats: Float32Array; tail: Float64Array | undefined } {
    const { doubles, floats, tail } = this;
    return { state: doubles.slice(0, this.doublesLength), floats: floats.slice(0, this.floatsLength), tail };
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
