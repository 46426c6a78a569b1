/**
 * What is to be judged and how: a file from here, one that the instance has, or a scenario; one configuration, or two.
 *
 * @module
 */
import { startBacktest, uploadBacktest } from "../core/backtests.js";
import { h, say } from "../core/dom.js";
import { labelled } from "./toolbar.js";

/** Scenarios by name. */
const SCENARIOS = ["facility", "factory", "parts", "motes"];
/** The budget that stands there at first. */
const BUDGET = "1/week";

/** @param {string} id @param {readonly string[]} words */
function options(id, words) {
  return h("select", { id }, ...words.map((word) => h("option", { value: word }, word)));
}

/** Fields of one configuration. @param {string} prefix of their ids */
function configuration(prefix) {
  const budget = h("input", { id: `${prefix}budget`, value: BUDGET, size: 8, autocomplete: "off" });
  const detectors = options(`${prefix}detectors`, ["full", "light", "rules"]);
  const direction = options(`${prefix}direction`, ["both", "above", "below"]);
  const judging = h("textarea", { id: `${prefix}judging`, rows: 3, spellcheck: "false", placeholder: "{ }" });
  const element = h(
    "div",
    { class: "fields" },
    field("False alarms", budget, "per sensor: 1/week, 3/day, or a share of readings such as 1e-4"),
    field("Detectors", detectors),
    field("Deviations that count", direction),
    field("More of judging", judging, "JSON: types, limits, windows, as in a config file"),
  );
  return {
    element,
    /** @throws {Error} if the JSON is none */
    read() {
      const text = judging.value.trim();
      return {
        budget: budget.value.trim(),
        detectors: detectors.value,
        direction: direction.value,
        judging: text === "" ? undefined : parseJudging(text),
      };
    },
  };
}

/** @param {string} text @returns {Record<string, unknown>} */
function parseJudging(text) {
  try {
    const value = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  throw new Error("“More of judging” must be a JSON object.");
}

/** @param {string} word @param {HTMLElement} control @param {string} [hint] */
function field(word, control, hint) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, word),
    h("div", {}, control, hint ? h("p", { class: "muted hint" }, hint) : null),
  );
}

/** The form. @param {(id: string) => void} begun told when one has begun */
export function backtestForm(begun) {
  const kind = h(
    "select",
    { id: "input-kind" },
    h("option", { value: "upload" }, "a file from here"),
    h("option", { value: "file" }, "a file of the instance"),
    h("option", { value: "scenario" }, "a scenario"),
  );
  const file = h("input", { type: "file", id: "input-file", accept: ".csv,.ndjson,.jsonl,.gz,.parquet" });
  const path = h("input", { id: "input-path", size: 24, autocomplete: "off", placeholder: "uploads/history.csv" });
  const scenario = options("input-scenario", SCENARIOS);
  const hours = h("input", { id: "input-hours", type: "number", min: 1, max: 744, value: 24 });
  const inputs = {
    upload: field("File", file, "CSV, NDJSON or Parquet, packed with gzip or not; at most 1 GiB"),
    file: field("File", path, "in uploads or datasets of the data directory"),
    scenario: h("div", {}, field("Scenario", scenario), field("Hours of it", hours)),
  };
  const first = configuration("first-"), second = configuration("second-");
  const compare = h("input", { type: "checkbox", id: "compare" });
  const baselines = h("input", { type: "checkbox", id: "baselines" });
  const other = h("fieldset", { hidden: true }, h("legend", {}, "The second configuration"), second.element);
  const said = h("p", { class: "note", id: "backtest-said", role: "status" });
  const button = h("button", { class: "quiet", id: "begin" }, "Begin");

  function follow() {
    for (const [name, element] of Object.entries(inputs)) element.hidden = name !== kind.value;
    other.hidden = !compare.checked;
  }

  async function begin() {
    const { judging, ...settings } = { ...first.read(), baselines: baselines.checked || undefined };
    const rest = { ...settings, judging, compare: compare.checked ? flat(second.read()) : undefined };
    if (kind.value === "scenario") {
      return startBacktest({ ...rest, scenario: scenario.value, hours: Number(hours.value) });
    }
    if (kind.value === "file") return startBacktest({ ...rest, file: path.value.trim() });
    const [chosen] = file.files ?? [];
    if (!chosen) throw new Error("Choose a file first.");
    say(said, `Sending ${chosen.name}…`);
    return await uploadBacktest(chosen, rest);
  }

  const form = h(
    "form",
    {
      class: "backtest-form",
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        say(said, "Asking…");
        try {
          const { id, state } = await begin();
          say(said, state === "queued" ? "It waits for its turn." : "It has begun.");
          begun(id);
        } catch (error) {
          say(said, error instanceof Error ? error.message : String(error));
        }
        button.disabled = false;
      },
    },
    field("Judge", kind),
    inputs.upload,
    inputs.file,
    inputs.scenario,
    h("fieldset", {}, h("legend", {}, "The configuration"), first.element),
    other,
    h(
      "p",
      { class: "filters" },
      labelled("Compare with a second configuration", compare),
      labelled("Trivial detectors beside", baselines),
    ),
    h("p", { class: "actions" }, button),
    said,
  );
  kind.addEventListener("change", follow);
  compare.addEventListener("change", follow);
  follow();
  return form;
}

/** What differs of a second configuration: members of judging and the rest side by side. @param {{ judging?: Record<string, unknown> }} settings */
function flat({ judging = {}, ...rest }) {
  return { ...judging, ...rest };
}
