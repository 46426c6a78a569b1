import type { PerformanceItem } from "../../actors/alerts/performance.ts";
import type { AlertFilter } from "../../actors/views.ts";
import { alertPerformance } from "../../routes/alert_performance.ts";
import { answerProblem, problemOf } from "../../routes/problem.ts";
import { assertEquals } from "../../std/assert.ts";
import { FakeClock } from "./fakes.ts";

const NOW = Date.UTC(2026, 0, 31, 12), HOUR = 3_600_000;

function makeApp(items: readonly PerformanceItem[]) {
  const asked: AlertFilter[] = [];
  const app = alertPerformance({
    clock: new FakeClock(NOW),
    queries: {
      // One alert a page, so that every cursor is followed.
      alerts: (filter, _limit, cursor) => {
        if (cursor === undefined) asked.push(filter);
        const fitting = items.filter((item) =>
          item.raised_at < (filter.to ?? Infinity) && item.raised_at >= (filter.from ?? 0) &&
          (filter.state === undefined || item.state === filter.state)
        );
        const at = Number(cursor ?? 0), next = at + 1 < fitting.length ? { next: String(at + 1) } : {};
        return Promise.resolve({ items: fitting.slice(at, at + 1), ...next });
      },
    },
  });
  app.onError((error, c) => answerProblem(c, problemOf(error)));
  return { app, asked };
}

function item(raised_at: number, more: Partial<PerformanceItem> = {}): PerformanceItem {
  const told = { sensor: "pump", condition: "limit", channel: "a", priority: "high" } as const;
  return {
    id: `p:${raised_at}:pump:limit:a`,
    state: "cleared",
    ...told,
    raised_at,
    cleared_at: raised_at + 1,
    ...more,
  };
}

Deno.test("GET /alerts/performance gives the last 24 hours, with stale ones raised before", async () => {
  const items = [
    ...Array.from({ length: 10 }, (_, i) => item(NOW - HOUR + i * 1000)),
    item(NOW - 30 * HOUR, { state: "active", cleared_at: undefined }),
    item(NOW - 40 * HOUR),
  ];
  const { app, asked } = makeApp(items);
  const response = await app.request("/alerts/performance?location=hall");
  const body = await response.json();
  assertEquals(response.status, 200);
  assertEquals([body.from, body.to], ["2026-01-30T12:00:00.000Z", "2026-01-31T12:00:00.000Z"]);
  assertEquals([body.alerts, body.per_10_minutes.most, body.stale.count], [10, 10, 1]);
  assertEquals(body.stale.oldest[0].raised_at, "2026-01-30T06:00:00.000Z");
  assertEquals(asked, [
    { location: "hall", from: NOW - 24 * HOUR, to: NOW },
    { location: "hall", state: "active", to: NOW - 24 * HOUR },
  ]);
});

Deno.test("GET /alerts/performance refuses periods that are none or too long", async () => {
  const { app } = makeApp([]);
  for (const query of ["from=2026-01-31T12:00:00Z", "from=2025-12-01T00:00:00Z", "from=5&to=5", "period=week"]) {
    assertEquals((await app.request(`/alerts/performance?${query}`)).status, 400, query);
  }
  assertEquals((await app.request("/alerts/performance", { method: "POST" })).status, 405);
});
