/** @module */
import { judgingSchema } from "../../actors/config.ts";
import type { Reading } from "../../actors/reading.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { Page, ReadingView } from "../../actors/views.ts";
import { CursorError, writeCursor } from "../../store/cursor.ts";
import type { KvPort } from "../../store/kv.ts";
import { StoreQueries } from "../../store/queries.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { runSource } from "../actors/harness.ts";
import { ItemsSource } from "../actors/items.ts";
import { eachDatabase } from "./databases.ts";

const START = 1_700_000_000_000 - 1_700_000_000_000 % 120_000;
const judging = judgingSchema.parse({
  types: {
    pump: { channels: { a: { low: 0, high: 50, unit: "bar" } }, intervalMs: 1_000 },
    valve: { channels: { a: { high: 80 } }, intervalMs: 1_000 },
  },
  windows: [{ lengthMs: 60_000, hopMs: 60_000 }, { lengthMs: 60_000, hopMs: 30_000 }, {
    lengthMs: 120_000,
    hopMs: 120_000,
  }],
  latenessMs: 10_000,
  detectors: "rules", // ten minutes would all be warm-up
});

/** Four sensors a second apart for ten minutes; hot for some seconds of each minute but the last; one falls silent. */
function plant(): (Reading | { errors: []; sample: string })[] {
  return Array.from({ length: 2_400 }, (_, i) => {
    const device = i % 4, second = Math.floor(i / 4), hot = device < 2 && second % 60 < 4 + device && second < 540;
    if (device === 3 && second > 300) return { errors: [], sample: `no ${i}` };
    return {
      sensor: `s${device}`,
      time: START + 1_000 * second,
      values: { a: hot ? 90 : 20 + second % 3, ...(device === 1 ? { b: second } : {}) },
      type: device < 2 ? "pump" : "valve",
      location: `hall ${device % 2}`,
    };
  });
}

/** All pages of a listing, one behind the other. */
async function all<T>(page: (cursor?: string) => Promise<Page<T>>, limit: number): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined, pages = 0;; pages++) {
    const { items: some, next } = await page(cursor);
    assert(some.length <= limit && pages < 10_000);
    items.push(...some);
    if (next === undefined) return items;
    cursor = next;
  }
}

async function ask(kv: KvPort, residentMost = 1_000): Promise<{ queries: StoreQueries; supervisor: Supervisor }> {
  const { supervisor } = await runSource(new ItemsSource(plant(), "plant"), {
    judging,
    kv,
    batchSize: 100,
    residentMost,
    checkpointReadings: 200,
  });
  return { queries: new StoreQueries(kv, supervisor, () => 7), supervisor };
}

eachDatabase(({ name, open }) => {
  Deno.test(`StoreQueries over ${name}: a restart forgets nobody who was silent`, async () => {
    using kv = await open();
    const before = await (await ask(kv)).queries.summary();
    assertEquals([before.sensors, before.silent], [4, 1]);
    const { queries } = await ask(kv); // reads on behind the end: nobody comes into memory
    for (let n = 0; n < 2; n++) assertEquals({ ...await queries.summary(), partitions: before.partitions }, before);
  });

  Deno.test(`StoreQueries over ${name}: pages put together are the whole, by any filter`, async () => {
    using kv = await open();
    const { queries } = await ask(kv, 2);
    const whole = await all((cursor) => queries.windows({}, 1_000, cursor), 1_000);
    // Windows of a minute, and those of every half: 10 and 21 for a sensor of ten minutes, 6 and 12 for one of five.
    assertEquals(whole.length, 3 * (10 + 21) + 6 + 12);
    for (const limit of [1, 7, 10, 11]) {
      assertEquals(await all((cursor) => queries.windows({}, limit, cursor), limit), whole);
    }
    const starts = whole.map(({ start }) => start);
    assertEquals(starts, starts.toSorted((a, b) => b - a), "newest first");
    for (const sensor of ["s0", "s3"]) {
      const own = await all((cursor) => queries.windows({ sensor }, 3, cursor), 3);
      assertEquals(
        own.map(({ id }) => id).toSorted(),
        whole.filter((one) => one.sensor === sensor).map(({ id }) => id).toSorted(),
      );
    }
    const period = { from: START + 120_000, to: START + 240_000 };
    const some = await all((cursor) => queries.windows({ ...period, location: "hall 1" }, 2, cursor), 2);
    assertEquals(
      some,
      whole.filter((one) => one.start >= period.from && one.start < period.to && one.location === "hall 1"),
    );
    assertEquals((await queries.windows({ lengthMs: 120_000, type: "pump" }, 100)).items.length, 10);
    assertEquals(await queries.windows({ lengthMs: 5 }, 100), { items: [] });
    for (const filter of [{ from: 10, to: 5 }, { from: 10, to: 5, sensor: "s0" }, { sensor: "nobody" }]) {
      assertEquals((await queries.windows(filter, 10)).items, []);
    }
  });

  Deno.test(`StoreQueries over ${name}: alerts by state, condition, place and time`, async () => {
    using kv = await open();
    const { queries } = await ask(kv);
    const whole = await all((cursor) => queries.alerts({}, 4, cursor), 4);
    assertEquals(whole, (await queries.alerts({}, 1_000)).items);
    assertEquals(whole.filter((one) => one.condition === "limit" && one.state === "cleared").length, 18);
    const silent = await queries.alerts({ condition: "silent" }, 10);
    assertEquals(silent.items.map(({ sensor, state }) => [sensor, state]), [["s3", "active"]]);
    assertEquals((await queries.alerts({ state: "active" }, 10)).items, silent.items);
    assertEquals((await queries.alerts({ type: "pump", location: "hall 1", condition: "limit" }, 100)).items.length, 9);
    const from = START + 60_000,
      early = await all((cursor) => queries.alerts({ from, to: from + 60_000 }, 1, cursor), 1);
    assertEquals(early, whole.filter((one) => one.raised_at >= from && one.raised_at < from + 60_000));
    assertEquals((await queries.alerts({ from: 9, to: 3 }, 10)).items, []);
    for (const one of whole) assertEquals(await queries.alert(one.id), one);
    assertEquals(await queries.alert("nothing"), undefined);
  });

  Deno.test(`StoreQueries over ${name}: readings of all sensors, the latest first, in memory and let go`, async () => {
    using kv = await open();
    const { queries } = await ask(kv, 2), sensors = ["s0", "s1", "s2", "s3"], every: ReadingView[] = [];
    for (const sensor of sensors) every.push(...await all((cursor) => queries.readings(sensor, {}, 700, cursor), 700));
    const sorted = every.toSorted((a, b) => b.time - a.time || (a.sensor < b.sensor ? -1 : 1));
    assertEquals(await all((cursor) => queries.latestReadings({}, 199, cursor), 199), sorted);
    const filter = { location: "hall 0", anomalous: true, from: START + 60_000, to: START + 300_000 };
    const some = await all((cursor) => queries.latestReadings(filter, 7, cursor), 7);
    const expected = sorted.filter(({ sensor, is_anomaly, time }) =>
      (sensor === "s0" || sensor === "s2") && is_anomaly && time >= filter.from && time < filter.to
    );
    assertEquals([some, some.length > 0], [expected, true]);
    const { items, next } = await queries.latestReadings({ sensor: "nobody" }, 10);
    assertEquals([items, next], [[], undefined]);
  });

  Deno.test(`StoreQueries over ${name}: a sensor's readings from memory and store, without a gap or a double`, async () => {
    using kv = await open();
    const positions = async (queries: StoreQueries, sensor: string, limit: number) =>
      (await all((cursor) => queries.readings(sensor, {}, limit, cursor), limit)).map(({ id }) =>
        Number(id.split("/")[1])
      );
    const expected = Array.from({ length: 600 }, (_, i) => 4 * (599 - i));
    for (const residentMost of [1_000, 1]) {
      const { queries, supervisor } = await ask(kv, residentMost);
      assertEquals(await positions(queries, "s0", 1_000), expected);
      assertEquals(await positions(queries, "s0", 17), expected);
      assertEquals(await positions(queries, "s3", 50), Array.from({ length: 301 }, (_, i) => 4 * (300 - i) + 3));
      const period = { from: START + 100_000, to: START + 103_000 };
      const { items } = await queries.readings("s1", period, 10);
      assertEquals(items.map(({ time, values }) => [time - START, values.b]), [[102_000, 102], [101_000, 101], [
        100_000,
        100,
      ]]);
      assertEquals((await queries.readings("nobody", {}, 10)).items, []);
      await supervisor.close();
    }
    const fresh = await runSource(new ItemsSource(plant(), "plant"), { judging, kv });
    assertEquals(
      await positions(new StoreQueries(kv, fresh.supervisor, () => 0), "s0", 100),
      expected,
      "after a restart",
    );
  });
});

Deno.test("StoreQueries.sensors() pages by name and filters, those out of memory too", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const residentMost of [1_000, 1]) {
    const { queries } = await ask(kv, residentMost);
    const names = (items: readonly { sensor: string }[]) => items.map(({ sensor }) => sensor);
    for (const limit of [1, 3, 100]) {
      assertEquals(names(await all((cursor) => queries.sensors({}, limit, cursor), limit)), ["s0", "s1", "s2", "s3"]);
    }
    assertEquals(names((await queries.sensors({ type: "pump" }, 10)).items), ["s0", "s1"]);
    assertEquals(names((await queries.sensors({ location: "hall 1" }, 10)).items), ["s1", "s3"]);
    assertEquals(names((await queries.sensors({ state: "silent" }, 10)).items), ["s3"]);
    const view = await queries.sensor("s1");
    assertEquals([view?.readings, view?.state, view?.channels.map(({ channel }) => channel)], [600, "ok", ["a", "b"]]);
    assertEquals(await queries.sensor("nobody"), undefined);
  }
});

Deno.test("StoreQueries.summary() counts sensors and refused records", async () => {
  using kv = await Deno.openKv(":memory:");
  const { queries } = await ask(kv), summary = await queries.summary();
  assertEquals([summary.sensors, summary.silent, summary.active_alerts, summary.readings_per_second], [4, 1, 1, 7]);
  assertEquals([summary.partitions[0].readings, summary.partitions[0].refused, summary.partitions[0].state], [
    2_101,
    299,
    "finished",
  ]);
  const refused = await all((cursor) => queries.quarantine(13, cursor), 13);
  assertEquals(refused.length, 299);
  assertEquals(refused[0].sample, "no 2399");
});

Deno.test("StoreQueries.summary() names this node, and each partition's KV server with what is wrong there", async () => {
  using kv = await Deno.openKv(":memory:");
  const { supervisor } = await ask(kv), problem = "the KV server kv-2:4512 does not answer";
  const holderOf = (partition: string) => partition === "plant" ? { name: "kv-2:4512", problem } : undefined;
  const { node, partitions } = await new StoreQueries(kv, supervisor, () => 7, { node: "node-1", holderOf }).summary();
  assertEquals(node, "node-1");
  assertEquals(partitions.map(({ partition, server, error }) => [partition, server, error]), [
    ["plant", "kv-2:4512", problem],
  ]);
});

Deno.test("StoreQueries answers a cursor that is none, or another listing's, with one error", async () => {
  using kv = await Deno.openKv(":memory:");
  const { queries } = await ask(kv);
  for (const cursor of ["nonsense", writeCursor({ a: 1 }), writeCursor(null), "", "%%%"]) {
    for (
      const listing of [
        () => queries.sensors({}, 1, cursor),
        () => queries.windows({}, 1, cursor),
        () => queries.windows({ sensor: "s0" }, 1, cursor),
        () => queries.alerts({}, 1, cursor),
        () => queries.readings("s0", {}, 1, cursor),
        () => queries.quarantine(1, cursor),
      ]
    ) await assertRejects(listing, CursorError);
  }
  const foreign = writeCursor(["a", "b"]);
  assertEquals((await queries.windows({}, 1, foreign)).items, []);
  assertEquals((await queries.alerts({}, 1, foreign)).items, []);
});
