/**
 * A chart with its title, and the same figures as a table and as CSV behind it. Grey tones and dashes tell series apart:
 * colour is kept for the abnormal.
 *
 * @module
 * @import { Chart as ChartClass } from "chart.js"
 * @import { Content, Options, Series } from "./figure_style.js"
 */
import { csvButton } from "../core/csv.js";
import { h, put, say } from "../core/dom.js";
import { dateTime, number } from "../core/format.js";
import { plainTable } from "../views/tables.js";
import { cellsConfiguration, cellsOf } from "./cells.js";
import { configurationOf, datasetsOf, styleOf, swatch } from "./figure_style.js";

/** Chart.js, from its own script. @type {typeof import("chart.js").Chart} */
const Chart = /** @type {any} */ (globalThis).Chart;

/** Rows of the table behind a chart; all of them are in the CSV. */
const ROWS = 200;

/** A figure. */
export class Figure {
  /** @type {HTMLElement} */
  element;
  #options;
  /** @type {Content} */
  #content = { x: [], series: [] };
  #canvas = h("canvas");
  #said = h("span", { class: "muted" });
  #none = h("p", { class: "note figure-none" }, "Loading…");
  #legend = h("ul", { class: "legend" });
  #table = h("div", {});
  #behind = h("details", { class: "behind" }, h("summary", {}, "As a table"), this.#table);
  #plot = h("div", { class: "plot figure-plot" }, this.#canvas, this.#none);
  /** @type {ChartClass | undefined} */
  #chart;
  #gone = false;

  /** @param {Options} options @param {AbortSignal} signal of the view: ends the chart */
  constructor(options, signal) {
    this.#options = options;
    this.#canvas.setAttribute("role", "img");
    this.#canvas.setAttribute("aria-label", `${options.title}; the table behind holds the same figures`);
    this.#behind.addEventListener("toggle", () => this.#fill());
    const name = options.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    this.element = h(
      "figure",
      { class: "figure-box", "data-figure": name },
      h(
        "figcaption",
        {},
        h("span", { class: "figure-title" }, options.title),
        " ",
        this.#said,
        options.controls ?? "",
        csvButton(name, () => this.#rows(false)),
      ),
      this.#legend,
      this.#plot,
      this.#behind,
    );
    signal.addEventListener("abort", () => {
      this.#gone = true;
      this.#chart?.destroy();
    });
    addEventListener("theme", () => this.#draw(), { signal });
  }

  /** Shows figures. @param {Content} content */
  show(content) {
    if (this.#gone) return;
    this.#content = content;
    say(this.#said, content.said ?? "");
    this.#draw();
    this.#fill();
  }

  #draw() {
    const { x, series, none } = this.#content;
    const empty = x.length === 0 || !series.some(({ values }) => values.some((value) => typeof value === "number"));
    this.#none.hidden = !empty;
    say(this.#none, none ?? "Nothing to show yet.");
    this.#plot.classList.toggle("blank", empty);
    if (this.#options.kind === "cells") this.#plot.style.setProperty("--rows", String(series.length));
    const cells = this.#options.kind === "cells";
    this.#explain(empty || cells || this.#options.apart ? [] : series.filter(({ look }) => look !== "edge"));
    const { options, ...rest } = (cells ? cellsConfiguration : configurationOf)(this.#options, this.#content);
    const data = cells
      ? /** @type {any} */ (cellsOf(this.#content, this.#options))
      : { labels: [...x], datasets: datasetsOf(series, this.#options) };
    if (!this.#chart) this.#chart = new Chart(this.#canvas, /** @type {any} */ ({ ...rest, data, options }));
    else {
      this.#chart.data = data;
      this.#chart.options = /** @type {any} */ (options);
      this.#chart.update("none");
    }
  }

  /** @param {readonly Series[]} series */
  #explain(series) {
    const shown = series.length < 2 ? [] : series;
    const words = shown.map(({ name, word = name }) => word);
    if (this.#legend.dataset.words === words.join("\n")) return;
    this.#legend.dataset.words = words.join("\n");
    const all = this.#content.series;
    put(
      this.#legend,
      ...shown.map((one, at) => h("li", {}, swatch(one, styleOf(all, one), this.#options.kind), words[at])),
    );
  }

  #fill() {
    if (!this.#behind.open) return;
    const { heads, rows } = this.#rows(true);
    put(this.#table, plainTable(`Table of ${this.#options.title}`, heads, rows.slice(0, ROWS), "Nothing to show yet."));
  }

  /** @param {boolean} forPeople times as people read them */
  #rows(forPeople) {
    const { x, series } = this.#content;
    const at = (/** @type {string | number} */ value) =>
      !this.#options.time
        ? (typeof value === "number" ? number(value) : value)
        : forPeople
        ? dateTime(Number(value))
        : new Date(value).toISOString();
    const order = x.map((_, n) => n);
    if (this.#options.time) order.reverse(); // the latest first
    return {
      heads: [this.#options.x, ...series.map(({ name }) => name)],
      rows: order.map((n) => [at(x[n]), ...series.map(({ values }) => values[n] ?? null)]),
    };
  }
}
