/**
 * Questions to the API about backtests: recorded readings judged as if they came now.
 *
 * @module
 */
import { ask, exchange, tell } from "./api.js";

/** @typedef {"queued" | "running" | "done" | "failed" | "cancelled" | "interrupted"} BacktestState */
/**
 * @typedef {object} Backtest
 * @property {string} id @property {string} name @property {BacktestState} state
 * @property {number} created epoch ms, as all times @property {number} [started] @property {number} [ended]
 * @property {number} progress 0 to 1 @property {number} readings @property {number} [readings_per_second]
 * @property {string} [error] @property {{ kind: string, name: string, bytes?: number }} input
 * @property {Record<string, unknown>} settings @property {number} [alarms] @property {Report} [report] once done
 */
/** Figures of what was found. @typedef {{ readings: number, alarms: number, false_alarms: number, per_sensor_day: number | null, allowed: number, budget_ratio: number | null, labelled: number, events: number, found: number, precision: number | null, recall: number | null, f1: number | null, delay_ms: number | null }} Measures */
/** @typedef {Measures & { detector: string, flagged_ratio: number | null, right_ratio: number | null, hit_ratio: number | null }} DetectorMeasures */
/** @typedef {{ file: string, sensor: string, time: number, strength: number, right?: boolean, explanation: string, contributions: import("../../actors/views.ts").ContributionView[] }} BacktestAlarm */
/** @typedef {{ learning: string, rule: string, both: number, only_learning: number, only_rule: number, agreement: number, kappa: number | null }} BacktestAgreement */
/** What one configuration found. @typedef {{ name: string, about: string, total: Measures, detectors: DetectorMeasures[], baselines: (Measures & { detector: string })[], agreement: BacktestAgreement[], not_judged: Record<string, number>, closest?: { sensor: string, time: number, part: number }, alarms: BacktestAlarm[] }} Side */
/** @typedef {{ readings_per_second: number, configurations: Side[] }} Report */
/** @typedef {{ a: Backtest, b: Backtest, measures: { measure: string, a: number | null, b: number | null, difference: number | null }[], alarms: { both: number, only_a: BacktestAlarm[], only_b: BacktestAlarm[] } }} Comparison */

/** Backtests, newest first. @param {AbortSignal} [signal] @returns {Promise<Backtest[]>} */
export async function backtests(signal) {
  return /** @type {{ items: Backtest[] }} */ (await ask("/backtests", {}, signal)).items;
}

/** One, with its report once it is done. @param {string} id @param {AbortSignal} [signal] @returns {Promise<Backtest>} */
export async function backtest(id, signal) {
  return /** @type {Backtest} */ (await ask(`/backtests/${encodeURIComponent(id)}`, {}, signal));
}

/** Two against each other. @param {string} a @param {string} b @param {AbortSignal} [signal] @returns {Promise<Comparison>} */
export async function compareBacktests(a, b, signal) {
  return /** @type {Comparison} */ (await ask("/backtests/compare", { a, b }, signal));
}

/** Settings as the API takes them; objects of judging as they are. @typedef {Record<string, string | number | boolean | object | undefined>} Settings */

/** Begins one on a file or a scenario that the instance has. @param {Settings} settings @returns {Promise<Backtest>} */
export async function startBacktest(settings) {
  return /** @type {Backtest} */ (await tell("/backtests", settings));
}

/** Media types of files by their ending. @type {readonly (readonly [RegExp, string])[]} */
const TYPES = [[/\.gz$/i, "application/gzip"], [/\.csv$/i, "text/csv"], [
  /\.(ndjson|jsonl)$/i,
  "application/x-ndjson",
]];

/** Sends a file and begins one on it. @param {File} file @param {Settings} settings @returns {Promise<Backtest>} */
export async function uploadBacktest(file, settings) {
  const url = new URL("/backtests", location.origin);
  for (const [name, value] of Object.entries({ name: file.name, ...settings })) {
    if (value === undefined) continue;
    url.searchParams.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  const type = TYPES.find(([ending]) => ending.test(file.name))?.[1] ?? "application/octet-stream";
  const headers = { accept: "application/json", "content-type": type };
  // A large file takes its time: it is given up by leaving the page alone.
  const { signal } = new AbortController();
  return /** @type {Backtest} */ (await exchange(url, { method: "POST", headers, body: file, signal }));
}

/** Ends one that runs, or removes one that is over. @param {string} id */
export async function removeBacktest(id) {
  await exchange(new URL(`/backtests/${encodeURIComponent(id)}`, location.origin), { method: "DELETE" });
}

/** Where its files are. @param {string} id @param {string} [query] */
export function reportHref(id, query = "") {
  return `/backtests/${encodeURIComponent(id)}/report${query}`;
}

/**
 * Follows one while it runs.
 *
 * @param {string} id
 * @param {{ progress: (of: { progress: number, readings: number, readings_per_second?: number }) => void, state: () => void }} told
 * @param {AbortSignal} signal
 */
export function followBacktest(id, told, signal) {
  const source = new EventSource(`/backtests/${encodeURIComponent(id)}/events`);
  source.addEventListener("progress", (event) => told.progress(JSON.parse(event.data)));
  let first = true;
  source.addEventListener("state", () => {
    if (!first) told.state(); // the first says what is known already
    first = false;
  });
  // Its end is an end for good: the list, which is asked for at intervals, tells what became of it.
  source.addEventListener("error", () => source.close());
  signal.addEventListener("abort", () => source.close());
}
