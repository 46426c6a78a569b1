/**
 * The answer from across the room: is anything wrong, and how much of what.
 *
 * @module
 * @import { Priority } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { h, put, say } from "../core/dom.js";
import { clock, count, duration } from "../core/format.js";
import { PRIORITIES } from "../core/alerts.js";
import { OUT } from "../core/model.js";
import { setQuery } from "../core/router.js";
import { priorityMark, stateMark, stateWord } from "../core/shapes.js";
import { stateCounts } from "../core/states.js";

/** Readings older than this are told of, ms; but not of a recording's, which are older than a day. */
const OLD_MS = 60_000;
const RECORDED_MS = 86_400_000;

const STATES = /** @type {const} */ (["anomalous", "silent", "stuck", "dirty", "failed", "warming_up", "ok"]);
/** States that a person has set: they have a tile while there are such sensors. */
const SET = /** @type {const} */ (["maintenance", "retired"]);

/** The strip of counts. @param {Stage} stage */
export function counts({ model, signal }) {
  const sign = h("span", { class: "sign" });
  const verdict = h("span", { id: "verdict" }, "Asking the server…");
  const detail = h("span", { id: "verdict-detail", class: "verdict-detail" });
  /** @type {Map<Priority, HTMLElement>} */
  const priorities = new Map();
  /** @type {Map<Priority, HTMLElement>} */
  const unseen = new Map();
  /** @type {Map<string, HTMLElement>} */
  const states = new Map();
  const element = h(
    "section",
    { class: "counts", "aria-label": "At a glance" },
    h("p", { class: "verdict" }, sign, h("span", { class: "verdict-text" }, verdict, detail)),
    h(
      "dl",
      { class: "tiles", "aria-label": "Active alerts by priority" },
      ...PRIORITIES.map((priority) => {
        const value = h("dd", { id: `alerts-${priority}` }, "–");
        const title = "not acknowledged yet";
        const fresh = h("dd", { class: "sub", id: `unacknowledged-${priority}`, title }, " ");
        priorities.set(priority, value);
        unseen.set(priority, fresh);
        return h("div", { class: `tile ${priority}` }, h("dt", {}, priorityMark(priority), priority), value, fresh);
      }),
    ),
    h(
      "dl",
      { class: "tiles", "aria-label": "Sensors by state" },
      ...[...STATES, ...SET].map((state) => {
        const value = h("dd", { id: `sensors-${state}` }, "–");
        states.set(state, value);
        const show = () => {
          setQuery({ state });
          document.getElementById("sensors")?.scrollIntoView();
        };
        const label = h(
          "button",
          { type: "button", title: `Show ${stateWord(state)} sensors`, onclick: show },
          stateWord(state),
        );
        const hidden = SET.some((name) => name === state);
        return h("div", { class: `tile state ${state}`, hidden }, h("dt", {}, stateMark(state), label), value);
      }),
    ),
  );

  /** @param {HTMLElement | undefined} value @param {number | undefined} n undefined: not known */
  function set(value, n) {
    if (!value) return;
    say(value, n === undefined ? "–" : count(n));
    value.parentElement?.classList.toggle("zero", n === 0);
  }

  function update() {
    const active = model.active();
    if (model.alertsLoaded) {
      for (const priority of PRIORITIES) {
        const own = active.filter((alert) => alert.priority === priority);
        const fresh = own.filter((alert) => alert.acknowledged_at === undefined).length;
        set(priorities.get(priority), own.length);
        say(/** @type {HTMLElement} */ (unseen.get(priority)), own.length === 0 ? " " : `${count(fresh)} new`);
      }
    }
    if (model.summary) {
      const counted = stateCounts(model);
      for (const state of STATES) set(states.get(state), counted?.[state]);
      for (const state of SET) {
        const n = counted?.[state] ?? 0;
        const value = states.get(state);
        set(value, n);
        if (value?.parentElement) value.parentElement.hidden = n === 0;
      }
    }
    judge(model, { element, sign, verdict, detail });
  }

  for (const topic of /** @type {const} */ (["summary", "alerts", "sensors", "connection"])) {
    model.on(topic, update, signal);
  }
  update();
  return element;
}

/**
 * Answers whether anything is wrong, in a few large words.
 *
 * @param {Stage["model"]} model
 * @param {{ element: HTMLElement, sign: HTMLElement, verdict: HTMLElement, detail: HTMLElement }} parts
 */
function judge(model, { element, sign, verdict, detail }) {
  const { worst, mark, words, more, wrong } = answer(model);
  if (element.dataset.worst !== worst) {
    element.dataset.worst = worst;
    put(sign, mark());
  }
  say(verdict, words);
  say(detail, more);
  const title = `${wrong > 0 ? `(${wrong}) ` : ""}Sensorium`;
  if (document.title !== title) document.title = title;
}

/** @param {Stage["model"]} model */
function answer(model) {
  const { summary } = model;
  const now = model.now();
  const none = () => null;
  const lost = { worst: "lost", mark: () => stateMark("failed"), wrong: 0 };
  if (model.connection === "lost") {
    const known = Number.isNaN(now) ? "" : `What is shown is of ${clock(now)}`;
    return { ...lost, words: "Not known: disconnected", more: known };
  }
  const unknown = unknownNow(model);
  const asking = unknown === undefined
    ? { worst: "none", mark: none, words: "Asking the server…", more: "", wrong: 0 }
    : { ...lost, words: "Not all is known", more: unknown };
  if (!summary || !model.alertsLoaded) return asking;
  const active = model.active();
  const out = model.out();
  const wrong = new Set([...active, ...out].map((item) => item.sensor)).size;
  const of = `${count(summary.sensors)} ${summary.sensors === 1 ? "sensor" : "sensors"}`;
  if (wrong > 0) {
    const [alert] = active, besides = unknown === undefined ? "" : ` · ${unknown}`;
    const words = `${count(wrong)} ${wrong === 1 ? "needs" : "need"} attention`;
    if (alert) {
      const more = `of ${of} · ${model.nameOf(alert.sensor)}, for ${duration(now - alert.raised_at)}${besides}`;
      return { worst: alert.priority, mark: () => priorityMark(alert.priority), words, more, wrong };
    }
    const [{ state, sensor, name = sensor }] = out.toSorted((a, b) => OUT.indexOf(a.state) - OUT.indexOf(b.state));
    return {
      worst: state,
      mark: () => stateMark(state),
      words,
      more: `of ${of} · ${name} is ${stateWord(state)}${besides}`,
      wrong,
    };
  }
  const failed = summary.partitions.find(({ state }) => state === "failed");
  if (failed) return { ...lost, words: "A source has failed", more: failed.error ?? failed.source };
  // Whether one is silent or stuck is not known without them: nothing is said to be well until then.
  if (!model.sensorsLoaded) return asking;
  if (summary.sensors === 0) return { worst: "none", mark: none, words: "No sensors yet", more: "", wrong };
  const since = model.lastCleared()?.cleared_at;
  const parts = [of, since === undefined ? "no alert so far" : `since ${clock(since)} (${duration(now - since)})`];
  const age = Date.now() - now;
  if (age > OLD_MS && age < RECORDED_MS) parts.push(`last reading ${duration(age)} ago`);
  if (unknown !== undefined) return { ...lost, words: "Not all is known", more: [unknown, ...parts].join(" · ") };
  return { worst: "none", mark: none, words: "All is well", more: parts.join(" · "), wrong };
}

/** What cannot be known now, a sentence; undefined where all is. @param {Stage["model"]} model */
export function unknownNow({ summary, errors }) {
  const waiting = summary?.partitions.filter(({ state, error }) => state === "waiting" || error !== undefined) ?? [];
  if (waiting.length === 0) return errors.values().next().value;
  const which = waiting.length === 1 ? waiting[0].partition : `${waiting.length} partitions`;
  return `${which} cannot go on now: ${waiting[0].error ?? "it waits"}`;
}
