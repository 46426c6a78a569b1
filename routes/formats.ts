/**
 * Listings in other forms: by `Accept`, a page of items as NDJSON or CSV instead of JSON.
 *
 * The next page is in `Link: <...>; rel="next"`, which JSON has as `next`. In CSV what lies deeper has a dotted name
 * (`values.temperature`), an array is JSON, and a text that a spreadsheet would take for a formula gets a `'` before it.
 *
 * @module
 */
import type { Context, MiddlewareHandler, Next } from "hono";
import { accepts } from "hono/accepts";
import { type CsvField, stringify } from "../std/csv.ts";

const JSON_TYPE = "application/json";
/** The other forms. */
export const LISTING_TYPES = ["application/x-ndjson", "text/csv"] as const;
const FORMULA = /^[=+\-@\t\r]/;

/** Columns of one page at the most; beyond that the rest is left to JSON. */
const COLUMNS_MAX = 1_000;

type Item = Readonly<Record<string, unknown>>;

/** Rewrites pages that a client wants in another form. */
export function formats(): MiddlewareHandler {
  return (c, next) => {
    const header = c.req.method === "GET" ? c.req.header("accept") : undefined;
    const wants = header !== undefined && LISTING_TYPES.some((type) => header.includes(type));
    return wants ? rewritten(c, next) : next();
  };
}

async function rewritten(c: Context, next: Next): Promise<void> {
  await next();
  if (c.res.status !== 200 || !c.res.headers.get("content-type")?.startsWith(JSON_TYPE)) return;
  const type = accepts(c, { header: "Accept", supports: [JSON_TYPE, ...LISTING_TYPES], default: JSON_TYPE });
  if (type === JSON_TYPE) return;
  const page = pageOf(await c.res.clone().json());
  if (page === undefined) return;
  const text = type === "text/csv" ? csv(page.items) : page.items.map((item) => `${JSON.stringify(item)}\n`).join("");
  const headers = new Headers(c.res.headers);
  headers.set("content-type", type === "text/csv" ? "text/csv; charset=utf-8; header=present" : type);
  headers.delete("content-length");
  headers.append("vary", "Accept");
  if (page.next !== undefined) headers.set("link", `<${linkTo(c, page.next)}>; rel="next"`);
  c.res = undefined; // else Hono puts the headers of before over these
  c.res = new Response(text, { status: 200, headers });
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

/** RFC 4180, with the columns of all items, in the order in which they come up. */
function csv(items: readonly Item[]): string {
  const rows = items.map((item) => new Map(flat(item, ""))), columns = new Set<string>();
  for (const row of rows) for (const name of row.keys()) if (columns.size < COLUMNS_MAX) columns.add(name);
  const names = [...columns];
  return stringify([names.map(cell), ...rows.map((row) => names.map((name) => cell(row.get(name))))]);
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
