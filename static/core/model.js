/**
 * What the page knows: one copy of the server's state, kept up by questions and streams, watched by the views.
 *
 * Everything that arrives may arrive twice or out of order, so each kind is merged by its id: an alert goes from active
 * to cleared and never back; a sensor's newer figures win.
 *
 * @module
 * @import { AlertTransition, AlertView, ReadingView, SensorView, SummaryView } from "../../actors/views.ts"
 * @import { Sink } from "./api.js"
 */

import { afterStep, isAside, worstFirst } from "./alerts.js";

/** Alerts that are remembered beside the active ones. */
export const ALERTS_KEPT = 500;

/** An anomalous reading without an alert is remembered for so long, ms of event time. */
const ODD_FOR_MS = 60_000;

/** States in which a sensor's readings cannot be judged, worst first. @type {readonly string[]} */
export const OUT = ["failed", "silent", "stuck", "dirty"];

/**
 * How the page stands to the server.
 *
 * - `connecting`: nothing was heard yet
 * - `live`: the streams stand
 * - `lost`: they broke, or questions go unanswered
 *
 * @typedef {"connecting" | "live" | "lost"} Connection
 */

/** @typedef {"summary" | "sensors" | "alerts" | "reading" | "connection" | "sinks"} Topic */
/** What is asked for. @typedef {"summary" | "sensors" | "alerts" | "sinks"} Kind */

/** The state of the page. */
export class Model {
  /** @type {SummaryView | undefined} */
  summary;
  /** Where outputs go besides. @type {readonly Sink[]} */
  sinks = [];
  /** By name. @type {Map<string, SensorView>} */
  sensors = new Map();
  /** Cursor of the sensors that are not loaded yet. @type {string | undefined} */
  moreSensors;
  /** Whether sensors were loaded at least once. */
  sensorsLoaded = false;
  /** By id. @type {Map<string, AlertView>} */
  alerts = new Map();
  /** Whether alerts were loaded at least once. */
  alertsLoaded = false;
  /** @type {Connection} */
  connection = "connecting";
  /** Why the last question of a kind failed, one sentence. @type {Map<Kind, string>} */
  errors = new Map();
  /** Time between two readings of a sensor, ms, where it is known. @type {Map<string, number>} */
  intervals = new Map();
  /** Event time of the last anomalous reading of a sensor, as far as it was seen. @type {Map<string, number>} */
  #odd = new Map();
  /** Place of the last step of each alert that came by the stream: position, command. @type {Map<string, [number, number]>} */
  #steps = new Map();
  /** Sorted when asked for, until an alert changes. @type {readonly AlertView[] | undefined} */
  #active;
  /** @type {readonly AlertView[]} */
  #aside = [];
  /** @type {Map<string, AlertView[]>} */
  #activeBySensor = new Map();
  /** Greatest event time by partition. @type {Map<string, number>} */
  #times = new Map();
  /** @type {Map<Topic, Set<(detail?: unknown) => void>>} */
  #watchers = new Map();

  /**
   * Watches a topic.
   *
   * @param {Topic} topic
   * @param {(detail?: unknown) => void} watcher gets the {@linkcode ReadingView} for `reading`
   * @param {AbortSignal} signal ends the watching
   */
  on(topic, watcher, signal) {
    const set = this.#watchers.get(topic) ?? new Set();
    this.#watchers.set(topic, set);
    set.add(watcher);
    signal.addEventListener("abort", () => set.delete(watcher), { once: true });
  }

  /** @param {Topic} topic @param {unknown} [detail] */
  #tell(topic, detail) {
    for (const watcher of this.#watchers.get(topic) ?? []) watcher(detail);
  }

  /** @param {Connection} connection */
  connected(connection) {
    if (this.connection === connection) return;
    this.connection = connection;
    this.#tell("connection");
  }

  /** @param {Kind} kind @param {string | undefined} error undefined: it was answered */
  failed(kind, error) {
    if (this.errors.get(kind) === error) return;
    if (error === undefined) this.errors.delete(kind);
    else this.errors.set(kind, error);
    this.#tell("connection");
  }

  /** @param {SummaryView} summary */
  summarised(summary) {
    this.summary = summary;
    for (const { partition, source_time } of summary.partitions) {
      if (source_time !== undefined) this.#passed(partition, source_time);
    }
    this.#tell("summary");
  }

  /** @param {readonly Sink[]} sinks */
  sank(sinks) {
    this.sinks = sinks;
    this.#tell("sinks");
  }

  /** @param {readonly SensorView[]} sensors */
  sensed(sensors) {
    for (const sensor of sensors) {
      this.sensors.set(sensor.sensor, sensor);
      if (sensor.is_anomaly) this.#odd.set(sensor.sensor, sensor.last_time);
      this.#passed(sensor.partition, sensor.last_time);
    }
    this.sensorsLoaded = true;
    this.#tell("sensors");
  }

  /** @param {readonly AlertView[]} alerts */
  alerted(alerts) {
    for (const alert of alerts) this.#merge(alert);
    this.alertsLoaded = true;
    this.#trim();
    this.#tell("alerts");
  }

  /** A step of an alert's life; one that came before, or comes again, changes nothing. @param {AlertTransition} step */
  stepped(step) {
    const { alert: id, time, partition, position, command = Infinity } = step;
    this.#passed(partition, time);
    const before = this.alerts.get(id);
    const last = this.#steps.get(id);
    // Commands of a position took effect before its record.
    if (before && last && (position < last[0] || (position === last[0] && command <= last[1]))) return;
    this.#steps.set(id, [position, command]);
    this.#merge(afterStep(before, step));
    this.#trim();
    this.#tell("alerts");
  }

  /** @param {ReadingView} reading */
  read(reading) {
    const partition = reading.id.slice(0, reading.id.indexOf("/"));
    this.#passed(partition, reading.time);
    if (reading.is_anomaly) this.#odd.set(reading.sensor, reading.time);
    const sensor = this.sensors.get(reading.sensor);
    if (sensor && reading.time >= sensor.last_time) {
      const channels = sensor.channels.map((channel) => {
        const value = reading.values[channel.channel];
        const expected = reading.expected?.[channel.channel] ?? channel.expected;
        return typeof value === "number" ? { ...channel, value, ...(expected && { expected }) } : channel;
      });
      const { is_anomaly, time, score, scores, versions, rate } = reading;
      this.sensors.set(reading.sensor, {
        ...sensor,
        channels,
        is_anomaly,
        last_time: time,
        ...(score === undefined ? {} : { score, scores, versions, rate }),
      });
    }
    this.#tell("reading", reading);
  }

  /** Notes how often a sensor reads. @param {{ sensor: string, intervalMs: number }} past */
  rhythm({ sensor, intervalMs }) {
    if (!Number.isFinite(intervalMs)) return;
    const first = this.intervals.size === 0;
    this.intervals.set(sensor, intervalMs);
    if (first) this.#tell("sensors");
  }

  /** By what a sensor is shown: its name, or its id. @param {string} sensor its id */
  nameOf(sensor) {
    return this.sensors.get(sensor)?.name ?? sensor;
  }

  /** Sensors that had an anomalous reading in the last minute, and no active alert. @returns {SensorView[]} */
  odd() {
    const odd = [];
    for (const [name, time] of this.#odd) {
      const sensor = this.sensors.get(name);
      if (sensor && this.now(sensor.partition) - time < ODD_FOR_MS && this.activeOf(name).length === 0) {
        odd.push(sensor);
      }
    }
    return odd;
  }

  /** The alert that was cleared last, as far as it is known. @returns {AlertView | undefined} */
  lastCleared() {
    /** @type {AlertView | undefined} */
    let last;
    for (const alert of this.alerts.values()) {
      if (alert.state === "cleared" && (alert.cleared_at ?? 0) > (last?.cleared_at ?? 0)) last = alert;
    }
    return last;
  }

  /** Sensors that say nothing that can be judged: failed, silent, stuck or dirty. @returns {SensorView[]} */
  out() {
    return [...this.sensors.values()].filter(({ state }) => OUT.includes(state));
  }

  /** Sensors that warm up, those with the longest way to go first. @returns {SensorView[]} */
  warming() {
    const warming = [...this.sensors.values()].filter(({ state }) => state === "warming_up");
    return warming.sort((a, b) => (a.warm_up?.done ?? 0) - (b.warm_up?.done ?? 0) || (a.sensor < b.sensor ? -1 : 1));
  }

  /** Sensors that somebody works on: nothing is judged until it is over. @returns {SensorView[]} */
  maintained() {
    return [...this.sensors.values()].filter(({ state }) => state === "maintenance");
  }

  /**
   * The present of a sensor: how far event time has got in its partition. In a replay it is not the wall clock's.
   *
   * @param {string} [partition] default: the partition that is furthest
   * @returns {number} epoch ms, NaN before the first reading
   */
  now(partition) {
    const own = partition === undefined ? undefined : this.#times.get(partition);
    if (own !== undefined) return own;
    return this.#times.size === 0 ? NaN : Math.max(...this.#times.values());
  }

  /** Active alerts of a sensor, worst first. @param {string} name @returns {readonly AlertView[]} */
  activeOf(name) {
    this.active();
    return this.#activeBySensor.get(name) ?? [];
  }

  /** Active alerts that nobody set aside, worst first, of one priority the latest first. @returns {readonly AlertView[]} */
  active() {
    if (this.#active) return this.#active;
    const open = this.open().sort(worstFirst);
    const active = open.filter((alert) => !isAside(alert));
    this.#aside = open.filter(isAside);
    this.#active = active;
    this.#activeBySensor = Map.groupBy(active, (alert) => alert.sensor);
    return active;
  }

  /** Active alerts that are shelved, suppressed or out of service, worst first. @returns {readonly AlertView[]} */
  aside() {
    this.active();
    return this.#aside;
  }

  /** Active alerts, those that are set aside included. @returns {AlertView[]} */
  open() {
    return [...this.alerts.values()].filter((alert) => alert.state === "active");
  }

  /** @param {AlertView} alert */
  #merge(alert) {
    const before = this.alerts.get(alert.id);
    if (before?.state === "cleared" && alert.state === "active") return;
    // A listing may be older than what the stream has told since.
    const forgot = before?.acknowledged_at !== undefined && alert.acknowledged_at === undefined &&
      alert.realarms === before.realarms;
    const { acknowledged_at, acknowledged_by } = before ?? {};
    this.alerts.set(alert.id, forgot ? { ...alert, acknowledged_at, acknowledged_by } : alert);
    this.#active = undefined;
  }

  #trim() {
    if (this.alerts.size <= 2 * ALERTS_KEPT) return;
    const cleared = [...this.alerts.values()].filter((alert) => alert.state === "cleared");
    cleared.sort((a, b) => b.raised_at - a.raised_at);
    for (const { id } of cleared.slice(ALERTS_KEPT)) {
      this.alerts.delete(id);
      this.#steps.delete(id);
    }
  }

  /** @param {string} partition @param {number} time */
  #passed(partition, time) {
    if (!(time <= (this.#times.get(partition) ?? -Infinity))) this.#times.set(partition, time);
  }
}
