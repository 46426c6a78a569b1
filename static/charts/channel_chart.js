/**
 * One channel over time: a grey line in its band, limits as dashed lines, and colour and shape for what is abnormal.
 *
 * @module
 * @import { Chart as ChartClass, ChartConfiguration, Plugin } from "chart.js"
 * @import { Mark, Picture } from "./history.js"
 */
import { measure, moment, number, tick } from "../core/format.js";
import { colour } from "./colour.js";
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

/** A chart of one channel. Drawn when its turn comes, see `schedule.js`. */
export class ChannelChart {
  /** @type {ChartClass<"line">} */
  #chart;
  /** @type {Picture} */
  #picture = { low: [], high: [], line: [], marks: [] };
  #from = 0;
  #to = 1;
  #subject;
  /** Of the dashed lines. */
  limitColour = "";

  /** @param {HTMLCanvasElement} canvas @param {Subject} subject */
  constructor(canvas, subject) {
    this.#subject = subject;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", subject.label);
    this.#chart = new Chart(canvas, configuration(subject, this));
    this.paint();
  }

  /** From where to where, epoch ms. */
  get range() {
    return { from: this.#from, to: this.#to };
  }

  /**
   * Shows a picture of `from` to `to`, soon.
   *
   * @param {Picture} picture @param {number} from epoch ms @param {number} to epoch ms
   */
  show(picture, from, to) {
    this.#picture = picture;
    this.#from = from;
    this.#to = to;
    redraw(this);
  }

  /** Takes the colours of the present theme. */
  paint() {
    const [high, low, line, marks] = this.#chart.data.datasets;
    high.backgroundColor = low.backgroundColor = colour("band");
    line.borderColor = colour("line");
    marks.backgroundColor = marks.borderColor = colour("anomaly");
    for (const scale of Object.values(this.#chart.options.scales ?? {})) {
      if (scale?.ticks) scale.ticks.color = colour("ink-muted");
      if (scale?.grid) scale.grid.color = colour("grid");
    }
    this.limitColour = colour("ink-muted");
    redraw(this);
  }

  /** Called by the schedule. */
  draw() {
    const { low, high, line, marks } = this.#picture;
    const datasets = this.#chart.data.datasets;
    datasets[0].data = high;
    datasets[1].data = low;
    datasets[2].data = line;
    datasets[3].data = marks;
    const scales = this.#chart.options.scales;
    if (scales?.x && scales.y) {
      Object.assign(scales.x, { min: this.#from, max: this.#to });
      Object.assign(scales.y, extent(this.#picture, this.#subject));
    }
    this.#chart.update("none");
  }

  /** Lets go of the canvas. */
  destroy() {
    forget(this);
    this.#chart.destroy();
  }
}

/**
 * The range of values: everything drawn, some air, and a limit if it is near enough not to flatten the line.
 *
 * @param {Picture} picture @param {Subject} subject
 * @returns {{ min?: number, max?: number }}
 */
export function extent(picture, subject) {
  let min = Infinity;
  let max = -Infinity;
  for (const points of [picture.low, picture.high, picture.line, picture.marks]) {
    for (const { y } of points) {
      if (y < min) min = y;
      if (y > max) max = y;
    }
  }
  if (min > max) return { min: undefined, max: undefined };
  const span = max - min || Math.abs(max) * 0.1 || 1;
  const { low, high } = subject;
  if (low !== undefined && low < min && min - low <= span) min = low;
  if (high !== undefined && high > max && high - max <= span) max = high;
  const air = (max - min || span) * 0.08;
  return { min: min - air, max: max + air };
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
        { ...base, label: "value", order: 1, borderWidth: 1.5 * rem, borderJoinStyle: "round" },
        {
          ...base,
          label: "anomalous",
          order: 0,
          clip: 8,
          showLine: false,
          pointRadius: rem * (subject.compact ? 3.5 : 5),
          pointStyle: "triangle",
          pointRotation: (context) => (/** @type {Mark | undefined} */ (context.raw))?.above === false ? 180 : 0,
        },
      ],
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      spanGaps: false,
      layout: { padding: { top: 6, right: 8 } },
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: {
          type: "linear",
          border: { display: false },
          grid: { drawTicks: false },
          ticks: { maxRotation: 0, padding: 4, font: { size: 11 * rem }, callback: (_, at, ticks) => ticks[at].label },
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
    plugins: [limits(subject, owner)],
  };
}

/**
 * Draws the configured limits where they are within the chart.
 *
 * @param {Subject} subject @param {ChannelChart} owner
 * @returns {Plugin<"line">}
 */
function limits(subject, owner) {
  return {
    id: "limits",
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = owner.limitColour;
      ctx.font = "10px system-ui, sans-serif";
      ctx.textAlign = "left"; // the present is on the right: no text over it
      ctx.setLineDash([5, 4]);
      for (const [word, value] of /** @type {const} */ ([["high", subject.high], ["low", subject.low]])) {
        if (value === undefined || value < scales.y.min || value > scales.y.max) continue;
        const y = Math.round(scales.y.getPixelForValue(value)) + 0.5;
        ctx.beginPath();
        ctx.moveTo(chartArea.left, y);
        ctx.lineTo(chartArea.right, y);
        ctx.stroke();
        ctx.fillText(`${word} ${number(value)}`, chartArea.left + 3, word === "high" ? y - 3 : y + 11);
      }
      ctx.restore();
    },
  };
}
