/**
 * `/admin/keys`: the keys of a running instance, for `deno task keys` and for whoever has the scope `admin`.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { type ApiKey, KEY_LIMITS, KeyRuleError } from "../../actors/keys.ts";
import { auditDetail } from "../audit.ts";
import { readBody } from "../body.ts";
import type { AppDeps } from "../deps.ts";
import { onlyMethods, Problem } from "../problem.ts";
import { iso } from "../wire.ts";

const BODY_BYTES = 4 * 1024;

/** Body of `POST /admin/keys`. */
export const keyBody = z.strictObject({
  name: z.string().min(1).max(KEY_LIMITS.nameLength),
  scopes: z.array(z.enum(["read", "ingest", "operate", "admin"])).min(1).max(4),
  expires: z.iso.datetime().optional(),
});

/** A key as answers have it: never its secret. */
function wireKey({ created, expires, ...key }: ApiKey) {
  return { ...key, created: iso(created), ...(expires === undefined ? {} : { expires: iso(expires) }) };
}

/** The routes of the keys; none without access control. */
export function keys({ access }: AppDeps): Hono {
  const app = new Hono();
  if (access === undefined) return app;
  app.get("/admin/keys", async (c) => c.json({ items: (await access.keys.list()).map(wireKey) }));
  app.post("/admin/keys", async (c) => {
    const { expires, ...key } = await readBody(c, keyBody, BODY_BYTES);
    try {
      const time = expires === undefined ? {} : { expires: Date.parse(expires) };
      const made = await access.keys.create({ ...key, ...time });
      auditDetail(c, `key ${made.key.id} ${made.key.name} ${made.key.scopes.join(",")}`);
      return c.json({ ...wireKey(made.key), secret: made.secret }, 201);
    } catch (error) {
      throw ruled(error, 409);
    }
  });
  app.delete("/admin/keys/:id", async (c) => {
    try {
      const key = await access.keys.revoke(c.req.param("id"));
      auditDetail(c, `key ${key.id} ${key.name}`);
      return c.json(wireKey(key));
    } catch (error) {
      throw ruled(error, 404);
    }
  });
  onlyMethods(app, "/admin/keys", ["GET", "POST"]);
  onlyMethods(app, "/admin/keys/:id", ["DELETE"]);
  return app;
}

function ruled(error: unknown, status: 404 | 409): unknown {
  if (!(error instanceof KeyRuleError)) return error;
  return new Problem(status, `${error.message[0].toUpperCase()}${error.message.slice(1)}.`);
}
