/**
 * A feed-forward network with one hidden layer, trained by backpropagation one example at a time. Its weights lie in a
 * slice of somebody else's Float32Array.
 *
 * A hidden unit's activation is a / √(1 + a²) (inverse square root unit: B. Carlile et al., arXiv 1710.09967, 2017):
 * bounded and smooth like tanh, and made of operations that are exact to the last bit on every machine. Outputs are
 * linear. The loss of an example is half the sum of the squared errors (D. E. Rumelhart, G. E. Hinton and
 * R. J. Williams, Nature 323, 1986).
 *
 * A row of weights for each hidden unit (one for each input, then the bias), after them a row for each output (one for
 * each hidden unit, then the bias). Nothing is allocated for an example. With inputs and errors bounded and
 * {@linkcode Perceptron.bound} called in time, weights stay finite whatever comes.
 *
 * @module
 */
import { uniformAt } from "../random.ts";

/** Greatest magnitude of a weight. */
export const WEIGHT_MOST = 16;
/**
 * Examples that may be learnt between two bounds of the weights. A bound at every example would double the time; within so
 * few, an output's weight moves by at most 64 · rate · error (a hidden unit is below 1) and a hidden one's by that times
 * the outputs: finite by far.
 */
export const EXAMPLES_FREE = 64;

/** Greatest magnitude of an output's weight at the beginning: it then says about nothing. */
const BEGIN_OUTPUT = 0.1;

/** A plan of the network, and the example it saw last. */
export class Perceptron {
  /** Weights that it has. */
  readonly weights: number;
  /** The example's inputs, to be set before {@linkcode forward}. */
  readonly x: Float64Array;
  /** What {@linkcode forward} answered. */
  readonly y: Float64Array;
  /** Target less answer of each output, to be set before {@linkcode learn}; 0 where an output does not count. */
  readonly errors: Float64Array;

  readonly #hidden: Float64Array;
  readonly #slope: Float64Array;
  readonly #back: Float64Array;

  /** @throws {RangeError} if a layer would have no unit */
  constructor(readonly inputs: number, readonly hidden: number, readonly outputs: number) {
    for (const units of [inputs, hidden, outputs]) {
      if (Number.isInteger(units) && units >= 1) continue;
      throw new RangeError(`cannot make a network with a layer of ${units} units: there must be at least 1`);
    }
    this.weights = hidden * (inputs + 1) + outputs * (hidden + 1);
    this.x = new Float64Array(inputs);
    this.y = new Float64Array(outputs);
    this.errors = new Float64Array(outputs);
    this.#hidden = new Float64Array(hidden);
    this.#slope = new Float64Array(hidden);
    this.#back = new Float64Array(hidden);
  }

  /**
   * Sets the weights from `f` on to random ones: inputs' uniform with deviation 1 / √inputs, outputs' small, biases 0.
   *
   * @param seed whole, magnitude below 2^53; the same seed gives the same weights
   */
  begin(floats: Float32Array, f: number, seed: number): void {
    const { inputs, hidden, outputs } = this, most = Math.sqrt(3 / inputs);
    let at = f;
    for (let j = 0; j < hidden; j++) {
      for (let i = 0; i < inputs; i++) floats[at++] = most * (2 * uniformAt(seed, j, i) - 1);
      floats[at++] = 0;
    }
    for (let k = 0; k < outputs; k++) {
      for (let j = 0; j < hidden; j++) floats[at++] = BEGIN_OUTPUT * (2 * uniformAt(seed, hidden + k, j) - 1);
      floats[at++] = 0;
    }
  }

  /** Answers the inputs `x` by the weights from `f` on; the answer lies in `y`. */
  forward(floats: Float32Array, f: number): void {
    const { inputs, hidden, outputs, x, y } = this, units = this.#hidden, slope = this.#slope;
    let at = f;
    for (let j = 0; j < hidden; j++) {
      let a = floats[at + inputs];
      for (let i = 0; i < inputs; i++) a += floats[at + i] * x[i];
      const s = 1 / Math.sqrt(1 + a * a);
      units[j] = a * s;
      slope[j] = s * s * s;
      at += inputs + 1;
    }
    for (let k = 0; k < outputs; k++) {
      let answer = floats[at + hidden];
      for (let j = 0; j < hidden; j++) answer += floats[at + j] * units[j];
      y[k] = answer;
      at += hidden + 1;
    }
  }

  /**
   * Moves the weights from `f` on down the gradient at the example of the last {@linkcode forward}.
   *
   * @param rate how far: the gradient times this, 0 to 1
   */
  learn(floats: Float32Array, f: number, rate: number): void {
    const { inputs, hidden, outputs, x, errors } = this;
    const units = this.#hidden, slope = this.#slope, back = this.#back;
    back.fill(0);
    let at = f + hidden * (inputs + 1);
    for (let k = 0; k < outputs; k++) {
      const error = errors[k], step = rate * error;
      for (let j = 0; j < hidden; j++) {
        const weight = floats[at + j];
        back[j] += error * weight; // the weight as it was when it answered
        floats[at + j] = weight + step * units[j];
      }
      floats[at + hidden] += step;
      at += hidden + 1;
    }
    at = f;
    for (let j = 0; j < hidden; j++) {
      const step = rate * back[j] * slope[j];
      for (let i = 0; i < inputs; i++) floats[at + i] += step * x[i];
      floats[at + inputs] += step;
      at += inputs + 1;
    }
  }

  /** Brings the weights from `f` on back within ±{@linkcode WEIGHT_MOST}; every {@linkcode EXAMPLES_FREE} examples. */
  bound(floats: Float32Array, f: number): void {
    for (let i = f; i < f + this.weights; i++) floats[i] = boundedWeight(floats[i]);
  }
}

/** A weight within ±{@linkcode WEIGHT_MOST}; 0 for what is no number. */
export function boundedWeight(weight: number): number {
  return weight > WEIGHT_MOST ? WEIGHT_MOST : weight >= -WEIGHT_MOST ? weight : weight < 0 ? -WEIGHT_MOST : 0;
}
