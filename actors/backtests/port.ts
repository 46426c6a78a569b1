/**
 * The port of backtests that a running instance does: what is asked for, how it stands, and what it came to.
 *
 * The names are those of the API. Times are epoch milliseconds here. A number that cannot be said is null.
 *
 * @module
 */
import type { Json } from "../ports.ts";
import type { ContributionView } from "../views.ts";

/** How a backtest stands. `interrupted`: the process ended before it did. */
export const BACKTEST_STATES = ["queued", "running", "done", "failed", "cancelled", "interrupted"] as const;
/** One of {@linkcode BACKTEST_STATES}. */
export type BacktestState = typeof BACKTEST_STATES[number];

/** How verdicts are written. */
export const VERDICT_FORMATS = ["csv", "ndjson", "parquet"] as const;
/** One of {@linkcode VERDICT_FORMATS}. */
export type VerdictFormat = typeof VERDICT_FORMATS[number];

/** What is judged by, where it differs from what the instance runs with; names and texts as the command has them. */
export interface BacktestSettings {
  readonly format: VerdictFormat;
  readonly baselines: boolean;
  /** `1/week`, `3/day`, or alarms a reading such as `1e-3`. */
  readonly budget?: string;
  readonly detectors?: "full" | "light" | "rules";
  readonly direction?: "both" | "above" | "below";
  readonly zone?: string;
  /** Time of the first record of a file without times. */
  readonly start?: string;
  /** Time between two of its records, ms. */
  readonly step?: number;
  /** As the config file's part of this name. */
  readonly judging?: Json;
  /** The same of a second configuration, judged in the same pass. */
  readonly compare?: Json;
}

/** What is judged. */
export type BacktestInput =
  | { readonly kind: "upload"; readonly name: string; readonly body: ReadableStream<Uint8Array> }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "scenario"; readonly name: string; readonly hours: number; readonly seed: number };

/** A backtest as it stands. */
export interface BacktestView {
  readonly id: string;
  readonly name: string;
  readonly state: BacktestState;
  readonly created: number;
  readonly started?: number;
  readonly ended?: number;
  /** 0..1. */
  readonly progress: number;
  readonly readings: number;
  readonly readings_per_second?: number;
  /** One sentence, where it failed. */
  readonly error?: string;
  readonly input: { readonly kind: BacktestInput["kind"]; readonly name: string; readonly bytes?: number };
  readonly format: VerdictFormat;
  /** What was asked for. */
  readonly settings: Json;
  /** Alarms of one that is done. */
  readonly alarms?: number;
}

/** What alarms are worth: counted against labels where there are any, against the budget always. */
export interface MeasureView {
  readonly readings: number;
  readonly alarms: number;
  /** Alarms outside of labelled events. */
  readonly false_alarms: number;
  readonly per_sensor_day: number | null;
  /** Alarms that the budget allows outside of labelled events. */
  readonly allowed: number;
  readonly budget_ratio: number | null;
  readonly labelled: boolean;
  readonly events: number;
  readonly found: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  /** From an event's beginning to its first alarm, median. */
  readonly delay_ms: number | null;
}

/** What a detector's flags are worth. */
export interface DetectorMeasureView extends MeasureView {
  readonly detector: string;
  /** Share of the readings that it flags. */
  readonly flagged_ratio: number | null;
  /** Flagged readings that are labelled, as a share. */
  readonly right_ratio: number | null;
  /** Labelled readings that are flagged, as a share. */
  readonly hit_ratio: number | null;
}

/** How a learning detector and a rule agree. */
export interface PairView {
  readonly learning: string;
  readonly rule: string;
  readonly both: number;
  readonly only_learning: number;
  readonly only_rule: number;
  readonly learning_ratio: number;
  readonly rule_ratio: number;
  readonly agreement: number;
  readonly kappa: number | null;
}

/** An alarm. */
export interface AlarmView {
  readonly file: string;
  readonly sensor: string;
  readonly time: number;
  readonly strength: number;
  /** Whether it lies in a labelled event; absent where nothing is labelled. */
  readonly right?: boolean;
  /** Data rows before it. */
  readonly row: number;
  readonly explanation: string;
  readonly contributions: readonly ContributionView[];
}

/** One configuration's figures. */
export interface BacktestSideView {
  readonly name: string;
  /** The configuration in a few words. */
  readonly about: string;
  readonly total: MeasureView;
  readonly files: readonly (MeasureView & { readonly file: string })[];
  /** `combined` first: all together. */
  readonly detectors: readonly DetectorMeasureView[];
  /** Trivial detectors under the same budget, where they were asked for. */
  readonly baselines: readonly (MeasureView & { readonly detector: string })[];
  readonly agreement: readonly PairView[];
  /** Alerts raised, by condition. */
  readonly alerts: Readonly<Record<string, number>>;
  /** Readings without a verdict, by why. */
  readonly not_judged: Readonly<Record<string, number>>;
  /** Where there was no alarm: what came closest to one. */
  readonly closest?: { readonly sensor: string; readonly time: number; readonly part: number };
  /** The strongest. */
  readonly alarms: readonly AlarmView[];
}

/** What a backtest came to: the same as the command's `report.json`. */
export interface BacktestReport {
  readonly readings_per_second: number;
  readonly configurations: readonly BacktestSideView[];
}

/** Something that happened to a backtest. */
export type BacktestEvent =
  | { readonly event: "state"; readonly backtest: BacktestView }
  | { readonly event: "progress"; readonly backtest: BacktestView };

/** A file that a backtest wrote. */
export interface BacktestFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** Parts of what a backtest wrote. */
export type BacktestPart = "verdicts" | "alerts" | "page";

/** A backtest cannot be taken as it was asked for; the message is one sentence for a person. */
export class BacktestRefused extends Error {
  override name = "BacktestRefused";

  /** @param kind `busy`: later, perhaps; the others are the client's */
  constructor(
    readonly kind: "invalid" | "unknown" | "too_large" | "slow" | "busy",
    message: string,
    readonly field = "",
  ) {
    super(message);
  }
}

/** Does backtests, one at a time, in a thread of their own. */
export interface Backtests {
  /**
   * Takes one in; resolves when the upload is stored and it stands in the queue.
   *
   * @throws {BacktestRefused} if it cannot be taken
   */
  submit(input: BacktestInput, settings: BacktestSettings): Promise<BacktestView>;
  /** Newest first. */
  list(): readonly BacktestView[];
  find(id: string): BacktestView | undefined;
  /** What it came to; undefined for one that is not done. */
  report(id: string): Promise<BacktestReport | undefined>;
  /** What it wrote; undefined where there is nothing. */
  file(id: string, part: BacktestPart): Promise<BacktestFile | undefined>;
  /** How it stands now, then every change until it is over; slow followers see the latest. */
  follow(id: string, signal: AbortSignal): AsyncIterable<BacktestEvent>;
  /** Cancels one that is not over; one that is over is removed with its files. False if there is none. */
  remove(id: string): Promise<boolean>;
}
