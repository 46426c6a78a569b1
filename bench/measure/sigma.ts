/**
 * So many standard deviations from the mean, as threshold alarms are mostly made: the number of them is tuned on the
 * first part of a recording, so that it would have kept the budget there.
 *
 * The greatest deviation of the first part is what comes once in so many readings; for a smaller budget it is stretched
 * as far as the normal distribution says. A sensor's deviation is that of its most deviant channel.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";

/** Readings of the first part, of which the first ones only give mean and deviation. */
const SIGMA_BEGIN = 1_000;
const SKIPPED = 300;

/** Deviations beyond which a normal value of either side lies with a probability of 0..1. */
export function normalDeviations(probability: number): number {
  // Acklam's rational approximation for tails, then for the midst; relative error below 2e-9
  const p = probability / 2, q = Math.sqrt(-2 * Math.log(p));
  if (p < 0.02425) {
    const above = ((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q -
              2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783;
    const below = (((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q +
          3.754408661907416) * q + 1;
    return -above / below;
  }
  const r = 0.5 - p, s = r * r;
  const above = (((((-39.69683028665376 * s + 220.9460984245205) * s - 275.9285104469687) * s + 138.357751867269) *
          s - 30.66479806614716) * s + 2.506628277459239) * r;
  const below = ((((-54.47609879822406 * s + 161.5858368580409) * s - 155.6989798598866) * s + 66.80131188771972) *
          s - 13.28068155288572) * s + 1;
  return above / below;
}

interface Moments {
  count: number;
  mean: number;
  squares: number;
}

/** One sensor's deviations, and at several budgets whether they are too great. */
export class Sigma {
  /** By budget, of the last reading. */
  readonly over: Uint8Array;
  readonly #channels = new Map<string, Moments>();
  readonly #limits: Float64Array;
  #greatest = 0;
  #age = 0;

  /** @param budgets alarms a reading */
  constructor(private readonly budgets: readonly number[]) {
    this.over = new Uint8Array(budgets.length);
    this.#limits = new Float64Array(budgets.length).fill(Infinity);
  }

  /** Judges a reading, then learns it. */
  step({ values }: Reading): void {
    let deviation = 0;
    for (const name in values) {
      const value = values[name];
      if (value === null) continue;
      let moments = this.#channels.get(name);
      if (moments === undefined) this.#channels.set(name, moments = { count: 0, mean: 0, squares: 0 });
      if (moments.squares > 0) {
        const own = Math.abs(value - moments.mean) / Math.sqrt(moments.squares / moments.count);
        if (own > deviation) deviation = own;
      }
      const delta = value - moments.mean;
      moments.mean += delta / ++moments.count;
      moments.squares += delta * (value - moments.mean);
    }
    this.#judge(deviation);
  }

  #judge(deviation: number): void {
    for (let b = 0; b < this.budgets.length; b++) this.over[b] = deviation > this.#limits[b] ? 1 : 0;
    const age = ++this.#age;
    if (age <= SKIPPED || age > SIGMA_BEGIN) return;
    this.#greatest = Math.max(this.#greatest, deviation);
    if (age < SIGMA_BEGIN) return;
    const once = 1 / (SIGMA_BEGIN - SKIPPED);
    this.#limits.set(
      this.budgets.map((budget) => this.#greatest * Math.max(1, normalDeviations(budget) / normalDeviations(once))),
    );
  }
}
