/**
 * What is shown, as a file for a spreadsheet: CSV by RFC 4180.
 *
 * @module
 */
import { h } from "./dom.js";

/** @typedef {string | number | boolean | null | undefined} CsvCell */

/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Rows as CSV. A text that a spreadsheet would run as a formula gets an apostrophe before it: names come from outside.
 *
 * @param {readonly string[]} heads @param {readonly (readonly CsvCell[])[]} rows
 */
export function csvOf(heads, rows) {
  return [heads, ...rows].map((cells) => cells.map(cellOf).join(",")).join("\r\n") + "\r\n";
}

/** @param {CsvCell} value */
function cellOf(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A button that saves what is shown at that moment.
 *
 * @param {string} name of the file, without its ending
 * @param {() => { heads: readonly string[], rows: readonly (readonly CsvCell[])[] }} content
 */
export function csvButton(name, content) {
  return h(
    "button",
    {
      type: "button",
      class: "small",
      "aria-label": `Save ${name.replaceAll("-", " ")} as CSV`,
      onclick: () => {
        const { heads, rows } = content();
        const url = URL.createObjectURL(new Blob([csvOf(heads, rows)], { type: "text/csv" }));
        h("a", { href: url, download: `${name}.csv` }).click();
        URL.revokeObjectURL(url);
      },
    },
    "CSV",
  );
}
