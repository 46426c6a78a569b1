/**
 * One sensor's everything: how it is and since when, a chart and the features of each channel, its alerts, its windows
 * and its last readings.
 *
 * @module
 * @import { ReadingView, SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { ChannelChart } from "../charts/channel_chart.js";
import { Figure } from "../charts/figure.js";
import { History } from "../charts/history.js";
import { anomaliesOf } from "../charts/overlays.js";
import { forget, redraw } from "../charts/schedule.js";
import { scoreContent, verdictContent } from "../charts/verdict_picture.js";
import * as api from "../core/api.js";
import { h, put, reconcile, say } from "../core/dom.js";
import { count, duration, moment } from "../core/format.js";
import { parseHash, sensorHref } from "../core/router.js";
import { stateBadge } from "../core/shapes.js";
import { chosenRange, rangeChoice } from "./range.js";
import { renaming } from "./rename.js";
import { percent } from "./why.js";
import { sensorAlarms } from "./sensor_alarms.js";
import { sensorNetwork } from "./sensor_network.js";
import { verdictPanel } from "./verdict_panel.js";
import { alertTable, featureTable, readingTable, windowTable } from "./tables.js";

/** The view catches up with windows and counts so often, ms. */
const REFRESH_MS = 5_000;

/** Tables follow live readings so often at most, ms. */
const TABLES_MS = 900;
/** Readings that are shown with their bands. */
const BAND_READINGS = 200;

/** Shows one sensor. @param {Stage} stage @param {string} name */
export function sensorView(stage, name) {
  new View(stage, name);
}

class View {
  #stage;
  #name;
  /** @type {SensorView | undefined} */
  #sensor;
  /** @type {History} */
  #history;
  /** @type {Map<string, ChannelChart>} */
  #charts = new Map();
  #range = rangeChoice();
  #shownAt = 0;
  #title = h("h1", { id: "sensor-name" });
  #note = h("p", { class: "note", id: "sensor-note" }, "Loading…");
  #head = h("div", { class: "sensor-head" });
  #facts = h("dl", { class: "facts" });
  #plots = h("div", { class: "plots" });
  #verdict = h("div", { class: "verdict-panel", id: "verdict-now" });
  /** The last readings with their bands, by channel. @type {Map<string, Figure>} */
  #bands = new Map();
  #bandBox = h("div", { class: "plots" });
  /** @type {Figure} */
  #scores;
  #features = h("div", {});
  #alerts = h("div", {});
  #windows = h("div", {});
  #readings = h("div", {});

  /** @param {Stage} stage @param {string} name */
  constructor(stage, name) {
    const { model, sync, main, signal } = stage;
    this.#stage = stage;
    this.#name = name;
    sync.watch(name);
    this.#history = new History(name, this.#rangeMs());
    const scores = { title: "Scores by detector", kind: /** @type {const} */ ("lines"), x: "time", time: true };
    this.#scores = new Figure({ ...scores, min: 0, max: 1, apart: true }, signal);
    put(
      main,
      h("p", { class: "crumb" }, h("a", { href: "#/" }, "All sensors")),
      this.#title,
      this.#note,
    );
    this.#showName();
    model.on("reading", (detail) => this.#read(/** @type {ReadingView} */ (detail)), signal);
    addEventListener("query", () => this.#ranged(), { signal });
    addEventListener("theme", () => this.#charts.forEach((chart) => chart.paint()), { signal });
    signal.addEventListener("abort", () => {
      forget(this);
      this.#charts.forEach((chart) => chart.destroy());
    });
    this.#again();
  }

  #rangeMs() {
    return chosenRange(parseHash(location.hash).query, this.#stage.model);
  }

  async #again() {
    const { signal } = this.#stage;
    if (!document.hidden || !this.#sensor) await this.#load();
    if (signal.aborted) return;
    const timer = setTimeout(() => this.#again(), REFRESH_MS);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  async #load() {
    const { model, signal } = this.#stage;
    try {
      const sensor = await api.sensor(this.#name, signal);
      if (sensor.sensor !== this.#name) return location.replace(sensorHref(sensor.sensor)); // asked for by its name
      model.sensed([sensor]);
      if (!this.#sensor) this.#build();
      this.#sensor = sensor;
      this.#showHead();
      const history = this.#history;
      const [alerts] = await Promise.all([
        api.alerts({ sensor: this.#name, limit: 20 }, signal),
        history.load(model.now(sensor.partition), signal),
      ]);
      model.rhythm(history);
      model.alerted(alerts.items);
      this.#note.hidden = true;
      this.#ranged();
      this.#draw();
      this.#showTables();
      put(this.#alerts, alertTable(alerts.items, model.now(sensor.partition)));
    } catch (error) {
      if (signal.aborted) return;
      this.#note.hidden = this.#sensor !== undefined && error instanceof api.ApiError && error.status === 0;
      put(this.#note, error instanceof Error ? error.message : String(error));
    }
  }

  /** The parts, once it is known that there is such a sensor. */
  #build() {
    /** @param {string} title @param {...HTMLElement} parts */
    const panel = (title, ...parts) =>
      h("section", { class: "panel", "aria-label": title }, h("h2", {}, title), ...parts);
    this.#title.after(renaming(this.#stage, this.#name, () => this.#load()));
    this.#stage.main.append(
      this.#head,
      sensorAlarms(this.#stage, this.#name),
      panel("The last verdict", this.#verdict),
      h(
        "section",
        { class: "panel", "aria-label": "Charts" },
        h("div", { class: "grid-head" }, h("h2", {}, "Over time"), this.#range.element),
        this.#plots,
      ),
      panel("The last readings in their expected band", this.#bandBox),
      h("section", { class: "panel tall", "aria-label": "Scores by detector" }, this.#scores.element),
      sensorNetwork(this.#stage, this.#name),
      panel("Features, last 10 readings", this.#features),
      panel("Alerts", this.#alerts),
      panel("Latest readings", this.#readings),
      panel("Latest windows", this.#windows),
    );
  }

  /** Its name, and the id beside it where that is another text. */
  #showName() {
    const name = this.#sensor?.name;
    document.title = `${name ?? this.#name} – Sensorium`;
    put(this.#title, name ?? this.#name, name ? h("small", { class: "muted" }, ` ${this.#name}`) : null);
  }

  #showHead() {
    const sensor = this.#sensor;
    if (!sensor) return;
    this.#showName();
    const now = this.#stage.model.now(sensor.partition);
    const warmup = sensor.state === "warming_up" ? warmUpOf(sensor) : undefined;
    put(
      this.#head,
      h("p", { class: "muted place" }, [sensor.location, sensor.type, sensor.partition].filter(Boolean).join(" · ")),
      sensor.is_anomaly ? stateBadge("anomalous", "last reading") : null,
      ...(sensor.is_anomaly && sensor.state === "ok" ? [] : [
        stateBadge(sensor.state, warmup),
        h(
          "span",
          { class: "muted" },
          `since ${moment(sensor.state_since, now)} (${duration(now - sensor.state_since)})`,
        ),
      ]),
      this.#facts,
    );
    /** @type {[string, string, string | number][]} */
    const facts = [
      ["last reading", moment(sensor.last_time, now), new Date(sensor.last_time).toISOString()],
      ["readings", count(sensor.readings), sensor.readings],
      ["anomalies", count(sensor.anomalies), sensor.anomalies],
      ["impossible", count(sensor.impossible), sensor.impossible],
      ["late", count(sensor.late), sensor.late],
      ["duplicates", count(sensor.duplicates), sensor.duplicates],
      ["conflicts", count(sensor.conflicts), sensor.conflicts],
      ["steps back", count(sensor.steps_back), sensor.steps_back],
    ];
    put(
      this.#facts,
      ...facts.map(([word, text, value]) => h("div", {}, h("dt", {}, word), h("dd", {}, h("data", { value }, text)))),
    );
  }

  #ranged() {
    const rangeMs = this.#rangeMs();
    this.#range.show(rangeMs);
    if (rangeMs === this.#history.rangeMs) return;
    this.#history = new History(this.#name, rangeMs);
    const history = this.#history;
    history.load(this.#stage.model.now(this.#sensor?.partition), this.#stage.signal).then(() => {
      this.#draw();
      this.#showTables();
    }, () => {}); // shown by the next load, seconds later
  }

  /** @param {ReadingView} reading */
  #read(reading) {
    if (reading.sensor !== this.#name || !this.#sensor) return;
    this.#sensor = this.#stage.model.sensors.get(this.#name) ?? this.#sensor;
    this.#history.add(reading);
    this.#draw();
    if (Date.now() - this.#shownAt > TABLES_MS) this.#showTables();
  }

  #draw() {
    redraw(this);
  }

  /** Called by the schedule. */
  draw() {
    const sensor = this.#sensor;
    if (!sensor || !this.#history.loaded || this.#stage.signal.aborted) return;
    const to = this.#stage.model.now(sensor.partition);
    const history = this.#history;
    const from = to - history.rangeMs;
    history.follow(this.#stage.model);
    reconcile(this.#plots, sensor.channels, (channel) => channel.channel, (channel) => {
      const canvas = h("canvas");
      const title = `${channel.channel}${channel.unit ? `, ${channel.unit}` : ""}`;
      const said = h("span", { class: "muted" });
      const figure = h("figure", {}, h("figcaption", {}, title, " ", said), h("div", { class: "plot big" }, canvas));
      const label = `${title} over time; the tables below hold the same figures`;
      this.#charts.set(channel.channel, new ChannelChart(canvas, { ...channel, label, compact: false }));
      return figure;
    }, (figure, channel) => {
      const picture = history.picture(channel.channel, from);
      const alerts = history.alertsOf(channel.channel, from);
      this.#charts.get(channel.channel)?.show(picture, alerts, from, to);
      say(/** @type {Element} */ (figure.querySelector("figcaption .muted")), anomaliesOf(picture));
    });
  }

  #showTables() {
    const sensor = this.#sensor;
    if (!sensor) return;
    this.#shownAt = Date.now();
    const now = this.#stage.model.now(sensor.partition);
    put(this.#verdict, ...verdictPanel(this.#stage.model.sensors.get(this.#name) ?? sensor, now));
    const latest = this.#history.readings.slice(-BAND_READINGS);
    this.#scores.show(scoreContent(latest));
    reconcile(this.#bandBox, sensor.channels, ({ channel }) => channel, ({ channel, unit }) => {
      const figure = new Figure({ title: channel, kind: "lines", x: "time", unit, time: true }, this.#stage.signal);
      this.#bands.set(channel, figure);
      return figure.element;
    }, (_, { channel }) => this.#bands.get(channel)?.show(verdictContent(latest, channel)));
    put(this.#features, featureTable(sensor));
    put(this.#readings, readingTable(this.#history.readings.slice(-20).reverse(), sensor, now));
    put(
      this.#windows,
      windowTable(
        this.#history.windows.slice(-Math.max(5, Math.floor(20 / sensor.channels.length))).reverse(),
        sensor,
        now,
      ),
    );
  }
}

/** How far the warm-up is. @param {SensorView} sensor */
function warmUpOf({ warm_up, warmup_left }) {
  if (!warm_up) return `${warmup_left} readings left`;
  const left = warm_up.remaining_ms === undefined ? "" : `, about ${duration(warm_up.remaining_ms)} left`;
  return `${percent(warm_up.done)}${left}`;
}
