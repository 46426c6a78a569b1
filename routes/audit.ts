/**
 * Every change is written down: who, from where, what, and how it was answered. `GET /audit` lists the last ones.
 *
 * A change is a request that needs `operate` or `admin` and is not a question, or a login; written down are those that
 * were done, or failed inside. What was refused is counted (`/metrics`): else anybody could flush the log.
 *
 * @module
 */
import { type Context, Hono, type MiddlewareHandler, type Next } from "hono";
import { z } from "zod";
import type { AuditEntry, AuditLog } from "../actors/keys.ts";
import { addressOf, principalOf } from "./auth/principal.ts";
import { scopeOf } from "./auth/scopes.ts";
import type { AppDeps } from "./deps.ts";
import { onlyMethods } from "./problem.ts";
import { pageParameters, readQuery } from "./query.ts";
import { requestIdOf } from "./request_id.ts";
import { iso, wirePage } from "./wire.ts";

/** Query of `GET /audit`. */
export const auditQuery = z.object(pageParameters);

/** Says more about a change than its address does, such as which key was made; no secret. */
export function auditDetail(c: Context, detail: string): void {
  c.set("auditDetail", detail);
}

/** Writes changes down; waits until they are, so that an answered change is in the log. */
export function auditing(audit: AuditLog): MiddlewareHandler {
  async function noted(c: Context, next: Next): Promise<void> {
    await next();
    const { method, path } = c.req, { status } = c.res;
    if (status >= 400 && status < 500) return;
    const { id: actor, name } = principalOf(c), detail: string | undefined = c.get("auditDetail");
    const action = `${method} ${oneLine(path)}`, from = addressOf(c);
    await audit.note({ actor, name, from, action, status, request: requestIdOf(c), detail });
  }

  return (c, next) => isChange(c.req.method, c.req.path) ? noted(c, next) : next();
}

function isChange(method: string, path: string): boolean {
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return path === "/admin/export";
  const scope = scopeOf(method, path);
  return scope === "operate" || scope === "admin" || path === "/session";
}

/** Without characters that could make up a line of a log, or turn a terminal's text around. */
function oneLine(path: string): string {
  return path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

function wireEntry({ time, ...entry }: AuditEntry) {
  return { ...entry, time: iso(time) };
}

/** The routes of the audit log; none without access control. */
export function audit({ access }: AppDeps): Hono {
  const app = new Hono();
  if (access === undefined) return app;
  app.get("/audit", async (c) => {
    const { limit, cursor } = readQuery(c, auditQuery);
    return c.json(wirePage(await access.audit.list(limit, cursor), wireEntry));
  });
  onlyMethods(app, "/audit", ["GET"]);
  return app;
}
