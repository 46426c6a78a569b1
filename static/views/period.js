/**
 * Which period is looked at: the last hours or days of event time, or from one time to another.
 *
 * @module
 * @import { Model } from "../core/model.js"
 */
import { h } from "../core/dom.js";
import { clock, date } from "../core/format.js";
import { parseHash, setQuery } from "../core/router.js";
import { choice, labelled } from "./toolbar.js";

const HOUR_MS = 3_600_000;
/** Words and lengths, ms; the first is the default. @type {readonly (readonly [string, string, number])[]} */
const PERIODS = [
  ["", "last 24 h", 24 * HOUR_MS],
  ["1h", "last hour", HOUR_MS],
  ["6h", "last 6 h", 6 * HOUR_MS],
  ["7d", "last 7 days", 7 * 24 * HOUR_MS],
  ["30d", "last 30 days", 30 * 24 * HOUR_MS],
];
/** One chooses both ends. */
const CHOSEN = "chosen";

/**
 * The period of an address, epoch ms; without a reading yet nothing is said, and the server takes the last day.
 *
 * @param {URLSearchParams} query @param {Model} model
 * @returns {{ from?: number, to?: number }}
 */
export function periodOf(query, model) {
  if (query.get("period") === CHOSEN) {
    const [from, to] = ["from", "to"].map((name) => Date.parse(query.get(name) ?? ""));
    return { from: Number.isNaN(from) ? undefined : from, to: Number.isNaN(to) ? undefined : to };
  }
  const [, , length] = PERIODS.find(([name]) => name === (query.get("period") ?? "")) ?? PERIODS[0];
  const now = model.now();
  return Number.isNaN(now) ? {} : { from: Math.floor(now - length), to: Math.floor(now) + 1 };
}

/** The choice; the address holds it, in local time. @param {Model} model @param {AbortSignal} signal */
export function periodChoice(model, signal) {
  const select = choice("period", [...PERIODS.map(([value, word]) => /** @type {const} */ ([value, word])), [
    CHOSEN,
    "from … to …",
  ]]);
  const from = h("input", { type: "datetime-local", id: "from" });
  const to = h("input", { type: "datetime-local", id: "to" });
  const ends = h("span", { class: "filters" }, labelled("From", from), labelled("to", to));
  for (const input of [from, to]) input.addEventListener("change", () => setQuery({ [input.id]: input.value }));
  function follow() {
    const { query } = parseHash(location.hash);
    select.value = query.get("period") ?? "";
    ends.hidden = select.value !== CHOSEN;
    if (ends.hidden) return;
    const now = model.now();
    for (const [input, time] of /** @type {const} */ ([[from, now - 24 * HOUR_MS], [to, now]])) {
      const value = query.get(input.id) ?? (Number.isNaN(time) ? "" : `${date(time)}T${clock(time)}`);
      if (input.value !== value && document.activeElement !== input) input.value = value;
    }
  }
  addEventListener("query", follow, { signal });
  follow();
  return h("div", { class: "filters" }, labelled("Period", select), ends);
}
