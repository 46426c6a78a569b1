/**
 * Sensors that cannot be judged now, apart from those that measure something wrong: failed, silent, stuck and dirty ones,
 * those under maintenance, and those that warm up, with how far they are.
 *
 * @module
 * @import { SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { h, put, reconcile, say } from "../core/dom.js";
import { count, duration, moment } from "../core/format.js";
import { OUT } from "../core/model.js";
import { sensorHref } from "../core/router.js";
import { priorityBadge, stateBadge } from "../core/shapes.js";
import { bar, percent } from "./why.js";

/** Rows that are shown. */
const ROWS = 50;

/** What a state means for who looks at it. @type {Readonly<Record<string, string>>} */
const MEANS = {
  failed: "It was stopped; its readings go to quarantine.",
  silent: "No reading for longer than its rhythm allows.",
  stuck: "Its value has not changed for longer than ever before.",
  dirty: "It sends what cannot be.",
};

/** The list; hidden while there is none. @param {Stage} stage */
export function apart({ model, signal }) {
  const list = h("ul", {
    class: "rows apart-rows",
    id: "apart",
    tabindex: "0",
    "aria-label": "Sensors not judged now",
  });
  const beyond = h("p", { class: "muted" });
  const element = h(
    "section",
    { class: "panel apart", "aria-labelledby": "apart-title", hidden: true },
    h("h2", { id: "apart-title" }, "Not judged now"),
    list,
    beyond,
  );

  function update() {
    const out = model.out().sort((a, b) =>
      OUT.indexOf(a.state) - OUT.indexOf(b.state) || a.state_since - b.state_since
    );
    const all = [...out, ...model.maintained(), ...model.warming()];
    element.hidden = all.length === 0;
    say(beyond, all.length > ROWS ? `and ${count(all.length - ROWS)} more sensors` : "");
    reconcile(list, all.slice(0, ROWS), ({ sensor }) => sensor, create, (row, sensor) => fill(row, sensor, model));
  }

  for (const topic of /** @type {const} */ (["sensors", "alerts", "summary"])) model.on(topic, update, signal);
  update();
  return element;
}

/** @param {SensorView} sensor */
function create({ sensor }) {
  return h(
    "li",
    { class: "apart-row" },
    h("span", { class: "apart-state" }),
    h("a", { class: "name", href: sensorHref(sensor), title: sensor }),
    h("span", { class: "apart-why" }),
    h("span", { class: "muted apart-since" }),
  );
}

/** @param {HTMLElement} row @param {SensorView} sensor @param {Stage["model"]} model */
function fill(row, sensor, model) {
  const { state, state_since, warm_up, warmup_left } = sensor;
  const [alert] = model.activeOf(sensor.sensor);
  const [badge, link, why, since] = row.children;
  say(link, sensor.name ?? sensor.sensor);
  const look = `${state} ${alert?.priority}`;
  if (row.dataset.look !== look) {
    row.dataset.look = look;
    row.dataset.state = state;
    put(badge, stateBadge(state), alert ? priorityBadge(alert.priority) : null);
  }
  const now = model.now(sensor.partition);
  if (state === "warming_up") {
    const left = warm_up?.remaining_ms === undefined ? "" : `, about ${duration(warm_up.remaining_ms)} left`;
    const words = warm_up ? `${percent(warm_up.done)}${left}` : `${count(warmup_left)} readings left`;
    if (why.textContent !== words) put(why, warm_up ? bar(warm_up.done, "part") : null, words);
  } else if (state === "maintenance" && sensor.maintenance) {
    say(why, `Planned until ${moment(sensor.maintenance.to, now)}; its readings are kept, not judged.`);
  } else say(why, alert?.message ?? MEANS[state] ?? "");
  say(since, `since ${moment(state_since, now)} (${duration(now - state_since)})`);
}
