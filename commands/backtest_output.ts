/**
 * A backtest's verdicts as text, one row per input row: CSV, or NDJSON with all there is to explain.
 *
 * @module
 */
import { isRefusal } from "../actors/reading.ts";
import { VIEWS } from "../models/surprise/surprise.ts";
import { BASELINES, type SensorBaselines } from "./backtest_baselines.ts";
import type { Columns } from "./backtest_columns.ts";
import type { SensorJudge, Verdict } from "./backtest_judge.ts";
import type { InputRow } from "./backtest_rows.ts";
import { sayVerdict, topView } from "./backtest_sentence.ts";

/** How verdicts are written. */
export type OutputFormat = "csv" | "ndjson";

/** Writes rows of one file. */
export interface VerdictWriter {
  /** What comes before the first row. */
  begin(): string;
  /**
   * One row with its line end.
   *
   * @param judge of its sensor, right after it judged; undefined for a record that is no reading
   */
  row(row: InputRow, judge: SensorJudge | undefined, baselines: SensorBaselines | undefined): string;
}

/** Columns that come behind the input's own ones. */
export const VERDICT_COLUMNS: readonly string[] = [
  "score",
  "is_anomaly",
  "alarm",
  "expected_low",
  "expected_high",
  "most_unusual",
  "surprise",
  ...VIEWS.map((view) => `surprise_${view}`),
];

/** Makes the writer of one file. */
export function verdictWriter(format: OutputFormat, columns: Columns, baselines: boolean): VerdictWriter {
  return format === "csv" ? new CsvWriter(columns, baselines) : new NdjsonWriter();
}

/** A field of CSV, quoted where it must be. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A number with six digits that count, or nothing where there is none. */
function number(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : "";
}

class CsvWriter implements VerdictWriter {
  readonly #empty: string;

  constructor(private readonly columns: Columns, private readonly baselines: boolean) {
    const own = VERDICT_COLUMNS.length - 3 + (baselines ? 2 * BASELINES.length : 0);
    this.#empty = `,0,0,0${",".repeat(own)}`;
  }

  begin(): string {
    const added = this.baselines ? BASELINES.flatMap((name) => [name, `${name}_alarm`]) : [];
    const taken = new Set([...VERDICT_COLUMNS, ...added, "timestamp"]);
    const own = this.columns.names.map((name, at) => at > 0 && taken.has(name) ? `input_${name}` : name);
    return [...own, ...VERDICT_COLUMNS, ...added].map(csvField).join(",") + "\n";
  }

  row(row: InputRow, judge: SensorJudge | undefined, baselines: SensorBaselines | undefined): string {
    const own = this.columns.cells(row), { names } = this.columns;
    let line = csvField(own[0] ?? "");
    for (let i = 1; i < names.length; i++) line += `,${csvField(own[i] ?? "")}`;
    if (judge === undefined || judge.verdict.passed !== undefined) return `${line}${this.#empty}\n`;
    const { verdict } = judge, channel = judge.channels[verdict.channel];
    line += `,${number(verdict.score)},${verdict.anomalous ? 1 : 0},${number(verdict.alarm)}`;
    if (channel === undefined) line += ",".repeat(VERDICT_COLUMNS.length - 3);
    else {
      line += `,${number(channel.low)},${number(channel.high)},${csvField(channel.name)},${number(verdict.surprise)}`;
      for (let v = 0; v < VIEWS.length; v++) line += `,${number(channel.views[v])}`;
    }
    if (this.baselines) {
      for (let b = 0; b < BASELINES.length; b++) {
        line += baselines === undefined ? ",," : `,${number(baselines.scores[b])},${baselines.alarms[b]}`;
      }
    }
    return `${line}\n`;
  }
}

class NdjsonWriter implements VerdictWriter {
  begin(): string {
    return "";
  }

  row({ item, text }: InputRow, judge: SensorJudge | undefined, baselines: SensorBaselines | undefined): string {
    if (isRefusal(item) || judge === undefined) {
      const errors = isRefusal(item) ? item.errors : [];
      return JSON.stringify({ errors, record: text.slice(0, 256) }) + "\n";
    }
    const { verdict } = judge;
    const reading = { ...item, time: new Date(item.time).toISOString() };
    if (verdict.passed !== undefined) return JSON.stringify({ ...reading, not_judged: verdict.passed }) + "\n";
    const expected: Record<string, [number, number]> = {}, surprise: Record<string, number> = {};
    for (const channel of judge.channels) {
      if (channel.time !== item.time) continue;
      surprise[channel.name] = rounded(channel.surprise);
      if (!Number.isNaN(channel.low)) expected[channel.name] = [rounded(channel.low), rounded(channel.high)];
    }
    return JSON.stringify({
      ...reading,
      score: rounded(verdict.score),
      is_anomaly: verdict.anomalous,
      alarm: rounded(verdict.alarm),
      expected,
      detectors: { surprise, ...beside(baselines) },
      ...(verdict.warm < 1 ? { warming_up: warmUp(verdict) } : {}),
      ...(verdict.anomalous ? { contributions: contributionsOf(judge), explanation: sayVerdict(judge) } : {}),
    }) + "\n";
  }
}

function warmUp({ warm, warmMs }: Verdict): Record<string, number> {
  return { done: rounded(warm), ...(Number.isNaN(warmMs) ? {} : { remaining_ms: Math.round(warmMs) }) };
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

function beside(baselines: SensorBaselines | undefined): Record<string, number> {
  if (baselines === undefined) return {};
  return Object.fromEntries(BASELINES.map((name, b) => [name, rounded(baselines.scores[b])]));
}

/** A channel's part in an anomalous reading. */
export interface Contribution {
  readonly channel: string;
  /** Of all channels' unusual surprise, 0..1. */
  readonly share: number;
  /** What of the channel is most unusual. */
  readonly view: string;
}

/** The channels that are unusual now or were just now, the most unusual first; at most 5. */
export function contributionsOf(judge: SensorJudge): Contribution[] {
  const parts = judge.channels.map((channel, c) => ({ channel, part: Math.max(0, Math.log(judge.held(c) / 3)) }));
  const sum = parts.reduce((total, { part }) => total + part, 0);
  return parts.filter(({ part }) => part > 0).sort((a, b) => b.part - a.part).slice(0, 5)
    .map(({ channel, part }) => ({
      channel: channel.name,
      share: rounded(part / sum),
      view: topView(channel.views),
    }));
}
