/**
 * Questions to the API about backtests: recorded readings judged as if they came now.
 *
 * @module
 * @import { BacktestComparison } from "../../actors/backtests/compare.ts"
 * @import { BacktestReport, BacktestView } from "../../actors/backtests/port.ts"
 */
import { ask, exchange, tell } from "./api.js";

/** A backtest, with what it came to once it is done. @typedef {BacktestView & { report?: BacktestReport }} Backtest */
/** Two of them. @typedef {BacktestComparison & { a: BacktestView, b: BacktestView }} Comparison */

/** Backtests, newest first. @param {AbortSignal} [signal] @returns {Promise<BacktestView[]>} */
export async function backtests(signal) {
  return /** @type {{ items: BacktestView[] }} */ (await ask("/backtests", {}, signal)).items;
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

/** Begins one on a file or a scenario that the instance has. @param {Settings} settings @returns {Promise<BacktestView>} */
export async function startBacktest(settings) {
  return /** @type {BacktestView} */ (await tell("/backtests", settings));
}

/** Media types of files by their ending. @type {readonly (readonly [RegExp, string])[]} */
const TYPES = [[/\.gz$/i, "application/gzip"], [/\.csv$/i, "text/csv"], [
  /\.(ndjson|jsonl)$/i,
  "application/x-ndjson",
]];

/** Sends a file and begins one on it. @param {File} file @param {Settings} settings @returns {Promise<BacktestView>} */
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
  return /** @type {BacktestView} */ (await exchange(url, { method: "POST", headers, body: file, signal }));
}

/** Ends one that runs, or removes one that is over. @param {string} id */
export async function removeBacktest(id) {
  await exchange(new URL(`/backtests/${encodeURIComponent(id)}`, location.origin), { method: "DELETE" });
}

/** Where what it wrote is. @param {string} id @param {"verdicts" | "alerts" | "page"} part */
export function reportHref(id, part) {
  return `/backtests/${encodeURIComponent(id)}/report?part=${part}`;
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
