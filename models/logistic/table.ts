/**
 * Labelled rows: what a supervised model is trained on and judged by.
 *
 * @module
 */

/** Rows of numbers with a label each. */
export interface LabelledTable {
  /** Names of the features, in the order of a row. */
  readonly features: readonly string[];
  /** Finite numbers, row by row. */
  readonly rows: Float64Array;
  /** 0 or 1 a row. */
  readonly labels: Uint8Array;
  /** How often a row counts, above 0; absent: once each. */
  readonly weights?: Float64Array;
}

/** The rows of a table at some places, in that order. */
export function rowsAt(table: LabelledTable, places: ArrayLike<number>): LabelledTable {
  const { features, rows, labels, weights } = table, width = features.length, count = places.length;
  const picked = new Float64Array(count * width);
  for (let i = 0; i < count; i++) picked.set(rows.subarray(places[i] * width, (places[i] + 1) * width), i * width);
  const one = { features, rows: picked, labels: Uint8Array.from({ length: count }, (_, i) => labels[places[i]]) };
  return weights === undefined ? one : { ...one, weights: Float64Array.from(places, (place) => weights[place]) };
}

/**
 * One table after the other.
 *
 * @param weight how often each row of `more` counts, such as 5 for labels that people gave beside generated ones
 * @throws {RangeError} if their features differ, or the weight is not above 0
 */
export function joinTables(table: LabelledTable, more: LabelledTable, weight = 1): LabelledTable {
  if (table.features.join("\n") !== more.features.join("\n")) {
    throw new RangeError(
      `cannot join tables: one has the features ${table.features.join(", ")}, the other ${more.features.join(", ")}`,
    );
  }
  if (!(weight > 0 && weight < Infinity)) {
    throw new RangeError(`cannot join tables: a weight must be above 0 and finite, not ${weight}`);
  }
  const counts = [table.labels.length, more.labels.length];
  const weights = new Float64Array(counts[0] + counts[1]).fill(1);
  if (table.weights) weights.set(table.weights);
  for (let i = 0; i < counts[1]; i++) weights[counts[0] + i] = weight * (more.weights?.[i] ?? 1);
  return {
    features: table.features,
    rows: joined(table.rows, more.rows),
    labels: Uint8Array.from([...table.labels, ...more.labels]),
    weights,
  };
}

function joined(one: Float64Array, other: Float64Array): Float64Array {
  const both = new Float64Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** How many rows have the label 1. */
export function positives(labels: Uint8Array): number {
  let count = 0;
  for (const label of labels) count += label;
  return count;
}
