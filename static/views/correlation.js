/**
 * A correlation matrix in words and as a heat map.
 *
 * @module
 * @import { Content } from "../charts/figure_style.js"
 * @import { MatrixView, SeriesView } from "../../actors/analytics/port.ts"
 */
import { count, number } from "../core/format.js";

/** A matrix, of how much. @typedef {MatrixView & { rows: number }} Matrix */

/** Pairs that are said in words. */
const SAID = 3;
/** Weaker than this is not worth a word. */
const WORTH = 0.3;

/** The matrix as rows. @param {Matrix | undefined} matrix @param {number} left series that found no room @param {string} word @returns {Content} */
export function matrixContent(matrix, left, word) {
  if (!matrix) return { x: [], series: [], none: "Nothing is correlated here yet." };
  const names = namesOf(matrix.series);
  const more = left > 0 ? `; ${count(left)} more series are left out, choose by the filters` : "";
  return {
    x: names,
    series: matrix.matrix.map((values, at) => ({ name: names[at], values })),
    said: `${word}; Pearson, ${count(matrix.rows)} rows${more}`,
    none: "Fewer than three common times in this period.",
  };
}

/** The strongest pairs in a sentence. @param {Matrix | undefined} matrix */
export function strongest(matrix) {
  if (!matrix) return "";
  const names = namesOf(matrix.series);
  const pairs = matrix.matrix.flatMap((row, at) => row.slice(0, at).map((r, other) => ({ r: r ?? 0, at, other })))
    .filter(({ r }) => Math.abs(r) >= WORTH).sort((a, b) => Math.abs(b.r) - Math.abs(a.r));
  if (names.length < 2) return "";
  if (pairs.length === 0) return "No two of them go together.";
  const said = pairs.slice(0, SAID).map(({ r, at, other }) =>
    `${names[other]} and ${names[at]} (${number(Math.round(r * 100) / 100)})`
  );
  return `Strongest: ${said.join("; ")}.`;
}

/** A series is called by its sensor; by its channel too where a sensor has several. @param {readonly SeriesView[]} series */
function namesOf(series) {
  const whose = series.map(({ sensor, type }) => sensor ?? type ?? "no type");
  const several = whose.some((name, at) => whose.indexOf(name) !== at);
  return series.map(({ channel }, at) => several ? `${whose[at]}: ${channel}` : whose[at]);
}
