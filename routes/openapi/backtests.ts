/**
 * What the document says of backtests.
 *
 * @module
 */
import { z } from "zod";
import type { BacktestComparison } from "../../actors/backtests/compare.ts";
import {
  BACKTEST_STATES,
  type DetectorMeasureView,
  type MeasureView,
  type PairView,
  VERDICT_FORMATS,
} from "../../actors/backtests/port.ts";
import {
  backtestBody,
  compareBacktestsQuery,
  reportQuery,
  UPLOAD_TYPES,
  uploadQuery,
  type wireAlarm,
  type wireBacktest,
  type wireReport,
} from "../backtests.ts";
import type { Operation } from "../openapi.ts";
import { noQuery } from "./observe.ts";
import { countSchema as count, documents, json, pageOf, timeSchema as time } from "./parts.ts";

const number = z.number().nullable(), share = z.number().min(0).max(1).nullable();

const backtest = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(BACKTEST_STATES).describe("interrupted: the instance ended before it did"),
  created: time,
  started: time.optional(),
  ended: time.optional(),
  progress: z.number().min(0).max(1),
  readings: count,
  readings_per_second: z.number().optional(),
  error: z.string().optional(),
  input: z.object({ kind: z.enum(["upload", "file", "scenario"]), name: z.string(), bytes: count.optional() }),
  format: z.enum(VERDICT_FORMATS),
  settings: z.unknown().describe("As they were asked for"),
  alarms: count.optional().describe("Of one that is done"),
});
documents<ReturnType<typeof wireBacktest>>()(backtest);

const measure = {
  readings: count.describe("Judged"),
  alarms: count,
  false_alarms: count.describe("Outside of labelled events"),
  per_sensor_day: number.describe("False alarms a sensor and day"),
  allowed: z.number().describe("Alarms that the budget allows outside of labelled events"),
  budget_ratio: number.describe("False alarms to what the budget allows"),
  labelled: z.boolean(),
  events: count.describe("Labelled stretches, counted for each sensor"),
  found: count.describe("Events with an alarm"),
  precision: share,
  recall: share,
  f1: share,
  delay_ms: number.describe("From an event's beginning to its first alarm, median"),
};
documents<MeasureView>()(z.object(measure));
const detector = documents<DetectorMeasureView>()(z.object({
  detector: z.string().describe("`combined`: all together"),
  ...measure,
  flagged_ratio: share.describe("Of the readings"),
  right_ratio: share.describe("Flagged readings that are labelled"),
  hit_ratio: share.describe("Labelled readings that are flagged"),
}));
const pair = documents<PairView>()(z.object({
  learning: z.string(),
  rule: z.string(),
  both: count,
  only_learning: count,
  only_rule: count,
  learning_ratio: z.number(),
  rule_ratio: z.number(),
  agreement: z.number(),
  kappa: number,
}));
const alarm = z.object({
  file: z.string(),
  sensor: z.string(),
  time,
  strength: z.number().min(0).max(1),
  right: z.boolean().optional().describe("Whether it lies in a labelled event"),
  row: count,
  explanation: z.string(),
  contributions: z.array(z.object({
    channel: z.string(),
    share: z.number().min(0).max(1),
    feature: z.string(),
    because: z.string(),
  })),
});
documents<ReturnType<typeof wireAlarm>>()(alarm);
const report = z.object({
  readings_per_second: z.number(),
  configurations: z.array(z.object({
    name: z.string(),
    about: z.string(),
    total: z.object(measure),
    files: z.array(z.object({ file: z.string(), ...measure })),
    detectors: z.array(detector),
    baselines: z.array(z.object({ detector: z.string(), ...measure })),
    agreement: z.array(pair),
    alerts: z.record(z.string(), count).describe("Raised, by condition"),
    not_judged: z.record(z.string(), count).describe("By why"),
    closest: z.object({ sensor: z.string(), time, part: z.number() }).optional()
      .describe("Where there was no alarm: what came closest"),
    alarms: z.array(alarm).describe("The 200 strongest"),
  })),
});
documents<ReturnType<typeof wireReport>>()(report);

const compared = documents<Pick<BacktestComparison, "measures">>()(z.object({
  measures: z.array(z.object({ measure: z.string(), a: number, b: number, difference: number })),
})).extend({
  a: backtest,
  b: backtest,
  alarms: z.object({ both: count, only_a: z.array(alarm), only_b: z.array(alarm) }),
});

const params = { id: "The backtest's id" };

/** Backtests. */
export const backtesting: readonly Operation[] = [
  {
    method: "post",
    path: "/backtests",
    tag: "Backtests",
    summary: "Judge a recording as if it came now",
    description: "The body is the recording itself (CSV, NDJSON, JSON, or one of these as gzip), settings are in the " +
      "query; or JSON that names a file of the data directory or a scenario, with the settings in it. It is done in a " +
      "thread of its own, one at a time.",
    query: uploadQuery,
    body: { "application/json": backtestBody, ...Object.fromEntries(UPLOAD_TYPES.map((type) => [type, "binary"])) },
    answers: { 202: json("It stands in the queue.", backtest) },
    problems: [404],
  },
  {
    method: "get",
    path: "/backtests",
    tag: "Backtests",
    summary: "Backtests, newest first",
    query: noQuery,
    answers: { 200: json("The backtests.", pageOf(backtest)) },
  },
  {
    method: "get",
    path: "/backtests/compare",
    tag: "Backtests",
    summary: "Two backtests side by side: figures, and alarms that only one has",
    query: compareBacktestsQuery,
    answers: { 200: json("The comparison.", compared) },
    problems: [404, 409],
  },
  {
    method: "get",
    path: "/backtests/{id}",
    tag: "Backtests",
    summary: "One backtest: how it stands, and what it came to",
    params,
    query: noQuery,
    answers: {
      200: json("The backtest; with its report once it is done.", backtest.extend({ report: report.optional() })),
    },
  },
  {
    method: "delete",
    path: "/backtests/{id}",
    tag: "Backtests",
    summary: "Cancel a backtest, or remove one that is over",
    params,
    query: noQuery,
    answers: { 204: { description: "It is cancelled as soon as it hears of it, or gone." } },
  },
  {
    method: "get",
    path: "/backtests/{id}/events",
    tag: "Backtests",
    summary: "How a backtest goes, until it is over",
    description: "Events `state` (the backtest) and `progress` (`progress`, `readings`, `readings_per_second`).",
    params,
    query: noQuery,
    answers: { 200: { description: "Server-sent events.", content: { "text/event-stream": "text" } } },
  },
  {
    method: "get",
    path: "/backtests/{id}/report",
    tag: "Backtests",
    summary: "What a backtest wrote: verdicts row by row, the page, or transitions of alerts",
    params,
    query: reportQuery,
    answers: {
      200: {
        description: "The file.",
        content: {
          "text/csv": "text",
          "application/x-ndjson": "text",
          "application/vnd.apache.parquet": "binary",
          "text/html": "text",
        },
      },
    },
    problems: [409],
  },
];
