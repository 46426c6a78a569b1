/**
 * `GET /summary`: everything at a glance.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { AppDeps } from "./deps.ts";
import { onlyMethods } from "./problem.ts";
import { readQuery } from "./query.ts";
import { wireSummary } from "./wire.ts";

/** The routes of the summary. */
export function summary(deps: AppDeps): Hono {
  const app = new Hono();
  app.get("/summary", async (c) => {
    readQuery(c, z.object({}));
    return c.json(wireSummary(await deps.queries.summary()));
  });
  onlyMethods(app, "/summary", ["GET"]);
  return app;
}
