/**
 * A heat map: a cell for each pair of a row and a column. How far it stands out tells the size, hatching that it is below zero:
 * no colour is needed, and none is taken from what is abnormal.
 *
 * @module
 * @import { Content, Options } from "./figure_style.js"
 */
import { number } from "../core/format.js";
import { colour } from "./colour.js";

/** Up to so many rows each cell holds its figure, where there is room. */
const WRITTEN = 12;
/** Letters of a name beside the cells; the tooltip and the table have all of them. */
const NAME_MOST = 41;
/** Side of the hatching's square, CSS px. */
const HATCH = 6;

/** One cell. @typedef {{ x: string, y: string, v: number | null }} Cell */

/**
 * The chart's data: the series are rows, the first on top.
 *
 * @param {Content} content @param {Options} options
 */
export function cellsOf({ x, series }, { min = 0, max }) {
  const values = series.flatMap((row) => row.values);
  const known = values.filter((value) => typeof value === "number");
  const [low, high] = [Math.min(min, 0), max ?? Math.max(...known, 1e-9)];
  const from = min > 0 || max !== undefined ? low : Math.min(...known);
  /** @type {Cell[]} */
  const data = series.flatMap(({ name, values }) =>
    x.map((column, at) => ({ x: String(column), y: name, v: values[at] ?? null }))
  );
  /** How dark a cell is, 0 to 1. @param {number} v */
  const strength = (v) => low < 0 ? Math.abs(v) / Math.max(-low, high) : (v - from) / (high - from || 1);
  /** @type {Map<string, CanvasPattern | string>} */
  const fills = new Map();
  /** @param {{ raw?: Cell, chart: import("chart.js").Chart }} context */
  const backgroundColor = ({ raw, chart }) => {
    if (!raw || raw.v === null) return "transparent";
    const share = Math.round(100 * Math.min(1, strength(raw.v)));
    const key = `${raw.v < 0} ${share}`;
    const fill = fills.get(key) ?? fillOf(chart.ctx, share, raw.v < 0);
    fills.set(key, fill);
    return fill;
  };
  const written = series.length <= WRITTEN;
  return {
    labels: [],
    datasets: [{
      label: "",
      data,
      backgroundColor,
      borderWidth: 1,
      borderColor: colour("grid"),
      /** @param {{ chart: import("chart.js").Chart }} context */
      width: ({ chart }) => Math.max(1, (chart.chartArea?.width ?? 0) / x.length - 1),
      /** @param {{ chart: import("chart.js").Chart }} context */
      height: ({ chart }) => Math.max(1, (chart.chartArea?.height ?? 0) / series.length - 1),
      written,
      strength,
    }],
  };
}

/** Words of what contrast and hatching mean. */
export const CELLS_WORD = "more contrast: stronger; hatched: against each other";

/** @param {CanvasRenderingContext2D} ctx @param {number} share 0 to 100 @param {boolean} below zero */
function fillOf(ctx, share, below) {
  const ink = `color-mix(in oklab, ${colour("ink")} ${share}%, ${colour("panel")})`;
  if (!below) return ink;
  const tile = document.createElement("canvas");
  const ratio = globalThis.devicePixelRatio || 1;
  tile.width = tile.height = HATCH * ratio;
  const pen = tile.getContext("2d");
  if (!pen) return ink;
  pen.fillStyle = ink;
  pen.fillRect(0, 0, tile.width, tile.height);
  pen.strokeStyle = share > 45 ? colour("panel") : colour("ink-muted");
  pen.lineWidth = ratio;
  for (const shift of [-1, 0, 1]) {
    pen.beginPath();
    pen.moveTo((shift * HATCH) * ratio, HATCH * ratio);
    pen.lineTo((shift * HATCH + HATCH) * ratio, 0);
    pen.stroke();
  }
  return ctx.createPattern(tile, "repeat") ?? ink;
}

/**
 * Axes and words of a heat map.
 *
 * @param {Options} options @param {Content} content
 * @returns {{ type: "matrix", options: any, plugins: any[] }}
 */
export function cellsConfiguration({ unit }, { x, series }) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const font = { size: 11 * rem };
  const axis = { type: "category", offset: true, border: { display: false }, grid: { display: false } };
  const text = { color: colour("ink-muted"), font, autoSkip: false, padding: 4 };
  /** @this {import("chart.js").Scale} @param {number} at */
  const callback = function (at) {
    return shortened(this.getLabelForValue(at));
  };
  return {
    type: "matrix",
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      scales: {
        x: {
          ...axis,
          labels: x.map(String),
          ticks: { ...text, callback, maxRotation: 60, minRotation: x.length > 8 && String(x[0]).length > 3 ? 60 : 0 },
        },
        y: { ...axis, reverse: false, labels: series.map(({ name }) => name), ticks: { ...text, callback } },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            title: () => "",
            label: (/** @type {{ raw: Cell }} */ { raw }) =>
              `${raw.y}, ${raw.x}: ${raw.v === null ? "nothing to say" : number(raw.v)}${unit ? ` ${unit}` : ""}`,
          },
        },
      },
    },
    plugins: [{ id: "figures", afterDatasetsDraw: writeFigures }],
  };
}

/** A name that leaves the cells their room: its middle is left out, for series of a sensor differ at the end. @param {string} name */
export function shortened(name) {
  const half = (NAME_MOST - 1) / 2;
  return name.length <= NAME_MOST ? name : `${name.slice(0, half)}…${name.slice(-half)}`;
}

/** The figure in each cell that has room for it. @param {import("chart.js").Chart} chart */
function writeFigures(chart) {
  const dataset = /** @type {any} */ (chart.data.datasets[0]);
  if (!dataset?.written) return;
  const { ctx } = chart;
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  ctx.save();
  ctx.font = `${10.5 * rem}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  chart.getDatasetMeta(0).data.forEach((element, at) => {
    const { v } = /** @type {Cell} */ (dataset.data[at]);
    const { width, height } = /** @type {any} */ (element).getProps(["width", "height"]);
    const words = v === null ? "–" : number(Math.round(v * 100) / 100);
    const room = ctx.measureText(words).width + 4;
    if (room > width || height < 12 * rem) return;
    const { x, y } = /** @type {any} */ (element).getCenterPoint();
    if (v !== null && v < 0) { // on hatching a figure needs ground of its own
      ctx.fillStyle = colour("panel");
      ctx.fillRect(x - room / 2, y - 7 * rem, room, 14 * rem);
      ctx.fillStyle = colour("ink");
    } else ctx.fillStyle = v !== null && dataset.strength(v) > 0.5 ? colour("panel") : colour("ink");
    ctx.fillText(words, x, y);
  });
  ctx.restore();
}
