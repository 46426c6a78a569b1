/**
 * `GET /alerts/performance`: how the alarm system performs, in the figures of ISA-18.2.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { ExpectedView } from "../actors/alerts/expected.ts";
import { PERFORMANCE, Performance, type PerformanceItem, type PerformanceView } from "../actors/alerts/performance.ts";
import type { Clock } from "../actors/ports.ts";
import type { AlertFilter, Page } from "../actors/views.ts";
import { onlyMethods, Problem } from "./problem.ts";
import { nameParameter, PAGE_LIMIT, periodParameters, readQuery } from "./query.ts";
import { iso } from "./wire.ts";

/** Where alerts are asked for: a part of `Queries`. */
export interface AlertListing {
  /** Alerts by when they were raised, newest first. */
  alerts(filter: AlertFilter, limit: number, cursor?: string): Promise<Page<PerformanceItem>>;
}

/** What the route needs. */
export interface AlertPerformanceDeps {
  readonly queries: AlertListing;
  readonly clock: Clock;
  /** How many false alarms the budgets come to, now. */
  expected?(): ExpectedView | undefined;
}

const DAY_MS = 86_400_000;

/** Query of `GET /alerts/performance`: the last 24 hours unless told; at most 31 days. */
export const alertPerformanceQuery = z.object({
  type: nameParameter,
  location: nameParameter,
  ...periodParameters,
});

/** The figures as they go over the wire: times as ISO 8601. */
function wirePerformance({ from, to, per_10_minutes, stale, ...rest }: PerformanceView): object {
  const { most_at, ...per } = per_10_minutes;
  return {
    from: iso(from),
    to: iso(to),
    ...rest,
    per_10_minutes: { ...per, ...(most_at === undefined ? {} : { most_at: iso(most_at) }) },
    stale: { ...stale, oldest: stale.oldest.map(({ id, raised_at }) => ({ id, raised_at: iso(raised_at) })) },
  };
}

/**
 * The figures of a period.
 *
 * @param from inclusive, epoch ms; `to` exclusive
 */
async function performanceOf(
  queries: AlertListing,
  filter: Pick<AlertFilter, "type" | "location">,
  from: number,
  to: number,
): Promise<PerformanceView> {
  const performance = new Performance(from, to);
  await each(queries, { ...filter, from, to }, (item) => performance.add(item));
  // Those raised before the period: stale ones that are active still.
  await each(queries, { ...filter, state: "active", to: from }, (item) => performance.add(item));
  return performance.view();
}

async function each(queries: AlertListing, filter: AlertFilter, take: (item: PerformanceItem) => void): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await queries.alerts(filter, PAGE_LIMIT, cursor);
    page.items.forEach(take);
    cursor = page.next;
  } while (cursor !== undefined);
}

/** The route. To be mounted before `/alerts/{id}`. */
export function alertPerformance({ queries, clock, expected: ofBudgets }: AlertPerformanceDeps): Hono {
  const app = new Hono();
  app.get("/alerts/performance", async (c) => {
    const { to = clock.now(), from = to - DAY_MS, ...filter } = readQuery(c, alertPerformanceQuery);
    if (!(from < to && to - from <= PERFORMANCE.periodMs)) {
      const message = `must be before to, and at most 31 days before: ${iso(from)} to ${iso(to)}`;
      throw new Problem(400, "The period is not valid.", { errors: [{ field: "from", message }] });
    }
    const expected = ofBudgets?.(), figures = wirePerformance(await performanceOf(queries, filter, from, to));
    return c.json({ ...figures, ...(expected ? { expected } : {}) });
  });
  onlyMethods(app, "/alerts/performance", ["GET"]);
  return app;
}
