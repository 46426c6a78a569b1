/**
 * Two backtests side by side: what differs in their figures, and which alarms only one of them has.
 *
 * @module
 */
import type { AlarmView, BacktestReport, MeasureView } from "./port.ts";

/** One figure of both. */
export interface ComparedMeasure {
  readonly measure: string;
  readonly a: number | null;
  readonly b: number | null;
  /** b less a. */
  readonly difference: number | null;
}

/** What the comparison says. */
export interface BacktestComparison {
  readonly measures: readonly ComparedMeasure[];
  readonly alarms: {
    /** Alarms of the same sensor at the same time, among those that are told one by one. */
    readonly both: number;
    readonly only_a: readonly AlarmView[];
    readonly only_b: readonly AlarmView[];
  };
}

/** Alarms of one side that are told. */
const TOLD_MOST = 100;
/** The figures of a measure that are numbers, in the order in which they are told. */
const MEASURES = [
  "readings",
  "alarms",
  "false_alarms",
  "per_sensor_day",
  "allowed",
  "budget_ratio",
  "events",
  "found",
  "precision",
  "recall",
  "f1",
  "delay_ms",
] as const satisfies readonly Exclude<keyof MeasureView, "labelled">[];

/** Compares the first configurations of two reports. */
export function compareBacktests(a: BacktestReport, b: BacktestReport): BacktestComparison {
  const [one] = a.configurations, [other] = b.configurations;
  const measures = MEASURES.map((measure): ComparedMeasure => {
    const values = { a: one.total[measure], b: other.total[measure] };
    return { measure, ...values, difference: values.a === null || values.b === null ? null : values.b - values.a };
  });
  const onlyA = without(one.alarms, other.alarms), onlyB = without(other.alarms, one.alarms);
  const alarms = {
    both: one.alarms.length - onlyA.length,
    only_a: onlyA.slice(0, TOLD_MOST),
    only_b: onlyB.slice(0, TOLD_MOST),
  };
  return { measures, alarms };
}

function without(alarms: readonly AlarmView[], others: readonly AlarmView[]): readonly AlarmView[] {
  const known = new Set(others.map(placeOf));
  return alarms.filter((alarm) => !known.has(placeOf(alarm)));
}

function placeOf({ sensor, time }: AlarmView): string {
  return `${time} ${sensor}`;
}
