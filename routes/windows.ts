/**
 * `GET /windows`: event-time windows of all sensors.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { AppDeps } from "./deps.ts";
import { onlyMethods } from "./problem.ts";
import { integerParameter, nameParameter, pageParameters, periodParameters, readQuery } from "./query.ts";
import { wirePage, wireWindow } from "./wire.ts";

/** `length_ms`: windows of this length, 1 s to a day; the 60 s ones unless told. */
export const lengthParameter = integerParameter(1_000, 86_400_000).optional();

/** Query of `GET /windows`. */
export const windowsQuery = z.object({
  sensor: nameParameter,
  type: nameParameter,
  location: nameParameter,
  length_ms: lengthParameter,
  ...periodParameters,
  ...pageParameters,
});

/** The routes of windows. */
export function windows(deps: AppDeps): Hono {
  const app = new Hono();
  app.get("/windows", async (c) => {
    const { limit, cursor, length_ms: lengthMs, ...filter } = readQuery(c, windowsQuery);
    return c.json(wirePage(await deps.queries.windows({ lengthMs, ...filter }, limit, cursor), wireWindow));
  });
  onlyMethods(app, "/windows", ["GET"]);
  return app;
}
