/**
 * Federation: who learns together, how well, each device against the whole, and which version of a model is in use.
 *
 * @module
 * @import { EvaluationRecord } from "../../actors/evaluation/port.ts"
 * @import { RoundRecord } from "../../actors/federation/port.ts"
 * @import { ModelVersion } from "../../actors/model_registry.ts"
 * @import { Group, ModelInUse } from "../core/api.js"
 * @import { Stage } from "../main.js"
 */
import { Figure } from "../charts/figure.js";
import * as api from "../core/api.js";
import { csvButton } from "../core/csv.js";
import { h, put, say } from "../core/dom.js";
import { count, dateTime, number } from "../core/format.js";
import { sensorHref } from "../core/router.js";
import { figurePanel, keyFigures, panel, Screen } from "./screen.js";
import { plainTable } from "./tables.js";
import { choice, labelled } from "./toolbar.js";

/** Rounds that are shown. */
const ROUNDS = 200;

/** @typedef {{ groups: Group[] | undefined, group: string, rounds: RoundRecord[], evaluations: EvaluationRecord[] | undefined, models: ModelInUse[], versions: ModelVersion[], model: string }} Answer */

/** Shows it. @param {Stage} stage */
export function federationView(stage) {
  const { sync, signal } = stage;
  sync.watch(undefined);
  const key = keyFigures("The latest round", [
    ["fed-round", "round"],
    ["fed-participants", "participants"],
    ["fed-readings", "readings"],
    ["fed-loss", "own loss"],
    ["fed-global", "loss of the whole"],
    ["fed-waiting", "updates waiting"],
  ]);
  const group = choice("group", []);
  const chosen = choice("model", []);
  const loss = new Figure({ title: "Loss by round", kind: "lines", x: "time", time: true, log: true }, signal);
  const moved = new Figure(
    { title: "Participants by round", kind: "lines", x: "time", time: true, min: 0, unit: "participants" },
    signal,
  );
  const none = h("p", { class: "note", id: "fed-note", hidden: true });
  const rounds = h("div", { id: "rounds" });
  const participants = h("div", { id: "participants" });
  const evaluations = h("div", { id: "evaluations" });
  const versions = h("div", { id: "versions" });
  const said = h("p", { class: "muted", id: "model-said", role: "status" });
  /** @type {Answer | undefined} */
  let shown;

  const screen = new Screen(
    stage,
    {
      title: "Federation",
      intro: "Sensors that learn together, and the models that they use.",
      places: false,
      records: false,
      load: async (query, asked) => {
        const answer = await ask(query, asked);
        return () => draw(answer);
      },
    },
    none,
    h("div", { class: "filters" }, labelled("Group", group)),
    key.element,
    h("div", { class: "columns even" }, figurePanel(loss), figurePanel(moved)),
    h(
      "div",
      { class: "columns late" },
      panel("Each device against the whole, latest round", participants),
      h(
        "section",
        { class: "panel", "aria-label": "Rounds" },
        h(
          "div",
          { class: "grid-head" },
          h("h2", {}, "Rounds"),
          csvButton("rounds", () => roundsCsv(shown?.rounds ?? [])),
        ),
        rounds,
      ),
    ),
    panel("Streaming against batch evaluation", evaluations),
    h(
      "section",
      { class: "panel", "aria-label": "Models" },
      h(
        "div",
        { class: "grid-head" },
        h("h2", {}, "Models"),
        said,
        h("div", { class: "filters" }, labelled("Model", chosen)),
      ),
      versions,
    ),
  );

  /** @param {Answer} answer */
  function draw(answer) {
    shown = answer;
    const { groups, rounds: all, models } = answer;
    options(group, (groups ?? []).map((one) => one.group), answer.group);
    options(chosen, models.map(({ name }) => name), answer.model);
    none.hidden = groups !== undefined && groups.length > 0;
    say(none, groups === undefined ? "This instance has no federation." : "No sensors have learnt together yet.");
    const own = groups?.find((one) => one.group === answer.group);
    const [last] = all;
    key.show({
      "fed-round": last ? count(last.round) : "–",
      "fed-participants": last ? count(last.participant_count) : "–",
      "fed-readings": last ? count(last.readings) : "–",
      "fed-loss": number(last?.loss),
      "fed-global": number(last?.validation_loss),
      "fed-waiting": own ? count(own.waiting) : "–",
    });
    const order = all.toReversed();
    const x = order.map(({ time }) => time);
    loss.show({
      x,
      series: [
        { name: "own, as they learn", values: order.map((round) => round.loss), tone: "rug" },
        { name: "global network, held out", values: order.map((round) => round.validation_loss), tone: "ink" },
        { name: "own networks, held out", values: order.map((round) => round.local_loss), tone: "line" },
      ],
      none: "No round has a loss yet.",
    });
    moved.show({
      x,
      series: [{ name: "participants", values: order.map((round) => round.participant_count), tone: "line" }],
      none: "No round yet.",
    });
    put(rounds, roundTable(all));
    put(participants, participantTable(last));
    put(evaluations, evaluationTable(answer.evaluations, own?.model ?? answer.model));
    if (!versions.contains(document.activeElement)) put(versions, versionTable(answer, change));
  }

  /** @param {"pin" | "unpin" | "rollback"} verb @param {string} words @param {number} [version] */
  async function change(verb, words, version) {
    const name = shown?.model ?? "";
    say(said, `${words}…`);
    try {
      await api.changeModel(name, verb, version);
      say(said, `${words}: done.`);
    } catch (error) {
      say(said, error instanceof Error ? error.message : String(error));
    }
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    await screen.again();
  }
}

/** @param {URLSearchParams} query @param {AbortSignal} signal @returns {Promise<Answer>} */
async function ask(query, signal) {
  const [groups, evaluations, models] = await Promise.all([
    api.groups(signal),
    api.evaluations(signal),
    api.models(signal),
  ]);
  const known = groups?.map((one) => one.group) ?? [];
  const group = known.find((name) => name === query.get("group")) ?? known[0] ?? "";
  const names = models.map(({ name }) => name);
  const own = groups?.find((one) => one.group === group)?.model;
  const model = [query.get("model"), own, names[0]].find((name) => name && names.includes(name)) ?? "";
  const [rounds, state] = await Promise.all([
    group === "" ? [] : api.rounds({ group, limit: ROUNDS }, signal),
    model === "" ? undefined : api.modelVersions(model, signal),
  ]);
  return { groups, group, rounds, evaluations, models, model, versions: state?.versions ?? [] };
}

/** Fills a choice, keeping what is chosen. @param {HTMLSelectElement} select @param {readonly string[]} names @param {string} value */
function options(select, names, value) {
  if ([...select.options].map((option) => option.value).join("\n") !== names.join("\n")) {
    put(select, ...names.map((name) => h("option", { value: name }, name)));
  }
  select.value = value;
}

/** @param {readonly RoundRecord[]} rounds */
function roundTable(rounds) {
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

/** @param {readonly RoundRecord[]} rounds */
function roundsCsv(rounds) {
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

/** @param {RoundRecord | undefined} round */
function participantTable(round) {
  return plainTable(
    "Table of participants",
    ["device", "readings", "own loss", "distance from the whole"],
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
function evaluationTable(evaluations, model) {
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
 * @param {Answer} answer
 * @param {(verb: "pin" | "unpin" | "rollback", words: string, version?: number) => void} change
 */
function versionTable({ models, model, versions }, change) {
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
