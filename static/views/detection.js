/**
 * Detection: what the detectors find, machine learning against rules, and whether to believe them.
 *
 * @module
 * @import { AgreementView } from "../../actors/agreement_view.ts"
 * @import { ReadingView, SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { Figure } from "../charts/figure.js";
import * as api from "../core/api.js";
import { csvButton } from "../core/csv.js";
import { h, put, say } from "../core/dom.js";
import { count, measure, moment, number } from "../core/format.js";
import { chosenSensors, Recent, SENSORS_MOST } from "../core/recent.js";
import { sensorHref } from "../core/router.js";
import { figurePanel, keyFigures, panel, Screen } from "./screen.js";
import { plainTable } from "./tables.js";
import { recordsOf } from "./toolbar.js";
import { contributionText, detectorWord, flagged, LEARNT, percent, reason, RULES, scoreText } from "./why.js";

/** Bars of the distribution. */
const BINS = 20;
/** Anomalous readings that the table shows. */
const SHOWN = 50;

/** Detectors that have an opinion of their own, in the order of the tables. */
const DETECTORS = [...LEARNT, "zscore", ...RULES];

/** Shows it. @param {Stage} stage */
export function detectionView(stage) {
  const { model, sync, signal } = stage;
  sync.watch(undefined);
  const recent = new Recent();
  const key = keyFigures("Of the readings that are looked at", [
    ["det-readings", "readings"],
    ["det-anomalies", "anomalous"],
    ["det-learnt", "flagged by machine learning"],
    ["det-rules", "flagged by rules"],
    ["det-both", "by both"],
    ["det-alarms", "alarms"],
  ]);
  const scores = new Figure(
    { title: "Distribution of scores", kind: "bars", x: "score", unit: "readings", log: true },
    signal,
  );
  const detectors = new Figure(
    { title: "Flags by detector", kind: "bars", x: "detector", unit: "readings", across: true },
    signal,
  );
  const agreement = h("div", { id: "agreement" });
  const quality = h("div", { id: "quality" });
  const latest = h("div", { id: "anomalies" });
  const of = h("p", { class: "muted", id: "det-of" });
  /** @type {ReadingView[]} */
  let odd = [];

  new Screen(
    stage,
    {
      title: "Detection",
      intro: "What each detector finds, where machine learning and rules agree, and why.",
      async load(query, asked) {
        const sensors = chosenSensors(model, query);
        const [views] = await Promise.all([api.agreement(asked), recent.load(sensors, recordsOf(query), asked)]);
        return () => draw(recent.latest(recordsOf(query)), views, sensors);
      },
    },
    key.element,
    of,
    h("div", { class: "columns even" }, figurePanel(scores), figurePanel(detectors)),
    panel("Machine learning against rules", agreement),
    panel("Precision and recall, where readings are labelled", quality),
    h(
      "section",
      { class: "panel", "aria-label": "Latest anomalies" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "Latest anomalies, with the reason"),
        csvButton("anomalies", () => ({
          heads: ["time", "sensor", "score", "flags", "values", "contributions", "explanation"],
          rows: odd.map((reading) => [
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

  /** @param {ReadingView[]} readings @param {AgreementView[] | undefined} views @param {readonly SensorView[]} sensors */
  function draw(readings, views, sensors) {
    odd = readings.filter(({ is_anomaly }) => is_anomaly);
    const learnt = readings.filter((reading) => by(reading, LEARNT));
    const rules = readings.filter((reading) => by(reading, RULES));
    const figures = {
      "det-readings": readings.length,
      "det-anomalies": odd.length,
      "det-learnt": learnt.length,
      "det-rules": rules.length,
      "det-both": learnt.filter((reading) => by(reading, RULES)).length,
      "det-alarms": readings.filter(({ alarm }) => alarm !== undefined).length,
    };
    key.show(Object.fromEntries(Object.entries(figures).map(([id, n]) => [id, count(n)])), figures);
    const [last, first] = [readings[0], readings.at(-1)];
    const span = first && last ? `, ${moment(first.time, last.time)} to ${moment(last.time, last.time)}` : "";
    const some = sensors.length > SENSORS_MOST ? `${SENSORS_MOST} of ${count(sensors.length)}` : count(sensors.length);
    say(of, `The latest ${count(readings.length)} readings of ${some} sensors${span}.`);
    scores.show(distribution(readings));
    detectors.show(byDetector(readings));
    put(agreement, ...agreementTable(views));
    put(quality, qualityTable(readings));
    put(latest, anomalyTable(odd, model));
  }
}

/** @param {ReadingView} reading @param {readonly string[]} detectors */
function by({ flags }, detectors) {
  return flags.some(({ detector }) => detectors.includes(detector));
}

/** How many readings have which score. @param {readonly ReadingView[]} readings */
function distribution(readings) {
  const scored = readings.filter(({ score }) => score !== undefined);
  const calm = Array.from({ length: BINS }, () => 0);
  const odd = Array.from({ length: BINS }, () => 0);
  for (const { score = 0, is_anomaly } of scored) {
    (is_anomaly ? odd : calm)[Math.min(BINS - 1, Math.floor(score * BINS))]++;
  }
  return {
    x: calm.map((_, at) => (at / BINS).toFixed(2)),
    series: [
      { name: "not anomalous", values: calm, tone: "edge-strong" },
      { name: "anomalous", values: odd, tone: "anomaly" },
    ],
    said: "combined, 0 usual to 1 unusual; logarithmic",
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

/** @param {AgreementView[] | undefined} views */
function agreementTable(views) {
  if (views === undefined) return [h("p", { class: "note" }, "This instance does not count it.")];
  const [all] = views;
  if (!all) return [h("p", { class: "note" }, "Nothing was compared yet.")];
  const heads = ["group", "readings", "both", "only machine learning", "only rules", "neither", "agreement", "kappa"];
  const rows = views.map((view) => [
    view.group ?? "all",
    view.readings,
    view.both,
    view.only_machine_learning,
    view.only_rules,
    view.neither,
    view.agreement === undefined ? "–" : percent(view.agreement),
    view.kappa === undefined ? "–" : number(view.kappa),
  ]);
  const { machine_learning: learnt, rules } = all;
  return [
    h(
      "p",
      { class: "sentence" },
      `Since the start the ${detectorWord(all.detector ?? "forest")} flagged ${percent(learnt.rate ?? 0)} of ${
        count(all.readings)
      } readings and rules ${percent(rules.rate ?? 0)}; they say the same of ${percent(all.agreement ?? 0)}.`,
      all.labelled > 0
        ? ` Of ${count(all.anomalies)} labelled anomalies machine learning alone found ${
          count(learnt.found_alone)
        }, rules alone ${count(rules.found_alone)}, neither ${count(all.missed)}.`
        : "",
    ),
    plainTable("Table of agreement by group", heads, rows, ""),
  ];
}

/** Of labelled readings: how good each detector is. @param {readonly ReadingView[]} readings */
function qualityTable(readings) {
  const labelled = readings.filter(({ label }) => label !== undefined);
  const positive = labelled.filter(({ label }) => label === 1).length;
  const share = (/** @type {number} */ part, /** @type {number} */ whole) => whole === 0 ? "–" : percent(part / whole);
  /** @param {string} name @param {(reading: ReadingView) => boolean} says */
  const row = (name, says) => {
    const yes = labelled.filter(says);
    const hits = yes.filter(({ label }) => label === 1).length;
    return [name, yes.length, hits, share(hits, yes.length), share(hits, positive)];
  };
  const rows = labelled.length === 0 ? [] : [
    row("anomalous (combined)", ({ is_anomaly }) => is_anomaly),
    ...DETECTORS.filter((detector) => readings.some((reading) => by(reading, [detector])))
      .map((detector) => row(detectorWord(detector), (reading) => by(reading, [detector]))),
  ];
  const heads = ["detector", "flagged", "of these labelled anomalous", "precision", "recall"];
  const none = "None of these readings has a label.";
  const table = plainTable("Table of precision and recall", heads, rows, none);
  if (rows.length === 0) return table;
  const said = `${count(labelled.length)} labelled readings, ${count(positive)} of them anomalous.`;
  return h("div", {}, h("p", { class: "muted" }, said), table);
}

/** @param {readonly ReadingView[]} readings @param {Stage["model"]} model */
function anomalyTable(readings, model) {
  const now = model.now();
  return plainTable(
    "Table of the latest anomalies",
    ["time", "sensor", "score", "flagged by", "seen", "why"],
    readings.slice(0, SHOWN).map((reading) => [
      moment(reading.time, now),
      h("a", { href: sensorHref(reading.sensor) }, reading.sensor),
      scoreText(reading.score),
      flagged(reading.flags).map(detectorWord).join(", "),
      seen(reading, model.sensors.get(reading.sensor)),
      [reason(reading), contributionText(reading.contributions)].filter(Boolean).join(" · "),
    ]),
    "None of these readings is anomalous.",
  );
}

/** The values that were flagged, else all. @param {ReadingView} reading @param {SensorView | undefined} sensor */
function seen({ values, flags }, sensor) {
  const own = new Set(flags.map(({ channel }) => channel));
  const names = Object.keys(values).filter((name) => own.has(name));
  return (names.length > 0 ? names : Object.keys(values)).slice(0, 3).map((name) =>
    measure(values[name], sensor?.channels.find(({ channel }) => channel === name)?.unit)
  ).join(", ");
}
