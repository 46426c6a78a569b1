/**
 * A backtest's verdicts as rows, one per input row: CSV, NDJSON with all there is to explain, or Parquet.
 *
 * @module
 */
import { isRefusal } from "../../actors/reading.ts";
import { isJudged } from "../../actors/rehearsal.ts";
import { BASELINES } from "./baselines.ts";
import { type Table, tableCells, tableOf, type VerdictWriter, type WrittenRow } from "./cells.ts";
import type { Columns } from "./columns.ts";
import { ParquetRows } from "./parquet.ts";
import type { SensorProgress } from "./progress.ts";
import type { FileRun } from "./run.ts";
import { DETECTORS, type VerdictFigures } from "./verdict.ts";
import type { Output } from "./writer.ts";

/** How verdicts are written. */
export type OutputFormat = "csv" | "ndjson" | "parquet";

/** Makes the writer of one file. */
export function verdictWriter(
  format: OutputFormat,
  columns: Columns,
  run: FileRun,
  baselines: boolean,
  output: Output,
): VerdictWriter {
  if (format === "ndjson") return new NdjsonRows(run, output);
  const table = tableOf(columns, run, baselines);
  return format === "csv" ? new CsvRows(table, output) : new ParquetRows(table, output);
}

/** A field of CSV, quoted where it must be. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A number with six digits that count. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** Rows as lines of text, written together. */
abstract class TextRows implements VerdictWriter {
  protected text = "";

  constructor(private readonly output: Output) {}

  abstract add(row: WrittenRow): void;

  async flush(): Promise<void> {
    const { text } = this;
    this.text = "";
    await this.output.write(text);
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.output.finish();
  }
}

class CsvRows extends TextRows {
  constructor(private readonly table: Table, output: Output) {
    super(output);
    this.text = [...table.own, ...table.said].map(csvField).join(",") + "\n";
  }

  add(row: WrittenRow): void {
    const own = this.table.columns.cells(row.row), { names } = this.table.columns;
    let line = csvField(own[0] ?? "");
    for (let i = 1; i < names.length; i++) line += `,${csvField(own[i] ?? "")}`;
    for (const cell of tableCells(this.table, row)) {
      line += typeof cell === "string" ? `,${csvField(cell)}` : Number.isFinite(cell) ? `,${rounded(cell)}` : ",";
    }
    this.text += `${line}\n`;
  }
}

class NdjsonRows extends TextRows {
  constructor(private readonly run: FileRun, output: Output) {
    super(output);
  }

  add(row: WrittenRow): void {
    this.text += ndjsonRow(this.run, row);
  }
}

/** A row as JSON, with its line end. */
export function ndjsonRow(run: FileRun, { row: { item, text, first }, outcome, progress }: WrittenRow): string {
  if (isRefusal(item)) return JSON.stringify({ errors: item.errors, record: text.slice(0, 256) }) + "\n";
  const reading = { ...item, time: new Date(item.time).toISOString() };
  if (!isJudged(outcome)) {
    const { passed, errors } = outcome;
    return JSON.stringify({ ...reading, not_judged: passed, ...(errors.length > 0 ? { errors } : {}) }) + "\n";
  }
  const { figures } = run, view = run.view(outcome);
  return JSON.stringify({
    ...reading,
    score: rounded(figures.score),
    is_anomaly: figures.anomalous,
    alarm: first ? rounded(figures.alarm) : 0,
    ...(figures.late ? { late: true } : {}),
    expected: bands(view.expected ?? {}),
    detectors: { ...scoresOf(figures), ...beside(progress) },
    flags: view.flags,
    rate: rounded(figures.rate),
    ...(view.versions === undefined ? {} : { versions: view.versions }),
    ...(progress !== undefined && progress.warm < 1 ? { warming_up: warmUp(progress) } : {}),
    ...(view.contributions === undefined ? {} : { contributions: view.contributions }),
    ...(view.explanation === undefined ? {} : { explanation: view.explanation }),
  }) + "\n";
}

function bands(expected: Readonly<Record<string, readonly [number, number]>>): Record<string, [number, number]> {
  return Object.fromEntries(
    Object.entries(expected).map(([channel, [low, high]]) => [channel, [rounded(low), rounded(high)]]),
  );
}

function scoresOf({ scores }: VerdictFigures): Record<string, number> {
  return Object.fromEntries(
    DETECTORS.flatMap((detector, d) => Number.isNaN(scores[d]) ? [] : [[detector, rounded(scores[d])]]),
  );
}

function warmUp({ warm, warmMs }: SensorProgress): Record<string, number> {
  return { done: rounded(warm), ...(Number.isNaN(warmMs) ? {} : { remaining_ms: Math.round(warmMs) }) };
}

function beside(progress: SensorProgress | undefined): Record<string, number> {
  const baselines = progress?.baselines;
  if (baselines === undefined) return {};
  return Object.fromEntries(BASELINES.map((name, b) => [name, rounded(baselines.scores[b])]));
}
