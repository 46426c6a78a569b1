/** @module */
import fc from "fast-check";
import { judgingSchema } from "../../actors/config.ts";
import { type Reading, READING_LIMITS } from "../../actors/reading.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import type { QuarantineView } from "../../actors/views.ts";
import type { KvPort } from "../../store/kv.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { makeWorld, TextSource } from "../simulation/world.ts";
import { type RunOptions, runSource, storedOutputs } from "./harness.ts";
import { ItemsSource } from "./items.ts";

const START = 1_700_000_000_000;
/** No ticks and no silence: then a reading less changes its own sensor alone. */
const judging = judgingSchema.parse({
  types: { pump: { channels: { a: { low: 0, high: 50 } } } },
  windows: [{ lengthMs: 10_000, hopMs: 10_000 }],
  tickMs: 3_600_000,
});

function reading(sensor: string, second: number, values: Record<string, number>, more: Partial<Reading> = {}): Reading {
  return { sensor, time: START + 1_000 * second, values, ...more };
}

/** Three sensors in turn, a second apart. */
function plant(count: number): Reading[] {
  return Array.from({ length: count }, (_, i) => {
    const hot = i % 40 > 30;
    return reading(`pump-${i % 3}`, i, { a: (hot ? 60 : 20) + i % 7, ...(i > 50 ? { b: i % 5 } : {}) }, {
      type: "pump",
      location: `hall ${Math.floor(i / 60)}`,
    });
  });
}

function failingAt(...positions: number[]): RunOptions["host"] {
  return (options) =>
    new InlineHost(options, (_sensor, position) => {
      if (positions.includes(position)) throw new Error(`broken at ${position}`);
    });
}

async function quarantined(kv: KvPort): Promise<QuarantineView[]> {
  const items: QuarantineView[] = [];
  for await (const { value } of kv.list<QuarantineView>({ prefix: ["quarantine"] })) items.push(value);
  return items;
}

Deno.test("Shard restores an actor that fails: its outputs are as if the reading had never come", async () => {
  const items = plant(150);
  for (const bad of [0, 1, 31, 77, 149]) {
    const without = await runSource(new ItemsSource(items.with(bad, undefined as unknown as Reading)), { judging });
    const failing = await runSource(new ItemsSource(items), { judging, host: failingAt(bad) });
    const outputs = await storedOutputs(failing.kv), [item, ...others] = await quarantined(failing.kv);
    assertEquals([item.reason, item.position, item.sensor, others.length], ["failed", bad, items[bad].sensor, 0]);
    assertStringIncludes(item.errors[0].message, `broken at ${bad}`);
    outputs.delete(JSON.stringify(["quarantine", "items-0", bad, "failed"]));
    assertEquals(outputs, await storedOutputs(without.kv), `failed at ${bad}`);
    const others1 = (await failing.supervisor.answers.digests()).filter(({ name }) => name !== items[bad].sensor);
    const others2 = (await without.supervisor.answers.digests()).filter(({ name }) => name !== items[bad].sensor);
    assertEquals(others1, others2, "the others know nothing of it");
  }
});

Deno.test("Shard gives the same after failures whatever the batches, shards and form of the input", async () => {
  const faults = fc.uniqueArray(fc.nat(90), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), faults, async (seed, numbers) => {
      const world = makeWorld(seed), fails = new Set(numbers);
      const starts = [...world.text.matchAll(/^/gm)].map(({ index }) => index ?? 0);
      const at = new Set(
        [...fails].map((number) => new TextEncoder().encode(world.text.slice(0, starts[number])).length),
      );
      const host: RunOptions["host"] = (options) =>
        new InlineHost(options, (_, position) => {
          if (at.has(position)) throw new Error(`broken at ${position}`);
        });
      const run = async (records: number, asLines: boolean, more: RunOptions = {}) => {
        const source = new TextSource(world.text, { asLines, records: () => records });
        const { digest, kv } = await runSource(source, { judging: world.judging, host, ...more });
        return { digest, outputs: await storedOutputs(kv) };
      };
      const expected = await run(1_000, false);
      assertEquals(await run(1, false), expected);
      assertEquals(await run(7, false, { shards: 2, checkpointReadings: 10 }), expected);
      assertEquals(await run(1_000, true), expected);
      assertEquals(await run(5, true, { residentMost: 2, checkpointReadings: 5 }), expected);
    }),
    { numRuns: 40 },
  );
});

Deno.test("Shard stops an actor that fails three times within 60 s, and only then", async () => {
  const items = plant(200);
  const sensor = async (...positions: number[]) => {
    const { kv, supervisor } = await runSource(new ItemsSource(items), { judging, host: failingAt(...positions) });
    const [view] = await supervisor.answers.sensors(["pump-0"]);
    return { view, items: await quarantined(kv) };
  };
  const spread = await sensor(0, 30, 63, 126); // 0, 30, 63 and 126 s: never three within a minute
  assertEquals([spread.view.state, spread.items.length], ["warming_up", 4]);
  const stopped = await sensor(60, 90, 120); // exactly a minute
  assertEquals(stopped.view.state, "failed");
  assertEquals(stopped.view.state_since, START + 120_000);
  assertEquals(stopped.view.readings, 38, "60 of 3 sensors, less the two that failed before");
  const after = stopped.items.filter(({ position }) => position > 120);
  assertEquals(after.length, 26, "everything that it sends later is put aside");
  assert(after.every((item) => item.reason === "failed" && item.errors[0].message.includes("stopped")));
  assert(stopped.items.every((item) => item.sensor === "pump-0"));
});

Deno.test("Shard keeps a failure over a restart: a sensor that was stopped stays so", async () => {
  const items = plant(120), host = failingAt(0, 3, 6);
  const { kv } = await runSource(new ItemsSource(items.slice(0, 60)), { judging, host });
  const again = await runSource(new ItemsSource(items, "items-1"), { judging, kv });
  const [view] = await again.supervisor.answers.sensors(["pump-0"]);
  assertEquals(view.state, "failed");
});

Deno.test("Shard takes new channels at any time and gives a sensor at most as many as it may have", async () => {
  const most = READING_LIMITS.channels;
  const values = (from: number, to: number) =>
    Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`c${from + i}`, from + i]));
  const items = [
    reading("pump-0", 0, values(0, 1)),
    reading("pump-0", 1, values(1, 30)),
    reading("pump-0", 2, values(25, 49)),
    reading("pump-0", 3, values(48, 53)),
    reading("pump-1", 3, values(0, 50)),
    reading("pump-0", 4, values(60, 61)),
    reading("pump-0", 5, values(0, 50)),
  ];
  const text = items.map((item) => JSON.stringify(item)).join("\n") + "\n", outcomes: unknown[] = [];
  for (const asLines of [false, true]) {
    for (const batch of [1, 100]) {
      const source = new TextSource(text, { asLines, records: () => batch });
      const { digest, kv, supervisor } = await runSource(source, { judging });
      const [view] = await supervisor.answers.sensors(["pump-0"]), refused = await quarantined(kv);
      assertEquals(view.channels.length, most);
      assertEquals(view.channels[49], { ...view.channels[49], channel: "c49", value: 49, count: 2 });
      assertEquals(refused.map(({ reason, sensor }) => [reason, sensor]), new Array(2).fill(["channels", "pump-0"]));
      assertStringIncludes(refused[0].errors[0].message, "c50, c51, c52");
      outcomes.push([digest, await storedOutputs(kv)]);
    }
  }
  for (const outcome of outcomes) assertEquals(outcome, outcomes[0]);
});

const NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "a/b:c,d",
  "ÄÖ%20",
  "𝔞",
  "'; --",
  ".",
];

Deno.test("Shard knows no special names: of sensors, types, locations and channels", async () => {
  const records: string[] = [];
  for (let i = 0; i < 60; i++) {
    const [sensor, channel] = [NAMES[i % NAMES.length], NAMES[(i + 1) % NAMES.length]];
    const more = i < 20 ? { type: NAMES[(i + 2) % NAMES.length], location: NAMES[(i + 3) % NAMES.length] } : {};
    const values = channel === "__proto__" ? { x: 5 } : { [channel]: i % 7, x: i % 10 > 7 ? 90 : 1 };
    records.push(JSON.stringify({ sensor, time: START + 1_000 * i, values, ...more }));
  }
  records.push(`{"sensor":"a","time":${START},"values":{"__proto__":1}}`);
  records.push(
    `{"sensor":"\\ud800","time":${START},"values":{"a":1}}`,
    `{"sensor":"a","time":${START},"values":{"\\udc00":1}}`,
  );
  const outcomes: unknown[] = [];
  for (const [asLines, batch, shards] of [[false, 1, 1], [false, 100, 3], [true, 100, 1], [true, 1, 2]] as const) {
    const source = new TextSource(records.join("\n") + "\n", { asLines, records: () => batch });
    const { digest, kv, supervisor } = await runSource(source, {
      judging,
      shards,
      residentMost: 5,
      checkpointReadings: 7,
    });
    const views = await supervisor.answers.sensors(NAMES);
    assertEquals(views.map((view) => view.sensor), NAMES);
    assertEquals(views[0].type, "toString");
    assertEquals(supervisor.counts()[0].counts.refused, 3);
    for (const view of views) assert(view.readings === 6 && view.channels.length >= 1);
    outcomes.push([digest, await storedOutputs(kv)]);
  }
  for (const outcome of outcomes) assertEquals(outcome, outcomes[0]);
});
