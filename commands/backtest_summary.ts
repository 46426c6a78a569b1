/**
 * A backtest's figures as a table for a person, in text and in HTML.
 *
 * @module
 */
import { BASELINES } from "./backtest_baselines.ts";
import { addMeasure, emptyMeasure, type Measure, ratesOf } from "./backtest_measure.ts";
import type { FileRun } from "./backtest_run.ts";

/** Everything of one configuration. */
export interface Side {
  /** What it is called: `this`, or the file that it comes from. */
  readonly name: string;
  /** What it says, in a few words. */
  readonly about: string;
  /** Its runs, file by file in the order given. */
  readonly runs: readonly { readonly path: string; readonly run: FileRun }[];
}

/** The heads of the table's columns. */
export const COLUMNS: readonly string[] = [
  "readings",
  "alarms",
  "per day",
  "budget",
  "of it",
  "events",
  "found",
  "precision",
  "recall",
  "F1",
  "delay",
];
/** What each column means. */
export const COLUMN_NOTES: readonly string[] = [
  "readings judged",
  "alarms that began",
  "alarms outside of labelled windows a sensor and day; all alarms where nothing is labelled",
  "alarms that the budget allows outside of labelled windows",
  "false alarms to what the budget allows: 1 is on the spot, less is better",
  "labelled windows or stretches, counted for each sensor",
  "events with an alarm",
  "alarms that lie in an event",
  "events found",
  "harmonic mean of precision and recall",
  "from an event's beginning to its first alarm, median",
];

/** A duration as people say it. */
export function sayDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const units: [number, string][] = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1_000, "s"]];
  for (const [unit, name] of units) if (ms >= unit) return `${Number((ms / unit).toPrecision(2))} ${name}`;
  return `${Math.round(ms)} ms`;
}

/** The cells of one row. */
export function cellsOf(m: Measure): string[] {
  const rates = ratesOf(m), share = (part: number) => Number.isFinite(part) ? part.toFixed(2) : "–";
  const labels = m.labelled
    ? [String(m.events), String(m.found), share(rates.precision), share(rates.recall), share(rates.f1)]
    : ["–", "–", "–", "–", "–"];
  return [
    m.readings.toLocaleString("en"),
    String(m.alarms),
    Number.isFinite(rates.falsePerSensorDay) ? Number(rates.falsePerSensorDay.toPrecision(3)).toString() : "–",
    Number(m.allowed.toPrecision(3)).toString(),
    m.allowed > 0 ? rates.ratio.toFixed(2) : "–",
    ...labels,
    m.labelled ? sayDuration(rates.delayMs) : "–",
  ];
}

/** The sum over a side's files. */
export function totalOf(side: Side): Measure {
  const sum = emptyMeasure();
  for (const { run } of side.runs) addMeasure(sum, run.measure());
  return sum;
}

/** Rows of the table of both sides: name and cells; baselines below the first side where they were asked for. */
export function totalRows(sides: readonly Side[], baselines: boolean): [string, string[]][] {
  const rows: [string, string[]][] = sides.map((side) => [side.name, cellsOf(totalOf(side))]);
  if (baselines) {
    for (const [place, name] of BASELINES.entries()) {
      const sum = emptyMeasure();
      for (const { run } of sides[0].runs) addMeasure(sum, run.baselineMeasure(place));
      rows.push([name, cellsOf(sum)]);
    }
  }
  return rows;
}

/** A table as text. */
export function textTable(first: string, rows: readonly [string, string[]][]): string {
  const all = [[first, ...COLUMNS], ...rows.map(([name, cells]) => [name, ...cells])];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  ")
      .trimEnd()
  ).join("\n");
}
