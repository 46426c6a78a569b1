/**
 * How much of the past charts show: chosen by the reader, else to suit how often the sensors read.
 *
 * @module
 * @import { Model } from "../core/model.js"
 */
import { RANGE_WORDS, RANGES } from "../charts/history.js";
import { h } from "../core/dom.js";
import { setQuery } from "../core/router.js";

/** A chart says something with so many readings. */
const READINGS_WANTED = 900;

/**
 * The range of the address, or else the least that holds enough readings of a typical sensor.
 *
 * @param {URLSearchParams} query @param {Model} model
 * @returns {number} ms
 */
export function chosenRange(query, model) {
  const chosen = RANGES[query.get("range") ?? ""];
  if (chosen) return chosen;
  const interval = typicalInterval(model);
  const enough = Object.values(RANGES).find((ms) => ms >= Math.max(RANGES["1h"], interval * READINGS_WANTED));
  return enough ?? RANGES["7d"];
}

/**
 * Time between two readings of a typical sensor, ms; 0 until one is known.
 *
 * @param {Model} model
 */
function typicalInterval(model) {
  const intervals = [...model.intervals.values()].sort((a, b) => a - b);
  return intervals.length === 0 ? 0 : intervals[intervals.length >> 1];
}

/** The row of choices. */
export function rangeChoice() {
  const buttons = Object.entries(RANGE_WORDS).map(([range, words]) =>
    h(
      "button",
      { type: "button", "data-range": range, "aria-pressed": "false", onclick: () => setQuery({ range }) },
      words,
    )
  );
  const element = h("div", { class: "ranges", role: "group", "aria-label": "Time range" }, ...buttons);
  return {
    element,
    /** Marks what is shown. @param {number} rangeMs */
    show(rangeMs) {
      for (const button of buttons) {
        button.setAttribute("aria-pressed", String(RANGES[button.dataset.range ?? ""] === rangeMs));
      }
    },
  };
}
