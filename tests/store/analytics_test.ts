/**
 * Analytics against plain arithmetic over the listings of the same store.
 *
 * @module
 */
import { LiveCorrelation } from "../../actors/analytics/live.ts";
import { judgingSchema } from "../../actors/config.ts";
import type { Reading } from "../../actors/reading.ts";
import type { ReadingView, WindowView } from "../../actors/views.ts";
import { makeZone } from "../../models/zone.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";
import { ANALYTICS_LIMITS, type AnalyticsLimits, StoreAnalytics } from "../../store/analytics.ts";
import { StoreQueries } from "../../store/queries.ts";
import { runSource } from "../actors/harness.ts";
import { ItemsSource } from "../actors/items.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock } from "../routes/fakes.ts";

const START = Date.UTC(2026, 2, 28, 22), HOURS = 8, EVERY_MS = 60_000; // over the beginning of summer time
const judging = judgingSchema.parse({
  types: { pump: { channels: { p: { high: 12 } } }, valve: { channels: { p: { high: 50 } } } },
  windows: [{ lengthMs: 300_000, hopMs: 300_000 }],
  detectors: "rules",
});

/** Five sensors, two of which go together; one has no type and place, and gaps. */
function plant(): Reading[] {
  return Array.from({ length: 5 * HOURS * 60 }, (_, i): Reading => {
    const device = i % 5, minute = Math.floor(i / 5), time = START + EVERY_MS * minute;
    const wave = Math.sin(minute / 30),
      p = [10 + 3 * wave, 20 - 2 * wave, minute % 9, 5 + wave * (minute % 3), 1][device];
    const values: Reading["values"] = device === 3 ? { p, q: minute % 50 === 7 ? null : minute } : { p };
    return device === 4
      ? { sensor: "stray", time: minute % 10 < 5 ? time : START, values }
      : { sensor: `s${device}`, time, values, type: device < 2 ? "pump" : "valve", location: `hall ${device % 2}` };
  });
}

async function opened(limits: Partial<AnalyticsLimits> = {}) {
  const kv = new MemoryKv();
  const { supervisor } = await runSource(new ItemsSource(plant(), "plant"), { judging, kv, checkpointReadings: 300 });
  const queries = new StoreQueries(kv, supervisor, () => 0);
  const analytics = new StoreAnalytics({
    kv,
    queries,
    supervisor,
    live: new LiveCorrelation(),
    clock: new FakeClock(),
    zone: "Europe/Berlin",
    limits: { ...ANALYTICS_LIMITS, ...limits },
  });
  return { queries, analytics };
}

const lengthMs = 300_000, all = 2_000;

/** Mean and deviation of windows' values, put together by the book. */
function merged(windows: readonly WindowView[], channel: string) {
  const parts = windows.flatMap(({ channels }) => Object.hasOwn(channels, channel) ? [channels[channel]] : []);
  const count = parts.reduce((sum, one) => sum + one.count, 0);
  const mean = parts.reduce((sum, one) => sum + one.count * one.mean, 0) / count;
  const square = parts.reduce((sum, one) => sum + one.count * (one.std ** 2 + one.mean ** 2), 0) / count;
  return {
    count,
    mean,
    std: Math.sqrt(Math.max(0, square - mean ** 2)),
    min: Math.min(...parts.map(({ min }) => min)),
    max: Math.max(...parts.map(({ max }) => max)),
    anomalies: parts.reduce((sum, one) => sum + one.anomalies, 0),
  };
}

function assertNear(actual: object, expected: Readonly<Record<string, number>>): void {
  for (const [key, value] of Object.entries(expected)) {
    assertAlmostEquals((actual as Record<string, number>)[key], value, 1e-6 * (1 + Math.abs(value)), key);
  }
}

Deno.test("StoreAnalytics.summary() is what the windows come to, for every location, type and filter", async () => {
  const { queries, analytics } = await opened();
  const { items: windows } = await queries.windows({ lengthMs }, all),
    { items: alerts } = await queries.alerts({}, all);
  const view = await analytics.summary({ lengthMs });
  assertEquals([view.truncated, view.total.sensors, view.total.windows], [false, 5, windows.length]);
  assertEquals([view.total.alerts, view.total.alerts > 0], [alerts.length, true]);
  assertEquals(view.by_location.map(({ location }) => location), [null, "hall 0", "hall 1"]);
  assertEquals(view.by_type.map(({ type }) => type), [null, "pump", "valve"]);
  for (const group of view.by_location) {
    const own = windows.filter(({ location }) => (location ?? null) === group.location);
    assertEquals(group.windows, own.length);
    assertEquals(group.readings, own.reduce((sum, one) => sum + Math.max(...counts(one, "count")), 0));
    assertEquals(group.anomalies, own.reduce((sum, one) => sum + Math.max(...counts(one, "anomalies")), 0));
    assertEquals(group.anomalous_windows, own.filter((one) => counts(one, "anomalies").some((n) => n > 0)).length);
    for (const { channel, ...statistics } of group.channels) assertNear(statistics, merged(own, channel));
  }
  const from = START + 3_600_000, to = START + 2 * 3_600_000;
  const some = await analytics.summary({ lengthMs, type: "valve", channel: "p", from, to });
  const { items } = await queries.windows({ lengthMs, type: "valve", from, to }, all);
  assertEquals([some.total.windows, some.total.channels.map(({ channel }) => channel)], [items.length, ["p"]]);
  assertNear(some.total.channels[0], merged(items, "p"));
  assertEquals((await analytics.summary({ lengthMs, sensor: "nobody" })).total.windows, 0);
  assertEquals((await analytics.summary({})).total.windows, 0, "there are no windows of a minute");
});

function counts({ channels }: WindowView, of: "count" | "anomalies"): number[] {
  return Object.values(channels).map((one) => one[of]);
}

Deno.test("StoreAnalytics.summary() gives every sensor its newest share of what may be read", async () => {
  const { queries, analytics } = await opened({ windows: 100 });
  const view = await analytics.summary({ lengthMs });
  assertEquals([view.truncated, view.total.sensors], [true, 5]);
  const { items } = await queries.windows({ lengthMs, sensor: "s0" }, 20);
  const own = await analytics.summary({ lengthMs, location: "hall 0", type: "pump" });
  assertNear(view.by_type[1].channels[0], { min: Math.min(view.by_type[1].channels[0].min, merged(items, "p").min) });
  assertEquals([own.total.sensors, own.truncated], [1, false], "a narrower question is answered whole");
});

Deno.test("StoreAnalytics.correlation() is Pearson's over common moments, from windows and from readings", async () => {
  const { queries, analytics } = await opened();
  const filter = { lengthMs, sensors: ["s0", "s1", "s3"], by: "sensor", source: "windows" } as const;
  const view = await analytics.correlation(filter);
  assertEquals(view.series.map(({ sensor, channel }) => `${sensor} ${channel}`), ["s0 p", "s1 p", "s3 p", "s3 q"]);
  const { items } = await queries.windows({ lengthMs }, all);
  const means = (sensor: string) =>
    new Map(items.filter((one) => one.sensor === sensor).map(({ start, channels }) => [start, channels.p.mean]));
  assertAlmostEquals(view.matrix[0][2] ?? NaN, pearson(means("s0"), means("s3")), 1e-9);
  assertAlmostEquals(view.matrix[1][2] ?? NaN, pearson(means("s1"), means("s3")), 1e-9);
  assertAlmostEquals(view.matrix[0][1] ?? NaN, -1, 1e-9);
  assertEquals([view.pairs[0][1], view.left_out, view.truncated], [HOURS * 12, 0, false]);
  const readings = await analytics.correlation({ ...filter, lengthMs: EVERY_MS, source: "readings" });
  const values = async (sensor: string) =>
    new Map((await queries.readings(sensor, {}, all)).items.map(({ time, values }) => [time, values.p ?? NaN]));
  assertAlmostEquals(readings.matrix[0][2] ?? NaN, pearson(await values("s0"), await values("s3")), 1e-9);
  const types = await analytics.correlation({ ...filter, sensors: undefined, location: "hall 1", by: "type" });
  assertEquals(types.series.map(({ type, channel }) => [type, channel]), [["pump", "p"], ["valve", "p"], [
    "valve",
    "q",
  ]]);
});

function pearson(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number {
  const both = [...a].filter(([at]) => b.has(at)).map(([at, x]) => [x, b.get(at) ?? NaN]), n = both.length;
  const mx = both.reduce((sum, [x]) => sum + x, 0) / n, my = both.reduce((sum, [, y]) => sum + y, 0) / n;
  const sum = (of: (x: number, y: number) => number) => both.reduce((sum, [x, y]) => sum + of(x - mx, y - my), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

Deno.test("StoreAnalytics.profile() sorts windows by the hour on the wall, over a change of the clock", async () => {
  const { queries, analytics } = await opened(), { items } = await queries.windows({ lengthMs }, all);
  for (const zone of [undefined, "UTC", "Asia/Kolkata"]) {
    const { channels, zone: used } = await analytics.profile({ lengthMs, zone, weekday: true });
    assertEquals(used, zone ?? "Europe/Berlin");
    const local = makeZone(used), cells = channels.find(({ channel }) => channel === "p")?.cells ?? [];
    assertEquals(cells.length, 7 * 24);
    const placed = items.map((window) => ({ window, wall: new Date(local?.toLocal(window.start) ?? NaN) }));
    cells.forEach((cell, place) => {
      assertEquals([cell.weekday, cell.hour], [Math.floor(place / 24) + 1, place % 24]);
      const own = placed.filter(({ wall }) =>
        wall.getUTCHours() === cell.hour && (wall.getUTCDay() + 6) % 7 + 1 === cell.weekday
      ).map(({ window }) => window);
      if (own.length === 0) assertEquals([cell.count, cell.mean, cell.std], [0, null, null]);
      else assertNear(cell, merged(own, "p"));
    });
  }
  const berlin = await analytics.profile({ lengthMs, weekday: false, sensor: "s0" });
  // 02:00 was not there that night.
  assertEquals(berlin.channels[0].cells.filter(({ count }) => count > 0).map(({ hour }) => hour), [
    0,
    1,
    3,
    4,
    5,
    6,
    7,
    23,
  ]);
});

Deno.test("StoreAnalytics.distribution() counts every reading that is kept, once", async () => {
  const { queries, analytics } = await opened(), every: ReadingView[] = [];
  for (const sensor of ["s0", "s1", "s2", "s3", "stray"]) {
    every.push(...(await queries.readings(sensor, {}, all)).items);
  }
  const view = await analytics.distribution({}, 10);
  assertEquals([view.readings, view.truncated], [every.length, false]);
  assertEquals(view.anomalies, every.filter(({ is_anomaly }) => is_anomaly).length);
  assertEquals(view.values.map(({ channel }) => channel), ["p", "q"]);
  for (const { channel, count, min, max, bins } of view.values) {
    const values = every.map(({ values }) => values[channel]).filter((value) => typeof value === "number");
    assertEquals([count, min, max], [values.length, Math.min(...values), Math.max(...values)]);
    assertEquals(bins.reduce((sum, bin) => sum + bin.count, 0), values.length);
    assertEquals([bins.length, bins[0].from, bins[9].to], [10, min, max]);
  }
  const one = await analytics.distribution({ sensor: "stray" }, 5);
  assert(one.values[0].bins[0].from < 1 && one.values[0].bins[4].to > 1, "values that are all the same have a range");
});
