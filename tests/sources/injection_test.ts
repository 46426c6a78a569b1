/** @module */
import fc from "fast-check";
import { z } from "zod";
import type { Chunk, LinesChunk, Source } from "../../actors/ports.ts";
import { isRefusal, type Reading } from "../../actors/reading.ts";
import { INJECTION_RULE } from "../../models/injection.ts";
import { injectAnomaly, Injection, type InjectionInput } from "../../sources/injection.ts";
import { Simulator } from "../../sources/simulator.ts";
import { scenarioByName } from "../../data/mod.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../std/assert.ts";
import { readAll, sourceConformance, TestMemory } from "./conformance.ts";

const NEVER = { now: () => 0, sleep: () => new Promise<void>(() => {}) };
const ANCHOR = Date.UTC(2026, 0, 1);

function factorySource(rounds: number): Source {
  const pace = { kind: "finite", anchor: ANCHOR, rounds } as const;
  return new Simulator(scenarioByName("factory"), { seed: 42, pace, clock: NEVER });
}

/** A source of these chunks; reading from a later position leaves out those that end before. */
function sourceOf(partitions: Record<string, readonly Chunk[]>): Source {
  return {
    name: "fixed",
    open: () =>
      Promise.resolve(
        Object.entries(partitions).map(([id, chunks]) => ({
          id,
          async *read(from: number) {
            for (const chunk of chunks) if (chunk.next > from) yield await Promise.resolve(chunk);
          },
        })),
      ),
    close: () => Promise.resolve(),
  };
}

function lines(texts: readonly string[], position = 0, row = 1): LinesChunk {
  const bytes = new TextEncoder().encode(texts.map((text) => `${text}\n`).join(""));
  return { kind: "lines", bytes, position, next: position + bytes.length, row };
}

async function readingsOf(source: Source, partition = 0): Promise<(Reading & { position: number })[]> {
  const { taken } = await readAll((await source.open(new TestMemory()))[partition], 0);
  return taken.flatMap(({ item, position }) => "tick" in item || isRefusal(item) ? [] : [{ ...item, position }]);
}

sourceConformance("Injection over factory", () => new Injection(factorySource(300), 42));

Deno.test("Injection alters one reading in twenty by 1.5 to 3.0, labels it and says so", async () => {
  const source = new Injection(factorySource(2_500), 42);
  const clean = await readingsOf(factorySource(2_500));
  const dirty = await readingsOf(source);
  assertEquals(dirty.length, clean.length);
  let injected = 0;
  for (const [at, reading] of dirty.entries()) {
    const changed = Object.keys(reading.values).filter((name) => reading.values[name] !== clean[at].values[name]);
    if (reading.comment === undefined) {
      assertEquals(reading, clean[at]);
      continue;
    }
    injected++;
    assertEquals([reading.label, reading.comment, changed.length], [1, "anomaly_injected", 1]);
    const factor = (reading.values[changed[0]] ?? NaN) / (clean[at].values[changed[0]] ?? NaN);
    assert(factor >= 1.5 - 1e-9 && factor <= 3, `factor ${factor}`);
  }
  assertAlmostEquals(injected / clean.length, 0.05, 0.006);
  assertEquals(source.injected, injected);
});

Deno.test("Injection alters only the channels it is given, and other readings not at all", async () => {
  const config: InjectionInput = { chance: 1, channels: ["vibration", "humidity"], factorLeast: 2, factorGreatest: 2 };
  const clean = await readingsOf(factorySource(100));
  for (const [at, reading] of (await readingsOf(new Injection(factorySource(100), 1, config))).entries()) {
    assertEquals(reading.values.vibration, 2 * (clean[at].values.vibration ?? NaN));
    assertEquals(reading.values.temperature, clean[at].values.temperature);
  }
  const none = new Injection(factorySource(100), 1, { chance: 1, channels: ["light"] });
  assertEquals(await readingsOf(none), clean);
  assertEquals(none.injected, 0);
});

Deno.test("Injection reaches every channel, and off means off", async () => {
  const clean = await readingsOf(factorySource(200));
  const all = await readingsOf(new Injection(factorySource(200), 3, { chance: 1 }));
  const reached = new Set(
    all.flatMap((reading, at) =>
      Object.keys(reading.values).filter((name) => reading.values[name] !== clean[at].values[name])
    ),
  );
  assertEquals([...reached].sort(), ["pressure", "temperature", "vibration"]);
  assertEquals(await readingsOf(new Injection(factorySource(200), 3, { chance: 0 })), clean);
});

Deno.test("Injection gives the same whatever the position it is read from", async () => {
  const whole = await readingsOf(new Injection(factorySource(200), 42, { chance: 0.3 }));
  const partition = (await new Injection(factorySource(200), 42, { chance: 0.3 }).open(new TestMemory()))[0];
  await fc.assert(
    fc.asyncProperty(fc.nat(1_599), async (from) => {
      const { taken } = await readAll(partition, from);
      assertEquals(taken.map(({ item, position }) => ({ ...item, position })), whole.slice(from));
    }),
    { numRuns: 20 },
  );
});

Deno.test("Injection parses lines, keeps their positions and rows, and passes refusals and ticks on", async () => {
  const good = (at: number) => JSON.stringify({ sensor: "ä", time: ANCHOR + at, values: { temperature: 20 + at } });
  const texts = [good(0), "", "no json", good(1), '{"sensor":"a"}', good(2)];
  const tick = { kind: "tick", time: ANCHOR, position: 5_000, next: 5_001 } as const;
  const source = new Injection(
    sourceOf({ one: [{ ...lines(texts, 1_000, 7), arrived: 99, progress: 0.5 }, tick] }),
    1,
    {
      chance: 1,
    },
  );
  const [partition] = await source.open(new TestMemory());
  const chunks: Chunk[] = [];
  for await (const chunk of partition.read(0, new AbortController().signal)) chunks.push(chunk);
  const [chunk, passed] = chunks;
  assertEquals(passed, tick);
  assert(chunk.kind === "readings");
  const starts = texts.map((_, at) =>
    1_000 + new TextEncoder().encode(texts.slice(0, at).join("\n")).length + (at ? 1 : 0)
  );
  assertEquals(chunk.positions, starts.filter((_, at) => texts[at] !== ""));
  assertEquals([chunk.next, chunk.arrived, chunk.progress], [lines(texts, 1_000).next, 99, 0.5]);
  assertEquals(chunk.items.map(isRefusal), [false, true, false, true, false]);
  assertEquals(chunk.items.flatMap((item) => isRefusal(item) ? [item.row] : []), [9, 11]);
  assertEquals(source.injected, 3);
});

Deno.test("Injection treats lines and the readings in them alike", async () => {
  const readings = await readingsOf(factorySource(50));
  const texts = readings.map(({ position: _, ...reading }) => JSON.stringify(reading));
  const chunk = lines(texts);
  const parsed: Chunk = {
    kind: "readings",
    items: readings.map(({ position: _, ...reading }) => reading),
    positions: texts.map((_, at) => texts.slice(0, at).join("\n").length + (at ? 1 : 0)),
    next: chunk.next,
  };
  const from = (chunk: Chunk) => readingsOf(new Injection(sourceOf({ p: [chunk] }), 5, { chance: 0.4 }));
  assertEquals(await from(chunk), await from(parsed));
});

Deno.test("Injection draws differently for each partition", async () => {
  const readings = await readingsOf(factorySource(50));
  const chunk: Chunk = { kind: "readings", items: readings, positions: readings.map((_, at) => at), next: 400 };
  const source = new Injection(sourceOf({ one: [chunk], two: [chunk] }), 42, { chance: 0.5 });
  const commented = async (at: number) => (await readingsOf(source, at)).map((reading) => reading.comment);
  const [one, two] = [await commented(0), await commented(1)];
  const differing = one.filter((comment, at) => comment !== two[at]).length;
  assert(differing > 100, `${differing} of 400 differ; half would by chance`);
});

Deno.test("injectAnomaly() leaves missing values, zeros and the greatest values alone", () => {
  const rule = { ...INJECTION_RULE, chance: 1 };
  const reading: Reading = { sensor: "s", time: 0, values: { none: null, zero: 0, huge: 9e99 } };
  for (let position = 0; position < 50; position++) assertEquals(injectAnomaly(reading, 1, position, rule), reading);
  const one: Reading = { ...reading, values: { ...reading.values, value: -4 }, label: 0, comment: "as it was" };
  const injected = injectAnomaly(one, 1, 1, rule);
  assert((injected.values.value ?? 0) <= -6);
  assertEquals([injected.label, injected.comment], [1, "anomaly_injected"]);
  assertEquals(one.values.value, -4, "the input is unchanged");
});

Deno.test("new Injection() refuses what is out of range", () => {
  const refused: InjectionInput[] = [
    { chance: -0.1 },
    { chance: 1.1 },
    { channels: [] },
    { factorLeast: 0 },
    { factorLeast: 3, factorGreatest: 2 },
  ];
  for (const config of refused) assertThrows(() => new Injection(factorySource(1), 1, config), z.ZodError);
});
