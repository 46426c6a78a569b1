/**
 * Agreement of two detectors' flags, machine learning against rules: how often both flag a reading, one alone, or
 * neither; and, where readings are labelled, what each finds of what was wrong.
 *
 * The counts are a slice of doubles, all 0 at first, and tables are merged by adding them up. Source of kappa:
 * J. Cohen, A Coefficient of Agreement for Nominal Scales, 1960.
 *
 * @module
 */

/** Doubles of a table: readings by label (none, 0, 1) and by the flags of both detectors. */
export const AGREEMENT_DOUBLES = 12;

const PER_LABEL = 4, FIRST = 1, SECOND = 2;

/**
 * Counts a reading.
 *
 * @param label 1 if it is known to be anomalous, 0 if known to be normal, anything else if nobody knows
 */
export function agreementCount(table: Float64Array, at: number, first: boolean, second: boolean, label: number): void {
  const known = label === 1 ? 2 : label === 0 ? 1 : 0;
  table[at + known * PER_LABEL + (first ? FIRST : 0) + (second ? SECOND : 0)]++;
}

/** Adds the counts of one slice to those of another one: tables, or totals of delays. */
export function addCounts(into: Float64Array, at: number, from: Float64Array, fromAt: number, length: number): void {
  for (let i = 0; i < length; i++) into[at + i] += from[fromAt + i];
}

/** How well a detector finds what is labelled. NaN stands for what cannot be said: nothing flagged, nothing labelled. */
export interface Findings {
  /** Part of its flags on labelled readings that were anomalies. */
  readonly precision: number;
  /** Part of the anomalies that it flagged. */
  readonly recall: number;
  readonly f1: number;
}

/** What a table says. Shares are 0..1, NaN where there is nothing to divide by. */
export interface Agreement {
  readonly readings: number;
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
  /** Share of the readings that each flags. */
  readonly firstRate: number;
  readonly secondRate: number;
  /** Share of the readings on which both say the same. */
  readonly agreement: number;
  /** Share of the readings flagged by either that both flag (Jaccard): not helped by all that neither flags. */
  readonly overlap: number;
  /** Agreement beyond chance: 1 for the same flags, 0 for what two that know nothing of each other have; at least −1. */
  readonly kappa: number;
  /** Readings with a label, and those labelled as anomalies. */
  readonly labelled: number;
  readonly anomalies: number;
  readonly first: Findings;
  readonly second: Findings;
  /** Anomalies that one detector finds and the other misses, and those that both miss. */
  readonly foundByFirst: number;
  readonly foundBySecond: number;
  readonly missed: number;
}

/** Reads a table. */
export function agreementOf(table: Float64Array, at: number): Agreement {
  const cell = (flags: number) => table[at + flags] + table[at + PER_LABEL + flags] + table[at + 2 * PER_LABEL + flags];
  const neither = cell(0), onlyFirst = cell(FIRST), onlySecond = cell(SECOND), both = cell(FIRST + SECOND);
  const readings = neither + onlyFirst + onlySecond + both;
  const firstRate = (both + onlyFirst) / readings, secondRate = (both + onlySecond) / readings;
  const agreement = (both + neither) / readings;
  const chance = firstRate * secondRate + (1 - firstRate) * (1 - secondRate);
  const wrong = at + 2 * PER_LABEL;
  const anomalies = table[wrong] + table[wrong + FIRST] + table[wrong + SECOND] + table[wrong + FIRST + SECOND];
  const fine = at + PER_LABEL;
  return {
    readings,
    both,
    onlyFirst,
    onlySecond,
    neither,
    firstRate,
    secondRate,
    agreement,
    overlap: both / (both + onlyFirst + onlySecond),
    // 0 / 0 for two that always say the same one thing: by chance alone they agree as well
    kappa: (agreement - chance) / (1 - chance),
    labelled: anomalies + table[fine] + table[fine + FIRST] + table[fine + SECOND] + table[fine + FIRST + SECOND],
    anomalies,
    first: findings(table, at, FIRST, anomalies),
    second: findings(table, at, SECOND, anomalies),
    foundByFirst: table[wrong + FIRST],
    foundBySecond: table[wrong + SECOND],
    missed: table[wrong],
  };
}

function findings(table: Float64Array, at: number, flag: number, anomalies: number): Findings {
  const all = FIRST + SECOND, fine = at + PER_LABEL, wrong = at + 2 * PER_LABEL;
  const found = table[wrong + flag] + table[wrong + all], raised = table[fine + flag] + table[fine + all];
  return {
    precision: found / (found + raised),
    recall: found / anomalies,
    f1: 2 * found / (found + raised + anomalies),
  };
}
