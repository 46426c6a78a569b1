/**
 * Floods that go on: many alerts of one place within minutes, said once, with the way to the place.
 *
 * @module
 * @import { FloodView } from "../../actors/alerts/flood.ts"
 * @import { Stage } from "../main.js"
 */
import * as api from "../core/api.js";
import { h, put } from "../core/dom.js";
import { count, duration, moment } from "../core/format.js";
import { viewHref } from "../core/router.js";

/** They are asked for so often, ms. */
const EVERY_MS = 10_000;

/** The lines; empty while there is none. @param {Stage} stage */
export function floods({ model, signal }) {
  const element = h("ul", { class: "floods", id: "floods", "aria-label": "Floods of alerts" });

  async function load() {
    try {
      const active = document.hidden ? undefined : await api.floods(signal);
      if (active && !signal.aborted) put(element, ...active.map((flood) => line(flood, model.now(flood.partition))));
    } catch {
      // What was known stays; the lamp tells that the server is away.
    }
    if (!signal.aborted) timer = setTimeout(load, EVERY_MS);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener("abort", () => clearTimeout(timer));
  load();
  return element;
}

/** @param {FloodView} flood @param {number} now */
function line({ location, count: members, began_at }, now) {
  const since = `since ${moment(began_at, now)} (${duration(now - began_at)})`;
  const place = location === undefined
    ? "sensors without a location"
    : h("a", { href: viewHref("overview", new URLSearchParams({ location })) }, location);
  return h("li", {}, h("strong", {}, "A flood of alerts: "), place, `, ${count(members)} ${since}`);
}
