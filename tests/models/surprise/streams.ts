/**
 * Made-up signals for tests of detectors: seeded, the same every time.
 *
 * @module
 */
import { normalAt } from "../../../models/random.ts";
import { FULL, Surprise, type SurpriseSettings } from "../../../models/surprise/surprise.ts";

/** 2026-01-01T00:00:00Z, a Thursday. */
export const START = 1_767_225_600_000;

/** A source of normal deviates. */
export function normal(seed: number): () => number {
  let place = 0;
  return () => normalAt(seed, place++);
}

/** A channel under test: state in the middle of greater arrays, as the actors will have it. */
export class Channel {
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
  #time = START;

  constructor(readonly plan: Surprise = new Surprise(FULL), readonly f = 3, readonly d = 2) {
    this.floats = new Float32Array(f + plan.floats + 5);
    this.doubles = new Float64Array(d + plan.doubles + 5);
  }

  /** Scores the next value, `intervalMs` after the one before. */
  step(value: number, intervalMs = 60_000): number {
    const { plan, floats, f, doubles, d } = this;
    return plan.step(floats, f, doubles, d, this.#time += intervalMs, value);
  }
}

/** A channel with a plan of its own. */
export function channel(settings: SurpriseSettings = FULL): Channel {
  return new Channel(new Surprise(settings));
}
