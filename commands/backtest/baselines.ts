/**
 * Trivial detectors beside the real one, so that nobody fools himself: what do a last value, three sigma, any new
 * extreme and pure chance find on the same data, under the same budget?
 *
 * Each gives a probability for a reading, as if what it looks at were normally distributed, and raises an alarm where
 * that is within the budget and a rest has passed.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import { hashText } from "../../models/hash.ts";
import { uniformAt } from "../../models/random.ts";

/** The baselines, in the order of their columns. */
export const BASELINES = ["last_value", "three_sigma", "new_extreme", "random"] as const;

/** Readings after an alarm without another one, and before the first. */
const REST = 100, WARM = 300;

interface ChannelMoments {
  count: number;
  mean: number;
  squares: number;
  last: number;
  steps: number;
  stepSquares: number;
  least: number;
  greatest: number;
}

/** Two-sided probability of a normal deviate beyond `z` (Abramowitz and Stegun 7.1.26). */
function tailProbability(z: number): number {
  const x = Math.abs(z) / Math.SQRT2, t = 1 / (1 + 0.3275911 * x);
  const sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.min(1, Math.max(1e-300, sum * Math.exp(-x * x)));
}

/** The baselines of one sensor. */
export class SensorBaselines {
  /** Scores in 0..1 of the last reading, in the order of {@linkcode BASELINES}. */
  readonly scores: Float64Array = new Float64Array(BASELINES.length);
  /** Whether each begins an alarm with it. */
  readonly alarms: Uint8Array = new Uint8Array(BASELINES.length);
  readonly #channels = new Map<string, ChannelMoments>();
  readonly #rested = new Float64Array(BASELINES.length);
  readonly #seed: number;
  #age = 0;

  /** @param sensor names the seed of chance */
  constructor(sensor: string) {
    this.#seed = hashText(sensor);
  }

  /**
   * Scores a reading, then learns it.
   *
   * @param budget alarms a reading
   */
  judge({ values }: Reading, budget: number): void {
    const probability = [1, 1, 1, uniformAt(this.#seed, ++this.#age)];
    let channels = 0;
    for (const name in values) {
      const value = values[name];
      if (value === null) continue;
      channels++;
      const moments = this.#channels.get(name);
      if (moments === undefined) this.#channels.set(name, begun(value));
      else score(moments, value, probability);
    }
    for (let b = 0; b < BASELINES.length; b++) {
      const one = Math.min(1, probability[b] * (b < 2 ? Math.max(1, channels) : 1)); // the least of several
      this.scores[b] = 1 - one;
      const due = this.#age > WARM && one <= budget && this.#age > this.#rested[b];
      this.alarms[b] = due ? 1 : 0;
      if (due) this.#rested[b] = this.#age + (b === 3 ? 0 : REST);
    }
  }
}

function begun(value: number): ChannelMoments {
  return { count: 1, mean: value, squares: 0, last: value, steps: 0, stepSquares: 0, least: value, greatest: value };
}

/** Lowers the probabilities by what one channel says, then learns its value. */
function score(m: ChannelMoments, value: number, probability: number[]): void {
  const step = value - m.last;
  if (m.steps > 1 && m.stepSquares > 0) {
    probability[0] = Math.min(probability[0], tailProbability(step / Math.sqrt(m.stepSquares / m.steps)));
  }
  if (m.count > 1 && m.squares > 0) {
    probability[1] = Math.min(probability[1], tailProbability((value - m.mean) / Math.sqrt(m.squares / m.count)));
  }
  if (value < m.least || value > m.greatest) probability[2] = 0;
  m.steps++;
  m.stepSquares += step * step;
  m.last = value;
  const delta = value - m.mean;
  m.mean += delta / ++m.count;
  m.squares += delta * (value - m.mean);
  m.least = Math.min(m.least, value);
  m.greatest = Math.max(m.greatest, value);
}
