/**
 * `GET /quarantine`: what was not accepted, and why; newest first.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { AppDeps } from "./deps.ts";
import { onlyMethods } from "./problem.ts";
import { pageParameters, readQuery } from "./query.ts";

/** Query of `GET /quarantine`. */
export const quarantineQuery = z.object(pageParameters);

/** The routes of the quarantine. */
export function quarantine(deps: AppDeps): Hono {
  const app = new Hono();
  app.get("/quarantine", async (c) => {
    const { limit, cursor } = readQuery(c, quarantineQuery);
    return c.json(await deps.queries.quarantine(limit, cursor));
  });
  onlyMethods(app, "/quarantine", ["GET"]);
  return app;
}
