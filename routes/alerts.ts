/**
 * `GET /alerts` and `GET /alerts/{id}`. The stream of them is in `streams.ts`.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { CONDITIONS } from "../actors/views.ts";
import type { AppDeps } from "./deps.ts";
import { notFound, onlyMethods } from "./problem.ts";
import { nameParameter, pageParameters, periodParameters, readQuery } from "./query.ts";
import { wireAlert, wirePage } from "./wire.ts";

/** Query of `GET /alerts`. */
export const alertsQuery = z.object({
  sensor: nameParameter,
  type: nameParameter,
  location: nameParameter,
  state: z.enum(["active", "cleared"], { error: "state must be active or cleared" }).optional(),
  condition: z.enum(CONDITIONS, { error: `condition must be one of ${CONDITIONS.join(", ")}` }).optional(),
  ...periodParameters,
  ...pageParameters,
});

/** The routes of alerts. */
export function alerts(deps: AppDeps): Hono {
  const app = new Hono();
  app.get("/alerts", async (c) => {
    const { limit, cursor, ...filter } = readQuery(c, alertsQuery);
    return c.json(wirePage(await deps.queries.alerts(filter, limit, cursor), wireAlert));
  });
  app.get("/alerts/:id", async (c) => {
    readQuery(c, z.object({}));
    const id = c.req.param("id");
    const alert = await deps.queries.alert(id);
    if (alert === undefined) throw notFound("alert", id);
    return c.json(wireAlert(alert));
  });
  onlyMethods(app, "/alerts", ["GET"]);
  onlyMethods(app, "/alerts/:id", ["GET"]);
  return app;
}
