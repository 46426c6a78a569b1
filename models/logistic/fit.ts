/**
 * Fitting logistic regression by Newton's method (iteratively reweighted least squares), with a ridge penalty.
 *
 * Minimises the mean over rows of −log likelihood, plus `l2`/2 times the sum of squared coefficients over the number of
 * rows; the intercept goes free. The penalty makes the optimum unique also where a plane divides the labels. A step that
 * does not lower the objective is halved, so that it converges from 0 whatever the data.
 *
 * @module
 */
import { CholeskyDecomposition, Matrix } from "ml-matrix";

/** What is fitted. */
export interface FitInput {
  /** Terms row by row, about standard scale. */
  readonly terms: Float64Array;
  readonly width: number;
  readonly labels: Uint8Array;
  /** How much each row counts, above 0. */
  readonly weights: Float64Array;
  /** Strength of the penalty, above 0. */
  readonly l2: number;
}

/** What came out. */
export interface Fit {
  readonly intercept: number;
  readonly coefficients: Float64Array;
  readonly iterations: number;
  /** Whether the last step changed next to nothing. */
  readonly converged: boolean;
}

const MOST_ITERATIONS = 50;
/** Decrement, relative to the rows' weight, whose step is the last: after it about the square of that is left. */
const SMALL = 1e-6;

/** 1 / (1 + e^−x). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * Fits.
 *
 * @param from coefficients to begin with, the intercept first; default 0
 * @throws {RangeError} if `l2` is not above 0
 */
export function fitLogistic(input: FitInput, from?: Float64Array): Fit {
  const { width, l2, weights } = input;
  if (!(l2 > 0 && l2 < Infinity)) throw new RangeError(`cannot fit: l2 must be above 0 and finite, not ${l2}`);
  const tolerance = SMALL * weights.reduce((sum, weight) => sum + weight, 0);
  let at: Float64Array = from?.slice() ?? new Float64Array(width + 1), here = look(input, at);
  let iterations = 0, converged = false;
  while (!converged && iterations < MOST_ITERATIONS) {
    iterations++;
    const step = newtonStep(here), decrement = step.reduce((sum, value, i) => sum + value * here.gradient[i], 0) / 2;
    let share = 1, next = moved(at, step, share), there = look(input, next);
    while (!(there.value <= here.value) && share > 1e-6) {
      share /= 2;
      next = moved(at, step, share);
      there = look(input, next);
    }
    converged = decrement < tolerance || !(there.value < here.value);
    if (there.value <= here.value) [at, here] = [next, there];
  }
  return { intercept: at[0], coefficients: at.slice(1), iterations, converged };
}

function moved(at: Float64Array, step: Float64Array, share: number): Float64Array {
  return at.map((value, i) => value - share * step[i]);
}

/** The objective at a point, its gradient, and the upper half of its second derivatives. */
interface Look {
  readonly value: number;
  readonly gradient: Float64Array;
  readonly upper: Float64Array;
}

/** One pass over the rows: what costs is the exponential, and value and derivatives share it. */
function look({ terms, width, labels, weights, l2 }: FitInput, at: Float64Array): Look {
  const size = width + 1, gradient = new Float64Array(size), upper = new Float64Array(size * size);
  let value = 0;
  for (let i = 1; i < size; i++) {
    value += l2 / 2 * at[i] * at[i];
    gradient[i] = l2 * at[i];
    upper[i * size + i] = l2;
  }
  for (let row = 0, from = 0; row < labels.length; row++, from += width) {
    let x = at[0];
    for (let i = 0; i < width; i++) x += at[i + 1] * terms[from + i];
    const weight = weights[row], label = labels[row], small = Math.exp(-Math.abs(x)); // never overflows
    const p = x >= 0 ? 1 / (1 + small) : small / (1 + small), against = label === 1 ? -x : x;
    const error = weight * (p - label), curve = weight * p * (1 - p);
    value += weight * ((against > 0 ? against : 0) + Math.log1p(small));
    gradient[0] += error;
    upper[0] += curve;
    for (let i = 0; i < width; i++) {
      const term = terms[from + i], bent = curve * term, to = (i + 1) * size + 1;
      gradient[i + 1] += error * term;
      upper[i + 1] += bent;
      for (let j = i; j < width; j++) upper[to + j] += bent * terms[from + j];
    }
  }
  upper[0] += 1e-9; // where all rows are certain the intercept's curvature vanishes
  return { value, gradient, upper };
}

/** The step that Newton would take back: the second derivatives' inverse times the gradient. */
function newtonStep({ gradient, upper }: Look): Float64Array {
  const size = gradient.length, hessian = new Matrix(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      hessian.set(i, j, upper[i * size + j]);
      hessian.set(j, i, upper[i * size + j]);
    }
  }
  const step = new CholeskyDecomposition(hessian).solve(Matrix.columnVector(gradient));
  return Float64Array.from({ length: size }, (_, i) => step.get(i, 0));
}
