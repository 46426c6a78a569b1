/**
 * One cell of an evaluation: readings of one device in one hour of the day, counted so that parts join exactly.
 *
 * Sums of floating-point losses depend on their order in the last bits; here a loss is a whole number of units of 2^-24,
 * and their sum is kept in two doubles that hold whole numbers only. So batch and streaming, and any split over workers,
 * come to the same bits. Every function is O(1) and allocates nothing.
 *
 * @module
 */

/** Offsets into a cell. */
export const CELL = {
  /** Readings with a loss. */
  count: 0,
  /** Sum of their losses in units: the part below 2^32, and how many times 2^32. */
  lossLow: 1,
  lossHigh: 2,
  /** Greatest loss in units. */
  lossGreatest: 3,
  /** Losses above {@linkcode LOSS_GREATEST}, or no numbers: counted as the greatest. */
  clipped: 4,
  /** Readings that were flagged. */
  flagged: 5,
  /** Of readings with a label: flagged and not, labelled 1 and 0. */
  truePositive: 6,
  falsePositive: 7,
  falseNegative: 8,
  trueNegative: 9,
} as const;
/** Doubles of a cell, all 0 at first. */
export const CELL_LENGTH = 10;
/** Losses beyond it count as this much. */
export const LOSS_GREATEST = 2 ** 20;

const UNIT = 2 ** 24, WORD = 2 ** 32;

/**
 * Counts a reading.
 *
 * @param loss 0 or greater, resolved to 6e-8; anything else counts as the greatest
 * @param label 0 or 1, anything else for none
 */
export function countReading(cells: Float64Array, at: number, loss: number, flagged: boolean, label: number): void {
  const clipped = !(loss >= 0 && loss <= LOSS_GREATEST),
    units = clipped ? LOSS_GREATEST * UNIT : Math.round(loss * UNIT);
  cells[at + CELL.count]++;
  addUnits(cells, at, units % WORD, Math.floor(units / WORD));
  if (units > cells[at + CELL.lossGreatest]) cells[at + CELL.lossGreatest] = units;
  if (clipped) cells[at + CELL.clipped]++;
  if (flagged) cells[at + CELL.flagged]++;
  if (label === 1) cells[at + (flagged ? CELL.truePositive : CELL.falseNegative)]++;
  else if (label === 0) cells[at + (flagged ? CELL.falsePositive : CELL.trueNegative)]++;
}

/** Adds a cell to another one; in whatever order cells are added, the same comes out. */
export function addCell(into: Float64Array, at: number, from: Float64Array, fromAt: number): void {
  addUnits(into, at, from[fromAt + CELL.lossLow], from[fromAt + CELL.lossHigh]);
  into[at + CELL.lossGreatest] = Math.max(into[at + CELL.lossGreatest], from[fromAt + CELL.lossGreatest]);
  into[at + CELL.count] += from[fromAt + CELL.count];
  for (let i = CELL.clipped; i < CELL_LENGTH; i++) into[at + i] += from[fromAt + i];
}

/** What a cell says. Shares are absent where there is nothing to divide by. */
export interface CellView {
  /** Readings with a loss. */
  readonly count: number;
  readonly mean_loss?: number;
  readonly greatest_loss?: number;
  readonly clipped: number;
  readonly flagged: number;
  /** Readings with a label. */
  readonly labelled: number;
  readonly true_positive: number;
  readonly false_positive: number;
  readonly false_negative: number;
  readonly true_negative: number;
  readonly precision?: number;
  readonly recall?: number;
}

/** Reads a cell. */
export function readCell(cells: Float64Array, at: number): CellView {
  const [count, low, high, greatest, clipped, flagged, tp, fp, fn, tn] = cells.subarray(at, at + CELL_LENGTH);
  return {
    count,
    ...(count > 0 ? { mean_loss: (high * WORD + low) / UNIT / count, greatest_loss: greatest / UNIT } : {}),
    clipped,
    flagged,
    labelled: tp + fp + fn + tn,
    true_positive: tp,
    false_positive: fp,
    false_negative: fn,
    true_negative: tn,
    ...(tp + fp > 0 ? { precision: tp / (tp + fp) } : {}),
    ...(tp + fn > 0 ? { recall: tp / (tp + fn) } : {}),
  };
}

function addUnits(cells: Float64Array, at: number, low: number, high: number): void {
  const sum = cells[at + CELL.lossLow] + low, carry = sum >= WORD ? 1 : 0;
  cells[at + CELL.lossLow] = sum - carry * WORD;
  cells[at + CELL.lossHigh] += high + carry;
}
