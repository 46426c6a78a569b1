/**
 * What every view with lists is filtered and refreshed by; the address holds what is chosen.
 *
 * @module
 * @import { Model } from "../core/model.js"
 */
import { h, put } from "../core/dom.js";
import { parseHash, setQuery } from "../core/router.js";

/** How often a view asks again: word by what the address says. @type {Readonly<Record<string, string>>} */
const REFRESH = { "": "live", "3": "3 s", "5": "5 s", "10": "10 s", "30": "30 s", "off": "paused" };
/** Time between two questions where it is live, ms. */
const LIVE_MS = 3_000;
/** How many records are asked for; the first is the default. */
const RECORDS = [500, 100, 200, 1000, 2000];

/**
 * Time between two questions, ms; undefined while the reader has paused it.
 *
 * @param {URLSearchParams} query @param {number} [liveMs] where it is live
 */
export function refreshMs(query, liveMs = LIVE_MS) {
  const chosen = query.get("refresh") ?? "";
  if (chosen === "off") return undefined;
  const seconds = Number(chosen);
  return seconds >= 3 && seconds <= 30 ? seconds * 1000 : liveMs;
}

/** How many records are asked for, 100 to 2,000. @param {URLSearchParams} query */
export function recordsOf(query) {
  const chosen = Number(query.get("records") ?? RECORDS[0]);
  return chosen >= 100 && chosen <= 2000 ? Math.floor(chosen) : RECORDS[0];
}

/**
 * The row of filters.
 *
 * @param {Model} model @param {AbortSignal} signal of the view
 * @param {{ again: () => void, places?: boolean, records?: boolean }} what `places`: location and type can be chosen
 */
export function toolbar(model, signal, { again, places = true, records = true }) {
  const location = choice("location", []);
  const type = choice("type", []);
  const record = choice("records", RECORDS.toSorted((a, b) => a - b).map((n) => [String(n), String(n)]));
  const refresh = choice("refresh", Object.entries(REFRESH));
  const element = h(
    "div",
    { class: "filters toolbar", role: "group", "aria-label": "Filters" },
    places && labelled("Location", location),
    places && labelled("Type", type),
    records && labelled("Records", record),
    labelled("Refresh", refresh),
    h("button", { type: "button", class: "quiet now", id: "again", onclick: again }, "Now"),
  );
  let known = "";
  function follow() {
    const sensors = [...model.sensors.values()];
    const names = (/** @type {"location" | "type"} */ of) =>
      [...new Set(sensors.map((sensor) => sensor[of] ?? ""))].filter((name) => name !== "").sort();
    const [locations, types] = [names("location"), names("type")];
    if (known !== `${locations}\n${types}`) {
      known = `${locations}\n${types}`;
      put(location, h("option", { value: "" }, "any"), ...locations.map((name) => h("option", { value: name }, name)));
      put(type, h("option", { value: "" }, "any"), ...types.map((name) => h("option", { value: name }, name)));
    }
    const query = parseHash(globalThis.location.hash).query;
    location.value = query.get("location") ?? "";
    type.value = query.get("type") ?? "";
    record.value = String(recordsOf(query));
    refresh.value = query.get("refresh") ?? "";
  }
  model.on("sensors", follow, signal);
  addEventListener("query", follow, { signal });
  follow();
  return element;
}

/** A choice that the address holds. @param {string} name @param {readonly (readonly [string, string])[]} options */
export function choice(name, options) {
  const select = h("select", { id: name }, ...options.map(([value, word]) => h("option", { value }, word)));
  select.addEventListener("change", () => setQuery({ [name]: select.value }));
  return select;
}

/**
 * Fills a choice, keeping what is chosen.
 *
 * @param {HTMLSelectElement} select @param {readonly string[]} names @param {string} value
 * @param {(name: string) => string} [word] what a person sees of it
 */
export function fill(select, names, value, word = (name) => name) {
  const shown = names.map(word);
  const old = [...select.options];
  if (old.length !== names.length || old.some((one, i) => one.value !== names[i] || one.text !== shown[i])) {
    put(select, ...names.map((name, i) => h("option", { value: name }, shown[i])));
  }
  if (select.value !== value) select.value = value;
}

/** @param {string} word @param {HTMLElement} control */
export function labelled(word, control) {
  return h("label", {}, h("span", {}, word), control);
}
