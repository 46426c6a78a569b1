/**
 * ETags: what a client has already costs it an empty 304.
 *
 * They are made where an answer is large, or asked for again and again, and mostly the same: models, the configuration,
 * evaluations, statistics, backtests. Lists of what moves (sensors, readings, alerts) have none: they never match.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";

const TAGGED = /^\/(config(\/schema)?|models(\/.*)?|evaluations(\/.*)?|analytics\/.*|backtests|backtests\/[^/]+)$/;

/** Content types with a tag: JSON of any kind, and the other forms of listings, each with a tag of its own. */
const TYPES = /json$|^text\/csv$|parquet$/;

/** Whether the answer of a path has an ETag; a path as it was asked for, or in the spelling of OpenAPI. */
export function isTagged(path: string): boolean {
  return TAGGED.test(path);
}

/** The ETag of a content. */
export function etagOf(content: string | Uint8Array): string {
  return `"${createHash("sha256").update(content).digest("hex").slice(0, 32)}"`;
}

/**
 * Whether a client that sent `If-None-Match` has this already. Weak and strong tags are alike here: compression on the
 * way makes one weak.
 */
export function isKnown(c: Context, etag: string): boolean {
  const given = c.req.header("if-none-match") ?? "";
  return given.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag);
}

/** Gives answers of {@linkcode isTagged} an ETag, and answers 304 to who has it. */
export function etags(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const { res } = c, type = (res.headers.get("content-type") ?? "").split(";")[0];
    if (c.req.method !== "GET" || res.status !== 200 || !isTagged(c.req.path) || res.headers.has("etag")) return;
    if (!TYPES.test(type)) return;
    const body = new Uint8Array(await res.arrayBuffer()), etag = etagOf(body), headers = new Headers(res.headers);
    headers.set("etag", etag);
    headers.set("cache-control", "private, no-cache");
    headers.append("vary", "Accept");
    c.res = undefined; // else Hono puts the headers of before over these
    if (!isKnown(c, etag)) c.res = new Response(body, { status: 200, headers });
    else {
      headers.delete("content-type");
      c.res = new Response(null, { status: 304, headers });
    }
  };
}
