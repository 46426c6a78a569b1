/**
 * Questions to the API. Times arrive as ISO 8601 and leave this file as epoch milliseconds, as charts need them.
 *
 * @module
 * @import { AgreementView, ComparedDetector } from "../../actors/agreement_view.ts"
 * @import { FloodView } from "../../actors/alerts/flood.ts"
 * @import { DriftsView } from "../../actors/drift_view.ts"
 * @import { EvaluationRecord } from "../../actors/evaluation/port.ts"
 * @import { RoundRecord } from "../../actors/federation/port.ts"
 * @import { ModelState, ModelVersion } from "../../actors/model_registry.ts"
 * @import { AlertView, Page, ReadingView, SensorView, SummaryView, WindowView } from "../../actors/views.ts"
 * @import { DeliveryView } from "../../sinks/delivery/view.ts"
 */
import { logIn } from "./session.js";

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
  "created",
  "started",
  "acknowledged_at",
  "shelved_until",
  "stuck_since",
  "since",
  "adapted_at",
  "began_at",
  "ended_at",
  "failing_since",
  "last_delivery",
  "ended",
  "from",
  "to",
]);

/** @typedef {Record<string, string | number | undefined>} Query */

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
export function ask(path, query = {}, signal) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return exchange(url, { headers: { accept: "application/json" } }, signal);
}

/**
 * Says something to the server.
 *
 * @param {string} path @param {unknown} body @param {AbortSignal} [signal]
 * @returns {Promise<unknown>}
 * @throws {ApiError} if the server cannot be reached or refuses it
 */
export function tell(path, body, signal) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return exchange(new URL(path, location.origin), { method: "POST", headers, body: JSON.stringify(body) }, signal);
}

/**
 * Asks with a request of one's own; times out unless it has a signal of its own.
 *
 * @param {URL} url @param {RequestInit} request @param {AbortSignal} [signal] @returns {Promise<unknown>}
 * @throws {ApiError} if the server cannot be reached or refuses it
 */
export async function exchange(url, request, signal) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  try {
    response = await fetch(url, {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...request,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("The server cannot be reached.", 0);
  }
  const text = await response.text();
  if (response.ok) return text === "" ? undefined : parse(text);
  if (response.status === 401) logIn();
  throw new ApiError(problem(text) ?? `The server answered ${response.status}.`, response.status);
}

/** The sentence of a problem document, if it is one. @param {string} text @returns {string | undefined} */
function problem(text) {
  try {
    const { title, detail, errors } = JSON.parse(text);
    if (Array.isArray(errors) && errors.length > 0) {
      return errors.map(({ field, message }) => field ? `${field}: ${message}` : message).join("; ");
    }
    if (typeof detail === "string") return detail;
    return typeof title === "string" ? title : undefined;
  } catch {
    return undefined;
  }
}

/** Where a sensor is. @param {string} name */
export const sensorPath = (name) => `/sensors/${encodeURIComponent(name)}`;

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

/** Readings of all sensors, newest first. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<Page<ReadingView>>} */
export async function latestReadings(query, signal) {
  return /** @type {Page<ReadingView>} */ (await ask("/readings", query, signal));
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

/** Windows of all sensors, newest first. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<Page<WindowView>>} */
export async function allWindows(query, signal) {
  return /** @type {Page<WindowView>} */ (await ask("/windows", query, signal));
}

/** What a model says of one item. @typedef {{ prediction: 0 | 1, score: number, threshold: number, contributions: Record<string, number>, model: string, model_version: number }} Prediction */

/** Asks the parts model. @param {Record<string, number>} item @param {AbortSignal} [signal] @returns {Promise<Prediction>} */
export async function predict(item, signal) {
  return /** @type {Prediction} */ (await tell("/predict", item, signal));
}

/** A model with the version in use. @typedef {ModelState & { version: ModelVersion }} ModelInUse */

/** All models. @param {AbortSignal} [signal] @returns {Promise<ModelInUse[]>} */
export async function models(signal) {
  const { items } = /** @type {{ items: ModelInUse[] }} */ (await ask("/models", {}, signal));
  return items;
}

/** One model with all its versions, newest first. @param {string} name @param {AbortSignal} [signal] @returns {Promise<ModelState & { versions: ModelVersion[] }>} */
export async function modelVersions(name, signal) {
  const path = `/models/${encodeURIComponent(name)}`;
  return /** @type {ModelState & { versions: ModelVersion[] }} */ (await ask(path, {}, signal));
}

/** A group that learns together. @typedef {{ group: string, round: number, time?: number, devices: number, waiting: number, devices_most: number, model: string, version?: number, latest?: number, pinned?: boolean }} Group */

/** Groups that learn together; undefined where there is no federation. @param {AbortSignal} [signal] @returns {Promise<Group[] | undefined>} */
export async function groups(signal) {
  const answer = await there(ask("/federation/groups", {}, signal));
  return /** @type {{ items: Group[] } | undefined} */ (answer)?.items;
}

/** A group's rounds, newest first. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<RoundRecord[]>} */
export async function rounds(query, signal) {
  return /** @type {Page<RoundRecord>} */ (await ask("/federation/rounds", query, signal)).items.slice();
}

/** Evaluations; undefined where none are kept. @param {AbortSignal} [signal] @returns {Promise<EvaluationRecord[] | undefined>} */
export async function evaluations(signal) {
  const answer = await there(ask("/evaluations", { limit: 100 }, signal));
  return /** @type {{ items: EvaluationRecord[] } | undefined} */ (answer)?.items;
}

/**
 * Machine learning against rules; undefined where it is not counted.
 *
 * @param {ComparedDetector} detector @param {AbortSignal} [signal] @returns {Promise<AgreementView[] | undefined>}
 */
export async function agreement(detector, signal) {
  const answer = await there(ask("/analytics/agreement", { detector }, signal));
  return /** @type {{ items: AgreementView[] } | undefined} */ (answer)?.items;
}

/** What is not as it was when it was learnt; undefined where nobody looks. @param {AbortSignal} [signal] @returns {Promise<DriftsView | undefined>} */
export async function drift(signal) {
  return /** @type {DriftsView | undefined} */ (await there(ask("/drift", {}, signal)));
}

/** Floods that go on; none where they are not looked for. @param {AbortSignal} [signal] @returns {Promise<FloodView[]>} */
export async function floods(signal) {
  const answer = await there(ask("/alerts/floods", { state: "active" }, signal));
  return /** @type {{ items: FloodView[] } | undefined} */ (answer)?.items ?? [];
}

/** A sink, with the age of what waits for it. @typedef {Omit<DeliveryView, "backlog_age_ms"> & { backlog_age_seconds: number }} Sink */

/** Where outputs are written besides. @returns {Promise<Sink[]>} */
export async function sinks() {
  const answer = await there(ask("/sinks"));
  return /** @type {{ items: Sink[] } | undefined} */ (answer)?.items ?? [];
}

/** Whether people may label here. @param {AbortSignal} [signal] */
export async function labelling(signal) {
  return await there(ask("/labels/counts", {}, signal)) !== undefined;
}

/**
 * The answer, or undefined where this instance has no such resource.
 *
 * @template T
 * @param {Promise<T>} question
 * @returns {Promise<T | undefined>}
 */
export async function there(question) {
  try {
    return await question;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 501)) return undefined;
    throw error;
  }
}
