/**
 * Predict: three values into the parts model, its answer as one types, what contributed, and the same question for a
 * command line.
 *
 * @module
 * @import { Stage } from "../main.js"
 * @import { Prediction } from "../core/api.js"
 */
import * as api from "../core/api.js";
import { h, put, say, svg } from "../core/dom.js";
import { number } from "../core/format.js";
import { parseHash, setQuery } from "../core/router.js";
import { panel } from "./screen.js";
import { plainTable } from "./tables.js";

/** Names of the model's inputs, what a person calls them, and what stands there at first. */
const FIELDS = /** @type {const} */ ([
  { name: "temperature", word: "Temperature", unit: "°C", first: 30 },
  { name: "humidity", word: "Humidity", unit: "%", first: 70 },
  { name: "sound_volume", word: "Sound volume", unit: "dB", first: 65 },
]);

/** The answer waits so long for the next key, ms. */
const PAUSE_MS = 150;

/** Shows it. @param {Stage} stage */
export function predictView({ main, sync, signal }) {
  document.title = "Predict – Sensorium";
  sync.watch(undefined);
  const query = parseHash(location.hash).query;
  const inputs = FIELDS.map(({ name, first }) =>
    h("input", {
      id: name,
      type: "number",
      step: "any",
      required: true,
      value: query.get(name) ?? first,
      "aria-describedby": "predict-note",
    })
  );
  const note = h("p", { class: "note wrong", id: "predict-note", role: "alert" });
  const verdict = h("p", { class: "prediction", id: "prediction", "aria-live": "polite" }, "…");
  const detail = h("p", { class: "muted", id: "prediction-detail" });
  const dial = gauge();
  const parts = h("div", { id: "prediction-parts" });
  const line = h("pre", { id: "curl", tabindex: "0", "aria-label": "The same question as a command" });
  const copied = h("span", { class: "muted", role: "status" });
  let question = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** The values, or the first field that holds none. */
  function read() {
    /** @type {Record<string, number>} */
    const item = {};
    for (const [at, { name, word }] of FIELDS.entries()) {
      const value = inputs[at].valueAsNumber;
      const good = Number.isFinite(value);
      inputs[at].setAttribute("aria-invalid", String(!good));
      if (!good) return { error: `${word} must be a number.` };
      item[name] = value;
    }
    return { item };
  }

  async function ask() {
    question.abort();
    question = new AbortController();
    const { signal: asked } = question;
    const { item, error } = read();
    if (!item) return fail(error ?? "");
    say(line, commandOf(item));
    try {
      const answer = await api.predict(item, asked);
      if (!asked.aborted && !signal.aborted) show(answer);
    } catch (error) {
      if (!asked.aborted && !signal.aborted) fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} message */
  function fail(message) {
    say(note, message);
    say(verdict, "No answer");
    verdict.dataset.prediction = "none";
    say(detail, "");
    put(parts);
    dial.show(undefined);
  }

  /** @param {Prediction} answer */
  function show(answer) {
    const { prediction, score, threshold, contributions, model, model_version } = answer;
    say(note, "");
    say(verdict, prediction === 1 ? "1 · abnormal" : "0 · normal");
    verdict.dataset.prediction = String(prediction);
    verdict.dataset.score = String(score);
    say(
      detail,
      `Probability ${number(score)} of being abnormal; from ${number(threshold)} on it counts as abnormal. ` +
        `Model ${model}, version ${model_version}.`,
    );
    dial.show({ score, threshold, wrong: prediction === 1 });
    put(parts, contributionTable(contributions));
  }

  for (const input of inputs) {
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        setQuery(Object.fromEntries(FIELDS.map(({ name, first }, at) => [
          name,
          inputs[at].value === String(first) ? undefined : inputs[at].value,
        ])));
        ask();
      }, PAUSE_MS);
    }, { signal });
  }
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    question.abort();
  });
  const copy = h("button", {
    type: "button",
    class: "small",
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(line.textContent ?? "");
        say(copied, "Copied.");
      } catch {
        getSelection()?.selectAllChildren(line);
        say(copied, "Selected: copy it with Ctrl+C.");
      }
    },
  }, "Copy");
  put(
    main,
    h(
      "div",
      { class: "view-head" },
      h(
        "div",
        {},
        h("h1", {}, "Predict"),
        h("p", { class: "muted" }, "What the model says of one part, as you type."),
      ),
    ),
    h(
      "div",
      { class: "columns even" },
      panel(
        "Measured",
        h(
          "div",
          { class: "fields" },
          ...FIELDS.map(({ name, word, unit }, at) =>
            h("div", { class: "field" }, h("label", { for: name }, `${word} (${unit})`), inputs[at])
          ),
        ),
        note,
      ),
      panel("Answer", h("div", { class: "answer" }, dial.element, h("div", {}, verdict, detail))),
    ),
    panel("What contributed", parts),
    h(
      "section",
      { class: "panel", "aria-label": "On the command line" },
      h("div", { class: "grid-head" }, h("h2", {}, "On the command line"), copied, copy),
      line,
    ),
  );
  ask();
}

/** @param {Record<string, number>} item */
function commandOf(item) {
  return `curl -X POST ${location.origin}/predict -H 'content-type: application/json' -d '${JSON.stringify(item)}'`;
}

/** By how much each input raised or lowered the log odds, as bars about a middle. @param {Record<string, number>} contributions */
function contributionTable(contributions) {
  const most = Math.max(1e-9, ...Object.values(contributions).map(Math.abs));
  const rows = Object.entries(contributions).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).map(([name, value]) => {
    const fill = h("span", { class: value > 0 ? "more" : "less" });
    fill.style.setProperty("width", `${Math.abs(value) / most * 50}%`);
    return [
      name,
      value,
      value > 0 ? "towards abnormal" : "towards normal",
      h("span", { class: "balance", "aria-hidden": "true" }, fill),
    ];
  });
  return plainTable("Table of contributions", ["input", "log odds", "pulls", "as a bar"], rows, "The model gave none.");
}

const [CX, CY, R] = [100, 92, 76];

/** A half circle from 0 to 1 with a mark at the threshold. */
function gauge() {
  const value = svg("path", { class: "gauge-value", d: "" });
  const mark = svg("path", { class: "gauge-mark", d: "" });
  const text = svg("text", { x: CX, y: CY - 10, "text-anchor": "middle", class: "gauge-text" });
  const element = svg(
    "svg",
    { viewBox: "0 0 200 104", class: "gauge", role: "img", "aria-label": "Probability" },
    svg("path", { class: "gauge-track", d: arc(0, 1) }),
    value,
    mark,
    text,
  );
  return {
    element,
    /** @param {{ score: number, threshold: number, wrong: boolean } | undefined} answer */
    show(answer) {
      value.setAttribute("d", answer ? arc(0, answer.score) : "");
      value.classList.toggle("wrong", answer?.wrong === true);
      mark.setAttribute("d", answer ? tickAt(answer.threshold) : "");
      text.textContent = answer ? answer.score.toFixed(3) : "–";
      const words = answer && `Probability ${answer.score.toFixed(3)}, threshold ${answer.threshold.toFixed(3)}`;
      element.setAttribute("aria-label", words ?? "Probability unknown");
    },
  };
}

/** @param {number} part @param {number} radius */
function point(part, radius) {
  const angle = Math.PI * (1 - part);
  return `${(CX + radius * Math.cos(angle)).toFixed(2)} ${(CY - radius * Math.sin(angle)).toFixed(2)}`;
}

/** @param {number} from @param {number} to */
function arc(from, to) {
  return `M${point(from, R)}A${R} ${R} 0 0 1 ${point(Math.max(to, from + 0.002), R)}`;
}

/** @param {number} part */
function tickAt(part) {
  return `M${point(part, R - 13)}L${point(part, R + 13)}`;
}
