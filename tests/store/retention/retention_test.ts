import fc from "fast-check";
import type { AlertTransition, AlertView } from "../../../actors/views.ts";
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../../../std/assert.ts";
import { AlertFeed } from "../../../store/alert_feed.ts";
import { writeCursor } from "../../../store/cursor.ts";
import { KEYS } from "../../../store/keys.ts";
import { ORPHAN_MS } from "../../../store/retention/orphans.ts";
import { Retention, type RetentionOptions } from "../../../store/retention/retention.ts";
import { RETENTION_DEFAULTS, type RetentionLimits } from "../../../store/retention/listings.ts";
import { Written } from "../../../store/retention/written.ts";
import { open, Server } from "../nodes/fleet_servers.ts";
import { MemoryKv } from "../../memory_kv.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const MINUTE = 60_000, DAY = 86_400_000, NOW = Date.parse("2026-03-01T00:00:00Z");

/** A store as checkpoints fill it. */
class World {
  readonly kv = new MemoryKv();
  readonly written = new Written();
  now = 0;
  readonly clock = { now: () => this.now, sleep: () => Promise.resolve() };

  async progress(partition: string, cut: number, sourceTime: number): Promise<void> {
    await this.kv.atomic().set(KEYS.outputs(partition), { cut, sinks: {}, counts: {}, sourceTime }).commit();
  }

  async window(sensor: string, start: number, lengthMs = MINUTE): Promise<void> {
    this.written.note(KEYS.windowTimes(lengthMs));
    await this.kv.atomic().set(KEYS.window(sensor, lengthMs, lengthMs, start), { revision: 0 })
      .set(KEYS.windowAt(lengthMs, start, sensor, lengthMs), 0).commit();
  }

  async alert(partition: string, position: number, raisedAt: number, clearedAt?: number): Promise<void> {
    const id = [partition, position, "s", "limit", "t"].map(encodeURIComponent).join(":");
    const view = { id, state: "active", raised_at: raisedAt } as AlertView;
    const cleared: AlertView = clearedAt === undefined ? view : { ...view, state: "cleared", cleared_at: clearedAt };
    this.written.note(KEYS.alertTimes());
    await this.kv.atomic().set(KEYS.alertAt(raisedAt, id), cleared).set(KEYS.alert(id), raisedAt).commit();
  }

  async transition(partition: string, position: number, time: number, id = `a${position}`): Promise<void> {
    const transition = { id, partition, position, time } as AlertTransition;
    this.written.note(KEYS.transitions(partition));
    await this.kv.atomic().set(KEYS.transition(partition, position, id), transition).commit();
  }

  async refused(partition: string, position: number, reason = "invalid"): Promise<void> {
    this.written.note(KEYS.quarantinesOf(partition));
    await this.kv.atomic().set(KEYS.quarantine(partition, position, reason), { partition, position, reason }).commit();
  }

  retention(limits: Partial<RetentionLimits> = {}, options: Partial<RetentionOptions> = {}): Retention {
    const { clock, written, kv } = this;
    return new Retention(kv, { clock, written, limits, partitionOf: (sensor) => sensor.split("/")[0], ...options });
  }

  async keys(prefix: Deno.KvKey): Promise<Deno.KvKey[]> {
    const keys: Deno.KvKey[] = [];
    for await (const { key } of this.kv.list({ prefix })) keys.push(key);
    return keys;
  }
}

/** Sweeps until nothing is left to do; returns how often. */
async function sweepAll(retention: Retention): Promise<number> {
  for (let sweeps = 1; sweeps < 1_000; sweeps++) if (!(await retention.sweep()).more) return sweeps;
  throw new Error("sweeping has no end");
}

Deno.test("Retention removes windows by age behind their own partition's time, and their index with them", async () => {
  const world = new World();
  await world.progress("live", 10, NOW);
  await world.progress("old-replay", 10, NOW - 8_000 * DAY);
  for (const days of [0, 6, 7, 8, 20]) {
    await world.window("live/a", NOW - days * DAY - MINUTE);
    await world.window("live/a", NOW - days * DAY - 60 * MINUTE, 60 * MINUTE);
    await world.window("old-replay/b", NOW - (8_000 + days) * DAY - MINUTE);
  }
  await world.window("not-begun/c", NOW - 9_000 * DAY);
  const retention = world.retention();
  await sweepAll(retention);
  const left = (await world.keys(KEYS.windowTimes())).map(([, length, start, sensor]) => [length, start, sensor]);
  const kept = [0, 6].map((days) => NOW - days * DAY);
  assertEquals(left, [
    [MINUTE, NOW - 9_000 * DAY, "not-begun/c"],
    ...[6, 0].map((days) => [MINUTE, NOW - (8_000 + days) * DAY - MINUTE, "old-replay/b"]),
    ...kept.toReversed().map((end) => [MINUTE, end - MINUTE, "live/a"]),
    ...kept.toReversed().map((end) => [60 * MINUTE, end - 60 * MINUTE, "live/a"]),
  ]);
  const windows = (await world.keys(["window"])).map(([, sensor, length, , start]) =>
    JSON.stringify([length, start, sensor])
  );
  assertEquals(windows.sort(), left.map((key) => JSON.stringify(key)).sort());
  assertEquals(retention.removed, { windows: 9, alerts: 0, transitions: 0, quarantine: 0, snapshots: 0 });
});

Deno.test("Retention keeps active alerts whatever their age and number, and goes by when the others were cleared", async () => {
  const world = new World();
  await world.progress("a:b", 1_000, NOW);
  await world.alert("a:b", 1, NOW - 400 * DAY);
  await world.alert("a:b", 2, NOW - 300 * DAY, NOW - 91 * DAY);
  await world.alert("a:b", 3, NOW - 299 * DAY, NOW - 89 * DAY);
  await world.alert("a:b", 4, NOW - 2 * DAY, NOW - DAY);
  await sweepAll(world.retention());
  const positions = async () =>
    (await world.keys(KEYS.alertTimes())).map(([, , id]) => Number(String(id).split(":")[1]));
  assertEquals(await positions(), [1, 3, 4]);
  assertEquals((await world.keys(KEYS.alerts())).length, 3);
  await sweepAll(world.retention({ alerts: 1 }));
  assertEquals(await positions(), [1]); // the active one is all that may be there
});

Deno.test("Retention takes the beginning of a feed, and its followers from before are told to begin anew", async () => {
  const world = new World();
  await world.progress("p", 60, NOW);
  const ages = [100, 95, 80, 99, 1, 0]; // not in order of time: the one of 80 days keeps what follows it
  for (const [i, days] of ages.entries()) await world.transition("p", 10 * i, NOW - days * DAY);
  await world.transition("p", 10, NOW - 95 * DAY, "second at the same position");
  await sweepAll(world.retention());
  const left = async () => (await world.keys(KEYS.transitions("p"))).map(([, , position]) => position);
  assertEquals(await left(), [20, 30, 40, 50]);
  assertEquals((await world.kv.get(KEYS.trimmed("p"))).value, 11);

  const feed = new AlertFeed(world.kv), stop = new AbortController();
  await feed.load(["p"]);
  const first = async (position: number, id: string) => {
    for await (const item of feed.follow(writeCursor({ p: [position, id] }), stop.signal)) return item;
  };
  assert("resync" in (await first(10, "a10") ?? {}));
  assertEquals((await first(20, "a20") as { data: AlertTransition }).data.position, 30);

  await sweepAll(world.retention({ transitions: 2 }));
  assertEquals(await left(), [40, 50]);
  await world.progress("p", 60, NOW + 1_000 * DAY);
  await sweepAll(world.retention());
  assertEquals(await left(), [50]); // the last one says where the feed stands
  assertEquals((await world.kv.get(KEYS.trimmed("p"))).value, 41);
});

Deno.test("Retention counts by reason what it takes from quarantine, and leaves what may come again", async () => {
  const world = new World();
  await world.progress("p", 90, NOW);
  for (let position = 0; position < 100; position++) {
    await world.refused("p", position, position % 3 ? "invalid" : "late");
  }
  await sweepAll(world.retention({ quarantine: 25 }));
  const left = (await world.keys(KEYS.quarantinesOf("p"))).map(([, , position]) => position);
  assertEquals(left, Array.from({ length: 25 }, (_, i) => 75 + i));
  assertEquals((await world.kv.get(KEYS.quarantineRemoved("p"))).value, { invalid: 50, late: 25 });
  await sweepAll(world.retention({ quarantine: 3 }));
  assertEquals((await world.keys(KEYS.quarantinesOf("p"))).length, 10); // those from the cut on
  assertEquals((await world.kv.get(KEYS.quarantineRemoved("p"))).value, { invalid: 60, late: 30 });
});

Deno.test("Retention removes parts of a snapshot only after an hour without a pointer", async () => {
  const world = new World(), { kv } = world, part = new Uint8Array(10);
  const write = async (name: string, generation: string) => {
    for (let i = 0; i < 3; i++) await kv.atomic().set(KEYS.sensorPart(name, generation, i), part).commit();
  };
  await write("live", "g1");
  await write("live", "g2");
  await kv.atomic().set(KEYS.sensor("live"), { generation: "g2", parts: 3 }).commit();
  await write("never-finished", "g3");
  await write("small-again", "g4");
  await kv.atomic().set(KEYS.sensor("small-again"), part).commit();
  await write("under-way", "g5");
  const retention = world.retention(),
    generations = async () => {
      await retention.sweep();
      return [...new Set((await world.keys(["sensor_part"])).map(([, , generation]) => generation))];
    };
  assertEquals(await generations(), ["g1", "g2", "g3", "g4", "g5"]);
  world.now = ORPHAN_MS - 1;
  await kv.atomic().set(KEYS.sensor("under-way"), { generation: "g5", parts: 3 }).commit();
  assertEquals(await generations(), ["g1", "g2", "g3", "g4", "g5"]);
  world.now = ORPHAN_MS;
  assertEquals(await generations(), ["g2", "g5"]);
  assertEquals(retention.removed.snapshots, 3);
});

Deno.test("Retention does not remove parts whose pointer comes in the last moment", async () => {
  const world = new World(), { kv } = world;
  await kv.atomic().set(KEYS.sensorPart("s", "g", 0), new Uint8Array(1)).commit();
  const retention = world.retention();
  await retention.sweep();
  world.now = 2 * ORPHAN_MS;
  const commit = kv.commit.bind(kv);
  kv.commit = (write) => {
    kv.commit = commit;
    kv.apply({ checks: [], mutations: [{ key: KEYS.sensor("s"), value: { generation: "g", parts: 1 }, set: true }] });
    return commit(write);
  };
  await retention.sweep();
  assertEquals((await world.keys(["sensor_part"])).length, 1);
  assertEquals(retention.removed.snapshots, 0);
});

Deno.test("Retention.sweep() does bounded work, says when there is more, and lets every kind have its turn", async () => {
  const world = new World();
  await world.progress("p", 5_000, NOW);
  for (let i = 0; i < 1_000; i++) {
    await world.window("p/a", NOW - 30 * DAY + MINUTE * i);
    await world.transition("p", i, NOW - 300 * DAY);
    await world.refused("p", i);
  }
  const retention = world.retention({ quarantine: 10 }, { removals: 50, looks: 300 });
  for (let sweeps = 0; sweeps < 12; sweeps++) {
    const before = world.kv.entries.size, { removed, more } = await retention.sweep();
    const entries = removed.windows + removed.transitions + removed.quarantine;
    assert(entries <= 50 && more, `${entries}`);
    assert(before - world.kv.entries.size <= 2 * 50);
  }
  const { windows, transitions } = retention.removed;
  assert(windows > 0 && transitions > 0, JSON.stringify(retention.removed));
  await sweepAll(retention);
  assertEquals(retention.removed, { windows: 1_000, alerts: 0, transitions: 999, quarantine: 990, snapshots: 0 });
  assertEquals(await sweepAll(retention), 1);
});

Deno.test("Retention keeps to its numbers while a store is written, and never takes more than it must", async () => {
  const step = fc.record({
    what: fc.constantFrom("window", "alert", "transition", "refused", "sweep", "cut"),
    count: fc.integer({ min: 1, max: 12 }),
  });
  const limits = { windows: 9, alerts: 7, transitions: 8, quarantine: 6 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 3, max: 30 }), async (steps, removals) => {
      const world = new World(), retention = world.retention(limits, { removals, looks: 3 * removals });
      let at = 0, cut = 0;
      const total = { windows: 0, alerts: 0, transitions: 0, quarantine: 0 };
      for (const { what, count } of [...steps, { what: "cut", count: 1 }]) {
        for (let i = 0; i < count; i++) {
          at++;
          if (what === "window" && ++total.windows) await world.window("p/s", MINUTE * at);
          if (what === "alert" && ++total.alerts) await world.alert("p", at, MINUTE * at, MINUTE * at + 1);
          if (what === "transition" && ++total.transitions) await world.transition("p", at, MINUTE * at);
          if (what === "refused" && ++total.quarantine) await world.refused("p", at);
        }
        if (what === "cut") await world.progress("p", cut = at + 1, MINUTE * at);
        if (what === "sweep") await retention.sweep();
      }
      await sweepAll(retention);
      const counts = {
        windows: (await world.keys(KEYS.windowTimes())).length,
        alerts: (await world.keys(KEYS.alertTimes())).length,
        transitions: (await world.keys(KEYS.transitions("p"))).length,
        quarantine: (await world.keys(KEYS.quarantinesOf("p"))).length,
      };
      for (const kind of ["windows", "alerts", "transitions", "quarantine"] as const) {
        assertEquals(counts[kind], Math.min(total[kind], limits[kind]), kind);
        assertEquals(retention.removed[kind], total[kind] - counts[kind], kind);
      }
      assertEquals((await world.keys(["window"])).length, counts.windows);
      assertEquals((await world.keys(KEYS.alerts())).length, counts.alerts);
      const positions = (await world.keys(KEYS.transitions("p"))).map(([, , position]) => Number(position));
      const { value: trimmed } = await world.kv.get<number>(KEYS.trimmed("p"));
      if (positions.length > 0) assert((trimmed ?? 0) <= positions[0] && cut > 0);
      const { value: gone } = await world.kv.get<Record<string, number>>(KEYS.quarantineRemoved("p"));
      assertEquals(gone?.invalid ?? 0, retention.removed.quarantine);
    }),
    { numRuns: 100 * SCALE },
  );
});

Deno.test("Retention never touches what a recovery reads", async () => {
  const world = new World(),
    needed: Deno.KvKey[] = [
      KEYS.format(),
      KEYS.source("facility"),
      KEYS.fence("p"),
      KEYS.chain("p"),
      KEYS.position("p"),
      KEYS.sensor("s"),
      KEYS.readingsChunk("s", 0),
      ["log", "entry", 0, 0],
    ];
  for (const key of needed) await world.kv.atomic().set(key, { generation: "g" }).commit();
  await world.kv.atomic().set(KEYS.sensorPart("s", "g", 0), new Uint8Array(1)).commit();
  await world.progress("p", 100, NOW);
  await world.window("p/s", 0);
  await world.refused("p", 1);
  const before = new Map(world.kv.entries), retention = world.retention({ windows: 0, quarantine: 0 });
  await sweepAll(retention);
  world.now = 10 * ORPHAN_MS;
  await sweepAll(retention);
  assertEquals([retention.removed.windows, retention.removed.quarantine], [1, 1]);
  for (const [name, entry] of before) {
    if (!/window|quarantine/.test(String(entry.key[0]))) assertEquals(world.kv.entries.get(name), entry);
  }
});

Deno.test("Retention.run() sweeps every minute, sooner while there is more, and again after an error", async () => {
  const world = new World(), sleeps: number[] = [], errors: unknown[] = [], stop = new AbortController();
  await world.progress("p", 5_000, NOW);
  for (let i = 0; i < 30; i++) await world.refused("p", i);
  const clock = {
    now: () => 0,
    sleep: (ms: number) => {
      sleeps.push(ms);
      if (sleeps.length === 5) stop.abort();
      return Promise.resolve();
    },
  };
  const list = world.kv.list.bind(world.kv);
  let calls = 0;
  world.kv.list = (...args: Parameters<typeof list>) => {
    if (++calls === 1) throw new Error("no answer");
    return list(...args);
  };
  await world.retention({ quarantine: 5 }, { clock, removals: 20 }).run(stop.signal, (error) => errors.push(error));
  assertEquals(errors.length, 1);
  assertEquals(sleeps[0], 60_000);
  assertEquals(sleeps.at(-1), 60_000);
  assertGreater(sleeps.filter((ms) => ms === 1_000).length, 0);
  assertEquals((await world.keys(KEYS.quarantines())).length, 5);
});

Deno.test("RETENTION_DEFAULTS are what is documented", () => {
  assertEquals(RETENTION_DEFAULTS, {
    windowMs: 7 * DAY,
    windows: 2_000_000,
    alertMs: 90 * DAY,
    alerts: 100_000,
    transitions: 200_000,
    quarantine: 10_000,
  });
});

Deno.test("Retention leaves to others what is theirs, and counts anew what comes to it", async () => {
  const world = new World(), mine = new Set<string | undefined>(["a"]);
  for (const partition of ["a", "b"]) {
    await world.progress(partition, 100, NOW);
    for (let position = 0; position < 5; position++) await world.refused(partition, position);
  }
  await world.window("a/s", 0);
  const left = async () => [
    (await world.keys(KEYS.quarantinesOf("a"))).length,
    (await world.keys(KEYS.quarantinesOf("b"))).length,
    (await world.keys(KEYS.windowTimes())).length,
  ];
  const retention = world.retention({ quarantine: 3 }, {
    mine: (partition) => mine.has(partition),
    written: undefined,
  });
  await sweepAll(retention);
  assertEquals(await left(), [3, 5, 1]);
  mine.delete("a");
  mine.add("b").add(undefined);
  await sweepAll(retention);
  assertEquals(await left(), [3, 3, 0]);

  // Others have written and removed meanwhile: nothing more goes than must.
  for (let position = 10; position < 12; position++) await world.refused("a", position);
  await world.kv.atomic().delete(KEYS.quarantine("a", 4, "invalid")).commit();
  mine.add("a");
  await sweepAll(retention);
  assertEquals(await left(), [3, 3, 0]);
  for (let position = 20; position < 25; position++) await world.refused("b", position); // unheard
  await sweepAll(retention);
  assertEquals(await left(), [3, 8, 0]);
  world.now += 3_600_000;
  await sweepAll(retention);
  assertEquals(await left(), [3, 3, 0]);
});

Deno.test("Retention.sweep() takes nothing that there is room for, wherever the store fails while it counts or removes", async () => {
  for (const [entries, kept] of [[8, 8], [30, 10]]) {
    for (let fails = 1; fails < 60; fails++) {
      const world = new World(), list = world.kv.list.bind(world.kv), apply = world.kv.apply.bind(world.kv);
      await world.progress("p", 100, 0);
      for (let position = 0; position < entries; position++) await world.refused("p", position);
      let left = fails;
      const step = () => {
        if (--left === 0) throw new StoreAwayError("cut off");
      };
      world.kv.list = async function* <T>(selector: Deno.KvListSelector, options?: Deno.KvListOptions) {
        for await (const entry of list<T>(selector, options)) {
          step();
          yield entry;
        }
      };
      world.kv.apply = (write) => {
        const done = apply(write);
        step(); // it is written, and nobody hears of it
        return done;
      };
      const retention = world.retention({ quarantine: 10 });
      for (let sweep = 0; sweep < 5; sweep++) await retention.sweep().catch(() => {});
      left = Infinity;
      const there = await world.keys(KEYS.quarantinesOf("p"));
      assertEquals(there.length, kept, `of ${entries}, where step ${fails} fails`);
    }
  }
});

Deno.test("Retention.sweep() keeps the partitions of a KV server within bounds while another one is away, and says so", async () => {
  const servers = [new Server(), new Server()], fleet = await open(...servers), { clock } = new World();
  const names = Array.from({ length: 40 }, (_, i) => `p-${i}`), on = Map.groupBy(names, (one) => fleet.of(one).name);
  assertEquals(on.size, 2, "these names are spread over both");
  for (const partition of names) {
    await fleet.atomic().set(KEYS.outputs(partition), { cut: 100, sourceTime: 0 }).commit();
    for (let at = 0; at < 5; at++) {
      await fleet.atomic().set(KEYS.quarantine(partition, at, "invalid"), { reason: "invalid" }).commit();
    }
  }
  const limits = { quarantine: 2 }, parts = { clock, limits, servers: fleet.servers, partitionOf: () => undefined };
  const retention = new Retention(fleet, parts), [, away] = servers;
  away.left = 0;
  for (let sweep = 0; sweep < 3; sweep++) await assertRejects(() => retention.sweep(), StoreAwayError, "kv1");
  away.left = Infinity;
  for (const [server, partitions] of on) {
    for (const partition of partitions) {
      const there = await Array.fromAsync(fleet.list({ prefix: KEYS.quarantinesOf(partition) }));
      assertEquals(there.length, server === "kv1" ? 5 : 2, partition);
    }
  }
});
