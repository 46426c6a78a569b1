/**
 * Choosing some sensors out of many: a list to tick, narrowed by typing. The address holds the names.
 *
 * @module
 * @import { Stage } from "../main.js"
 */
import { h, put, say } from "../core/dom.js";
import { count } from "../core/format.js";
import { chosenSensors } from "../core/recent.js";
import { parseHash, setQuery } from "../core/router.js";

/** Names that are offered at once; typing narrows them. */
const OFFERED = 100;

/** The sensors that an address names. @param {URLSearchParams} query */
export function namedSensors(query) {
  return (query.get("sensors") ?? "").split(",").filter(Boolean).map(decodeURIComponent);
}

/** Names for an address or the API, a comma in a name escaped. @param {readonly string[]} names */
export function joinNames(names) {
  return names.map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
}

/**
 * The list, folded away.
 *
 * @param {Stage} stage @param {number} most how many may be chosen
 */
export function sensorChoice({ model, signal }, most) {
  const summary = h("summary", {});
  const search = h("input", { type: "search", "aria-label": "Narrow the sensors", placeholder: "name", size: 14 });
  const none = h("button", { type: "button", class: "small", onclick: () => choose([]) }, "All that pass the filters");
  const list = h("ul", { class: "ticks" });
  const beyond = h("p", { class: "muted" });
  const element = h(
    "details",
    { class: "sensor-choice", id: "sensor-choice" },
    summary,
    h("div", { class: "grid-head" }, search, none),
    list,
    beyond,
  );

  /** @param {readonly string[]} names */
  function choose(names) {
    setQuery({ sensors: joinNames(names) });
  }

  function update() {
    const { query } = parseHash(location.hash);
    const named = namedSensors(query);
    say(summary, `Sensors: ${named.length === 0 ? "all that pass the filters" : `${count(named.length)} chosen`}`);
    if (!element.open) return;
    const narrow = search.value.toLowerCase();
    const known = chosenSensors(model, query).map(({ sensor }) => sensor).filter((name) => !named.includes(name));
    const offered = known.sort().filter((name) => name.toLowerCase().includes(narrow));
    const shown = [...named, ...offered.slice(0, OFFERED)];
    say(beyond, offered.length > OFFERED ? `and ${count(offered.length - OFFERED)} more: type a part of a name` : "");
    const key = `${named.length} ${shown.join("\n")}`;
    if (list.dataset.shown === key) return;
    list.dataset.shown = key;
    put(
      list,
      ...shown.map((name) => {
        const checked = named.includes(name);
        const box = h("input", { type: "checkbox", checked, disabled: !checked && named.length >= most, value: name });
        box.addEventListener("change", () => {
          choose(box.checked ? [...named, name] : named.filter((one) => one !== name));
          // The list was made anew: who ticks by keyboard goes on from where it is now.
          [...list.querySelectorAll("input")].find(({ value }) => value === name)?.focus();
        });
        return h("li", {}, h("label", {}, box, name));
      }),
    );
  }

  search.addEventListener("input", update);
  element.addEventListener("toggle", update);
  addEventListener("query", update, { signal });
  model.on("sensors", update, signal);
  update();
  return element;
}
