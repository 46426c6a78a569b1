/**
 * Live: key figures, one sensor over time in its expected band, where and of what kind anomalies are, and the latest
 * readings as they come.
 *
 * @module
 * @import { ReadingView, SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { Figure } from "../charts/figure.js";
import { verdictContent } from "../charts/verdict_picture.js";
import { csvButton } from "../core/csv.js";
import { h, put } from "../core/dom.js";
import { count, measure, moment, number } from "../core/format.js";
import { chosenSensors, filterOf, Recent } from "../core/recent.js";
import { parseHash, sensorHref } from "../core/router.js";
import { stateBadge } from "../core/shapes.js";
import { stateCounts } from "../core/states.js";
import { isShared } from "./footer.js";
import { figurePanel, keyFigures, Screen } from "./screen.js";
import { plainTable } from "./tables.js";
import { choice, fill, labelled, recordsOf } from "./toolbar.js";
import { detectorWord, flagged, scoreText } from "./why.js";

/** Readings that the table shows; all that are loaded are in its CSV. */
const SHOWN = 50;
/** Sensors that are offered, those with alerts first. */
const OFFERED = 500;
/** Live readings are drawn so often at most, ms. */
const DRAW_MS = 1_000;

/** Shows it. @param {Stage} stage */
export function liveView(stage) {
  const { model, sync, signal } = stage;
  sync.watch(undefined);
  const recent = new Recent();
  const charted = new Recent();
  const key = keyFigures("Key figures", [
    ["live-readings", "readings since the start"],
    ["live-anomalies", "anomalous readings"],
    ["live-sensors", "sensors active"],
    ["live-locations", "locations"],
    ["live-rate", "readings/s"],
    ["live-alerts", "active alerts"],
  ]);
  const sensor = choice("sensor", []);
  const channel = choice("channel", []);
  const series = new Figure({ title: "Value in its expected band", kind: "lines", x: "time", time: true }, signal);
  const places = bars("Anomalous share by location", "location", "%", signal);
  const types = bars("Anomalous share by type", "type", "%", signal);
  const detectors = bars("Anomalous readings by detector", "detector", "readings", signal);
  const latest = h("div", { id: "latest" });
  /** @type {readonly ReadingView[]} */
  let readings = [];
  /** The sensor whose readings are in the chart. @type {string | undefined} */
  let charting;
  /** @type {SensorView[]} */
  let sensors = [];

  new Screen(
    stage,
    {
      title: "Live",
      intro: "What comes in now, sensor by sensor.",
      async load(query, asked) {
        sensors = chosenSensors(model, query);
        const one = model.sensors.get(query.get("sensor") ?? "") ?? sensors[0];
        const records = recordsOf(query);
        await Promise.all([
          recent.load(filterOf(query), records, asked),
          one && charted.load({ sensor: one.sensor }, records, asked),
        ]);
        charting = one?.sensor;
        return draw;
      },
    },
    key.element,
    h(
      "section",
      { class: "panel", "aria-label": "One sensor" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "One sensor"),
        h("div", { class: "filters" }, labelled("Sensor", sensor), labelled("Channel", channel)),
      ),
      series.element,
    ),
    h("div", { class: "columns three" }, ...[places, types, detectors].map((figure) => figurePanel(figure))),
    h(
      "section",
      { class: "panel", "aria-label": "Latest readings" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "Latest readings"),
        csvButton("readings", () => ({
          heads: ["time", "sensor", "values", "is_anomaly", "score", "flags"],
          rows: readings.map(({ time, sensor, values, is_anomaly, score, flags }) => [
            new Date(time).toISOString(),
            sensor,
            JSON.stringify(values),
            is_anomaly,
            score,
            flagged(flags).join(" "),
          ]),
        })),
      ),
      latest,
    ),
  );

  function draw() {
    const query = parseHash(location.hash).query;
    readings = recent.items;
    showKey();
    showSeries(query);
    places.show(shares("location", sensors));
    types.show(shares("type", sensors));
    detectors.show(byDetector(readings));
    put(latest, readingTable(readings, model));
  }

  function showKey() {
    const { summary } = model;
    const all = [...model.sensors.values()];
    const states = stateCounts(model);
    const figures = {
      "live-readings": summary?.partitions.reduce((sum, partition) => sum + partition.readings, 0) ?? 0,
      "live-anomalies": all.reduce((sum, one) => sum + one.anomalies, 0),
      "live-sensors": (summary?.sensors ?? 0) - (states?.silent ?? 0) - (states?.failed ?? 0),
      "live-locations": new Set(all.map((one) => one.location).filter(Boolean)).size,
      "live-alerts": model.active().length,
    };
    const rate = summary?.readings_per_second ?? 0;
    const texts = Object.fromEntries(Object.entries(figures).map(([id, n]) => [id, count(n)]));
    if (summary && isShared(summary)) key.name("live-rate", "readings/s on this node");
    key.show({ ...texts, "live-rate": number(rate) }, { ...figures, "live-rate": rate });
  }

  /** @param {URLSearchParams} query */
  function showSeries(query) {
    const names = chosenSensors(model, query).map((one) => one.sensor).slice(0, OFFERED).sort();
    const one = model.sensors.get(query.get("sensor") ?? "") ?? sensors[0];
    if (!one) {
      return series.show({
        x: [],
        series: [],
        none: model.sensors.size === 0 ? "No sensor yet." : "No sensor passes this filter.",
      });
    }
    fill(sensor, names.includes(one.sensor) ? names : [one.sensor, ...names], one.sensor, (id) => model.nameOf(id));
    const channels = one.channels.map((own) => own.channel);
    const shown = channels.find((name) => name === query.get("channel")) ?? channels[0] ?? "";
    fill(channel, channels, shown);
    series.show(verdictContent(charted.items.toReversed(), shown));
  }

  let drawn = 0;
  model.on("reading", (detail) => {
    const reading = /** @type {ReadingView} */ (detail);
    const sensor = model.sensors.get(reading.sensor);
    const { location: place, type } = filterOf(parseHash(location.hash).query);
    if (!sensor || (place && sensor.location !== place) || (type && sensor.type !== type)) return;
    recent.add(reading);
    if (reading.sensor === charting) charted.add(reading);
    if (Date.now() - drawn < DRAW_MS || document.hidden) return;
    if (parseHash(location.hash).query.get("refresh")) return; // the reader has chosen an interval
    drawn = Date.now();
    requestAnimationFrame(() => signal.aborted || draw());
  }, signal);
}

/** @param {string} title @param {string} x @param {string} unit @param {AbortSignal} signal */
function bars(title, x, unit, signal) {
  return new Figure({ title, kind: "bars", x, unit, across: true }, signal);
}

/** Anomalous readings of all readings, of each place or type, since the start. @param {"location" | "type"} of @param {readonly SensorView[]} sensors */
function shares(of, sensors) {
  const groups = [...Map.groupBy(sensors, (sensor) => sensor[of] ?? "none given")].sort(([a], [b]) => a < b ? -1 : 1);
  const sum = (/** @type {readonly SensorView[]} */ own, /** @type {"readings" | "anomalies"} */ what) =>
    own.reduce((total, sensor) => total + sensor[what], 0);
  return {
    x: groups.map(([name]) => name),
    series: [{
      name: "anomalous readings, %",
      values: groups.map(([, own]) => 100 * sum(own, "anomalies") / Math.max(1, sum(own, "readings"))),
      tone: "edge-strong",
    }],
    said: "since the start",
  };
}

/** @param {readonly ReadingView[]} readings */
function byDetector(readings) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { is_anomaly, flags } of readings) {
    if (is_anomaly) { for (const name of flagged(flags)) counts.set(name, (counts.get(name) ?? 0) + 1); }
  }
  const found = [...counts].sort(([, a], [, b]) => b - a);
  return {
    x: found.map(([name]) => detectorWord(name)),
    series: [{ name: "anomalous readings", values: found.map(([, n]) => n), tone: "edge-strong" }],
    said: `of the latest ${count(readings.length)}`,
    none: "None of the latest readings is anomalous.",
  };
}

/** @param {readonly ReadingView[]} readings @param {Stage["model"]} model */
function readingTable(readings, model) {
  const now = model.now();
  return plainTable(
    "Table of the latest readings of all sensors",
    ["time", "sensor", "location", "seen", "expected", "score", "verdict"],
    readings.slice(0, SHOWN).map((reading) => {
      const sensor = model.sensors.get(reading.sensor);
      const names = Object.keys(reading.values).slice(0, 3);
      const unit = (/** @type {string} */ name) => sensor?.channels.find(({ channel }) => channel === name)?.unit;
      return [
        moment(reading.time, now),
        h("a", { href: sensorHref(reading.sensor) }, model.nameOf(reading.sensor)),
        sensor?.location ?? "–",
        names.map((name) => measure(reading.values[name], unit(name))).join(", "),
        names.map((name) => band(reading.expected?.[name])).join(", "),
        scoreText(reading.score),
        reading.is_anomaly ? stateBadge("anomalous", flagged(reading.flags).map(detectorWord).join(", ")) : "",
      ];
    }),
    "No reading yet.",
  );
}

/** @param {readonly [number, number] | undefined} expected */
function band(expected) {
  return expected ? `${number(expected[0])} to ${number(expected[1])}` : "–";
}
