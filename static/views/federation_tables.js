/**
 * The tables of the federation: rounds, participants, evaluations, versions of a model.
 *
 * @module
 * @import { EvaluationRecord } from "../../actors/evaluation/port.ts"
 * @import { RoundRecord } from "../../actors/federation/port.ts"
 * @import { ModelVersion } from "../../actors/model_registry.ts"
 * @import { ModelInUse } from "../core/api.js"
 */
import { h } from "../core/dom.js";
import { dateTime, number } from "../core/format.js";
import { sensorHref } from "../core/router.js";
import { plainTable } from "./tables.js";

/** Rounds, newest first. @param {readonly RoundRecord[]} rounds */
export function roundTable(rounds) {
  return plainTable(
    "Table of rounds",
    ["time", "round", "participants", "readings", "own loss", "whole", "own, held out", "method"],
    rounds.slice(0, 20).map((round) => [
      dateTime(round.time),
      round.round,
      round.participant_count,
      round.readings,
      round.loss ?? "–",
      round.validation_loss ?? "–",
      round.local_loss ?? "–",
      round.left_out > 0 ? `${round.method}, ${round.left_out} left out` : round.method,
    ]),
    "No round yet.",
  );
}

/** All of them for a spreadsheet. @param {readonly RoundRecord[]} rounds */
export function roundsCsv(rounds) {
  return {
    heads: ["time", "round", "participants", "readings", "loss", "validation_loss", "local_loss", "method", "left_out"],
    rows: rounds.map((round) => [
      new Date(round.time).toISOString(),
      round.round,
      round.participant_count,
      round.readings,
      round.loss,
      round.validation_loss,
      round.local_loss,
      round.method,
      round.left_out,
    ]),
  };
}

/** Who took part in a round, and how far each one is from what came out. @param {RoundRecord | undefined} round */
export function participantTable(round) {
  return plainTable(
    "Table of participants",
    ["device", "readings", "own loss", "distance"],
    (round?.participants ?? []).map(({ id, kind, readings, loss, distance }) => [
      kind === "sensor" ? h("a", { href: sensorHref(id) }, id) : `${id} (outside)`,
      readings,
      loss ?? "–",
      distance,
    ]),
    "No round yet.",
  );
}

/**
 * Both kinds of each version of one model side by side: over the same readings they must agree.
 *
 * @param {EvaluationRecord[] | undefined} evaluations @param {string} model
 */
export function evaluationTable(evaluations, model) {
  if (evaluations === undefined) return h("p", { class: "note" }, "This instance keeps no evaluations.");
  const own = evaluations.filter((one) => one.model === model);
  const places = [...Map.groupBy(own, ({ version, data }) => `${version}\n${data}`).values()];
  return h(
    "div",
    {},
    h("p", { class: "muted" }, model),
    plainTable(
      "Table of evaluations",
      [
        "version",
        "data",
        "streaming: readings",
        "mean loss",
        "flagged",
        "precision",
        "recall",
        "batch: readings",
        "mean loss",
        "flagged",
      ],
      places.slice(0, 20).map((both) => {
        const streaming = both.find(({ kind }) => kind === "streaming")?.overall;
        const batch = both.find(({ kind }) => kind === "batch")?.overall;
        return [
          both[0].version,
          both[0].data,
          streaming?.count ?? "–",
          streaming?.mean_loss ?? "–",
          streaming?.flagged ?? "–",
          streaming?.precision ?? "–",
          streaming?.recall ?? "–",
          batch?.count ?? "–",
          batch?.mean_loss ?? "–",
          batch?.flagged ?? "–",
        ];
      }),
      "This model was not evaluated yet.",
    ),
  );
}

/**
 * Versions of a model, with buttons that change which one is in use.
 *
 * @param {{ models: readonly ModelInUse[], model: string, versions: readonly ModelVersion[] }} answer
 * @param {(verb: "pin" | "unpin" | "rollback", words: string, version?: number) => void} change
 */
export function versionTable({ models, model, versions }, change) {
  const state = models.find(({ name }) => name === model);
  /** @param {ModelVersion} version */
  const actions = ({ version }) => {
    if (!state) return "";
    const buttons = [];
    const at = `version ${version}`;
    if (state.pinned && version === state.active) {
      buttons.push(button(`Unpin ${at}`, "Unpin", () => change("unpin", `Unpin ${model}`)));
    } else buttons.push(button(`Pin ${at}`, "Pin", () => change("pin", `Pin ${at}`, version)));
    if (version < state.active) {
      buttons.push(button(`Roll back to ${at}`, "Roll back", () => change("rollback", `Roll back to ${at}`, version)));
    }
    return h("span", { class: "actions" }, ...buttons);
  };
  return plainTable(
    "Table of versions",
    ["version", "in use", "made", "from", "rows", "figures", "change"],
    versions.slice(0, 50).map((version) => [
      version.version,
      version.version === state?.active ? (state.pinned ? "in use, pinned" : "in use") : "",
      dateTime(version.created),
      version.lineage.data,
      version.lineage.rows,
      figures(version.metrics),
      actions(version),
    ]),
    "There is no model yet.",
  );
}

/** @param {string} label @param {string} word @param {() => void} act */
function button(label, word, act) {
  return h("button", { type: "button", class: "small", "aria-label": label, onclick: act }, word);
}

/** The first few figures of a model's judgement in words. @param {unknown} metrics */
function figures(metrics) {
  if (typeof metrics !== "object" || metrics === null) return "";
  const inner = "test" in metrics && typeof metrics.test === "object" && metrics.test !== null ? metrics.test : metrics;
  return Object.entries(inner).filter(([, value]) => typeof value === "number").slice(0, 6)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${number(value)}`).join(", ");
}
