/**
 * Samples as they are stored: owners that make one checkpoint each pile nothing up, and lose nothing.
 *
 * @module
 */
import type { CheckpointOutputs } from "../../../actors/checkpoint.ts";
import { judgingSchema } from "../../../actors/config.ts";
import { type SampleRow, TrainingSample } from "../../../actors/training/sample.ts";
import { Training } from "../../../actors/training/training.ts";
import { Random } from "../../../models/random.ts";
import { assertEquals, assertLess } from "../../../std/assert.ts";
import type { KvPort } from "../../../store/kv.ts";
import { modelsOver, PATIENT, storeOver } from "../../actors/harness.ts";
import { MemoryKv } from "../../memory_kv.ts";

const JUDGING = judgingSchema.parse({});
const COUNTS = { readings: 0, refused: 0, refusedHash: 0, future: 0, foreign: 0 };

function rowAt(position: number, random: Random): SampleRow {
  return { key: random.uniform(), sensor: "a", position, row: Float64Array.of(position, 1) };
}

function outputsAt(cut: number, samples: CheckpointOutputs["samples"]): CheckpointOutputs {
  const nothing = { windows: [], history: [], alerts: [], quarantine: [], sinks: {} };
  return { ...nothing, cut, counts: COUNTS, sourceTime: 1, samples };
}

async function partsIn(kv: KvPort): Promise<number> {
  return (await Array.fromAsync(kv.list({ prefix: ["sample"] }))).length;
}

/** The training of a partition as its next owner restores it. */
async function owner(kv: KvPort) {
  const claim = await storeOver(kv, PATIENT).claim("p"), training = new Training("p", JUDGING, modelsOver(kv, PATIENT));
  const stored = claim.recovery?.samples ?? [];
  await training.restore(undefined, undefined, stored);
  return { claim, training, stored };
}

Deno.test("SampleParts keeps a bounded number of parts where every owner makes one checkpoint", async () => {
  const kv = new MemoryKv(), random = new Random(3), all = new TrainingSample(["pressure"]);
  let most = 0;
  for (let cut = 10; cut <= 1_500; cut += 10) {
    const { claim, training } = await owner(kv);
    for (let position = cut - 10; position < cut; position++) {
      const row = rowAt(position, random);
      all.offer(row);
      training.samples.offer("press", ["pressure"], row);
    }
    await claim.writeOutputs(outputsAt(cut, training.samples.take(cut)));
    most = Math.max(most, await partsIn(kv));
  }
  assertLess(most, 100);
  const again = new TrainingSample(["pressure"]), { stored } = await owner(kv);
  for (const { rows } of stored) for (const row of rows) again.offer(row);
  assertEquals(again.best().map(({ position }) => position), all.best().map(({ position }) => position));
});

Deno.test("SampleParts takes nothing of a checkpoint that was not finished, and takes it away", async () => {
  const kv = new MemoryKv(), random = new Random(4), rows = Array.from({ length: 300 }, (_, i) => rowAt(i, random));
  const sample = (some: readonly SampleRow[], whole: boolean) => ({
    group: "press",
    channels: ["pressure"],
    rows: some,
    whole,
  });
  const first = await owner(kv);
  await first.claim.writeOutputs(outputsAt(100, [sample(rows.slice(0, 100), true)]));
  // As a process that ends between two atomic writes leaves it: all parts, no record of the outputs.
  const second = await owner(kv), { value } = await kv.get(["partition", "p", "outputs"]);
  await second.claim.writeOutputs(outputsAt(300, [sample(rows, true)]));
  await kv.atomic().set(["partition", "p", "outputs"], value).commit();
  const third = await owner(kv);
  assertEquals(third.stored.flatMap(({ rows }) => rows.map(({ position }) => position)), [...Array(100).keys()]);
  await third.claim.writeOutputs(outputsAt(300, [sample(rows.slice(100, 110), false)]));
  const fourth = await owner(kv);
  assertEquals(fourth.stored.flatMap(({ rows }) => rows.map(({ position }) => position)), [...Array(110).keys()]);
  assertEquals(await partsIn(kv), 2);
});
