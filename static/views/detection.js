/**
 * Detection: what the detectors find, machine learning against rules, and whether to believe them.
 *
 * @module
 * @import { DriftsView } from "../../actors/drift_view.ts"
 * @import { ReadingView, ScoresView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 * @import { Compared } from "./detection_tables.js"
 */
import { Figure } from "../charts/figure.js";
import * as api from "../core/api.js";
import { csvButton } from "../core/csv.js";
import { h, put, say } from "../core/dom.js";
import { count, moment } from "../core/format.js";
import { filterOf, Recent } from "../core/recent.js";
import { parseHash } from "../core/router.js";
import { agreementTable, anomalyTable, COMPARED, driftTables, qualityTable } from "./detection_tables.js";
import { figurePanel, keyFigures, panel, Screen } from "./screen.js";
import { choice, labelled, recordsOf } from "./toolbar.js";
import { contributionText, detectorWord, flagged, LEARNT, reason, RULES } from "./why.js";

/** Bars of the distribution. */
const BINS = 20;
/** Anomalous readings that are asked for; the table shows the latest of them, the CSV all. */
const ANOMALIES = 200;
/** What counts over all sensors since the start is asked for so often at most, ms. */
const SLOW_MS = 10_000;

/** Detectors that have an opinion of their own, in the order of the tables. */
const DETECTORS = [...LEARNT, "zscore", ...RULES];
/** Scores whose distribution can be looked at, the combined one first. @type {readonly (keyof ScoresView)[]} */
const SCORES = ["surprise", "forest", "network", "logistic", "zscore"];

/** Shows it. @param {Stage} stage */
export function detectionView(stage) {
  const { model, sync, signal } = stage;
  sync.watch(undefined);
  const recent = new Recent();
  const anomalies = new Recent();
  const key = keyFigures("Of the readings that are looked at", [
    ["det-readings", "readings"],
    ["det-anomalies", "anomalous"],
    ["det-learnt", "flagged by machine learning"],
    ["det-rules", "flagged by rules"],
    ["det-both", "by both"],
    ["det-alarms", "alarms"],
  ]);
  const detectors = new Figure(
    { title: "Flags by detector", kind: "bars", x: "detector", unit: "readings", across: true },
    signal,
  );
  const detector = choice("detector", COMPARED.map((name) => [name, detectorWord(name)]));
  const score = choice("score", ["", ...SCORES].map((name) => [name, name === "" ? "combined" : detectorWord(name)]));
  const scores = new Figure({
    title: "Distribution of scores",
    kind: "bars",
    x: "score",
    unit: "readings",
    log: true,
    controls: labelled("of", score),
  }, signal);
  const agreement = h("div", { id: "agreement" });
  const drift = h("div", { id: "drift" });
  const quality = h("div", { id: "quality" });
  const latest = h("div", { id: "anomalies" });
  const of = h("p", { class: "muted", id: "det-of" });
  /** @type {{ at: number, compared: Compared[], drifts: DriftsView | undefined }} */
  let slow = { at: -Infinity, compared: [], drifts: undefined };

  /** @param {AbortSignal} asked */
  async function loadSlow(asked) {
    if (Date.now() - slow.at < SLOW_MS) return;
    const [drifts, ...compared] = await Promise.all([
      api.drift(asked),
      ...COMPARED.map(async (name) => ({ detector: name, views: await api.agreement(name, asked) })),
    ]);
    slow = { at: Date.now(), compared, drifts };
  }

  new Screen(
    stage,
    {
      title: "Detection",
      intro: "What each detector finds, where machine learning and rules agree, and why.",
      async load(query, asked) {
        const [filter, records] = [filterOf(query), recordsOf(query)];
        await Promise.all([
          loadSlow(asked),
          recent.load(filter, records, asked),
          anomalies.load({ ...filter, is_anomaly: "true" }, ANOMALIES, asked),
        ]);
        return draw;
      },
    },
    key.element,
    of,
    h(
      "div",
      { class: "columns even" },
      figurePanel(scores),
      figurePanel(detectors),
    ),
    h(
      "section",
      { class: "panel", "aria-label": "Machine learning against rules" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "Machine learning against rules"),
        h("div", { class: "filters" }, labelled("Detector", detector)),
      ),
      agreement,
    ),
    panel("Precision and recall, where readings are labelled", quality),
    panel("Drift: do the models still fit?", drift),
    h(
      "section",
      { class: "panel", "aria-label": "Latest anomalies" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "Latest anomalies, with the reason"),
        csvButton("anomalies", () => ({
          heads: ["time", "sensor", "score", "flags", "values", "contributions", "explanation"],
          rows: anomalies.items.map((reading) => [
            new Date(reading.time).toISOString(),
            reading.sensor,
            reading.score,
            flagged(reading.flags).join(" "),
            JSON.stringify(reading.values),
            contributionText(reading.contributions),
            reason(reading),
          ]),
        })),
      ),
      latest,
    ),
  );

  function draw() {
    const readings = recent.items;
    const query = parseHash(location.hash).query;
    const learnt = readings.filter((reading) => by(reading, LEARNT));
    const rules = readings.filter((reading) => by(reading, RULES));
    const figures = {
      "det-readings": readings.length,
      "det-anomalies": readings.filter(({ is_anomaly }) => is_anomaly).length,
      "det-learnt": learnt.length,
      "det-rules": rules.length,
      "det-both": learnt.filter((reading) => by(reading, RULES)).length,
      "det-alarms": readings.filter(({ alarm }) => alarm !== undefined).length,
    };
    key.show(Object.fromEntries(Object.entries(figures).map(([id, n]) => [id, count(n)])), figures);
    const [last, first] = [readings[0], readings.at(-1)];
    const span = first && last ? `, ${moment(first.time, last.time)} to ${moment(last.time, last.time)}` : "";
    const sensors = new Set(readings.map(({ sensor }) => sensor)).size;
    say(of, `The latest ${count(readings.length)} readings of ${count(sensors)} sensors${span}.`);
    const one = SCORES.find((name) => name === query.get("score"));
    score.value = one ?? "";
    scores.show(distribution(readings, one));
    detectors.show(byDetector(readings));
    const compared = slow.compared.find(({ detector }) => detector === query.get("detector")) ?? slow.compared[0];
    detector.value = compared.detector;
    put(agreement, ...agreementTable(compared.views));
    put(quality, qualityTable(slow.compared));
    put(drift, ...driftTables(slow.drifts, model.now()));
    put(latest, anomalyTable(anomalies.items, model));
  }
}

/** @param {ReadingView} reading @param {readonly string[]} detectors */
function by({ flags }, detectors) {
  return flags.some(({ detector }) => detectors.includes(detector));
}

/** How many readings have which score. @param {readonly ReadingView[]} readings @param {keyof ScoresView} [detector] default: the combined one */
function distribution(readings, detector) {
  const calm = Array.from({ length: BINS }, () => 0);
  const odd = Array.from({ length: BINS }, () => 0);
  for (const { score, scores, is_anomaly } of readings) {
    const value = detector ? scores?.[detector] : score;
    if (value !== undefined) (is_anomaly ? odd : calm)[Math.min(BINS - 1, Math.floor(value * BINS))]++;
  }
  return {
    x: calm.map((_, at) => (at / BINS).toFixed(2)),
    series: [
      { name: "not anomalous", values: calm, tone: "edge-strong" },
      { name: "anomalous", values: odd, tone: "anomaly" },
    ],
    said: `0 usual to 1 unusual; logarithmic`,
    none: "No reading here has a score: rules alone judge, or it came late.",
  };
}

/** How many readings each detector flagged. @param {readonly ReadingView[]} readings */
function byDetector(readings) {
  const found = DETECTORS.map((detector) => readings.filter((reading) => by(reading, [detector])).length);
  const shown = DETECTORS.map((_, at) => at).filter((at) => found[at] > 0);
  return {
    x: shown.map((at) => detectorWord(DETECTORS[at])),
    series: [{ name: "flagged readings", values: shown.map((at) => found[at]), tone: "edge-strong" }],
    said: "readings flagged, at each one's own setting",
    none: "No detector has flagged any of these readings.",
  };
}
