/**
 * The lines at the bottom: where readings come from and how many, and where outputs go and what waits.
 *
 * @module
 * @import { Model } from "../core/model.js"
 * @import { Sink } from "../core/api.js"
 */
import { h, put } from "../core/dom.js";
import { count, duration, moment, number } from "../core/format.js";

/** Partitions that are named. */
const NAMED = 12;

/** Fills the footer; it stays for the life of the page. @param {HTMLElement} element @param {Model} model */
export function footer(element, model) {
  function show() {
    const { summary, sinks } = model;
    if (!summary) return;
    put(
      element,
      h("p", {}, `${number(summary.readings_per_second)} readings/s`),
      ...summary.partitions.slice(0, NAMED).map((partition) =>
        h(
          "p",
          { class: partition.state === "waiting" || partition.error !== undefined ? "wrong" : "" },
          `${partition.partition}: ${count(partition.readings)} readings, ${count(partition.refused)} refused, `,
          partition.owner ? `on ${partition.owner}` : partition.state,
          partition.error ? `: ${partition.error}` : "",
        )
      ),
      summary.partitions.length > NAMED && h("p", {}, `and ${summary.partitions.length - NAMED} more partitions`),
      ...sinks.map(sinkLine),
    );
  }
  const forever = new AbortController().signal;
  model.on("summary", show, forever);
  model.on("sinks", show, forever);
}

/** @param {Sink} sink */
function sinkLine(sink) {
  const { state, error, failing_since, backlog_items, backlog_age_seconds, delivered, set_aside, missed } = sink;
  const failing = state === "failing" || state === "stopped";
  const parts = [
    `${count(delivered)} delivered`,
    `${count(backlog_items)} waiting${backlog_items > 0 ? ` for ${duration(backlog_age_seconds * 1000)}` : ""}`,
    set_aside > 0 && `${count(set_aside)} set aside`,
    missed > 0 && `${count(missed)} missed`,
    failing_since === undefined ? state : `${state} since ${moment(failing_since, Date.now())}`,
  ];
  return h(
    "p",
    { class: failing ? "wrong" : "", "data-sink": sink.sink },
    `Sink ${sink.sink}: ${parts.filter(Boolean).join(", ")}${error ? `: ${error}` : ""}`,
  );
}
