/**
 * Peaks over threshold on a stream (SPOT), the usual way to an automatic threshold: a generalised Pareto tail through
 * what exceeds a high quantile, and from it the value that is passed with a given probability.
 *
 * Source: A. Siffer, P.-A. Fouque, A. Termier, C. Largouët, Anomaly Detection in Streams with Extreme Value Theory,
 * KDD 2017, algorithm 1: 1,000 values to begin with, their 98 % quantile as the first threshold, what passes the final
 * one is called anomalous and not learnt. That cuts the tail off that it learns from: on normal noise without any anomaly
 * it raises 2 to 5 times what was asked for. Where everything is learnt it keeps what was asked, there; so both can be had.
 * The tail has the greatest likelihood over one parameter (Grimshaw, 1993), found
 * here by search; it is fitted again whenever the peaks have become a fifth more, not at each of them.
 *
 * @module
 */

/** Values that it begins with, and the quantile of them that peaks lie above. */
export const SPOT_BEGIN = 1_000;
const LEVEL = 0.98;
/** Growth of the peaks after which the tail is fitted again. */
const REFIT = 1.2;

/** One stream's threshold. */
export class Spot {
  /** What is passed with the asked probability; infinite until there were {@linkcode SPOT_BEGIN} values. */
  threshold = Infinity;
  readonly #first: number[] = [];
  readonly #peaks: number[] = [];
  #level = Infinity;
  #count = 0;
  #fitted = 0;

  /**
   * @param risk probability that a normal value is called anomalous
   * @param all whether anomalous values are learnt as well
   */
  constructor(private readonly risk: number, private readonly all: boolean) {}

  /** Whether a value is anomalous; then it is learnt. */
  step(value: number): boolean {
    const anomalous = value > this.threshold;
    if (!anomalous || this.all) this.#learn(value);
    return anomalous;
  }

  #learn(value: number): void {
    this.#count++;
    if (this.#first.length < SPOT_BEGIN) {
      this.#first.push(value);
      if (this.#first.length === SPOT_BEGIN) this.#begin();
      return;
    }
    if (value > this.#level) {
      this.#peaks.push(value - this.#level);
      if (this.#peaks.length >= REFIT * this.#fitted) this.#fit();
    }
  }

  #begin(): void {
    const sorted = this.#first.toSorted((a, b) => a - b);
    this.#level = sorted[Math.floor(LEVEL * SPOT_BEGIN)];
    for (const value of sorted) if (value > this.#level) this.#peaks.push(value - this.#level);
    this.#fit();
  }

  #fit(): void {
    const { length } = this.#peaks;
    this.#fitted = length;
    if (length === 0) { // a first part without peaks: anything above it is one
      this.threshold = this.#level;
      return;
    }
    const { shape, scale } = fitPareto(this.#peaks), ratio = this.risk * this.#count / length;
    const beyond = Math.abs(shape) < 1e-9 ? -scale * Math.log(ratio) : scale / shape * (ratio ** -shape - 1);
    this.threshold = this.#level + Math.max(0, beyond);
  }
}

/** A generalised Pareto tail. */
export interface Pareto {
  readonly shape: number;
  readonly scale: number;
}

/**
 * The generalised Pareto tail of the greatest likelihood.
 *
 * @param peaks greater than 0, at least one
 */
export function fitPareto(peaks: readonly number[]): Pareto {
  let sum = 0, most = 0;
  for (const peak of peaks) {
    sum += peak;
    if (peak > most) most = peak;
  }
  const mean = sum / peaks.length;
  let best: Pareto = { shape: 0, scale: mean }, likelihood = -peaks.length * (Math.log(mean) + 1);
  const attempt = (theta: number) => { // theta = shape / scale: given it, the best shape is a mean
    let logs = 0;
    for (const peak of peaks) logs += Math.log1p(theta * peak);
    const shape = logs / peaks.length, scale = shape / theta;
    const own = -peaks.length * (Math.log(scale) + shape + 1);
    // a shape of -0.5 and less has no greatest likelihood: the density ends too steeply
    if (!(own > likelihood) || shape < -0.5) return;
    likelihood = own;
    best = { shape, scale };
  };
  for (let step = -8; step <= 6; step += 0.25) attempt(2 ** step / mean);
  for (let part = 0.02; part < 1; part += 0.03) attempt(-part / most);
  const around = best.shape / best.scale;
  if (around !== 0) { for (let factor = 0.8; factor <= 1.25; factor *= 1.02) attempt(around * factor); }
  return best;
}
