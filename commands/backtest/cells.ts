/**
 * The columns of a backtest's output behind the input's own ones, and their cells.
 *
 * @module
 */
import { isJudged, type Outcome } from "../../actors/rehearsal.ts";
import { BASELINES } from "./baselines.ts";
import type { Columns } from "./columns.ts";
import type { SensorProgress } from "./progress.ts";
import type { InputRow } from "./rows.ts";
import type { FileRun } from "./run.ts";
import { DETECTORS } from "./verdict.ts";

/** What there is to write of a row, right after it was counted. */
export interface WrittenRow {
  readonly row: InputRow;
  readonly outcome: Outcome;
  /** Its sensor's; undefined for a row without a verdict. */
  readonly progress: SensorProgress | undefined;
}

/** Writes the rows of one file. */
export interface VerdictWriter {
  /** Takes a row. */
  add(row: WrittenRow): void;
  /** Hands what was taken to the file. */
  flush(): Promise<void>;
  /** Ends the file. */
  finish(): Promise<void>;
}

/** Columns that come behind the input's own ones, before those of baselines; all but the last hold numbers. */
const VERDICT_COLUMNS: readonly string[] = [
  "score",
  "is_anomaly",
  "alarm",
  "expected_low",
  "expected_high",
  ...DETECTORS.flatMap((detector) => [detector, `${detector}_flag`]),
  "rate",
  "most_unusual",
];

/** Columns whose numbers are 0 or 1. */
export function isFlag(column: string): boolean {
  return column === "is_anomaly" || column.endsWith("_flag") || column.endsWith("_alarm");
}

/** What tables need of a file. */
export interface Table {
  readonly columns: Columns;
  /** Names of the input's own columns as they are written. */
  readonly own: readonly string[];
  /** Names of those behind them. */
  readonly said: readonly string[];
  readonly run: FileRun;
}

/** The cells behind a row's own ones; NaN for nothing. A row without a verdict has a score, a flag and an alarm of 0. */
export function tableCells(
  { said, run: { figures } }: Table,
  { row, outcome, progress }: WrittenRow,
): (number | string)[] {
  const cells: (number | string)[] = [];
  if (!isJudged(outcome) || progress === undefined) {
    cells.push(0, 0, 0);
    while (cells.length < said.length) cells.push(said[cells.length] === "most_unusual" ? "" : NaN);
    return cells;
  }
  const { channels } = outcome.plan, alarm = row.first ? figures.alarm : 0;
  cells.push(figures.score, figures.anomalous ? 1 : 0, alarm, figures.low, figures.high);
  DETECTORS.forEach((_, d) => cells.push(figures.scores[d], figures.flags[d]));
  cells.push(figures.rate, channels[figures.channel] ?? "");
  for (let b = 0; cells.length < said.length; b++) {
    const known = progress.baselines && !figures.late ? progress.baselines : undefined;
    cells.push(known?.scores[b] ?? NaN, known?.alarms[b] ?? NaN);
  }
  return cells;
}

/** The table of a file. */
export function tableOf(columns: Columns, run: FileRun, baselines: boolean): Table {
  const added = baselines ? BASELINES.flatMap((name) => [name, `${name}_alarm`]) : [];
  const taken = new Set([...VERDICT_COLUMNS, ...added, "timestamp"]);
  const own = columns.names.map((name, at) => at > 0 && taken.has(name) ? `input_${name}` : name);
  return { columns, own, said: [...VERDICT_COLUMNS, ...added], run };
}
