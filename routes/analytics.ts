/**
 * `GET /analytics/agreement`: machine learning against rules, on their flags, all groups together and each by itself.
 * `GET /drift`: channels and models that are not what they were when they were learnt.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { COMPARED } from "../actors/agreement_view.ts";
import type { AppDeps } from "./deps.ts";
import { onlyMethods } from "./problem.ts";
import { nameParameter, readQuery } from "./query.ts";
import { wireDrift } from "./wire.ts";

/** Query of `GET /analytics/agreement`. */
export const agreementQuery = z.object({
  group: nameParameter,
  detector: z.enum(COMPARED, { error: `detector must be one of ${COMPARED.join(", ")}` }).optional(),
});

/** The routes of analytics; none where nothing is counted. */
export function analytics(deps: AppDeps): Hono {
  const app = new Hono();
  if (deps.drift !== undefined) {
    app.get("/drift", async (c) => {
      readQuery(c, z.object({}));
      const drifts = await deps.drift?.();
      return c.json({ ...drifts, channels: drifts?.channels.map(wireDrift) });
    });
    onlyMethods(app, "/drift", ["GET"]);
  }
  if (deps.agreement === undefined) return app;
  app.get("/analytics/agreement", async (c) => {
    const { group, detector } = readQuery(c, agreementQuery), views = await deps.agreement?.(detector) ?? [];
    return c.json({ items: group === undefined ? views : views.filter((view) => view.group === group) });
  });
  onlyMethods(app, "/analytics/agreement", ["GET"]);
  return app;
}
