/**
 * Listings in other forms: by `Accept`, a page of items as NDJSON, CSV or Parquet instead of JSON.
 *
 * The next page is in `Link: <...>; rel="next"`, which JSON has as `next`. In a table what lies deeper has a dotted name
 * (`values.temperature`), an array is JSON; in CSV a text that a spreadsheet would take for a formula gets a `'` before
 * it, in Parquet times are times.
 *
 * @module
 */
import type { Context, MiddlewareHandler, Next } from "hono";
import { accepts } from "hono/accepts";
import type { Cell } from "../sinks/parquet.ts";
import { type CsvField, stringify } from "../std/csv.ts";
import type { AppDeps } from "./deps.ts";

const JSON_TYPE = "application/json", PARQUET_TYPE = "application/vnd.apache.parquet";
/** The other forms. */
export const LISTING_TYPES = ["application/x-ndjson", "text/csv", PARQUET_TYPE] as const;
/** Times as answers have them. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const FORMULA = /^[=+\-@\t\r]/;

/** Columns of one page at the most; beyond that the rest is left to JSON. */
const COLUMNS_MAX = 1_000;

type Item = Readonly<Record<string, unknown>>;

/**
 * Rewrites pages that a client wants in another form.
 *
 * @param parquet makes a Parquet file; without it there is none to be had
 */
export function formats(parquet?: AppDeps["parquet"]): MiddlewareHandler {
  const types = parquet === undefined ? LISTING_TYPES.filter((type) => type !== PARQUET_TYPE) : LISTING_TYPES;
  return (c, next) => {
    const header = c.req.method === "GET" ? c.req.header("accept") : undefined;
    const wants = header !== undefined && types.some((type) => header.includes(type));
    return wants ? rewritten(c, next, types, parquet) : next();
  };
}

async function rewritten(
  c: Context,
  next: Next,
  types: readonly string[],
  parquet: AppDeps["parquet"],
): Promise<void> {
  await next();
  if (c.res.status !== 200 || !c.res.headers.get("content-type")?.startsWith(JSON_TYPE)) return;
  const type = accepts(c, { header: "Accept", supports: [JSON_TYPE, ...types], default: JSON_TYPE });
  if (type === JSON_TYPE) return;
  const page = pageOf(await c.res.clone().json());
  if (page === undefined) return;
  const body = type === PARQUET_TYPE && parquet !== undefined
    ? await asParquet(page.items, parquet)
    : type === "text/csv"
    ? csv(page.items)
    : page.items.map((item) => `${JSON.stringify(item)}\n`).join("");
  const headers = new Headers(c.res.headers);
  headers.set("content-type", type === "text/csv" ? "text/csv; charset=utf-8; header=present" : type);
  headers.delete("content-length");
  headers.append("vary", "Accept");
  if (page.next !== undefined) headers.set("link", `<${linkTo(c, page.next)}>; rel="next"`);
  c.res = undefined; // else Hono puts the headers of before over these
  c.res = new Response(body, { status: 200, headers });
}

/** A listing's answer; undefined for any other. */
function pageOf(body: unknown): { readonly items: readonly Item[]; readonly next?: string } | undefined {
  if (typeof body !== "object" || body === null || !("items" in body) || !Array.isArray(body.items)) return undefined;
  if (!body.items.every((item) => typeof item === "object" && item !== null)) return undefined;
  const next = "next" in body && typeof body.next === "string" ? { next: body.next } : {};
  return { items: body.items, ...next };
}

function linkTo(c: Context, cursor: string): string {
  const url = new URL(c.req.url);
  url.searchParams.set("cursor", cursor);
  return url.pathname + url.search;
}

/** Items as rows under the columns of all of them, in the order in which they come up. */
function tableOf(items: readonly Item[]) {
  const rows = items.map((item) => new Map(flat(item, ""))), columns = new Set<string>();
  for (const row of rows) for (const name of row.keys()) if (columns.size < COLUMNS_MAX) columns.add(name);
  return { rows, names: [...columns] };
}

/** RFC 4180. */
function csv(items: readonly Item[]): string {
  const { rows, names } = tableOf(items);
  return stringify([names.map(cell), ...rows.map((row) => names.map((name) => cell(row.get(name))))]);
}

async function asParquet(items: readonly Item[], parquet: NonNullable<AppDeps["parquet"]>) {
  const { rows, names } = tableOf(items);
  // A file needs a column, also where there is no item to name one.
  const columns = (names.length > 0 ? names : ["id"]).map((name) => {
    const type = columnType(rows.map((row) => row.get(name)));
    return { name, type, take: CELLS[type] };
  });
  return await parquet(columns, rows.map((row) => columns.map(({ name, take }) => take(row.get(name) ?? null))));
}

const CELLS: Readonly<Record<"double" | "boolean" | "time" | "text", (value: unknown) => Cell>> = {
  double: (value) => value as number | null,
  boolean: (value) => value as boolean | null,
  time: (value) => value === null ? null : Date.parse(String(value)),
  text: (value) => value === null || typeof value === "string" ? value : JSON.stringify(value),
};

/** What all values of a column are; null and absent ones are anything. */
function columnType(values: readonly unknown[]): keyof typeof CELLS {
  const there = values.filter((value) => value !== null && value !== undefined);
  if (there.length === 0) return "text";
  if (there.every((value) => typeof value === "number")) return "double";
  if (there.every((value) => typeof value === "boolean")) return "boolean";
  return there.every((value) => typeof value === "string" && TIME.test(value)) ? "time" : "text";
}

function* flat(item: Item, prefix: string): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(item)) {
    const isDeeper = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isDeeper) yield* flat(value as Item, `${prefix}${key}.`);
    else yield [prefix + key, value];
  }
}

function cell(value: unknown): CsvField {
  if (value === undefined || value === null || typeof value === "number" || typeof value === "boolean") return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return FORMULA.test(text) ? `'${text}` : text;
}
