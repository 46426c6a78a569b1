/**
 * The last hours of every sensor in one picture, and how many alarms there were in each ten minutes.
 *
 * @module
 * @import { AlertView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { Figure } from "../charts/figure.js";
import { drawLanes, Lanes } from "../charts/lane.js";
import * as api from "../core/api.js";
import { h, put, say } from "../core/dom.js";
import { clock, count, moment } from "../core/format.js";
import { chosenSensors } from "../core/recent.js";
import { parseHash, sensorHref } from "../core/router.js";
import { figurePanel, waitingFor } from "./screen.js";
import { plainTable } from "./tables.js";
import { percent, scoreText } from "./why.js";

const HOUR_MS = 3_600_000;
/** How far back the picture goes, and in how many columns. */
const RANGE_MS = 3 * HOUR_MS;
const COLUMNS = 180;
/** Windows of a page. A page is parsed between two frames. */
const PAGE = 1_000;
/** So many pages are asked for at once; the others, of older windows, one by one with a pause between. */
const PAGES = 10;
const PAUSE_MS = 200;
/** The picture is drawn after so many of them. */
const DRAWN = 8;
/** The picture catches up so often, ms. */
const EVERY_MS = 20_000;
/** A window may be revised for so long, ms. */
const REVISED_MS = 180_000;
/** Rows that have a name beside them; more are drawn without. */
const NAMED = 60;
/** Alarms are counted in slots of ten minutes, ISA-18.2: 1 to 2 are usual, 10 are a flood. */
const SLOT_MS = 600_000;
const SLOTS = 18;
const FLOOD = 10;

/** Both panels. @param {Stage} stage */
export function lanes({ model, signal }) {
  const known = new Lanes(RANGE_MS, COLUMNS);
  const canvas = h("canvas", { class: "lane-canvas", role: "img" });
  canvas.setAttribute("aria-label", "Greatest score by sensor and time; the table behind holds its sums");
  const names = h("ol", { class: "lane-names" });
  const box = h("div", { class: "lane-box" }, names, h("div", { class: "lane-plot" }, canvas));
  const note = h("p", { class: "note" });
  const said = h("p", { class: "muted", id: "lane-said" });
  const table = h("div", {});
  const behind = h("details", { class: "behind" }, h("summary", {}, "As a table"), table);
  const rate = new Figure({
    title: "Alarms per 10 minutes",
    kind: "bars",
    x: "from",
    unit: "alarms",
    max: 4,
  }, signal);
  /** @type {readonly AlertView[]} */
  let alerts = [];
  /** Where older windows go on. @type {string | undefined} */
  let rest;
  let [complete, asking] = [false, false];

  /** Windows of the whole range, the newest first; where it failed it goes on the next time. */
  async function older() {
    const from = known.startOf(model.now() - RANGE_MS);
    asking = true;
    try {
      for (let page = 1; !complete; page++) {
        const answer = await api.allWindows({ from, limit: PAGE, cursor: rest }, signal);
        known.add(answer.items);
        rest = answer.next;
        complete = rest === undefined;
        if (complete || page === 1 || page % DRAWN === 0) draw();
        if (page >= PAGES) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } finally {
      asking = false;
    }
  }

  /** What came since the last time, and what was revised. */
  async function newer() {
    const from = known.startOf(known.latest - REVISED_MS);
    /** @type {string | undefined} */
    let cursor;
    /** @type {import("../../actors/views.ts").WindowView[]} */
    const windows = [];
    do {
      const answer = await api.allWindows({ from, limit: PAGE, cursor }, signal);
      windows.push(...answer.items);
      cursor = answer.next;
    } while (cursor !== undefined);
    known.replace(from, windows);
  }

  async function load() {
    const now = model.now();
    if (Number.isNaN(now)) return;
    try {
      if (!Number.isNaN(known.latest)) await newer();
      alerts = (await api.alerts({ from: Math.floor(now - RANGE_MS), limit: api.LIMIT_MAX }, signal)).items;
      draw();
      if (!complete && !asking) await older();
    } catch (error) {
      if (!signal.aborted) say(note, error instanceof Error ? error.message : String(error));
    }
  }

  function draw() {
    const now = model.now();
    if (signal.aborted || Number.isNaN(now) || model.sensors.size === 0) return;
    const sensors = chosenSensors(model, parseHash(location.hash).query).map(({ sensor }) => sensor);
    const shown = model.active().concat(alerts.filter((alert) => alert.state === "cleared"));
    note.hidden = sensors.length > 0 && !Number.isNaN(known.latest);
    say(note, sensors.length === 0 ? "No sensor passes this filter." : complete ? "No window yet." : "Loading…");
    box.hidden = !note.hidden;
    box.classList.toggle("dense", sensors.length > NAMED);
    box.style.setProperty("--rows", String(Math.max(1, sensors.length)));
    showNames(sensors.length > NAMED ? [] : sensors.map((sensor) => [sensor, model.nameOf(sensor)]));
    drawLanes(canvas, known, sensors, shown, now);
    const reach = complete || Number.isNaN(known.latest) ? "" : `, still loading: known since ${clock(known.from)}`;
    say(
      said,
      `${
        count(sensors.length)
      } sensors, those with alerts first${reach}. Stronger: rarer scores, and more of them; colour: an alert.`,
    );
    if (behind.open) put(table, laneTable(sensors, known, { alerts: shown, now }));
    rate.show(alarmRate(alerts, now));
  }

  /** @param {readonly (readonly [sensor: string, name: string])[]} sensors */
  function showNames(sensors) {
    const shown = sensors.join("\n");
    if (names.dataset.names === shown) return;
    names.dataset.names = shown;
    put(names, ...sensors.map(([id, name]) => h("li", {}, h("a", { href: sensorHref(id), title: id }, name))));
  }

  behind.addEventListener("toggle", draw);
  addEventListener("query", draw, { signal });
  addEventListener("theme", () => requestAnimationFrame(draw), { signal });
  const sized = new ResizeObserver(() => draw());
  sized.observe(canvas);
  let first = true;
  model.on("sensors", () => {
    if (first && model.sensorsLoaded) {
      first = false;
      load();
    }
  }, signal);
  model.on(
    "alerts",
    () =>
      requestAnimationFrame(() => model.sensors.size > 0 && rate.show(alarmRate(merged(alerts, model), model.now()))),
    signal,
  );
  if (model.sensorsLoaded) {
    first = false;
    load();
  }
  function wait() {
    if (model.sensors.size > 0) return;
    const none = model.sensorsLoaded ? "Nothing to watch yet." : waitingFor(model, "sensors");
    say(note, none);
    rate.show({ x: [], series: [], none });
  }
  for (const topic of /** @type {const} */ (["connection", "sensors"])) model.on(topic, wait, signal);
  wait();
  const timer = setInterval(() => document.hidden || load(), EVERY_MS);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    sized.disconnect();
  });
  return h(
    "div",
    { class: "columns start" },
    h(
      "section",
      { class: "panel", "aria-label": "Last 3 hours" },
      h("h2", {}, "Last 3 hours"),
      said,
      note,
      box,
      behind,
    ),
    figurePanel(rate),
  );
}

/** What was asked for, and what came since. @param {readonly AlertView[]} alerts @param {Stage["model"]} model */
function merged(alerts, model) {
  const byId = new Map(alerts.map((alert) => [alert.id, alert]));
  for (const alert of model.alerts.values()) byId.set(alert.id, alert);
  return [...byId.values()];
}

/** @param {readonly AlertView[]} alerts @param {number} now */
export function alarmRate(alerts, now) {
  const end = Math.floor(now / SLOT_MS) * SLOT_MS + SLOT_MS;
  const counts = Array.from({ length: SLOTS }, () => 0);
  for (const { raised_at } of alerts) {
    const at = SLOTS - Math.ceil((end - raised_at) / SLOT_MS);
    if (at >= 0 && at < SLOTS) counts[at]++;
  }
  const flood = counts.filter((n) => n >= FLOOD).length;
  const busy = Math.max(...counts) > FLOOD / 2;
  return {
    x: counts.map((_, at) => clock(end - (SLOTS - at) * SLOT_MS)),
    series: [{ name: "alarms", values: counts, tone: "edge-strong" }],
    marks: busy ? [{ y: FLOOD, text: `a flood from ${FLOOD} on` }] : [{ y: 2, text: "usual: at most 2" }],
    said: flood > 0 ? `${flood} ${flood === 1 ? "flood" : "floods"}` : "",
  };
}

/** @param {readonly string[]} sensors @param {Lanes} known @param {{ alerts: readonly AlertView[], now: number }} past */
function laneTable(sensors, known, { alerts, now }) {
  return plainTable(
    "Table of the last 3 hours",
    ["sensor", "greatest score", "anomalous readings", "alerts", "last alert"],
    sensors.slice(0, 200).map((sensor) => {
      const own = alerts.filter((alert) => alert.sensor === sensor).sort((a, b) => b.raised_at - a.raised_at);
      const share = known.overall(sensor, now);
      const greatest = known.greatest(sensor, now);
      return [
        sensor,
        scoreText(Number.isNaN(greatest) ? undefined : greatest),
        Number.isNaN(share) ? "–" : percent(share),
        own.length,
        own[0] ? moment(own[0].raised_at, own[0].raised_at) : "–",
      ];
    }),
    "No sensor passes this filter.",
  );
}
