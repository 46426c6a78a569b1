/**
 * Joins the weights of a round's participants into global ones.
 *
 * - `average`: mean weighted by readings (FedAvg: B. McMahan et al., AISTATS 2017). The best where all are honest; a
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
import { type LocalUpdate, sortUpdates, UpdateError } from "./update.ts";

/** Ways to join weights. */
export const AGGREGATIONS = ["average", "median", "trimmed"] as const;
/** Name of a way to join weights. */
export type Aggregation = typeof AGGREGATIONS[number];

/** How a round is joined. */
export interface AggregateSettings {
  /** Default `average`. */
  readonly method?: Aggregation;
  /** For `trimmed`: share cut off at each end, rounded up to whole participants; 0 to 0.5, default 0.1. */
  readonly trim?: number;
}

/** One participant of a round. */
export interface Participant {
  readonly id: string;
  readonly readings: number;
  readonly loss: number;
  /** Euclidean length of its weights. */
  readonly norm: number;
  /** Euclidean distance of its weights from the global ones: who stands apart. */
  readonly distance: number;
}

/** What a round came to. */
export interface Aggregate {
  readonly weights: Float32Array;
  /** Euclidean length of the weights. */
  readonly norm: number;
  /** Readings of all participants. */
  readonly readings: number;
  /** Mean of their training losses, weighted by readings. */
  readonly loss: number;
  /** In order of id. */
  readonly participants: readonly Participant[];
}

/** Weights taken at a time. */
const BLOCK = 256;

/**
 * Joins updates into global weights.
 *
 * @param updates at least one, in any order; see `sortUpdates` for setting aside those that cannot be taken
 * @throws {UpdateError} for no update, one that is unsound or of another shape than the first, or two of one id
 * @throws {RangeError} for a share to trim that is out of range
 */
export function aggregate(updates: readonly LocalUpdate[], settings: AggregateSettings = {}): Aggregate {
  const { method = "average", trim = 0.1 } = settings;
  if (!(trim >= 0 && trim <= 0.5)) throw new RangeError(`cannot trim ${trim} of each end: it must be from 0 to 0.5`);
  if (updates.length === 0) throw new UpdateError("cannot join 0 updates: there must be at least 1");
  const count = updates[0].weights.length;
  const { accepted, refused } = sortUpdates(updates, count);
  if (refused.length > 0) throw new UpdateError(refused[0].reason);

  const readings = accepted.reduce((sum, update) => sum + update.readings, 0);
  const shares = accepted.map((update) => update.readings / readings);
  const weights = new Float32Array(count);
  for (let from = 0; from < count; from += BLOCK) {
    const block = new Matrix(accepted.map((update) => update.weights.subarray(from, from + BLOCK)));
    weights.set(method === "average" ? averaged(block, shares) : middle(block, method === "median" ? 0.5 : trim), from);
  }
  const participants = accepted.map((update) => ({
    id: update.id,
    readings: update.readings,
    loss: update.loss,
    norm: length(update.weights),
    distance: length(update.weights, weights),
  }));
  const loss = accepted.reduce((sum, update, i) => sum + shares[i] * update.loss, 0);
  return { weights, norm: length(weights), readings, loss, participants };
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

/** Euclidean length of weights, or their distance from others. */
function length(weights: Float32Array, from?: Float32Array): number {
  const row = Matrix.rowVector(weights);
  return (from === undefined ? row : row.sub(Matrix.rowVector(from))).norm("frobenius");
}
