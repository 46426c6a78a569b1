/**
 * Keeps the model in step with the server.
 *
 * Streams are opened first and lists asked for after that, so that nothing falls between the two. Figures that no
 * stream carries are asked for at intervals, and everything where a tab may not stream, see `tabs.js`.
 *
 * @module
 * @import { AlertTransition, ReadingView } from "../../actors/views.ts"
 * @import { Kind, Model } from "./model.js"
 */
import * as api from "./api.js";
import { Stream } from "./live.js";
import { Tabs } from "./tabs.js";

/** The summary is asked for so often, ms; its answer also tells whether the server is there. */
const SUMMARY_EVERY_MS = 3_000;
/** The sensors are asked for so often, ms, and proportionally less often beyond 200 of them. */
const SENSORS_EVERY_MS = 10_000;
/** Readings of all sensors that are taken a second; the server leaves out the older ones of a sensor. */
const EVENTS_PER_SECOND = 250;
/** The sinks are asked for so often, ms. */
const SINKS_EVERY_MS = 10_000;
/** A tab on the screen that may not stream asks for alerts and sensors so often, ms. */
const POLL_EVERY_MS = 3_000;
/** One that nobody looks at asks for alerts, for its title, one time in so many. */
const POLL_HIDDEN = 5;
/** Latest alerts that are asked for, at first and after a break. */
const RECENT = 200;
/** Pages of active alerts that are taken: with the API's greatest page 20,000. */
const ACTIVE_PAGES = 10;

/** Follows the server for the whole page. */
export class Sync {
  #model;
  /** @type {Stream<AlertTransition>} */
  #alerts;
  /** @type {Stream<ReadingView> | undefined} */
  #readings;
  #query = `?max_per_second=${EVENTS_PER_SECOND}`;
  #tabs = new Tabs(() => this.#follow());
  #reachable = true;
  #standing = false;
  #stood = false;
  /** Sensors loaded by the pages that the reader asked for. */
  #pages = 1;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    this.#alerts = new Stream("/alerts/stream", "alert", {
      event: (step) => model.stepped(step),
      open: () => this.#stands(),
      lost: () => this.#broke(),
      resync: () => this.refresh(),
    });
    this.#follow();
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    this.refresh();
    this.#every(SUMMARY_EVERY_MS, () => this.#loadSummary());
    this.#every(SINKS_EVERY_MS, () => this.#loadSinks());
    let polls = 0;
    this.#every(POLL_EVERY_MS, async () => {
      if (!this.streaming && (!document.hidden || ++polls % POLL_HIDDEN === 0)) await this.#loadAlerts(50);
    });
    this.#sensorsAgain();
  }

  /** Whether alerts and readings come by streams; else they are asked for at intervals. */
  get streaming() {
    return this.#tabs.may;
  }

  /** Asks for everything again. @returns {Promise<void>} */
  async refresh() {
    // In this order: what is wrong is asked for first, and the long list of sensors does not stand in its way.
    await Promise.all([this.#loadAlerts(), this.#loadSummary(), this.#loadSensors(), this.#loadSinks()]);
  }

  /** Loads the next page of sensors. @returns {Promise<void>} */
  async more() {
    this.#pages++;
    await this.#loadSensors();
  }

  /**
   * Chooses the readings that come live.
   *
   * @param {string | undefined} sensor one sensor's, all of them; undefined for every sensor's, thinned by the server
   */
  watch(sensor) {
    const query = sensor === undefined ? `?max_per_second=${EVENTS_PER_SECOND}` : `?${new URLSearchParams({ sensor })}`;
    if (query === this.#query) return;
    this.#query = query;
    this.#follow();
  }

  #follow() {
    this.#readings?.close();
    this.#readings = undefined;
    if (!this.streaming) {
      this.#alerts.close();
      return this.#judge();
    }
    this.#alerts.open();
    this.#readings = new Stream(`/readings/stream${this.#query}`, "reading", {
      event: (reading) => this.#model.read(reading),
      open: (again) => again && this.#loadSensors(),
      lost: () => {},
      resync: () => this.#loadSensors(),
    });
  }

  #stands() {
    const again = this.#stood;
    this.#standing = this.#stood = true;
    this.#judge();
    // At first everything is being asked for already: only an alert can have fallen between answer and stream.
    if (again) this.refresh();
    else this.#loadAlerts();
  }

  #broke() {
    this.#standing = false;
    this.#judge();
  }

  #judge() {
    if ((this.#standing || !this.streaming) && this.#reachable) this.#model.connected("live");
    else if (!this.#reachable || this.#stood) this.#model.connected("lost");
  }

  async #loadSummary() {
    const summary = await this.#asked("summary", api.summary());
    if (!summary) return;
    this.#model.summarised(summary);
    const unknown = this.#model.moreSensors === undefined && summary.sensors > this.#model.sensors.size;
    if (unknown && this.#model.sensorsLoaded) await this.#loadSensors();
    // The server answers, so the streams need not wait for their next try.
    if (this.streaming && !this.#standing) this.#alerts.retry();
    this.#readings?.retry();
  }

  async #loadSinks() {
    const sinks = await this.#asked("sinks", api.sinks());
    if (sinks) this.#model.sank(sinks);
  }

  async #loadSensors() {
    /** @type {string | undefined} */
    let cursor;
    for (let page = 0; page < this.#pages; page++) {
      const answer = await this.#asked("sensors", api.sensors({ limit: api.LIMIT_MAX, cursor }));
      if (!answer) return;
      this.#model.moreSensors = cursor = answer.next;
      this.#model.sensed(answer.items);
      if (cursor === undefined) return;
    }
  }

  /** @param {number} [latest] how many of the latest */
  async #loadAlerts(latest = RECENT) {
    /** @param {string} [cursor] */
    const ask = (cursor) => this.#asked("alerts", api.alerts({ state: "active", limit: api.LIMIT_MAX, cursor }));
    const [recent, first] = await Promise.all([this.#asked("alerts", api.alerts({ limit: latest })), ask()]);
    if (!recent || !first) return;
    const active = [...first.items];
    let cursor = first.next;
    for (let page = 1; page < ACTIVE_PAGES && cursor !== undefined; page++) {
      const answer = await ask(cursor);
      if (!answer) return;
      active.push(...answer.items);
      cursor = answer.next;
    }
    // One that was active here and is not any more was cleared while nobody listened.
    const still = new Set(active.map((alert) => alert.id));
    const gone = cursor !== undefined ? [] : this.#model.open().filter((alert) => !still.has(alert.id));
    const fates = await Promise.all(gone.map((alert) => this.#asked("alerts", api.alert(alert.id))));
    this.#model.alerted([...recent.items, ...active, ...fates.filter((alert) => alert !== undefined)]);
  }

  /**
   * Waits for an answer. A failure is shown where the answer would stand; without any answer the line is lost.
   *
   * @template T
   * @param {Kind} kind
   * @param {Promise<T>} question
   * @returns {Promise<T | undefined>}
   */
  async #asked(kind, question) {
    try {
      const answer = await question;
      this.#model.failed(kind, undefined);
      this.#reachable = true;
      this.#judge();
      return answer;
    } catch (error) {
      this.#model.failed(kind, error instanceof Error ? error.message : String(error));
      if (error instanceof api.ApiError && error.status === 0) {
        this.#reachable = false;
        this.#judge();
      }
      return undefined;
    }
  }

  /** @param {number} ms @param {() => Promise<void>} act */
  #every(ms, act) {
    setTimeout(async () => {
      await act();
      this.#every(ms, act);
    }, ms);
  }

  #sensorsAgain() {
    const often = this.streaming ? SENSORS_EVERY_MS : POLL_EVERY_MS;
    const ms = often * Math.max(1, this.#model.sensors.size / 200);
    setTimeout(async () => {
      if (!document.hidden) await this.#loadSensors();
      this.#sensorsAgain();
    }, ms);
  }
}
