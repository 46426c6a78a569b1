/**
 * One channel over time: a grey line in its band and a rug of single anomalous readings below it, all muted; colour for
 * trouble in the line and for alerts alone.
 *
 * @module
 * @import { AlertView } from "../../actors/views.ts"
 * @import { Chart as ChartClass, ChartConfiguration } from "chart.js"
 * @import { Picture, Point } from "./history.js"
 */
import { measure, moment, tick } from "../core/format.js";
import { colour } from "./colour.js";
import { extent } from "./extent.js";
import { overlays, RUG_HEIGHT } from "./overlays.js";
import { forget, redraw } from "./schedule.js";
import { timeTicks } from "./ticks.js";

/**
 * Chart.js, from its own script.
 *
 * @type {typeof import("chart.js").Chart}
 */
const Chart = /** @type {any} */ (globalThis).Chart;

/**
 * What a chart is of.
 *
 * @typedef {object} Subject
 * @property {string} label what a screen reader says that it is
 * @property {string} [unit]
 * @property {number} [low]
 * @property {number} [high]
 * @property {boolean} compact in a card: fewer ticks
 */

/** A chart of one channel. */
export class ChannelChart {
  /** @type {ChartClass<"line">} */
  #chart;
  #subject;
  /** @type {Picture} */
  picture = { low: [], high: [], line: [], rug: [], singles: [] };
  /** @type {readonly AlertView[]} */
  alerts = [];
  /** From where to where, epoch ms. */
  range = { from: 0, to: 1 };

  /** @param {HTMLCanvasElement} canvas @param {Subject} subject */
  constructor(canvas, subject) {
    this.#subject = subject;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", subject.label);
    this.#chart = new Chart(canvas, configuration(subject, this));
    this.paint();
  }

  /**
   * Shows a picture of `from` to `to` with the alerts of that time, at once: ask when it is its owner's turn, see
   * `schedule.js`.
   *
   * @param {Picture} picture @param {readonly AlertView[]} alerts
   * @param {number} from epoch ms @param {number} to epoch ms
   */
  show(picture, alerts, from, to) {
    this.picture = picture;
    this.alerts = alerts;
    this.range = { from, to };
    this.draw();
  }

  /** Takes the colours of the present theme. */
  paint() {
    const [high, low, line, singles] = this.#chart.data.datasets;
    high.backgroundColor = low.backgroundColor = colour("band");
    line.borderColor = colour("line");
    singles.backgroundColor = colour("rug");
    for (const scale of Object.values(this.#chart.options.scales ?? {})) {
      if (scale?.ticks) scale.ticks.color = colour("ink-muted");
      if (scale?.grid) scale.grid.color = colour("grid");
    }
    redraw(this);
  }

  /** Draws what it was shown last. */
  draw() {
    const { low, high, line, singles } = this.picture;
    const datasets = this.#chart.data.datasets;
    datasets[0].data = high;
    datasets[1].data = low;
    datasets[2].data = line;
    datasets[3].data = singles;
    const scales = this.#chart.options.scales;
    if (scales?.x && scales.y) {
      const active = this.alerts.some((alert) => alert.state === "active");
      Object.assign(scales.x, { min: this.range.from, max: this.range.to });
      Object.assign(scales.y, extent(this.picture, this.#subject, active));
    }
    this.#chart.update("none");
  }

  /** Lets go of the canvas. */
  destroy() {
    forget(this);
    this.#chart.destroy();
  }
}

/** Whether a point of the line is trouble. @param {unknown} raw */
function isTrouble(raw) {
  return /** @type {Point | undefined} */ (raw)?.trouble === true;
}

/** @param {Subject} subject @param {ChannelChart} owner @returns {ChartConfiguration<"line">} */
function configuration(subject, owner) {
  // Sizes follow the page's own, which grows on a wall.
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const base = { data: [], pointRadius: 0, pointHitRadius: 0, borderWidth: 0 };
  return {
    type: "line",
    data: {
      datasets: [
        { ...base, label: "greatest", fill: "+1", order: 2 },
        { ...base, label: "least", order: 2 },
        {
          ...base,
          label: "value",
          order: 1,
          borderWidth: 1.5 * rem,
          borderJoinStyle: "round",
          segment: {
            borderColor: ({ p1 }) =>
              isTrouble(/** @type {{ raw?: unknown }} */ (p1).raw) ? colour("anomaly") : undefined,
            borderWidth: ({ p1 }) => isTrouble(/** @type {{ raw?: unknown }} */ (p1).raw) ? 2.5 * rem : undefined,
          },
          // The present: the line's last point, in colour while it is trouble.
          pointRadius: ({ dataIndex, dataset }) => dataIndex === dataset.data.length - 1 ? 3 * rem : 0,
          pointBorderWidth: 0,
          pointBackgroundColor: ({ raw }) => colour(isTrouble(raw) ? "anomaly" : "line"),
          clip: 4,
        },
        { ...base, label: "anomalous", order: 0, clip: 0, showLine: false, pointRadius: 1.5 * rem },
      ],
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      spanGaps: false,
      layout: { padding: { top: 8 * rem, right: 8, bottom: 0 } },
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: {
          type: "linear",
          border: { display: false },
          grid: { drawTicks: false },
          ticks: {
            maxRotation: 0,
            padding: 4 + RUG_HEIGHT * rem,
            font: { size: 11 * rem },
            callback: (_, at, ticks) => ticks[at].label,
          },
          afterBuildTicks: (scale) => {
            scale.ticks = timeTicks(scale.min, scale.max, Math.max(2, Math.floor(scale.width / (90 * rem))));
          },
        },
        y: {
          border: { display: false },
          grid: { drawTicks: false },
          afterFit: (scale) => {
            scale.width = 46 * rem; // the same for every chart, so that their times stand one below the other
          },
          ticks: {
            maxTicksLimit: subject.compact ? 6 : 9,
            padding: 6,
            font: { size: 11 * rem },
            includeBounds: false,
            callback: (value, at, ticks) =>
              tick(Number(value), Math.abs(ticks[at === 0 ? 1 : at - 1]?.value - Number(value))),
          },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          filter: (item) => item.datasetIndex >= 2,
          displayColors: false,
          callbacks: {
            title: (items) => items.length ? moment(items[0].parsed.x ?? 0, owner.range.to) : "",
            label: (item) => `${measure(item.parsed.y, subject.unit)}${item.datasetIndex === 3 ? ", anomalous" : ""}`,
          },
        },
      },
    },
    plugins: overlays(subject, owner),
  };
}
