/**
 * What stands where sensors would: loading, an error, nothing yet, or nothing that passes the filter.
 *
 * @module
 * @import { Model } from "../core/model.js"
 */
import { h, put } from "../core/dom.js";

/** @param {HTMLElement} element @param {Model} model @param {boolean} none whether there is nothing to show */
export function emptyState(element, model, none) {
  element.hidden = !none;
  if (!none) return;
  const error = model.errors.get("sensors");
  const kind = !model.sensorsLoaded
    ? (error ? `error ${error}` : "loading")
    : model.sensors.size === 0
    ? "none"
    : "filter";
  if (element.dataset.kind === kind) return;
  element.dataset.kind = kind;
  if (kind === "loading") put(element, ...Array.from({ length: 6 }, () => h("div", { class: "ghost" })));
  else if (kind === "none") put(element, ...firstReading());
  else if (kind === "filter") put(element, h("p", {}, "No sensor passes this filter."));
  else {put(
      element,
      h("p", {}, h("strong", {}, "The sensors cannot be shown. "), error ?? ""),
      h("p", {}, "Trying again."),
    );}
}

/** How to send a first reading, ready to be copied. */
function firstReading() {
  const body = JSON.stringify({ sensor: "boiler-1", time: new Date().toISOString(), values: { temperature: 61.4 } });
  const line = `curl ${location.origin}/readings -H 'content-type: application/json' -d '${body}'`;
  return [
    h("p", {}, h("strong", {}, "No sensor has sent a reading yet.")),
    h("p", {}, "A sensor appears here with its first reading. Send one:"),
    h("pre", { tabindex: "0", "aria-label": "Command" }, line),
  ];
}
