/**
 * `POST /admin/stop` and `GET /admin/export`: for the commands that work on a running instance; both need the scope `admin`.
 *
 * @module
 */
import { Hono } from "hono";
import type { AppDeps } from "./deps.ts";
import { onlyMethods } from "./problem.ts";

/** Characters that a token has at least. */
const TOKEN_LENGTH = 16;

/**
 * The routes for administration; none where nobody could have the scope.
 *
 * @throws {RangeError} for a token that could be guessed
 */
export function admin(deps: AppDeps): Hono {
  const app = new Hono();
  const { token } = deps;
  if (token === undefined && deps.access === undefined) return app;
  if (token !== undefined && token.length < TOKEN_LENGTH) {
    throw new RangeError(`The admin token must have at least ${TOKEN_LENGTH} characters, not ${token.length}.`);
  }
  app.post("/admin/stop", (c) => {
    if (deps.stop === undefined) return c.notFound();
    deps.stop();
    return c.json({ status: "stopping" }, 202);
  });
  app.get("/admin/export", async (c) => {
    const body = await deps.export?.();
    if (body === undefined) return c.notFound();
    return c.body(body, 200, {
      "content-type": "application/octet-stream",
      "content-disposition": 'attachment; filename="sensorium.export"',
    });
  });
  onlyMethods(app, "/admin/stop", ["POST"]);
  onlyMethods(app, "/admin/export", ["GET"]);
  return app;
}
