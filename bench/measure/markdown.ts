/**
 * Tables in Markdown, aligned as the formatter aligns them, so that a document can hold what a command prints.
 *
 * @module
 */

/** A table: texts to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => [...row[column]].length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => padded(cell, widths[at], at < texts)).join(" | ")} |`;
  const rule = `| ${
    widths.map((width, at) => at < texts ? "-".repeat(width) : `${"-".repeat(width - 1)}:`).join(" | ")
  } |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function padded(cell: string, width: number, left: boolean): string {
  const space = " ".repeat(width - [...cell].length);
  return left ? cell + space : space + cell;
}

/** A whole number with its thousands apart. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A number with two digits that count; a dash for none. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  return Math.abs(value) >= 10 ? whole(value) : value.toPrecision(2);
}

/** A share in percent; a dash for none. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(100 * share)} %` : "–";
}
