/**
 * Joins the weights of a round's participants into global ones.
 *
 * - `fedavg`: mean weighted by readings (B. McMahan et al., AISTATS 2017). The best where all are honest; a
 *   single participant can move it anywhere.
 * - `median`: median of each weight; `trimmed`: mean of each weight without a share of the least and of the greatest
 *   (D. Yin et al., Byzantine-robust distributed learning, ICML 2018). Neither looks at readings, which a participant may
 *   lie about. They bear with fewer than half, or than that share, of participants that send anything at all.
 *
 * The result follows from the updates alone, to the last bit, in whatever order they come. Weights are taken in blocks,
 * so that memory grows with participants or weights and not with both.
 *
 * @module
 */
import { Matrix } from "ml-matrix";
import { inOrder, type LocalUpdate, UpdateError } from "./update.ts";

/** Ways to join weights. */
export const AGGREGATIONS: readonly ["fedavg", "median", "trimmed"] = ["fedavg", "median", "trimmed"];
/** Name of a way to join weights. */
export type Aggregation = typeof AGGREGATIONS[number];

/** How a round is joined. */
export interface AggregateSettings {
  /** Default `fedavg`. */
  readonly method?: Aggregation;
  /** For `trimmed`: share cut off at each end, rounded up to whole participants; 0 to 0.5, default {@linkcode TRIM}. */
  readonly trim?: number;
}

/** What a round came to. */
export interface Aggregate {
  /** The joined weights. */
  readonly weights: Float32Array;
  /** Euclidean length of the weights. */
  readonly norm: number;
  /** Readings of all participants. */
  readonly readings: number;
  /** Mean of the training losses of those that have one, weighted by readings; absent if none has. */
  readonly loss?: number;
}

/** Participants that a round should have: of two, median and trimmed mean cannot tell who is right. */
export const PARTICIPANTS_LEAST = 3;
/** Share that is trimmed of each end unless said otherwise. */
export const TRIM = 0.1;
/** Weights taken at a time. */
const BLOCK = 256;

/**
 * Joins updates into global weights.
 *
 * @param updates at least one, in any order
 * @throws {UpdateError} for no update, one that is unsound or of another shape than the first, or two of one id
 * @throws {RangeError} for a share to trim that is out of range
 */
export function aggregate(updates: readonly LocalUpdate[], settings: AggregateSettings = {}): Aggregate {
  if (updates.length === 0) throw new UpdateError("cannot join 0 updates: there must be at least 1");
  const sorted = inOrder(updates, updates[0].weights.length), counts = sorted.map(({ readings }) => readings);
  const weights = joinWeights(sorted.map((update) => update.weights), counts, settings.method, settings.trim);
  const readings = counts.reduce((sum, count) => sum + count, 0);
  let losses = 0, heard = 0;
  for (const { loss, readings } of sorted) {
    if (loss === undefined) continue;
    losses += readings * loss;
    heard += readings;
  }
  const norm = Matrix.rowVector(weights).norm("frobenius");
  return { weights, norm, readings, ...(heard > 0 ? { loss: losses / heard } : {}) };
}

/**
 * Joins weights that were judged before and stand in a canonical order.
 *
 * @param weights of each participant, all as many; at least one
 * @param readings of each participant, above 0: what it counts in the average
 * @param trim see {@linkcode AggregateSettings}
 * @throws {RangeError} for a share to trim that is out of range
 */
export function joinWeights(
  weights: readonly Float32Array[],
  readings: readonly number[],
  method: Aggregation = "fedavg",
  trim = TRIM,
): Float32Array {
  if (!(trim >= 0 && trim <= 0.5)) throw new RangeError(`cannot trim ${trim} of each end: it must be from 0 to 0.5`);
  const total = readings.reduce((sum, count) => sum + count, 0), shares = readings.map((count) => count / total);
  const joined = new Float32Array(weights[0].length);
  for (let from = 0; from < joined.length; from += BLOCK) {
    const block = new Matrix(weights.map((row) => row.subarray(from, from + BLOCK)));
    joined.set(method === "fedavg" ? averaged(block, shares) : middle(block, method === "median" ? 0.5 : trim), from);
  }
  return joined;
}

/** Mean of the rows by their shares. */
function averaged(block: Matrix, shares: number[]): number[] {
  return Matrix.rowVector(shares).mmul(block).to1DArray();
}

/** Mean of each column without a share of its least and of its greatest; one or two remain at least. */
function middle(block: Matrix, trim: number): number[] {
  const rows = block.rows, cut = Math.min(Math.floor((rows - 1) / 2), Math.ceil(trim * rows));
  return Array.from({ length: block.columns }, (_, column) => {
    const sorted = Float64Array.from(block.getColumn(column)).sort();
    let sum = 0;
    for (let i = cut; i < rows - cut; i++) sum += sorted[i];
    return sum / (rows - 2 * cut);
  });
}
