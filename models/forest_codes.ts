/**
 * Values as whole numbers: how many of a feature's thresholds lie at or below a value.
 *
 * A tree only asks whether `value >= threshold`, and that is the same as asking whether the value's rank among all
 * thresholds of the feature has reached the threshold's. So a value is ranked once and compared as a whole number a
 * hundred trees long: exact, and without a floating-point load at each node. The feature's place stands above the rank in values
 * and nodes alike ({@linkcode codeOf}), so that a node holds in one word what to look at and what to compare it with.
 *
 * @module
 */
import { LANES } from "./forest_walk.ts";

/** A rank that no value reaches: where a tree has ended, everything goes left. */
export const NEVER = 0xffff;

/** The thresholds of one feature, and where to begin to look for a rank. */
export interface Ranks {
  /** Ascending, each once. */
  readonly thresholds: Float64Array;
  /** Threshold's count below each of the equal cells between the least and the greatest threshold; one more at the end. */
  readonly cells: Uint16Array;
  /** Cells a unit of the feature. */
  readonly perUnit: number;
}

/** Cells a threshold: more make the search shorter and the table larger. */
const CELLS_EACH = 4;

/**
 * Makes the table of a feature.
 *
 * @param thresholds finite, in any order, with repetitions; fewer than 65,535
 */
export function makeRanks(thresholds: Float64Array): Ranks {
  const sorted = thresholds.slice().sort();
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[distinct++] = sorted[i];
  const kept = sorted.slice(0, distinct), count = Math.max(1, CELLS_EACH * distinct);
  const span = distinct > 1 ? kept[distinct - 1] - kept[0] : 0;
  // A span that overflows, or is too small to be divided by, leaves one cell: the search in it is still right.
  const perUnit = span > 0 && count / span < Infinity ? count / span : 0;
  const ranks = { thresholds: kept, cells: new Uint16Array(count + 1), perUnit };
  for (let i = 0; i < distinct; i++) ranks.cells[cellOf(ranks, kept[i]) + 1]++;
  for (let cell = 0; cell < count; cell++) ranks.cells[cell + 1] += ranks.cells[cell];
  return ranks;
}

/** The cell of a value between the least and the greatest threshold. It never falls as the value rises. */
function cellOf({ thresholds, cells, perUnit }: Ranks, value: number): number {
  const cell = ((value - thresholds[0]) * perUnit) | 0, last = cells.length - 2;
  return cell < last ? cell : last;
}

/**
 * How many thresholds lie at or below a value.
 *
 * @param value any number but NaN
 */
export function rankOf(ranks: Ranks, value: number): number {
  const { thresholds, cells } = ranks, count = thresholds.length;
  if (count === 0 || value < thresholds[0]) return 0;
  if (value >= thresholds[count - 1]) return count;
  const cell = cellOf(ranks, value);
  let low = cells[cell], high = cells[cell + 1]; // thresholds of other cells lie below or above for certain
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value >= thresholds[middle]) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A word that says where to look for the feature's code among a row's, and which rank. */
export function codeOf(feature: number, rank: number): number {
  return feature * LANES << 16 | rank;
}

/**
 * Writes the codes of one feature of many rows.
 *
 * @param rows the feature of the first row at `from`, then every `width` numbers; NaN is missing
 * @param missing stands for a missing value
 * @param codes see `placeOfRow` of `forest_walk.ts`
 */
export function writeCodes(
  ranks: Ranks,
  feature: number,
  rows: Float64Array,
  from: number,
  width: number,
  count: number,
  missing: number,
  codes: Int32Array,
): void {
  const { thresholds, cells, perUnit } = ranks, most = thresholds.length, last = cells.length - 2;
  const least = most > 0 ? thresholds[0] : Infinity, greatest = most > 0 ? thresholds[most - 1] : Infinity;
  const tag = codeOf(feature, 0), apart = LANES * (width - 1);
  // The same search as rankOf, with what does not change over the rows outside of the loop: half of the time.
  for (let row = 0, at = from, to = LANES * feature; row < count; at += width) {
    let value = rows[at];
    if (value !== value) value = missing;
    let low = 0;
    if (value >= greatest) low = most;
    else if (value >= least) {
      const inside = ((value - least) * perUnit) | 0, cell = inside < last ? inside : last;
      low = cells[cell];
      let high = cells[cell + 1];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (value >= thresholds[middle]) low = middle + 1;
        else high = middle;
      }
    }
    codes[to++] = tag | low;
    if ((++row & (LANES - 1)) === 0) to += apart; // the next eight rows
  }
}
