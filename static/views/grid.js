/**
 * Every sensor as a card with its chart, by location, in an order that stays: who knows the place of a thing finds it.
 *
 * Only cards on the screen have a chart. Beyond a page of cards the reader asks for more.
 *
 * @module
 * @import { ReadingView, SensorView } from "../../actors/views.ts"
 * @import { Stage } from "../main.js"
 */
import { h, put, reconcile, say } from "../core/dom.js";
import { count } from "../core/format.js";
import { parseHash, setQuery } from "../core/router.js";
import { stateWord } from "../core/shapes.js";
import { COUNTED } from "../core/states.js";
import { Card } from "./card.js";
import { emptyState } from "./empty.js";
import { chosenRange, rangeChoice } from "./range.js";

/** Cards on a page. */
const PAGE = 60;
/** Charts catch up with windows so often, ms. */
const REFRESH_MS = 30_000;
/** Without streams they do so often, ms. */
const POLL_MS = 6_000;

/** @typedef {"anomalous" | SensorView["state"]} State */
const STATES = /** @type {readonly State[]} */ ([...COUNTED, "ok"]);

/** The grid with its filters. @param {Stage} stage */
export function grid({ model, sync, signal }) {
  const places = h("div", { class: "places", id: "places" });
  const empty = h("div", { class: "empty", id: "empty" });
  const more = h("button", { type: "button", class: "quiet", hidden: true, id: "more" });
  const total = h("p", { class: "muted total", role: "status" });
  const filters = h("div", { class: "filters" });
  /** @type {Map<string, Card>} */
  const cards = new Map();
  let pages = 1;

  const seer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const card = cards.get(/** @type {HTMLElement} */ (target).dataset.key ?? "");
      if (isIntersecting) card?.enter();
      else card?.exit();
    }
  }, { rootMargin: "200px" });

  const { location, type, state, search, range } = controls(filters, model, signal);

  function update() {
    const query = parseHash(globalThis.location.hash).query;
    location.value = query.get("location") ?? "";
    type.value = query.get("type") ?? "";
    state.value = query.get("state") ?? "";
    if (document.activeElement !== search) search.value = query.get("search") ?? "";
    const wanted = [...model.sensors.values()].filter((sensor) => passes(sensor, query)).sort(byPlace);
    const shown = wanted.slice(0, pages * PAGE);
    const rangeMs = chosenRange(query, model);
    range.show(rangeMs);
    reconcile(places, byLocation(shown), ([place]) => place, createPlace, (section, [, sensors]) => {
      const box = /** @type {HTMLElement} */ (section.querySelector(".cards"));
      reconcile(box, sensors, (sensor) => sensor.sensor, (sensor) => create(sensor), (element, sensor) => {
        cards.get(element.dataset.key ?? "")?.update(sensor, rangeMs);
      }, drop);
    }, (section) => section.querySelectorAll(".card").forEach((card) => drop(/** @type {HTMLElement} */ (card))));
    const all = model.summary?.sensors ?? model.sensors.size;
    say(total, model.sensorsLoaded ? `${count(wanted.length)} of ${count(all)}` : "");
    more.hidden = shown.length === wanted.length && model.moreSensors === undefined;
    say(more, `Show ${PAGE} more`);
    emptyState(empty, model, wanted.length === 0);
    filters.hidden = model.sensorsLoaded && model.sensors.size === 0;
  }

  /** @param {SensorView} sensor */
  function create(sensor) {
    const card = new Card(sensor, model, signal);
    cards.set(sensor.sensor, card);
    seer.observe(card.element);
    return card.element;
  }

  /** @param {HTMLElement} element */
  function drop(element) {
    const key = element.dataset.key ?? "";
    seer.unobserve(element);
    cards.get(key)?.exit();
    cards.delete(key);
  }

  more.addEventListener("click", async () => {
    pages++;
    if (model.moreSensors !== undefined && pages * PAGE > model.sensors.size) await sync.more();
    update();
  });
  for (const topic of /** @type {const} */ (["sensors", "connection"])) model.on(topic, update, signal);
  model.on("reading", (detail) => {
    const reading = /** @type {ReadingView} */ (detail);
    cards.get(reading.sensor)?.read(reading);
  }, signal);
  let asked = false;
  model.on("alerts", () => {
    // A flood of alerts is one change of the cards.
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      cards.forEach((card) => card.alerted());
    });
  }, signal);
  addEventListener("query", () => {
    pages = 1;
    update();
  }, { signal });
  addEventListener("theme", () => cards.forEach((card) => card.paint()), { signal });
  let refreshed = Date.now();
  const timer = setInterval(() => {
    if (document.hidden || (sync.streaming && Date.now() - refreshed < REFRESH_MS)) return;
    refreshed = Date.now();
    cards.forEach((card) => card.refresh());
  }, POLL_MS);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    seer.disconnect();
    cards.forEach((card) => card.exit());
  });
  update();
  return h(
    "section",
    { class: "grid", "aria-labelledby": "sensors" },
    h("div", { class: "grid-head" }, h("h2", { id: "sensors" }, "Sensors"), total, filters),
    empty,
    places,
    more,
  );
}

/**
 * The filters; the address holds what is chosen.
 *
 * @param {HTMLElement} filters @param {Stage["model"]} model @param {AbortSignal} signal
 */
function controls(filters, model, signal) {
  const location = h("select", { id: "location" });
  const type = h("select", { id: "type" });
  const state = h(
    "select",
    { id: "state" },
    h("option", { value: "" }, "any state"),
    ...STATES.map((value) => h("option", { value }, stateWord(value))),
  );
  const search = h("input", { type: "search", id: "search", placeholder: "name", size: 12, autocomplete: "off" });
  const range = rangeChoice();
  location.addEventListener("change", () => setQuery({ location: location.value }));
  type.addEventListener("change", () => setQuery({ type: type.value }));
  state.addEventListener("change", () => setQuery({ state: state.value }));
  search.addEventListener("input", () => setQuery({ search: search.value }));
  let known = "";
  /** @param {HTMLSelectElement} select @param {string} any @param {readonly string[]} names */
  function offer(select, any, names) {
    const { value } = select;
    put(select, h("option", { value: "" }, any), ...names.map((name) => h("option", { value: name }, name)));
    select.value = value;
  }
  function locations() {
    const sensors = [...model.sensors.values()];
    const places = [...new Set(sensors.map((sensor) => sensor.location ?? ""))].filter((name) => name !== "").sort();
    const types = [...new Set(sensors.map((sensor) => sensor.type ?? ""))].filter((name) => name !== "").sort();
    if (`${places}\n${types}` === known) return;
    known = `${places}\n${types}`;
    offer(location, "any location", places);
    offer(type, "any type", types);
  }
  locations();
  model.on("sensors", locations, signal);
  put(
    filters,
    h("label", {}, h("span", {}, "Location"), location),
    h("label", {}, h("span", {}, "Type"), type),
    h("label", {}, h("span", {}, "State"), state),
    h("label", {}, h("span", {}, "Search"), search),
    range.element,
  );
  return { location, type, state, search, range };
}

/** @param {SensorView} sensor @param {URLSearchParams} query */
function passes(sensor, query) {
  const location = query.get("location");
  const type = query.get("type");
  const state = query.get("state");
  const search = query.get("search")?.toLowerCase();
  if (location && sensor.location !== location) return false;
  if (type && sensor.type !== type) return false;
  if (search && !`${sensor.sensor} ${sensor.name ?? ""}`.toLowerCase().includes(search)) return false;
  if (!state) return true;
  if (state === "anomalous") return sensor.is_anomaly;
  return sensor.state === state && !(state === "ok" && sensor.is_anomaly);
}

/** @param {SensorView} a @param {SensorView} b */
function byPlace(a, b) {
  return compare(a.location ?? "\uffff", b.location ?? "\uffff") || compare(a.sensor, b.sensor);
}

const collator = new Intl.Collator("en", { numeric: true });
/** @param {string} a @param {string} b */
const compare = (a, b) => collator.compare(a, b);

/** @param {readonly SensorView[]} sensors @returns {[string, SensorView[]][]} */
function byLocation(sensors) {
  /** @type {Map<string, SensorView[]>} */
  const groups = new Map();
  for (const sensor of sensors) {
    const place = sensor.location ?? "";
    const group = groups.get(place);
    if (group) group.push(sensor);
    else groups.set(place, [sensor]);
  }
  return [...groups];
}

/** @param {[string, SensorView[]]} group */
function createPlace([place]) {
  return h(
    "section",
    { class: "place", "aria-label": place || "No location" },
    h("h3", {}, place || "No location given"),
    h("div", { class: "cards" }),
  );
}
