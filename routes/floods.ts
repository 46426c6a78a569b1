/**
 * `GET /alerts/floods`: many alerts of one location within minutes, as one with its members.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { FloodView } from "../actors/alerts/flood.ts";
import { onlyMethods } from "./problem.ts";
import { nameParameter, readQuery } from "./query.ts";
import { iso } from "./wire.ts";

/** What the route needs. */
export interface FloodsDeps {
  /** Absent: the route is not there. */
  readonly floods?: { list(): readonly FloodView[] | Promise<readonly FloodView[]> };
}

/** Query of `GET /alerts/floods`. */
export const floodsQuery = z.object({
  location: nameParameter,
  state: z.enum(["active", "ended"], { error: "state must be active or ended" }).optional(),
});

/** A flood as it goes over the wire. */
function wireFlood({ began_at, ended_at, ...rest }: FloodView): object {
  return { ...rest, began_at: iso(began_at), ...(ended_at === undefined ? {} : { ended_at: iso(ended_at) }) };
}

/** The route; none without floods. To be mounted before `/alerts/{id}`. */
export function floods({ floods }: FloodsDeps): Hono {
  const app = new Hono();
  if (floods === undefined) return app;
  app.get("/alerts/floods", async (c) => {
    const { location, state } = readQuery(c, floodsQuery);
    const items = (await floods.list()).filter((one) =>
      (location === undefined || one.location === location) && (state === undefined || one.state === state)
    );
    return c.json({ items: items.map(wireFlood) });
  });
  onlyMethods(app, "/alerts/floods", ["GET"]);
  return app;
}
