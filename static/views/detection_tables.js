/**
 * The tables of the detection view: machine learning against rules, how good each detector is where labels exist, what
 * has drifted, and the latest anomalies with their reasons.
 *
 * @module
 * @import { AgreementView, ComparedDetector } from "../../actors/agreement_view.ts"
 * @import { DriftsView } from "../../actors/drift_view.ts"
 * @import { ReadingView, SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { h } from "../core/dom.js";
import { count, duration, measure, moment, number } from "../core/format.js";
import { sensorHref } from "../core/router.js";
import { plainTable } from "./tables.js";
import { contributionText, detectorWord, flagged, percent, reason, scoreText } from "./why.js";

/** Anomalous readings that the table shows. */
const SHOWN = 50;
/** Rows of what has drifted, those that differ most. */
const DRIFTED = 20;

/** Detectors that the server compares with rules. @type {readonly ComparedDetector[]} */
export const COMPARED = ["forest", "network", "surprise", "logistic"];

/** What a detector and rules say of the same readings, since the start. @typedef {{ detector: ComparedDetector, views: AgreementView[] | undefined }} Compared */

/** @param {number | undefined} part */
const share = (part) => part === undefined ? "–" : percent(part);

/** How often both say the same, by group. @param {AgreementView[] | undefined} views */
export function agreementTable(views) {
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
    share(view.agreement),
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

/** Of all labelled readings since the start: how good each detector is. @param {readonly Compared[]} compared */
export function qualityTable(compared) {
  const known = compared.flatMap(({ detector, views }) => {
    const all = views?.[0];
    return all && all.anomalies > 0 ? [{ detector, all }] : [];
  });
  /** @param {string} name @param {AgreementView["rules"]} found */
  const row = (name, { rate, precision, recall, f1, found_alone, stretches, found_stretches, mean_delay_ms }) => [
    name,
    share(rate),
    share(precision),
    share(recall),
    f1 === undefined ? "–" : number(f1),
    found_alone,
    stretches === undefined ? "–" : `${count(found_stretches ?? 0)} of ${count(stretches)}`,
    mean_delay_ms === undefined ? "–" : duration(mean_delay_ms),
  ];
  const rows = known.map(({ detector, all }) => row(detectorWord(detector), all.machine_learning));
  if (known[0]) rows.push(row("rules", known[0].all.rules));
  const heads = ["detector", "flagged", "precision", "recall", "F1", "found alone", "stretches found", "delay"];
  const table = plainTable("Table of precision and recall", heads, rows, "No reading has a label so far.");
  if (!known[0]) return table;
  const { labelled, anomalies } = known[0].all;
  const said = `${count(labelled)} labelled readings since the start, ${count(anomalies)} of them anomalous. ` +
    `Each detector at its own setting; found alone: missed by rules, of rules: missed by the ${
      detectorWord(known[0].detector)
    }.`;
  return h("div", {}, h("p", { class: "muted" }, said), table);
}

/** What is not as it was when it was learnt. @param {DriftsView | undefined} drifts @param {number} now @returns {Node[]} */
export function driftTables(drifts, now) {
  if (drifts === undefined) return [h("p", { class: "note" }, "This instance does not look for drift.")];
  const { models, channels, steady, learning } = drifts;
  const of = `${count(channels.length)} channels have drifted or adapted, ${count(steady)} are steady, ${
    count(learning)
  } are still learnt.`;
  return [
    h("p", { class: "muted", id: "drift-said" }, of),
    plainTable(
      "Table of drifted channels",
      ["sensor", "channel", "status", "index", "since", "learnt anew"],
      channels.slice(0, DRIFTED).map(({ sensor, channel, status, index, since, adapted_at }) => [
        h("a", { href: sensorHref(sensor) }, sensor),
        channel,
        status,
        index,
        since === undefined ? "–" : moment(since, now),
        adapted_at === undefined ? "–" : moment(adapted_at, now),
      ]),
      "No channel has drifted.",
    ),
    plainTable(
      "Table of drifted models",
      ["model", "version", "status", "index", "feature that differs most"],
      models.map(({ model, version, status, index, feature }) => [model, version, status, index, feature]),
      "No shared model is compared yet.",
    ),
  ];
}

/** The latest anomalous readings. @param {readonly ReadingView[]} readings @param {Stage["model"]} model */
export function anomalyTable(readings, model) {
  const now = model.now();
  return plainTable(
    "Table of the latest anomalies",
    ["time", "sensor", "score", "flagged by", "seen", "why"],
    readings.slice(0, SHOWN).map((reading) => [
      moment(reading.time, now),
      h("a", { href: sensorHref(reading.sensor) }, model.nameOf(reading.sensor)),
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
