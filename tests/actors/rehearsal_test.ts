/**
 * What a rehearsal says of a file is what a live run says of it.
 *
 * @module
 */
import fc from "fast-check";
import { type Judging, judgingSchema } from "../../actors/config.ts";
import type { Reading, Refusal } from "../../actors/reading.ts";
import { isJudged, type Outcome, Rehearsal } from "../../actors/rehearsal.ts";
import { MemoryModels } from "../../actors/rehearsal_models.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import type { AlertOutput } from "../../actors/sensor/outputs.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import type { ReadingView } from "../../actors/views.ts";
import { openInput } from "../../commands/backtest/rows.ts";
import { normalAt } from "../../models/random.ts";
import { type Mapping, mappingSchema } from "../../sources/mapping.ts";
import { ReplaySource } from "../../sources/replay.ts";
import { partitionName } from "../../sources/replay_partition.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../../std/assert.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import { MemoryKv } from "../memory_kv.ts";
import { makeWorld, type World } from "../simulation/world.ts";
import { JumpingClock, TestFolder } from "../sources/files.ts";
import { modelsOver, PATIENT, storeOver } from "./harness.ts";

/** Everything that a run says: verdicts and transitions of alerts, in order. */
interface Said {
  readonly readings: readonly ReadingView[];
  readonly alerts: readonly AlertOutput[];
}

/** A live run of a file: source, supervisor, store, training, two shards. */
async function replayed(path: string, judging: Judging, mapping?: Mapping): Promise<Said> {
  const kv = new MemoryKv(), readings: ReadingView[] = [], alerts: AlertOutput[] = [], failures: Error[] = [];
  const options = { ...SUPERVISOR_DEFAULTS, judging, feedReadings: Infinity, checkpointReadings: 100 };
  const supervisor = new Supervisor(options, {
    store: storeOver(kv, PATIENT),
    clock: PATIENT,
    models: modelsOver(kv, PATIENT),
    host: (shard) => new InlineHost(shard),
    shards: 2,
    failed: (_partition, error) => failures.push(error),
    committed: (_partition, more, told) => {
      readings.push(...more);
      alerts.push(...told);
    },
  });
  await supervisor.load();
  const source = new ReplaySource({ paths: [path], ...(mapping ? { mapping } : {}) }, new JumpingClock());
  await supervisor.run(source, sourceMemory(kv, source.name), new AbortController().signal);
  await supervisor.close();
  if (failures.length > 0) throw failures[0];
  return { readings, alerts };
}

/** The records of a file, with their positions. */
async function records(path: string, mapping?: Mapping): Promise<{ item: Reading | Refusal; position: number }[]> {
  const all: { item: Reading | Refusal; position: number }[] = [], input = await openInput(path, mapping, {});
  for await (const { chunk: { items, positions } } of input.blocks(new AbortController().signal)) {
    items.forEach((item, i) => all.push({ item, position: positions[i] }));
  }
  return all;
}

/** A rehearsal of records in chunks of the sizes given, again and again. */
async function rehearsed(
  all: readonly { readonly item: Reading | Refusal; readonly position: number }[],
  partition: string,
  judging: Judging,
  sizes: readonly number[] = [1_000],
): Promise<Said & { readonly outcomes: readonly Outcome[] }> {
  const rehearsal = new Rehearsal(partition, judging), outcomes: Outcome[] = [], alerts: AlertOutput[] = [];
  for (let at = 0, k = 0; at < all.length; k++) {
    const piece = all.slice(at, at += sizes[k % sizes.length]),
      next = all[at]?.position ?? all[all.length - 1].position + 1;
    const chunk = { items: piece.map(({ item }) => item), positions: piece.map(({ position }) => position), next };
    outcomes.push(...await rehearsal.take({ kind: "readings", ...chunk }));
    alerts.push(...rehearsal.takeAlerts());
  }
  return { readings: outcomes.filter(isJudged).map((one) => rehearsal.view(one)), alerts, outcomes };
}

/** In order of position, and of id where one reading tells several. */
function inOrder(alerts: readonly AlertOutput[]): AlertOutput[] {
  return alerts.toSorted(({ transition: a }, { transition: b }) => a.position - b.position || (a.id < b.id ? -1 : 1));
}

const SHORT = { forestMs: 60_000, networkMs: 600_000 };
const WORLDS: readonly World[] = [
  makeWorld(11, 2_400, { ...SHORT, alike: 3, steady: true }),
  makeWorld(12, 900, SHORT),
  makeWorld(13, 600, { ...SHORT, detectors: "light" }),
  makeWorld(14, 300, { ...SHORT, detectors: "rules" }),
];

Deno.test("Rehearsal says of a file what a live run of it says, bit for bit, models that learn included", async () => {
  using folder = new TestFolder();
  let forests = 0, networks = 0, alarms = 0, passed = 0;
  for (const { judging, text, seed } of WORLDS) {
    const path = folder.write(`world-${seed}.ndjson`, text), live = await replayed(path, judging);
    const own = await rehearsed(await records(path), partitionName([path]), judging);
    assertEquals(own.readings, live.readings, `world ${seed}`);
    assertEquals(inOrder(own.alerts), inOrder(live.alerts), `world ${seed}`);
    for (const { versions } of own.readings) {
      if ((versions?.forest ?? 0) > 1) forests++;
      if ((versions?.network ?? 0) > 0) networks++;
    }
    alarms += own.alerts.length;
    passed += own.outcomes.filter((one) => !isJudged(one)).length;
  }
  // Else nothing was shown.
  assertGreater(forests, 100, "readings scored by a forest that was grown anew");
  assertGreater(networks, 100, "readings scored when networks were averaged");
  assertGreater(alarms, 10);
  assertGreater(passed, 10);
});

Deno.test("Rehearsal says of a long layout what a live run of it says, rows joined across pieces included", async () => {
  using folder = new TestFolder();
  const mapping = mappingSchema.parse({
    sensor: "sensor",
    time: { field: "time", zone: "UTC" },
    long: { channel: "quantity", value: "amount", join: true },
  });
  let text = "time,sensor,quantity,amount\n";
  for (let row = 0; row < 1_300; row++) {
    const time = new Date(Date.UTC(2026, 0, 5) + row * 60_000).toISOString();
    for (const quantity of row % 11 === 0 ? ["a"] : ["a", "b"]) {
      text += `${time},s,${quantity},${normalAt(quantity === "a" ? 1 : 2, row) + (row % 400 === 399 ? 20 : 0)}\n`;
    }
  }
  const path = folder.write("long.csv", text), judging = judgingSchema.parse({ budget: { perReading: 1e-2 } });
  const live = await replayed(path, judging, mapping);
  const own = await rehearsed(await records(path, mapping), partitionName([path]), judging);
  assertEquals(own.readings.length, 1_300);
  assertEquals(own.readings, live.readings);
  assertEquals(inOrder(own.alerts), inOrder(live.alerts));
});

Deno.test("Rehearsal gives the same whatever the chunks, and nothing depends on what comes later", async () => {
  using folder = new TestFolder();
  const [{ judging, text, seed }] = WORLDS, path = folder.write(`world-${seed}.ndjson`, text);
  const all = await records(path), whole = await rehearsed(all, "p", judging);
  const why = (outcomes: readonly Outcome[]) => outcomes.map((one) => isJudged(one) ? "" : one.passed);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: all.length }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      async (cut, sizes) => {
        const part = await rehearsed(all.slice(0, cut), "p", judging, sizes);
        assertEquals(part.readings, whole.readings.slice(0, part.readings.length));
        assertEquals(why(part.outcomes), why(whole.outcomes).slice(0, cut));
      },
    ),
    { numRuns: 5 },
  );
});

Deno.test("Rehearsal says why a record has no verdict", async () => {
  const time = Date.UTC(2026, 0, 5), judging = judgingSchema.parse({ latenessMs: 10_000, futureMs: 60_000 });
  const reading = (at: number, x: number | null, sensor = "s"): Reading => ({ sensor, time: time + at, values: { x } });
  const refused: Refusal = { errors: [{ field: "time", message: "none" }], sample: "{", row: 2 };
  const items = [
    reading(0, 1),
    refused,
    reading(0, 1),
    reading(1_000, null),
    reading(20_000, 2),
    reading(2_000, 5),
    reading(15_000, 3),
    reading(0, 1, "t"),
    reading(900_000, 1, "t"),
  ];
  const rehearsal = new Rehearsal("p", judging), positions = items.map((_, i) => i);
  const outcomes = await rehearsal.take({ kind: "readings", items, positions, next: items.length });
  assertEquals(
    outcomes.map((one) => isJudged(one) ? "judged" : one.passed),
    ["judged", "invalid", "duplicate", "empty", "judged", "late", "judged", "judged", "future"],
  );
  const [, invalid, , , , late] = outcomes;
  assert(!isJudged(invalid) && !isJudged(late));
  assertEquals(invalid.errors, refused.errors);
  assertEquals(late.errors[0].field, "time");
  assertEquals(rehearsal.sensor("s")?.readings, 3);
  assertEquals(rehearsal.sensor("nobody"), undefined);
});

Deno.test("MemoryModels keeps what training looks back on, and rules as a registry does", async () => {
  const models = new MemoryModels(), seen: number[] = [];
  const end = models.onChange(({ active }) => seen.push(active));
  const lineage = { data: "test", rows: 1, configuration: {}, seed: 1 };
  const register = (byte: number, version?: number) =>
    models.register("m", {
      kind: "forest",
      scope: "global",
      lineage,
      metrics: {},
      bytes: Uint8Array.of(byte),
      ...(version === undefined ? {} : { version }),
    });
  for (let byte = 1; byte <= 4; byte++) assertEquals((await register(byte)).version, byte);
  assertEquals((await models.versions("m")).map(({ version }) => version), [4, 3]);
  assertEquals(await models.bytes("m", 3), Uint8Array.of(3));
  await assertRejects(() => models.bytes("m", 1), Error, "no version 1");
  await assertRejects(() => register(9, 4), Error, "above the latest");
  assertEquals(await models.rollBack("m"), { name: "m", active: 3, latest: 4, pinned: false });
  assertEquals((await models.pin("m", 3)).pinned, true);
  await register(5, 7);
  assertEquals(await models.state("m"), { name: "m", active: 3, latest: 7, pinned: true });
  assertEquals((await models.unpin("m")).active, 7);
  assertEquals(await models.list(), [{ name: "m", active: 7, latest: 7, pinned: false }]);
  await assertRejects(() => models.rollBack("m", 9), Error, "before the active");
  end();
  assertEquals(seen, [1, 2, 3, 4, 3, 3, 3, 7]);
});
