/**
 * A backtest's figures as tables for a person, for text and for HTML.
 *
 * @module
 */
import { detectorsOf } from "../../actors/detectors.ts";
import { addCounts, AGREEMENT_DOUBLES, agreementOf } from "../../models/agreement.ts";
import { BASELINES } from "./baselines.ts";
import { addMeasure, emptyMeasure, type Measure, ratesOf } from "./measure.ts";
import type { FileRun } from "./run.ts";
import { Agreements, PAIRS } from "./tables.ts";
import { DETECTORS } from "./verdict.ts";

/** Everything of one configuration. */
export interface Side {
  /** What it is called: `this`, or the file that it comes from. */
  readonly name: string;
  /** What it says, in a few words. */
  readonly about: string;
  /** Its runs, file by file in the order given. */
  readonly runs: readonly { readonly path: string; readonly run: FileRun }[];
  /** Alerts that were raised, by condition. */
  readonly alerts: ReadonlyMap<string, number>;
}

/** A column: its head, and what it means. */
export type Column = readonly [name: string, note: string];

/** A table: what its rows are, its columns, and the rows' names and cells. */
export interface Table {
  readonly first: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly [string, readonly string[]])[];
}

const FOUND: readonly Column[] = [
  ["events", "labelled windows or stretches, counted for each sensor"],
  ["found", "events with an alarm"],
  ["precision", "alarms that lie in an event"],
  ["recall", "events found"],
  ["F1", "harmonic mean of precision and recall"],
  ["delay", "from an event's beginning to its first alarm, median"],
];
const PER_DAY: Column = [
  "per day",
  "alarms outside of labelled windows a sensor and day; all alarms where nothing is labelled",
];

/** Columns of a table of alarms. */
export const ALARM_COLUMNS: readonly Column[] = [
  ["readings", "readings judged"],
  ["alarms", "alarms that began"],
  PER_DAY,
  ["budget", "alarms that the budget allows outside of labelled windows"],
  ["of it", "false alarms to what the budget allows: 1 is on the spot, less is better"],
  ...FOUND,
];

/** Columns of a table of detectors. */
const DETECTOR_COLUMNS: readonly Column[] = [
  ["flagged", "readings that it flags at its own setting, as a share"],
  ["right", "flagged readings that are labelled"],
  ["hit", "labelled readings that are flagged"],
  [
    "alarms",
    "flags, one for a stretch: after an alarm comes a rest, as the budget's rule takes it, unless an event begins",
  ],
  PER_DAY,
  ...FOUND,
];

/** Columns of a table of agreement. */
const AGREEMENT_COLUMNS: readonly Column[] = [
  ["both", "readings that both flag"],
  ["learning alone", "readings that only machine learning flags"],
  ["rule alone", "readings that only the rule flags"],
  ["learning flags", "share of the readings that machine learning flags"],
  ["rule flags", "share of the readings that the rule flags"],
  ["agree", "share of the readings on which both say the same"],
  ["kappa", "agreement beyond chance: 1 for the same flags, 0 for two that know nothing of each other"],
  ["only learning finds", "labelled readings that only machine learning flags"],
  ["only rule finds", "labelled readings that only the rule flags"],
  ["both miss", "labelled readings that neither flags"],
];

/** A duration as people say it. */
function sayDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const units: [number, string][] = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1_000, "s"]];
  for (const [unit, name] of units) if (ms >= unit) return `${Number((ms / unit).toPrecision(2))} ${name}`;
  return `${Math.round(ms)} ms`;
}

/** A share with two digits; a dash where there is none. */
function share(part: number): string {
  return Number.isFinite(part) ? part.toFixed(2) : "–";
}

/** A share in percent, small ones with a digit more. */
function percent(part: number): string {
  if (!Number.isFinite(part)) return "–";
  return `${Number((100 * part).toPrecision(part < 0.1 ? 2 : 3))} %`;
}

function perDay(value: number): string {
  return Number.isFinite(value) ? Number(value.toPrecision(3)).toString() : "–";
}

function foundCells(m: Measure): string[] {
  if (!m.labelled) return FOUND.map(() => "–");
  const { precision, recall, f1, delayMs } = ratesOf(m);
  return [String(m.events), String(m.found), share(precision), share(recall), share(f1), sayDuration(delayMs)];
}

/** The cells of {@linkcode ALARM_COLUMNS}. */
export function alarmCells(m: Measure): string[] {
  const rates = ratesOf(m);
  return [
    m.readings.toLocaleString("en"),
    String(m.alarms),
    perDay(rates.falsePerSensorDay),
    Number(m.allowed.toPrecision(3)).toString(),
    m.allowed > 0 ? rates.ratio.toFixed(2) : "–",
    ...foundCells(m),
  ];
}

/** The sum of something over a side's files. */
export function summed(side: Side, of: (run: FileRun) => Measure): Measure {
  const sum = emptyMeasure();
  for (const { run } of side.runs) addMeasure(sum, of(run));
  return sum;
}

/** The totals of all sides; baselines below them where they were asked for. */
export function totalTable(first: string, sides: readonly Side[], baselines: boolean): Table {
  const rows: [string, string[]][] = sides.map((side) => [side.name, alarmCells(summed(side, (run) => run.measure()))]);
  if (baselines) {
    for (const [place, name] of BASELINES.entries()) {
      rows.push([name, alarmCells(summed(sides[0], (run) => run.baselineMeasure(place)))]);
    }
  }
  return { first, columns: ALARM_COLUMNS, rows };
}

/** What each detector's flags are worth that has something to say. */
export function detectorSums(side: Side): { readonly name: string; readonly measure: Measure }[] {
  const sums = DETECTORS.map(() => emptyMeasure());
  for (const { run } of side.runs) run.detectors().forEach((measure, d) => addMeasure(sums[d], measure));
  const setting = side.runs[0]?.run.judging.detectors ?? "full",
    judges = new Set(detectorsOf(setting).map(({ name }) => name));
  // Without configured limits or a model that was trained from labels there is nothing to show of them.
  return DETECTORS.flatMap((name, d) => {
    const speaks = judges.has(name) && (sums[d].anomalous > 0 || (name !== "limit" && name !== "logistic"));
    return speaks ? [{ name, measure: sums[d] }] : [];
  });
}

/** What each detector's flags are worth, and the alarms of all together. */
export function detectorTable(side: Side): Table {
  const cells = (m: Measure) => {
    const { readingPrecision, readingRecall, falsePerSensorDay } = ratesOf(m);
    const byReading = m.labelled ? [share(readingPrecision), share(readingRecall)] : ["–", "–"];
    return [
      percent(m.anomalous / m.readings),
      ...byReading,
      String(m.alarms),
      perDay(falsePerSensorDay),
      ...foundCells(m),
    ];
  };
  return {
    first: "detector",
    columns: DETECTOR_COLUMNS,
    rows: [
      ["combined", cells(summed(side, (run) => run.measure()))],
      ...detectorSums(side).map(({ name, measure }): [string, string[]] => [name, cells(measure)]),
    ],
  };
}

/** How a learning detector and a rule agree, where both are there: all groups together, and each by name. */
interface AgreementSum {
  readonly pair: typeof PAIRS[number];
  readonly sum: Float64Array;
  readonly groups: readonly (readonly [string, Float64Array])[];
}

/** Machine learning against rules, all sensors of a side together. */
export function agreements(side: Side): AgreementSum[] {
  const all = new Agreements();
  for (const { run } of side.runs) all.add(run.agreements);
  return PAIRS.flatMap((pair, p) => {
    const groups = [...all.tables[p]].sort(([a], [b]) => a < b ? -1 : 1), sum = new Float64Array(AGREEMENT_DOUBLES);
    for (const [, table] of groups) addCounts(sum, 0, table, 0, AGREEMENT_DOUBLES);
    const { firstRate, secondRate } = agreementOf(sum, 0);
    return firstRate > 0 && secondRate > 0 ? [{ pair, sum, groups }] : [];
  });
}

/** Machine learning against rules, all groups of sensors together, then each where there are several. */
export function agreementTable(side: Side, groups = true): Table {
  const rows = agreements(side).flatMap(({ pair: { name }, sum, groups: tables }): [string, string[]][] => {
    const own = groups && tables.length > 1 ? tables : [];
    return [
      [name, agreementCells(sum)],
      ...own.map(([group, table]): [string, string[]] => [
        `${name}: ${group}`,
        agreementCells(table),
      ]),
    ];
  });
  return { first: "learning and rule", columns: AGREEMENT_COLUMNS, rows };
}

/** Readings without a verdict, by why; what did not happen is left out. */
export function passedOf({ runs }: Side): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { run } of runs) {
    for (const [why, count] of Object.entries(run.passed)) if (count > 0) sums[why] = (sums[why] ?? 0) + count;
  }
  return sums;
}

/** Where there was no alarm: what came closest to one. */
export function closestOf({ runs }: Side): { sensor: string; time: number; part: number } | undefined {
  const sensors = runs.flatMap(({ run }) => [...run.sensors.values()]);
  if (sensors.some(({ alarms }) => alarms.length > 0)) return undefined;
  return sensors.flatMap(({ sensor, closest }) => closest === undefined ? [] : [{ sensor, ...closest }])
    .sort((a, b) => b.part - a.part)[0];
}

function agreementCells(table: Float64Array): string[] {
  const found = agreementOf(table, 0), count = (number: number) => number.toLocaleString("en");
  const labelled = found.labelled > 0;
  return [
    count(found.both),
    count(found.onlyFirst),
    count(found.onlySecond),
    percent(found.firstRate),
    percent(found.secondRate),
    percent(found.agreement),
    share(found.kappa),
    labelled ? count(found.foundByFirst) : "–",
    labelled ? count(found.foundBySecond) : "–",
    labelled ? count(found.missed) : "–",
  ];
}

/** Alerts that were raised, in words: `12 anomaly, 1 stuck`. */
export function sayAlerts({ alerts }: Side): string {
  const parts = [...alerts].sort(([, a], [, b]) => b - a).map(([name, count]) =>
    `${count.toLocaleString("en")} ${name}`
  );
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** A table as text. */
export function textTable({ first, columns, rows }: Table): string {
  const all = [[first, ...columns.map(([name]) => name)], ...rows.map(([name, cells]) => [name, ...cells])];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  ")
      .trimEnd()
  ).join("\n");
}
