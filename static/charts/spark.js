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
 * Draws a picture into an SVG, anomalous points as triangles.
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
  let d = "";
  let pen = "M";
  for (const { x, y } of points) {
    if (Number.isNaN(y)) {
      pen = "M";
      continue;
    }
    d += `${pen}${px(x)} ${py(y)}`;
    pen = "L";
  }
  target.replaceChildren(
    svg("path", { d, class: "spark-line" }),
    ...picture.marks.filter(({ x }) => x >= from).map(({ x, y, above }) =>
      svg("path", {
        d: above ? "M0 -3.5 3.5 3H-3.5z" : "M0 3.5 3.5 -3H-3.5z",
        class: "spark-mark",
        transform: `translate(${px(x)} ${py(y)})`,
      })
    ),
  );
}

/** An empty sparkline, of its final size. */
export function sparkline() {
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "spark", "aria-hidden": "true" });
}
