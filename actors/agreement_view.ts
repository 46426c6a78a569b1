/**
 * Machine learning against rules, as it is shown: how often both flag a reading, one alone, or neither, by group.
 *
 * @module
 */
import { addCounts, type Agreement, AGREEMENT_DOUBLES, agreementOf, type Findings } from "../models/agreement.ts";

/** What one side finds of labelled anomalies. What cannot be said, having nothing to divide by, is left out. */
export interface FindingsView {
  /** Share of the readings that it flags. */
  readonly rate?: number;
  readonly precision?: number;
  readonly recall?: number;
  readonly f1?: number;
  /** Labelled anomalies that it found and the other missed. */
  readonly found_alone: number;
}

/** Agreement of one group's readings. */
export interface AgreementView {
  /** A type, or a set of channels; absent for all groups together. */
  readonly group?: string;
  readonly readings: number;
  readonly both: number;
  readonly only_machine_learning: number;
  readonly only_rules: number;
  readonly neither: number;
  /** Share of the readings on which both say the same. */
  readonly agreement?: number;
  /** Share of the readings flagged by either that both flag. */
  readonly overlap?: number;
  /** Agreement beyond chance (Cohen's kappa), -1 to 1. */
  readonly kappa?: number;
  readonly labelled: number;
  readonly anomalies: number;
  /** Labelled anomalies that both missed. */
  readonly missed: number;
  readonly machine_learning: FindingsView;
  readonly rules: FindingsView;
}

/**
 * All groups together, then each in order of name; none where nothing was counted.
 *
 * @param tables of each group, as `models/agreement.ts` counts them: machine learning first, rules second
 */
export function agreementViews(tables: ReadonlyMap<string, Float64Array>): AgreementView[] {
  const all = new Float64Array(AGREEMENT_DOUBLES);
  for (const table of tables.values()) addCounts(all, 0, table, 0, AGREEMENT_DOUBLES);
  if (agreementOf(all, 0).readings === 0) return [];
  const groups = [...tables].sort(([a], [b]) => a < b ? -1 : 1);
  return [view(agreementOf(all, 0)), ...groups.map(([group, table]) => ({ group, ...view(agreementOf(table, 0)) }))];
}

function view(found: Agreement): AgreementView {
  const { readings, both, onlyFirst, onlySecond, neither, agreement, overlap, kappa, labelled, anomalies } = found;
  return {
    readings,
    both,
    only_machine_learning: onlyFirst,
    only_rules: onlySecond,
    neither,
    ...said({ agreement, overlap, kappa }),
    labelled,
    anomalies,
    missed: found.missed,
    machine_learning: { ...findings(found.first, found.firstRate), found_alone: found.foundByFirst },
    rules: { ...findings(found.second, found.secondRate), found_alone: found.foundBySecond },
  };
}

function findings({ precision, recall, f1 }: Findings, rate: number): Omit<FindingsView, "found_alone"> {
  return said({ rate, precision, recall, f1 });
}

/** Without what is no number. */
function said<T extends Record<string, number>>(figures: T): Partial<T> {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => !Number.isNaN(value))) as Partial<T>;
}
