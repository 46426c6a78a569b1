/**
 * Questions to the API. Times arrive as ISO 8601 and leave this file as epoch milliseconds, as charts need them.
 *
 * @module
 * @import { AlertView, Page, ReadingView, SensorView, SummaryView, WindowView } from "../../actors/views.ts"
 */

/** Greatest `limit` that the API takes. */
export const LIMIT_MAX = 2000;
/** An unanswered question is given up after so long, ms. */
const TIMEOUT_MS = 15_000;

/** Fields of the API that hold a time. */
const TIMES = new Set([
  "time",
  "start",
  "end",
  "state_since",
  "last_time",
  "raised_at",
  "cleared_at",
  "source_time",
]);

/** An answer that is not the one asked for; the message is a sentence for a person. */
export class ApiError extends Error {
  /** @param {string} message @param {number} status 0 if the server could not be reached */
  constructor(message, status) {
    super(message);
    this.name = "ApiError";
    /** HTTP status, 0 if the server could not be reached. */
    this.status = status;
  }
}

/**
 * Parses JSON of the API, with its times as epoch milliseconds.
 *
 * Values by channel are left alone: a channel may be called `time`.
 *
 * @param {string} text
 * @returns {unknown}
 */
export function parse(text) {
  return JSON.parse(text, (key, value) => {
    if (!TIMES.has(key) || typeof value !== "string") return value;
    const time = Date.parse(value);
    return Number.isNaN(time) ? value : time;
  });
}

/**
 * Asks.
 *
 * @param {string} path
 * @param {Record<string, string | number | undefined>} [query] undefined is left out; times as epoch milliseconds
 * @param {AbortSignal} [signal] aborts the question
 * @returns {Promise<unknown>}
 * @throws {ApiError} if the server cannot be reached or answers with a problem
 */
async function ask(path, query = {}, signal) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  try {
    response = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: { accept: "application/json" },
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("The server cannot be reached.", 0);
  }
  const text = await response.text();
  if (response.ok) return parse(text);
  throw new ApiError(problem(text) ?? `The server answered ${response.status}.`, response.status);
}

/** The sentence of a problem document, if it is one. @param {string} text @returns {string | undefined} */
function problem(text) {
  try {
    const { title, detail } = JSON.parse(text);
    if (typeof detail === "string") return detail;
    return typeof title === "string" ? title : undefined;
  } catch {
    return undefined;
  }
}

/** @typedef {Record<string, string | number | undefined>} Query */
/** @param {string} name */
const sensorPath = (name) => `/sensors/${encodeURIComponent(name)}`;

/** Everything at a glance. @returns {Promise<SummaryView>} */
export async function summary() {
  return /** @type {SummaryView} */ (await ask("/summary"));
}

/** Sensors by name. @param {Query} query @returns {Promise<Page<SensorView>>} */
export async function sensors(query) {
  return /** @type {Page<SensorView>} */ (await ask("/sensors", query));
}

/** One sensor. @param {string} name @param {AbortSignal} [signal] @returns {Promise<SensorView>} */
export async function sensor(name, signal) {
  return /** @type {SensorView} */ (await ask(sensorPath(name), {}, signal));
}

/**
 * A sensor's readings, newest first.
 *
 * @param {string} name @param {Query} query @param {AbortSignal} [signal] @returns {Promise<Page<ReadingView>>}
 */
export async function readings(name, query, signal) {
  return /** @type {Page<ReadingView>} */ (await ask(`${sensorPath(name)}/readings`, query, signal));
}

/**
 * A sensor's windows, newest first.
 *
 * @param {string} name @param {Query} query @param {AbortSignal} [signal] @returns {Promise<Page<WindowView>>}
 */
export async function windows(name, query, signal) {
  return /** @type {Page<WindowView>} */ (await ask(`${sensorPath(name)}/windows`, query, signal));
}

/** Alerts, newest first. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<Page<AlertView>>} */
export async function alerts(query, signal) {
  return /** @type {Page<AlertView>} */ (await ask("/alerts", query, signal));
}

/** One alert. @param {string} id @returns {Promise<AlertView>} */
export async function alert(id) {
  return /** @type {AlertView} */ (await ask(`/alerts/${encodeURIComponent(id)}`));
}
