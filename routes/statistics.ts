/**
 * `/analytics/summary`, `/correlation`, `/profile` and `/distribution`: statistics over what is stored.
 *
 * All take the same filters; without a period the last day of event time is looked at. What one question may read is
 * bounded; an answer that did not see all says `truncated`.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { AnalyticsFilter, LiveCorrelationView, Looked } from "../actors/analytics/port.ts";
import { zoneSchema } from "../actors/config.ts";
import type { AppDeps } from "./deps.ts";
import { onlyMethods, Problem } from "./problem.ts";
import { integerParameter, nameParameter, periodParameters, readQuery } from "./query.ts";
import { iso } from "./wire.ts";
import { lengthParameter } from "./windows.ts";

/** Sensors that can be named for one question. */
const SENSORS_MOST = 24;
const HOUR_MS = 3_600_000;

const filters = {
  sensor: nameParameter,
  type: nameParameter,
  location: nameParameter,
  channel: nameParameter,
  ...periodParameters,
};

/** Query of `GET /analytics/summary`. */
export const statisticsQuery = z.object({ ...filters, length_ms: lengthParameter });

const namesParameter = z.string().max(8_192, "sensors must have at most 8192 characters").transform((text, context) => {
  const names = text.split(",").map(decoded);
  if (names.length > SENSORS_MOST || names.some((name) => name === undefined || name === "" || name.length > 128)) {
    const message =
      `sensors must be 1 to ${SENSORS_MOST} names of 1 to 128 characters with commas between, a comma in ` +
      "a name as %2C and a percent sign as %25";
    context.addIssue({ code: "custom", message });
  }
  return names.filter((name) => name !== undefined);
});

/** Query of `GET /analytics/correlation`. */
export const correlationQuery = statisticsQuery.extend({
  sensors: namesParameter.optional(),
  by: z.enum(["sensor", "type"], { error: "by must be sensor or type" }).default("sensor"),
  source: z.enum(["windows", "readings"], { error: "source must be windows or readings" }).default("windows"),
});

/** Query of `GET /analytics/correlation/live`. */
export const liveCorrelationQuery = z.object({ location: nameParameter });

/** Query of `GET /analytics/profile`. */
export const profileQuery = statisticsQuery.extend({
  zone: zoneSchema.optional(),
  weekday: z.enum(["true", "false"], { error: "weekday must be true or false" }).default("false"),
});

/** Query of `GET /analytics/distribution`. */
export const distributionQuery = z.object({ ...filters, bins: integerParameter(2, 200).default(20) });

/** A name out of a list of names; undefined for a percent sign that begins nothing. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function filterOf<T extends { readonly length_ms?: number; readonly from?: number; readonly to?: number }>(
  { length_ms: lengthMs, ...query }: T,
): Omit<T, "length_ms"> & AnalyticsFilter {
  if (query.from !== undefined && query.to !== undefined && query.from > query.to) {
    throw refused("from", "from must not be after to");
  }
  return { lengthMs, ...query };
}

function refused(field: string, message: string): Problem {
  return new Problem(400, "The query is not valid.", { errors: [{ field, message }] });
}

/** An answer over the wire. */
function wired<T extends Looked>({ period, ...view }: T) {
  return { ...view, period: { from: iso(period.from), to: iso(period.to) } };
}

/** A live correlation over the wire. */
function wiredLive({ updated, ...view }: LiveCorrelationView) {
  return { ...view, updated: iso(updated) };
}

/** The routes of statistics; none without analytics. */
export function statistics({ analytics }: AppDeps): Hono {
  const app = new Hono();
  if (analytics === undefined) return app;
  app.get("/analytics/summary", async (c) => {
    return c.json(wired(await analytics.summary(filterOf(readQuery(c, statisticsQuery)))));
  });
  app.get("/analytics/correlation", async (c) => {
    return c.json(wired(await analytics.correlation(filterOf(readQuery(c, correlationQuery)))));
  });
  app.get("/analytics/correlation/live", (c) => {
    const { location } = readQuery(c, liveCorrelationQuery);
    return c.json({ items: analytics.liveCorrelation(location).map(wiredLive) });
  });
  app.get("/analytics/profile", async (c) => {
    const { weekday, ...query } = readQuery(c, profileQuery);
    if ((query.length_ms ?? 0) > HOUR_MS) throw refused("length_ms", "length_ms must be at most an hour for a profile");
    return c.json(wired(await analytics.profile({ ...filterOf(query), weekday: weekday === "true" })));
  });
  app.get("/analytics/distribution", async (c) => {
    const { bins, ...query } = readQuery(c, distributionQuery);
    return c.json(wired(await analytics.distribution(filterOf(query), bins)));
  });
  for (const path of ["summary", "correlation", "correlation/live", "profile", "distribution"]) {
    onlyMethods(app, `/analytics/${path}`, ["GET"]);
  }
  return app;
}
