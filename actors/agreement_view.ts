/**
 * Machine learning against rules, as it is shown: how often both flag a reading, one alone, or neither, by group.
 *
 * @module
 */
import { DELAYS_DOUBLES, delaysOf } from "../models/agreement_delay.ts";
import type { GroupAgreement } from "./batch.ts";
import { COMPARED } from "./sensor/layout.ts";
import { addCounts, type Agreement, AGREEMENT_DOUBLES, agreementOf, type Findings } from "../models/agreement.ts";

/** What one side finds of labelled anomalies. What cannot be said, having nothing to divide by, is left out. */
export interface FindingsView {
  /** Share of the readings that it flags. */
  readonly rate?: number;
  readonly precision?: number;
  readonly recall?: number;
  readonly f1?: number;
  /** Labelled stretches of anomalies, those of which it flagged a reading, and how late it was with those, ms. */
  readonly stretches?: number;
  readonly found_stretches?: number;
  readonly mean_delay_ms?: number;
  /** Labelled anomalies that it found and the other missed. */
  readonly found_alone: number;
}

export { COMPARED };

/** A detector that is compared with rules. */
export type ComparedDetector = typeof COMPARED[number];

/** Agreement of one group's readings. */
export interface AgreementView {
  /** The machine learning that is compared with rules. */
  readonly detector?: ComparedDetector;
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

/**
 * One detector's agreement with rules, with how late either finds what is labelled: all groups together, then each.
 *
 * @param tables as shards count them
 */
export function detectorAgreement(
  tables: readonly GroupAgreement[],
  detector: ComparedDetector = "forest",
): AgreementView[] {
  const k = COMPARED.indexOf(detector),
    length = AGREEMENT_DOUBLES,
    all = new Float64Array(tables[0]?.delays.length ?? 0);
  for (const { delays } of tables) addCounts(all, 0, delays, 0, delays.length);
  const counts = new Map(tables.map((table) => [table.group, table.counts.slice(k * length, (k + 1) * length)]));
  return agreementViews(counts).map((view) => {
    const delays = tables.find(({ group }) => group === view.group)?.delays ?? all;
    return {
      detector,
      ...view,
      machine_learning: { ...view.machine_learning, ...delayView(delays, k) },
      rules: { ...view.rules, ...delayView(delays, COMPARED.length) },
    };
  });
}

function delayView(delays: Float64Array, k: number): Partial<FindingsView> {
  const { stretches, found, meanMs } = delaysOf(delays, k * DELAYS_DOUBLES);
  return stretches === 0 ? {} : { stretches, found_stretches: found, ...said({ mean_delay_ms: meanMs }) };
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
