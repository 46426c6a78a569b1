/**
 * Which scope a request needs: one function for the guard, the OpenAPI document and the reference page.
 *
 * | scope | may |
 * |---|---|
 * | `read` | ask for everything that is shown, and ask models |
 * | `ingest` | send readings, and what a device has learnt |
 * | `operate` | acknowledge, shelve, label, pin models, run backtests; read the audit log |
 * | `admin` | change the configuration, manage keys, delete sensors, export, stop; and everything above |
 *
 * What is not named here is refused to all but the strictest scope that fits: an unknown change needs `operate`.
 *
 * @module
 */

import type { Scope } from "../../actors/keys.ts";

/** What anybody may ask: probes, how to log in, and what the page is made of (no data of the plant's). */
const PUBLIC =
  /^\/(livez|readyz|healthz|login|session|openapi\.json|docs(\/.*)?|static\/.*|vendor\/.*|v2\/health\/.*)$/;
/** Questions that are too long for an address: a POST that changes nothing. */
const QUESTIONS = /^\/(predict|v2\/models\/.*\/infer)$/;
const ADMIN = /^\/(admin|webhooks)(\/|$)|^\/sensors\/[^/]+\/delete$/;

/**
 * The scope that a request needs.
 *
 * @param method in capital letters
 * @param path as it was asked for, or in the spelling of OpenAPI
 * @returns undefined where none is needed
 */
export function scopeOf(method: string, path: string): Scope | undefined {
  if (PUBLIC.test(path)) return undefined;
  if (ADMIN.test(path)) return "admin";
  const reads = method === "GET" || method === "HEAD";
  if (path === "/audit") return "operate";
  if (path === "/config" || path.startsWith("/config/")) return reads ? "operate" : "admin";
  if (reads || method === "OPTIONS" || (method === "POST" && QUESTIONS.test(path))) return "read";
  if (path === "/readings" || path === "/federation/updates") return "ingest";
  return "operate";
}

/** Whether somebody with such scopes may do what needs `scope`; `admin` may do everything. */
export function permits(scopes: readonly Scope[], scope: Scope): boolean {
  return scopes.includes("admin") || scopes.includes(scope);
}
