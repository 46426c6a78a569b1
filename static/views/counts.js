/**
 * The answer from across the room: is anything wrong, and how much of what.
 *
 * @module
 * @import { Priority } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { h, put, say } from "../core/dom.js";
import { count } from "../core/format.js";
import { PRIORITIES } from "../core/model.js";
import { setQuery } from "../core/router.js";
import { priorityMark, stateMark, stateWord } from "../core/shapes.js";

const STATES = /** @type {const} */ (["anomalous", "silent", "failed", "warming_up", "ok"]);

/** The strip of counts. @param {Stage} stage */
export function counts({ model, signal }) {
  const sign = h("span", { class: "sign" });
  const verdict = h("span", { id: "verdict" }, "Asking the server…");
  /** @type {Map<Priority, HTMLElement>} */
  const priorities = new Map();
  /** @type {Map<string, HTMLElement>} */
  const states = new Map();
  const element = h(
    "section",
    { class: "counts", "aria-label": "At a glance" },
    h("p", { class: "verdict" }, sign, verdict),
    h(
      "dl",
      { class: "tiles", "aria-label": "Active alerts by priority" },
      ...PRIORITIES.map((priority) => {
        const value = h("dd", { id: `alerts-${priority}` }, "–");
        priorities.set(priority, value);
        return h("div", { class: `tile ${priority}` }, h("dt", {}, priorityMark(priority), priority), value);
      }),
    ),
    h(
      "dl",
      { class: "tiles", "aria-label": "Sensors by state" },
      ...STATES.map((state) => {
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
        return h("div", { class: `tile state ${state}` }, h("dt", {}, stateMark(state), label), value);
      }),
    ),
  );

  /** @param {HTMLElement | undefined} value @param {number} n */
  function set(value, n) {
    if (!value) return;
    say(value, count(n));
    value.parentElement?.classList.toggle("zero", n === 0);
  }

  function update() {
    const active = model.active();
    if (model.alertsLoaded) {
      for (const priority of PRIORITIES) {
        set(priorities.get(priority), active.filter((alert) => alert.priority === priority).length);
      }
    }
    const { summary } = model;
    if (summary) {
      set(states.get("anomalous"), summary.anomalous);
      set(states.get("silent"), summary.silent);
      set(states.get("failed"), summary.failed);
      set(states.get("warming_up"), summary.warming_up);
      set(states.get("ok"), normal(model));
    }
    if (summary && model.alertsLoaded) judge(active);
  }

  /** @param {ReturnType<typeof model.active>} active */
  function judge(active) {
    const failed = [...model.sensors.values()].filter((sensor) => sensor.state === "failed");
    const sensors = new Set([...active, ...failed].map((item) => item.sensor)).size;
    const total = model.summary?.sensors ?? 0;
    const worst = active[0]?.priority ?? "none";
    if (element.dataset.worst !== worst) element.dataset.worst = worst;
    document.title = sensors === 0 ? "Sensorium" : `(${sensors}) Sensorium`;
    put(sign, sensors === 0 ? null : active[0] ? priorityMark(active[0].priority) : stateMark("failed"));
    if (total === 0) say(verdict, "No sensors yet");
    else if (sensors > 0) {
      say(verdict, `${count(sensors)} of ${count(total)} sensors ${sensors === 1 ? "needs" : "need"} attention`);
    } else say(verdict, `No active alert on ${count(total)} ${total === 1 ? "sensor" : "sensors"}`);
  }

  for (const topic of /** @type {const} */ (["summary", "alerts", "sensors"])) model.on(topic, update, signal);
  update();
  return element;
}

/** Sensors that are neither anomalous nor in a state of their own. @param {Stage["model"]} model */
function normal(model) {
  const { summary } = model;
  if (!summary) return 0;
  if (model.moreSensors === undefined && model.sensors.size === summary.sensors) {
    return [...model.sensors.values()].filter((sensor) => sensor.state === "ok" && !sensor.is_anomaly).length;
  }
  return Math.max(0, summary.sensors - summary.anomalous - summary.silent - summary.failed - summary.warming_up);
}
