import fc from "fast-check";
import { PERFORMANCE, Performance, type PerformanceItem } from "../../../actors/alerts/performance.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../../std/assert.ts";

const DAY = 86_400_000, FROM = 20_000 * DAY;

function item(at: number, more: Partial<PerformanceItem> = {}): PerformanceItem {
  const raised_at = FROM + at;
  return {
    id: `p:${at}:pump:limit:a`,
    state: "cleared",
    sensor: "pump",
    condition: "limit",
    channel: "a",
    priority: "high",
    raised_at,
    cleared_at: raised_at + 1000,
    ...more,
  };
}

function of(items: readonly PerformanceItem[], to = FROM + DAY) {
  const performance = new Performance(FROM, to);
  for (const one of items) performance.add(one);
  return performance.view();
}

Deno.test("Performance.view() gives the standard's figures of a day", () => {
  const flood = Array.from(
    { length: 12 },
    (_, i) => item(600_000 * 3 + 40_000 * i, { sensor: `s${i}`, priority: "low" }),
  );
  const chatter = [0, 20_000, 60_000].map((at) => item(7_200_000 + at, { sensor: "valve" }));
  const stale = item(-3 * DAY, { state: "active", cleared_at: undefined });
  const view = of([...flood, ...chatter, item(40_000_000), stale]);
  assertEquals(view.alerts, 16);
  assertEquals(view.per_10_minutes.most, 12);
  assertEquals(view.per_10_minutes.most_at, FROM + 1_800_000);
  assertAlmostEquals(view.per_10_minutes.average, 16 / 144, 1e-12);
  assertAlmostEquals(view.flood_ratio, 1 / 144, 1e-12);
  assertAlmostEquals(view.per_10_minutes.acceptable_ratio, 142 / 144, 1e-12);
  assertEquals(view.floods, 1);
  assertEquals([view.stale.count, view.stale.oldest[0].id], [1, "p:-259200000:pump:limit:a"]);
  assertEquals(view.chattering.count, 1);
  assertEquals([view.chattering.worst[0].sensor, view.bad_actors[0].count, view.bad_actors.length], ["valve", 3, 10]);
  assertAlmostEquals(view.bad_actors_ratio, 12 / 16, 1e-12);
  assertEquals(view.priorities.low, { count: 12, ratio: 0.75 });
});

Deno.test("Performance.view() does not depend on the order of the alerts", () => {
  const itemArb = fc.record({
    at: fc.integer({ min: -2 * DAY, max: DAY }),
    sensor: fc.constantFrom("a", "b", "c"),
    open: fc.boolean(),
  }).map(({ at, sensor, open }) => item(at, { sensor, ...(open ? { state: "active", cleared_at: undefined } : {}) }));
  const near = fc.integer({ min: 0, max: 400_000 }).map((at) => item(at));
  const items = fc.uniqueArray(fc.oneof(itemArb, near), { maxLength: 40, selector: ({ id, sensor }) => id + sensor });
  fc.assert(fc.property(items, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (all, chance) => {
    const shuffled = all.map((one) => [chance.next().value, one] as const).sort(([a], [b]) => a - b);
    assertEquals(of(shuffled.map(([, one]) => one)), of(all));
    // Chattering by looking at every three raises.
    const times = (sensor: string) =>
      all.filter((one) => one.sensor === sensor && one.raised_at >= FROM && one.raised_at < FROM + DAY)
        .map(({ raised_at }) => raised_at).sort((a, b) => a - b);
    const chatters = ["a", "b", "c", "pump"].filter((sensor) =>
      times(sensor).some((time, i, list) => i >= 2 && time - list[i - 2] <= PERFORMANCE.chatterMs)
    );
    assertEquals(of(all).chattering.count, chatters.length);
  }));
});

Deno.test("Performance refuses periods without end and is bounded in actors", () => {
  assertThrows(() => new Performance(5, 5), RangeError, "0 ms");
  assertThrows(() => new Performance(0, PERFORMANCE.periodMs + 1), RangeError, "must be from 1 to");
  const performance = new Performance(FROM, FROM + DAY);
  for (let i = 0; i < PERFORMANCE.actors + 5; i++) performance.add(item(i, { sensor: `s${i}` }));
  const view = performance.view();
  assertEquals([view.alerts, view.others, view.bad_actors.length], [PERFORMANCE.actors + 5, 5, 10]);
  assert(of([]).per_10_minutes.most_at === undefined && of([]).bad_actors_ratio === 0);
});
