/**
 * What each detector's flags are worth in a backtest, and how machine learning and rules agree.
 *
 * @module
 */
import { addCounts, AGREEMENT_DOUBLES, agreementCount } from "../../models/agreement.ts";
import { restAfter } from "../../models/budget/rule.ts";
import { addMeasure, emptyMeasure, type Measure, SensorMeasure } from "./measure.ts";
import { DETECTORS, LEARNING, type VerdictFigures } from "./verdict.ts";

/** What machine learning is compared with: configured limits of values and of their rate of change, or three sigma. */
export const RULES = ["limits", "3 sigma"] as const;

/** Each learning detector, by its place among all, with each of {@linkcode RULES}. */
export const PAIRS: readonly { readonly learning: number; readonly rule: number; readonly name: string }[] = LEARNING
  .flatMap((learning) => RULES.map((name, rule) => ({ learning, rule, name: `${DETECTORS[learning]} and ${name}` })));

const SIGMA_AT = DETECTORS.indexOf("zscore");

/**
 * The detectors of one sensor. A detector's alarm is a flag with none of its alarms in the rest before it that the budget's
 * rule takes; in an event its first flag is one whatever was before: an event is found if it is flagged.
 */
export class SensorFlags {
  readonly measures: readonly SensorMeasure[];
  readonly #rested = new Float64Array(DETECTORS.length);
  /** The event that each has flagged last. */
  readonly #flagged = new Int32Array(DETECTORS.length).fill(-1);

  constructor(labelled: boolean) {
    this.measures = DETECTORS.map(() => new SensorMeasure(labelled));
  }

  /**
   * Counts a reading: see {@linkcode SensorMeasure.count}.
   *
   * @param age readings of the sensor that were judged, this one included
   */
  count(figures: VerdictFigures, time: number, event: number, begun: number, age: number, budget: number): void {
    for (let d = 0; d < DETECTORS.length; d++) {
      const flagged = figures.flags[d] === 1;
      const alarm = flagged && (age > this.#rested[d] || (event >= 0 && event !== this.#flagged[d]));
      if (flagged && event >= 0) this.#flagged[d] = event;
      if (alarm) this.#rested[d] = age + restAfter(budget, age);
      this.measures[d].count(time, event, begun, flagged, alarm, budget);
    }
  }
}

/** Sums of several sensors, in the order of {@linkcode DETECTORS}. */
export function detectorMeasures(flags: Iterable<SensorFlags>): Measure[] {
  const sums = DETECTORS.map(() => emptyMeasure());
  for (const { measures } of flags) measures.forEach(({ measure }, d) => addMeasure(sums[d], measure));
  return sums;
}

/** Agreement of machine learning and rules: tables by pair, in the order of {@linkcode PAIRS}, and by group of sensors. */
export class Agreements {
  readonly tables: readonly Map<string, Float64Array>[] = PAIRS.map(() => new Map());

  /**
   * Counts a reading.
   *
   * @param group sensors that share models
   * @param label 1 if it is known to be anomalous, 0 if known to be normal, −1 if nobody knows
   */
  count(figures: VerdictFigures, group: string, label: number): void {
    for (let p = 0; p < PAIRS.length; p++) {
      const { learning, rule } = PAIRS[p];
      const ruled = rule === 0 ? figures.broken : figures.flags[SIGMA_AT] === 1;
      agreementCount(this.#table(p, group), 0, figures.flags[learning] === 1, ruled, label);
    }
  }

  /** Adds another file's counts. */
  add({ tables }: Agreements): void {
    tables.forEach((groups, p) => {
      for (const [group, table] of groups) addCounts(this.#table(p, group), 0, table, 0, AGREEMENT_DOUBLES);
    });
  }

  #table(pair: number, group: string): Float64Array {
    let table = this.tables[pair].get(group);
    if (!table) this.tables[pair].set(group, table = new Float64Array(AGREEMENT_DOUBLES));
    return table;
  }
}
