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
import { count, number } from "../core/format.js";
import { changeModel } from "../core/orders.js";
import { figurePanel, keyFigures, panel, Screen } from "./screen.js";
import { evaluationTable, participantTable, roundsCsv, roundTable, versionTable } from "./federation_tables.js";
import { choice, fill, labelled } from "./toolbar.js";

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
    fill(group, (groups ?? []).map((one) => one.group), answer.group);
    fill(chosen, models.map(({ name }) => name), answer.model);
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
      await changeModel(name, verb, version);
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
