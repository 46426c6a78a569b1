/** @module */
import fc from "fast-check";
import { Directory, TYPES_MOST } from "../../actors/directory.ts";
import type { Chunk } from "../../actors/ports.ts";
import { Router } from "../../actors/router.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { makeWorld, PARTITION, readRecords, TextSource } from "../simulation/world.ts";
import { type RunOptions, runSource, storedOutputs } from "./harness.ts";

const START = 1_700_000_000_000;

function route(...chunks: Chunk[]): Router {
  const router = new Router(PARTITION, new Directory(2), 2, { futureMs: 60_000, tickMs: 1_000 }, () => []);
  for (const chunk of chunks) router.take(chunk);
  return router;
}

function readings(times: readonly number[], more: { arrived?: number; sensor?: (i: number) => string } = {}): Chunk {
  const { sensor = (i) => `s${i}`, arrived } = more;
  return {
    kind: "readings",
    items: times.map((time, i) => ({ sensor: sensor(i), time: START + time, values: { a: i } })),
    positions: times.map((_, i) => i),
    next: times.length,
    ...(arrived === undefined ? {} : { arrived: START + arrived }),
  };
}

Deno.test("Router.take() makes the same of lines and of readings, wherever the chunks are cut", async () => {
  const cut = fc.integer({ min: 1, max: 20 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1_000, max: 1_400 }), cut, cut, async (seed, first, second) => {
      const world = makeWorld(seed);
      const run = async (asLines: boolean, records: number, more: RunOptions = {}) => {
        const source = new TextSource(world.text, { asLines, records: () => records });
        const { digest, kv, supervisor } = await runSource(source, { judging: world.judging, ...more });
        return { digest, counts: supervisor.counts(), outputs: await storedOutputs(kv) };
      };
      const expected = await run(false, 1_000);
      assertEquals(await run(true, first), expected);
      assertEquals(await run(false, second, { shards: 3, batchSize: first }), expected);
      assertEquals(await run(true, 1_000, { checkpointReadings: second, residentMost: 2 }), expected);
    }),
    { numRuns: 60 },
  );
});

Deno.test("Router.take() refuses readings of sensors that there is no room for, the same of lines and of readings", () => {
  const text = ["a", "b", "invented", "a", "made-up", "b"]
    .map((sensor, i) => JSON.stringify({ sensor, time: START + i * 1_000, values: { a: i } })).join("\n");
  const { items, positions, next } = readRecords(text), bytes = new TextEncoder().encode(text);
  const outcome = (chunk: Chunk) => {
    const directory = new Directory(1, 2), judging = { futureMs: 60_000, tickMs: 1_000 };
    const router = new Router(PARTITION, directory, 1, judging, () => []);
    router.take(chunk);
    return { directory, router, quarantined: router.takeQuarantine() };
  };
  const parsed = outcome({ kind: "readings", items, positions, next });
  const { quarantined, router: { counts, builders }, directory } = parsed;
  assertEquals([counts.readings, counts.refused, builders[0].count, directory.entries.length], [4, 2, 4, 2]);
  const errors = [{ field: "sensor", message: "sensor is new, and there are 2 sensors already" }];
  assertEquals(quarantined.map((one) => [one.reason, one.errors]), [["invalid", errors], ["invalid", errors]]);
  assertEquals(outcome({ kind: "lines", bytes, position: 0, row: 1, next: bytes.length }).quarantined, quarantined);
});

Deno.test("Router.take() refuses readings of types and locations that there is no room for", () => {
  const refusedOf = (count: number, more: (i: number) => { type?: string; location?: string }) => {
    const router = new Router(PARTITION, new Directory(1, 3), 1, { futureMs: 60_000, tickMs: 1_000 }, () => []);
    const items = Array.from(
      { length: count },
      (_, i) => ({ sensor: "a", time: START + i, values: { a: i }, ...more(i) }),
    );
    router.take({ kind: "readings", items, positions: items.map((_, i) => i), next: items.length });
    return router.takeQuarantine().map(({ position, errors: [{ message }] }) => [position, message]);
  };
  assertEquals(refusedOf(6, (i) => ({ location: `place ${i % 5}` })), [
    [3, "location is new, and there are 3 locations already"],
    [4, "location is new, and there are 3 locations already"],
  ]);
  assertEquals(refusedOf(TYPES_MOST + 2, (i) => ({ type: `type ${i % (TYPES_MOST + 1)}` })), [
    [TYPES_MOST, `type is new, and there are ${TYPES_MOST} types already`],
  ]);
});

Deno.test("Router.take() counts every record once: as reading, refused, future or foreign", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 400 }), (seed) => {
    const { text, judging } = makeWorld(seed), { items, positions, next } = readRecords(text);
    const router = new Router(PARTITION, new Directory(1), 1, judging, () => []);
    router.take({ kind: "readings", items, positions, next });
    const { readings, refused, future, foreign } = router.counts;
    assertEquals(readings + refused + future + foreign, items.length);
    assertEquals(router.builders[0].count, readings);
    assertEquals(router.takeQuarantine().length, refused + future + foreign);
    assertEquals(router.takeQuarantine(), []);
  }));
});

Deno.test("Router.take() sets aside what is ahead of source time, until several sensors agree", () => {
  const hour = 3_600_000;
  const router = route(readings([0, 10, 20, hour, hour + 5, hour + 10, 30], { sensor: (i) => `s${i % 3}` }));
  assertEquals(router.counts.future, 2, "the third sensor that says so is believed");
  assertEquals(router.takeQuarantine().map(({ reason, position }) => [reason, position]), [["future", 3], [
    "future",
    4,
  ]]);
  assertEquals(router.counts.readings, 5, "the one that is far behind by then is its own sensor's business");
});

Deno.test("Router.take() judges by the time of arrival where it is known", () => {
  const router = route(readings([0, 59_000, 61_000, 90_000], { arrived: 0 }));
  assertEquals(router.counts.future, 2);
  assertEquals(router.time, START, "what is in the future moves nobody's time");
  const each = { ...readings([0, 61_000, 61_000, 90_000]), arrivals: [START, START, START + 1_000, NaN] } as Chunk;
  const judged = route(each).takeQuarantine();
  assertEquals(judged.map(({ position }) => position), [1, 3], "each by its own; without one by the source's time");
});

Deno.test("Router.take() takes no reading of a sensor that belongs to another partition", () => {
  const directory = new Directory(1);
  directory.of("s0", "elsewhere");
  const router = new Router(PARTITION, directory, 1, { futureMs: 60_000, tickMs: 1_000 }, () => []);
  router.take(readings([0, 1, 2]));
  assertEquals([router.counts.foreign, router.counts.readings], [1, 2]);
  const [item] = router.takeQuarantine();
  assertEquals([item.reason, item.sensor], ["foreign", "s0"]);
});

Deno.test("Router.take() puts ticks at positions that depend on order only", () => {
  const times = Array.from({ length: 30 }, (_, i) => 400 * i), sensor = (i: number) => `s${i % 3}`;
  const ticks = (router: Router) => router.builders[0].take([]).ticks.map(({ time, position }) => [time, position]);
  const whole = ticks(route(readings(times, { sensor })));
  assert(whole.length >= 9, `${whole.length} ticks`);
  const chunk = readings(times, { sensor });
  assert(chunk.kind === "readings");
  const pieces: Chunk[] = chunk.items.map((item, i) => ({ ...chunk, items: [item], positions: [i], next: i + 1 }));
  assertEquals(ticks(route(...pieces)), whole);
});

Deno.test("Router.take() takes a recorded tick as source time", () => {
  const router = route(readings([0]), { kind: "tick", time: START + 5_500, position: 7, next: 8 });
  const ticks = router.builders.map((builder) => builder.take([])).map(({ count, ticks }) => [count, ticks]);
  const tick = (index: number) => [index, [{ index, time: START + 5_000, position: 7 }]];
  assertEquals(ticks.sort(), [tick(0), tick(1)], "every shard is told, behind what came before");
  assertEquals(router.time, START + 5_500);
});

Deno.test("Router.restore() goes on from record()", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(100), (seed, at) => {
    const { text, judging } = makeWorld(seed), { items, positions, next } = readRecords(text);
    const chunk: Chunk = { kind: "readings", items, positions, next };
    const whole = new Router(PARTITION, new Directory(1), 1, judging, () => []);
    whole.take(chunk);
    const first = new Router(PARTITION, new Directory(1), 1, judging, () => []), cut = Math.min(at, items.length);
    first.take(chunk, 0, cut);
    const second = new Router(PARTITION, new Directory(2), 2, judging, () => []);
    second.restore(JSON.parse(JSON.stringify(first.record())));
    second.take(chunk, cut);
    assertEquals(second.record(), whole.record());
  }));
});
