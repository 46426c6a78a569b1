/**
 * The line at the bottom: where readings come from and how many.
 *
 * @module
 * @import { Model } from "../core/model.js"
 */
import { h, put } from "../core/dom.js";
import { count, number } from "../core/format.js";

/** Fills the footer; it stays for the life of the page. @param {HTMLElement} element @param {Model} model */
export function footer(element, model) {
  model.on("summary", () => {
    const summary = model.summary;
    if (!summary) return;
    put(
      element,
      h("p", {}, `${number(summary.readings_per_second)} readings/s`),
      ...summary.partitions.slice(0, 12).map((partition) =>
        h(
          "p",
          { class: partition.state === "failed" ? "wrong" : "" },
          `${partition.source}/${partition.partition}: ${count(partition.readings)} readings, `,
          `${count(partition.refused)} refused, ${partition.state}`,
          partition.error ? `: ${partition.error}` : "",
        )
      ),
      summary.partitions.length > 12 && h("p", {}, `and ${summary.partitions.length - 12} more partitions`),
    );
  }, new AbortController().signal);
}
