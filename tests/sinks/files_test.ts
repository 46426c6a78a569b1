import fc from "fast-check";
import { assert, assertEquals, assertRejects, assertThrows } from "../../std/assert.ts";
import { SinkError, systemDisk } from "../../sinks/disk.ts";
import { FilesSink, type FilesSinkOptions } from "../../sinks/files.ts";
import { assertHonest, contents, type Durable, FOLDER, manifestOf, record, runSink } from "./batches.ts";
import { type Death, MemoryFiles } from "./memory_disk.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const CUTS = [1, 5, 6, 13, 14, 29, 30];
const COUNT = 44;
const clock = { now: () => 0, sleep: () => Promise.resolve() };

function fresh(): Durable {
  return { files: new MemoryFiles(), cut: 0 };
}

async function undisturbed(options: Partial<FilesSinkOptions> = {}): Promise<Durable> {
  const durable = fresh();
  assert(await runSink(durable, { count: COUNT, cuts: CUTS, ...options }));
  return durable;
}

Deno.test("FilesSink writes batches of the given size, a smaller last one, and a manifest that adds up", async () => {
  const lines: string[] = [], durable = await undisturbed({ log: (line) => lines.push(line) });
  await assertHonest(durable);
  const manifest = manifestOf(durable);
  assert(manifest);
  const taken = Array.from({ length: COUNT }, (_, position) => position)
    .filter((position) => position % 7 !== 3 && position % 11 !== 4);
  assertEquals(manifest.batches.map(({ records }) => records), [4, 4, 4, 4, 4, 4, 4, 4, taken.length - 32]);
  assertEquals(manifest.batches.reduce((sum, { refused }) => sum + refused, 0), COUNT - taken.length);
  assertEquals(lines.length, manifest.batches.length);
  assertEquals(
    lines[0],
    `batch saved: ${manifest.batches[0].file}, 4 records, 2 injected, 2 refused, ` +
      "2026-03-01T00:00:00.000Z to 2026-03-01T00:00:05.000Z",
  );
  const records = manifest.batches.flatMap(({ file }) => JSON.parse(durable.files.text(`${FOLDER}/${file}`)));
  const expected = taken.map((position) => {
    const reading = record(position);
    return { ...reading, time: new Date("time" in reading ? reading.time : 0).toISOString() };
  });
  assertEquals(records, expected);
  assertEquals(Object.keys(contents(durable)).length, manifest.batches.length + 1); // nothing else is left
});

Deno.test("FilesSink gives the same files wherever the cuts are", async () => {
  const expected = contents(await undisturbed());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(COUNT)), async (cuts) => {
      assertEquals(contents(await undisturbed({ cuts } as Partial<FilesSinkOptions>)), expected);
    }),
    { numRuns: 30 * SCALE },
  );
});

Deno.test("FilesSink that dies at any step leaves whole batches and a true manifest, and ends as if it had not", async () => {
  for (const kept of [3, 100]) {
    const expected = contents(await undisturbed({ kept }));
    const steps = await runSink(fresh(), { count: COUNT, cuts: CUTS, kept });
    assert(steps !== undefined && steps > 20);
    for (let step = 0; step < steps; step++) {
      for (const when of ["before", "midway", "after"] as const) {
        const durable = fresh(), death: Death = { step, when };
        assertEquals(await runSink(durable, { count: COUNT, cuts: CUTS, kept, death }), undefined);
        await assertHonest(durable);
        assert(await runSink(durable, { count: COUNT, cuts: CUTS, kept }) !== undefined);
        assertEquals(contents(durable), expected, `died ${when} step ${step}`);
      }
    }
  }
});

Deno.test("FilesSink that dies again and again, its state lost or not, ends as if it had not", async () => {
  const expected = contents(await undisturbed());
  const deaths = fc.record({
    step: fc.nat(25),
    when: fc.constantFrom<Death["when"]>("before", "midway", "after"),
    lostCut: fc.option(fc.constantFrom(...CUTS, COUNT + 1), { nil: undefined }),
    cuts: fc.array(fc.nat(COUNT)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(deaths, { maxLength: 6 }), async (lives) => {
      const durable = fresh();
      for (const { step, when, lostCut, cuts } of lives) {
        await runSink(durable, {
          count: COUNT,
          cuts,
          death: { step, when },
          ...(lostCut === undefined ? {} : { lostCut }),
        });
        await assertHonest(durable);
      }
      await runSink(durable, { count: COUNT, cuts: CUTS });
      assertEquals(contents(durable), expected);
    }),
    { numRuns: 200 * SCALE },
  );
});

Deno.test("FilesSink keeps the time when a batch was created, also of one that the manifest did not name yet", async () => {
  for (let step = 0; step < 20; step++) {
    const durable = fresh();
    await runSink(durable, { count: COUNT, cuts: [20], death: { step, when: "after" } });
    const created = new Map<string, number>();
    for (const [path, { changed }] of durable.files.files) created.set(path, changed);
    const named = new Map(manifestOf(durable)?.batches.map((entry) => [entry.file, entry.created]));
    await runSink(durable, { count: COUNT, cuts: CUTS });
    for (const entry of manifestOf(durable)?.batches ?? []) {
      const changed = created.get(`${FOLDER}/${entry.file}`);
      if (changed !== undefined) assertEquals(entry.created, named.get(entry.file) ?? new Date(changed).toISOString());
    }
  }
});

Deno.test("FilesSink keeps the newest batches and counts those that are gone", async () => {
  const durable = await undisturbed({ kept: 2 }),
    manifest = manifestOf(durable),
    whole = manifestOf(await undisturbed());
  assert(manifest && whole);
  assertEquals(manifest.batches.map(({ file }) => file), whole.batches.slice(-2).map(({ file }) => file));
  assertEquals(manifest.before.batches, whole.batches.length - 2);
  assertEquals(
    manifest.before.refused + manifest.batches.reduce((sum, { refused }) => sum + refused, 0),
    whole.batches.reduce((sum, { refused }) => sum + refused, 0),
  );
  assertEquals([...durable.files.files.keys()].length, 3);
});

Deno.test("FilesSink replaces what another run left, never with a manifest that names what is replaced", async () => {
  const expected = contents(await undisturbed({ records: 10 }));
  for (let step = 0;; step++) {
    const durable = await undisturbed();
    durable.state = undefined;
    durable.cut = 0;
    const done = await runSink(durable, { count: COUNT, cuts: CUTS, records: 10, death: { step, when: "after" } });
    await assertHonest(durable);
    if (done !== undefined) {
      assertEquals(contents(durable), expected);
      break;
    }
  }
});

Deno.test("FilesSink goes on in an empty folder, and counts what is elsewhere", async () => {
  const durable = fresh();
  await runSink(durable, { count: COUNT, cuts: [14], lostCut: COUNT + 1 });
  durable.files.files.clear();
  const lines: string[] = [];
  await runSink(durable, { count: COUNT, cuts: [], log: (line) => lines.push(line) });
  await assertHonest(durable);
  const manifest = manifestOf(durable);
  assertEquals(manifest?.before.batches, 2);
  assertEquals(manifest?.before.records, 8);
  assertEquals(lines[0], "batches is new: batch 2 begins here, 3 of its records are elsewhere");
});

Deno.test("FilesSink refuses a folder of another partition, and one that lacks what was written", async () => {
  const durable = await undisturbed(), disk = durable.files.disk();
  const other = new FilesSink({ folder: FOLDER, partition: "q", records: 4, clock, disk });
  await assertRejects(() => other.recover(undefined), SinkError, "it holds those of p");
  const torn = fresh();
  await runSink(torn, { count: COUNT, cuts: [14], lostCut: COUNT + 1 });
  for (const path of [...torn.files.files.keys()]) if (!path.endsWith("manifest.json")) torn.files.files.delete(path);
  await assertRejects(() => runSink(torn, { count: COUNT, cuts: [] }), SinkError, "are missing in");
  assertThrows(() => new FilesSink({ folder: FOLDER, partition: "p", records: 0, clock }), RangeError, "not 0");
});

Deno.test("FilesSink writes records in their source's shape, injected ones with label and comment", async () => {
  const own = { files: new MemoryFiles(), cut: 0 };
  await runSink(own, {
    count: 6,
    cuts: [],
    toRecord: (reading) => ({ machine: reading.sensor, failure: reading.label ?? 0, t: reading.values.t }),
  });
  const [first, second] = JSON.parse(own.files.text(`${FOLDER}/stream_batch_0.json`));
  assertEquals(first, { machine: "s-0", failure: 1, t: 0, comment: "anomaly_injected" });
  assertEquals(second, { machine: "s-1", failure: 0, t: 0.125 });
  const bare = { files: new MemoryFiles(), cut: 0 };
  await runSink(bare, { count: 1, cuts: [], toRecord: ({ values }) => ({ ...values }) });
  assertEquals(JSON.parse(bare.files.text(`${FOLDER}/stream_batch_0.json`)), [
    { t: 0, label: 1, comment: "anomaly_injected" },
  ]);
});

Deno.test("systemDisk writes at an offset and cuts off what stood behind", async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/a/b.txt`;
  try {
    assertEquals(await systemDisk.list(`${folder}/a`), []);
    assertEquals([await systemDisk.read(path), await systemDisk.look(path)], [undefined, undefined]);
    await systemDisk.makeFolder(`${folder}/a`);
    await systemDisk.write(path, 0, [new TextEncoder().encode("hello, "), new TextEncoder().encode("world")]);
    await systemDisk.write(path, 5, [new TextEncoder().encode("!")]);
    await systemDisk.rename(path, `${folder}/a/c.txt`);
    assertEquals(await Deno.readTextFile(`${folder}/a/c.txt`), "hello!");
    assertEquals((await systemDisk.look(`${folder}/a/c.txt`))?.size, 6);
    await systemDisk.remove(`${folder}/a/c.txt`);
    await systemDisk.remove(`${folder}/a/c.txt`);
    assertEquals(await systemDisk.list(`${folder}/a`), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FilesSink goes on with another size of batches", async () => {
  const durable = fresh();
  await runSink(durable, { count: COUNT, cuts: [20], lostCut: COUNT + 1, records: 100 });
  await runSink(durable, { count: COUNT, cuts: CUTS, records: 3 });
  await assertHonest(durable);
  const sizes = manifestOf(durable)?.batches.map(({ records }) => records) ?? [];
  const before = Array.from({ length: 20 }, (_, position) => position)
    .filter((position) => position % 7 !== 3 && position % 11 !== 4).length;
  assert(sizes[0] >= before && sizes[0] <= before + 1, `${sizes[0]} of ${before}`);
  assertEquals(sizes.slice(1, -1).filter((size) => size !== 3), []);
  assertEquals(sizes.reduce((sum, size) => sum + size, 0), 34);
});
