/**
 * A sparkline: the last readings of one channel without axes, for a row of a list.
 *
 * @module
 * @import { Picture } from "./history.js"
 */
import { svg } from "../core/dom.js";

const WIDTH = 120;
const HEIGHT = 32;
const EDGE = 4;

/**
 * Draws a picture into an SVG: the line, trouble in it thick.
 *
 * @param {SVGSVGElement} target
 * @param {Picture} picture
 */
export function spark(target, picture) {
  target.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  const points = picture.line;
  const values = points.map((point) => point.y).filter(Number.isFinite);
  if (values.length < 2) return target.replaceChildren();
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [points[0].x, points[points.length - 1].x];
  /** @param {number} x */
  const px = (x) => (EDGE + (x - from) / (to - from || 1) * (WIDTH - 2 * EDGE)).toFixed(1);
  /** @param {number} y */
  const py = (y) => (HEIGHT - EDGE - (y - min) / (max - min || 1) * (HEIGHT - 2 * EDGE)).toFixed(1);
  let [calm, trouble] = ["", ""];
  let before = "";
  for (const { x, y, trouble: bad } of points) {
    const at = Number.isNaN(y) ? "" : `${px(x)} ${py(y)}`;
    if (at !== "" && before !== "") {
      if (bad) trouble += `M${before}L${at}`;
      else calm += `M${before}L${at}`;
    }
    before = at;
  }
  target.replaceChildren(
    svg("path", { d: calm, class: "spark-line" }),
    svg("path", { d: trouble, class: "spark-line trouble" }),
  );
}

/** An empty sparkline, of its final size. */
export function sparkline() {
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "spark", "aria-hidden": "true" });
}
