/**
 * Windows: how many were emitted, what was anomalous in them, and one channel's trend with its range.
 *
 * @module
 * @import { WindowView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { Figure } from "../charts/figure.js";
import * as api from "../core/api.js";
import { csvButton } from "../core/csv.js";
import { h, put, say } from "../core/dom.js";
import { clock, count, duration, moment, number } from "../core/format.js";
import { statistics } from "../core/analytics.js";
import { filterOf } from "../core/recent.js";
import { parseHash, sensorHref, setQuery } from "../core/router.js";
import { keyFigures, Screen } from "./screen.js";
import { plainTable } from "./tables.js";
import { labelled, recordsOf } from "./toolbar.js";

const HOUR_MS = 3_600_000;
/** The count of all windows of the last hour is asked for so often at most, ms. */
const HOUR_AGAIN_MS = 15_000;
/** Rows that the table shows. */
const SHOWN = 50;

/** Shows it. @param {Stage} stage */
export function windowsView(stage) {
  const { model, sync, signal } = stage;
  sync.watch(undefined);
  const key = keyFigures("Windows", [
    ["win-hour", "in the last hour"],
    ["win-count", "windows listed"],
    ["win-readings", "readings in them"],
    ["win-mean", "readings per window"],
    ["win-anomalies", "anomalous readings"],
    ["win-with", "windows with anomalies"],
    ["win-revised", "revised by late readings"],
  ]);
  const line = h("select", { id: "line" });
  line.addEventListener("change", () => {
    const [sensor, channel] = JSON.parse(line.value);
    setQuery({ sensor, channel });
  });
  const trend = new Figure({ title: "Trend with range", kind: "lines", x: "start", time: true }, signal);
  const anomalies = new Figure(
    { title: "Anomalous readings by window", kind: "lines", x: "start", time: true, min: 0, unit: "readings" },
    signal,
  );
  const of = h("p", { class: "muted", id: "win-of" });
  const latest = h("div", { id: "windows" });
  /** @type {readonly WindowView[]} */
  let windows = [];

  /** All windows of the last hour, asked for less often. @type {{ at: number, key: string, windows: number | undefined }} */
  let hour = { at: -Infinity, key: "", windows: undefined };
  /** @param {{ location?: string, type?: string }} filter @param {AbortSignal} asked */
  async function loadHour(filter, asked) {
    const [now, key] = [model.now(), JSON.stringify(filter)];
    if (Number.isNaN(now) || (Date.now() - hour.at < HOUR_AGAIN_MS && hour.key === key)) return;
    const from = Math.floor(now - HOUR_MS);
    const all = await api.there(statistics({ ...filter, from }, asked));
    hour = { at: Date.now(), key, windows: all?.total.windows };
  }

  new Screen(
    stage,
    {
      title: "Windows",
      intro: "Statistics of event-time windows, newest first.",
      async load(query, asked) {
        const filter = filterOf(query);
        const sensor = query.get("sensor") ?? [...model.sensors.keys()].sort()[0];
        const limit = recordsOf(query);
        const [page, own] = await Promise.all([
          api.allWindows({ ...filter, limit }, asked),
          sensor === undefined ? { items: [] } : api.windows(sensor, { limit: Math.min(limit, 720) }, asked),
          loadHour(filter, asked),
        ]);
        return () => draw(page.items, own.items);
      },
    },
    key.element,
    of,
    h(
      "section",
      { class: "panel", "aria-label": "Trend" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "One channel"),
        h("div", { class: "filters" }, labelled("Sensor and channel", line)),
      ),
      h("div", { class: "columns" }, trend.element, anomalies.element),
    ),
    h(
      "section",
      { class: "panel", "aria-label": "Latest windows" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "Latest windows"),
        csvButton("windows", () => ({ heads: HEADS, rows: windows.flatMap(csvRows) })),
      ),
      latest,
    ),
  );

  /** @param {readonly WindowView[]} listed @param {readonly WindowView[]} own newest first */
  function draw(listed, own) {
    windows = listed;
    const statistics = listed.flatMap(({ channels }) => Object.values(channels));
    const readings = statistics.reduce((sum, one) => sum + one.count, 0);
    const odd = statistics.reduce((sum, one) => sum + one.anomalies, 0);
    const figures = {
      "win-count": listed.length,
      "win-readings": readings,
      "win-mean": listed.length === 0 ? 0 : readings / listed.length,
      "win-anomalies": odd,
      "win-with": listed.filter((window) => oddOf(window) > 0).length,
      "win-revised": listed.filter(({ revision }) => revision > 0).length,
    };
    key.show(Object.fromEntries(Object.entries(figures).map(([id, n]) => [id, number(n)])), figures);
    if (hour.windows !== undefined) key.show({ "win-hour": count(hour.windows) }, { "win-hour": hour.windows });
    const [last, first] = [listed[0], listed.at(-1)];
    const span = last && first ? `, ${moment(first.start, last.end)} to ${clock(last.end)}` : "";
    say(of, `The latest ${count(listed.length)} windows${last ? ` of ${duration(last.length_ms)}` : ""}${span}.`);
    showLine(own);
    put(latest, windowTable(listed, model));
  }

  /** @param {readonly WindowView[]} own newest first */
  function showLine(own) {
    const query = parseHash(location.hash).query;
    const choices = [...model.sensors.values()].sort((a, b) => a.sensor < b.sensor ? -1 : 1).slice(0, 500)
      .flatMap(({ sensor, channels }) => channels.map(({ channel }) => ({ sensor, channel })));
    const values = choices.map(({ sensor, channel }) => JSON.stringify([sensor, channel]));
    if ([...line.options].map((option) => option.value).join() !== values.join()) {
      const words = choices.map(({ sensor, channel }) => `${model.nameOf(sensor)}: ${channel}`);
      put(line, ...values.map((value, at) => h("option", { value }, words[at])));
    }
    const sensor = own[0]?.sensor ?? query.get("sensor") ?? choices[0]?.sensor ?? "";
    const names = model.sensors.get(sensor)?.channels.map(({ channel }) => channel) ?? [];
    const channel = names.find((name) => name === query.get("channel")) ?? names[0] ?? "";
    line.value = JSON.stringify([sensor, channel]);
    const order = own.toReversed().filter(({ channels }) => channels[channel]);
    const of = (/** @type {"min" | "max" | "mean" | "anomalies"} */ what) =>
      order.map(({ channels }) => channels[channel][what]);
    const x = order.map(({ start }) => start);
    trend.show({
      x,
      series: [
        { name: "greatest", values: of("max"), look: "band", tone: "band", word: "least to greatest" },
        { name: "least", values: of("min"), look: "edge", tone: "band" },
        { name: "mean", values: of("mean"), tone: "line" },
        {
          name: "revised",
          values: order.map(({ revision, channels }) => revision > 0 ? channels[channel].mean : null),
          look: "points",
          tone: "ink",
        },
      ],
      said: `${model.nameOf(sensor)} ${channel}`,
    });
    anomalies.show({
      x,
      series: [{ name: "anomalous readings", values: of("anomalies"), look: "area", tone: "line" }],
    });
  }
}

/** @param {WindowView} window */
function oddOf({ channels }) {
  return Object.values(channels).reduce((sum, { anomalies }) => sum + anomalies, 0);
}

const HEADS = ["start", "end", "sensor", "channel", "count", "mean", "min", "max", "std", "anomalies", "revision"];

/** @param {WindowView} window */
function csvRows({ start, end, sensor, revision, channels }) {
  return Object.entries(channels).map(([channel, one]) => [
    new Date(start).toISOString(),
    new Date(end).toISOString(),
    sensor,
    channel,
    one.count,
    one.mean,
    one.min,
    one.max,
    one.std,
    one.anomalies,
    revision,
  ]);
}

/** @param {readonly WindowView[]} windows @param {Stage["model"]} model */
function windowTable(windows, model) {
  const now = windows[0]?.end ?? 0;
  const rows = windows.slice(0, SHOWN).flatMap(({ start, end, sensor, revision, channels }) =>
    Object.entries(channels).map(([channel, one]) => [
      `${moment(start, now).slice(0, -3)}–${clock(end)}`,
      h("a", { href: sensorHref(sensor) }, model.nameOf(sensor)),
      channel,
      one.count,
      one.mean,
      one.min,
      one.max,
      one.std,
      one.anomalies,
      revision > 0 ? `${count(revision)} ×` : "",
    ])
  );
  const heads = ["window", "sensor", "channel", "count", "mean", "min", "max", "std", "anomalies", "revised"];
  return plainTable("Table of the latest windows of all sensors", heads, rows, "No window yet.");
}
