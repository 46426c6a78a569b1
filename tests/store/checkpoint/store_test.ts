/**
 * Checkpoints as they are stored: the protocol's steps, and whole runs over every database.
 *
 * @module
 */
import type { CheckpointOutputs, Cut } from "../../../actors/checkpoint.ts";
import { FencedError } from "../../../actors/checkpoint.ts";
import { judgingSchema } from "../../../actors/config.ts";
import type { Reading } from "../../../actors/reading.ts";
import { rowWidth } from "../../../actors/sensor/history.ts";
import { KEYS } from "../../../store/keys.ts";
import type { KvPort } from "../../../store/kv.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import { PATIENT, runSource, storedOutputs, storeOver } from "../../actors/harness.ts";
import { ItemsSource } from "../../actors/items.ts";
import { makeWorld, TextSource } from "../../simulation/world.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { eachDatabase } from "../databases.ts";
import { DyingKv } from "../dying_kv.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const COUNTS = { readings: 1, refused: 0, refusedHash: 0, future: 0, foreign: 0 };

function cutAt(position: number): Cut {
  return { position, router: { sourceTime: { time: 1, lastTick: 1, ahead: [["a", 1]] }, counts: COUNTS } };
}

function outputsAt(cut: number): CheckpointOutputs {
  return {
    cut,
    windows: [],
    history: [],
    alerts: [],
    quarantine: [],
    sinks: { files: { length: cut } },
    counts: COUNTS,
    sourceTime: 1,
    samples: [],
  };
}

async function partsOf(kv: KvPort): Promise<number> {
  let parts = 0;
  for await (const _ of kv.list({ prefix: ["sensor_part"] })) parts++;
  return parts;
}

eachDatabase(({ name, open, slow }) => {
  Deno.test(`Checkpoints in ${name}: a claim finds what was stored, step by step`, async () => {
    using kv = await open();
    const store = storeOver(kv, PATIENT), claim = await store.claim("p");
    assertEquals([claim.recovery, claim.overtaken], [undefined, false]);
    await claim.writeOutputs(outputsAt(40));
    const begun = await store.claim("p");
    assertEquals([begun.recovery?.outputsCut, begun.recovery?.from.position, begun.recovery?.finished], [40, 0, false]);
    await assertRejects(() => claim.writeOutputs(outputsAt(50)), FencedError);
    await begun.writeSnapshots([{ sensor: 0, name: "a", bytes: new Uint8Array([1, 2, 3]) }]);
    await begun.writePosition([cutAt(20), cutAt(40)], false);
    await begun.writeOutputs(outputsAt(60));
    const third = await store.claim("p");
    assertEquals(third.recovery, {
      outputsCut: 60,
      outputsBegun: 60,
      finished: false,
      sinks: { files: { length: 60 } },
      trainedTo: 60,
      samples: [],
      from: cutAt(20),
    });
    assertEquals(await store.snapshot("a"), new Uint8Array([1, 2, 3]));
    assertEquals(await store.snapshot("b"), undefined);
    await third.writePosition([cutAt(61)], true);
    assertEquals((await store.claim("p")).recovery?.finished, true);
  });

  Deno.test(`Checkpoints in ${name}: models of a thousand types fit, and are found again`, async () => {
    using kv = await open();
    const types = Array.from({ length: 1_000 }, (_, i) => `type-of-machine-${i}`), store = storeOver(kv, PATIENT);
    const of = <T>(value: (group: string, i: number) => T) =>
      Object.fromEntries(types.map((group, i) => [`forest:${group}`, value(group, i)]));
    const training = {
      switches: types.map((group, i) => ({ position: i, family: "forest" as const, group, version: i })),
      trained: of((_, i) => ({ version: i, position: 7 * i })),
      drifts: of((group, i) => ({ model: `forest:p/${group}`, version: i, index: i / 7, feature: "temperature std" })),
    };
    const pauses = { records: 5, forest: 3, network: -1 }, inUse = of((_, i) => i);
    const cuts = Array.from({ length: 32 }, (_, i) => ({ ...cutAt(i), training: { pauses, inUse } }));
    const claim = await store.claim("p");
    await claim.writeOutputs({ ...outputsAt(60), training });
    await claim.writePosition(cuts, false);
    const { recovery } = await store.claim("p");
    assertEquals([recovery?.training, recovery?.from], [training, cuts[0]]);
  });

  Deno.test(`Checkpoints in ${name}: a large snapshot is in parts, and the old ones go with it`, async () => {
    using kv = await open();
    const store = storeOver(kv, PATIENT), claim = await store.claim("p");
    const bytes = (size: number, seed: number) => Uint8Array.from({ length: size }, (_, i) => (i * seed) % 251);
    for (const [size, parts] of [[150_000, 3], [200_000, 4], [100, 0], [64_000, 2], [130_000, 3]] as const) {
      await claim.writeSnapshots([
        { sensor: 0, name: "big", bytes: bytes(size, 7) },
        { sensor: 1, name: "small", bytes: bytes(10, 3) },
      ]);
      assertEquals(await store.snapshot("big"), bytes(size, 7));
      assertEquals(await partsOf(kv), parts);
      const all: [string, number][] = [];
      for await (const { name, bytes } of storeOver(kv, PATIENT).snapshots()) all.push([name, bytes.length]);
      assertEquals(all, [["big", size], ["small", 10]]);
    }
    const later = storeOver(kv, PATIENT), next = await later.claim("p");
    await later.snapshot("big");
    await next.writeSnapshots([{ sensor: 0, name: "big", bytes: bytes(70_000, 5) }]);
    assertEquals([await later.snapshot("big"), await partsOf(kv)], [bytes(70_000, 5), 2]);
  });

  Deno.test(`Checkpoints in ${name}: a claim says whether somebody wrote since the snapshots were listed`, async () => {
    using kv = await open();
    const first = storeOver(kv, PATIENT), second = storeOver(kv, PATIENT);
    const list = async (store: typeof first) => await Array.fromAsync(store.snapshots());
    const claim = await first.claim("p");
    await claim.writePosition([cutAt(1)], false);
    await list(second);
    assertEquals((await second.claim("p")).overtaken, false);
    const third = storeOver(kv, PATIENT);
    await list(third);
    const owner = await second.claim("p");
    await owner.writePosition([cutAt(2)], false);
    await list(third);
    assertEquals((await third.claim("p")).overtaken, true, "the first listing is what counts");
    assertEquals((await storeOver(kv, PATIENT).claim("p")).overtaken, true, "who never listed knows nothing");
  });

  Deno.test(`Checkpoints in ${name}: runs that are stopped and gone on with end as one that was not`, async () => {
    const worlds = Math.max(1, Math.round((slow ? 3 : 8) * SCALE));
    for (let seed = 1; seed <= worlds; seed++) {
      using kv = await open();
      const world = makeWorld(900 + seed), { judging } = world;
      const source = (before?: () => void) =>
        new TextSource(world.text, { asLines: seed % 2 === 0, records: () => 1 + seed, ...(before ? { before } : {}) });
      const whole = await runSource(source(), { judging });
      for (let life = 1; life < 5; life++) {
        const stop = new AbortController();
        let chunks = 0;
        const before = () => {
          if (++chunks === 2 + life) stop.abort();
        };
        const options = { judging, kv, signal: stop.signal, shards: life, checkpointReadings: 5, snapshotReadings: 12 };
        await runSource(source(before), { ...options, residentMost: life === 2 ? 2 : 1_000 });
      }
      const last = await runSource(source(), { judging, kv });
      assertEquals(last.digest, whole.digest, `world ${world.seed}`);
      assertEquals(await storedOutputs(kv), await storedOutputs(whole.kv), `world ${world.seed}`);
      const again = await runSource(source(), { judging, kv, shards: 3 });
      assertEquals(again.digest, whole.digest, "a finished run gives its result again");
    }
  });

  Deno.test(`Checkpoints in ${name}: sensors as large and names as long as they may be`, async () => {
    using kv = await open();
    const judging = judgingSchema.parse({
      windows: [{ lengthMs: 60_000, hopMs: 1_000 }, { lengthMs: 120_000, hopMs: 2_000 }],
      types: { ["型".repeat(64)]: { channels: { ["測".repeat(62) + 10]: { high: 5 } }, intervalMs: 1_000 } },
    });
    const items = Array.from({ length: 40 }, (_, i): Reading => ({
      sensor: "機".repeat(127) + i % 2,
      time: 1_700_000_000_000 + 500 * i,
      values: Object.fromEntries(Array.from({ length: 50 }, (_, c) => ["測".repeat(62) + (10 + c), i + c])),
      type: "型".repeat(64),
      location: "𝔞".repeat(32),
    }));
    const source = () => new ItemsSource(items, "long-" + "n".repeat(60));
    const { digest } = await runSource(source(), {
      judging,
      kv,
      checkpointReadings: 10,
      batchSize: 8,
      residentMost: 1,
    });
    assertEquals(digest, (await runSource(source(), { judging })).digest);
    assert(await partsOf(kv) > 4, "the snapshots are in parts");
    const transitions = await Array.fromAsync(kv.list({ prefix: ["transition"] }));
    assertEquals(transitions.length, 2);
    assertEquals((await runSource(source(), { judging, kv, preloadBytes: 0 })).digest, digest);
  });
});

Deno.test("KvCheckpointStore keeps so many chunks of a history, and drops the oldest when one comes", async () => {
  const items = Array.from({ length: 400 }, (_, i): Reading => ({ sensor: "a", time: 1_000 * i, values: { x: i } }));
  const { kv } = await runSource(new ItemsSource(items), { judging: judgingSchema.parse({}) });
  const chunks = await Array.fromAsync(kv.list<{ rows: Float64Array }>({ prefix: KEYS.readings("a") }));
  const width = rowWidth(1);
  assertEquals(chunks.map(({ key }) => key[2]), [0, 1, 2, 3, 4, 5]);
  assertEquals(chunks.map(({ value }) => value.rows.length), new Array(6).fill(64 * width));
  const positions = chunks.flatMap(({ value: { rows } }) => Array.from({ length: 64 }, (_, i) => rows[width * i]));
  assertEquals(positions, Array.from({ length: 384 }, (_, i) => i));
});

Deno.test("Claim.writeOutputs() stores nothing before what the partition brought, which nobody waits for", async () => {
  const locals = Array.from({ length: 12 }, (_, i) => {
    return { sensor: `s-${i}`, group: "pump", readings: 1, loss: 1, weights: new Float32Array(15_000) };
  });
  const part = {
    family: "network" as const,
    epoch: 50,
    groups: [{ group: "pump", channels: ["x"], rows: [], locals }],
  };
  let most = 1; // its fence
  for (let isDone = false; !isDone; most++) {
    const kv = new MemoryKv(), claim = await storeOver(new DyingKv(kv, most), PATIENT).claim("p");
    const [, outputs] = await Promise.allSettled([claim.writeEpochs([part], 50), claim.writeOutputs(outputsAt(60))]);
    isDone = outputs.status === "fulfilled";
    const isBrought = (await kv.get(KEYS.epoch("p", "network", 50))).value !== null;
    const { recovery } = await storeOver(kv, PATIENT).claim("p");
    assert(isBrought || (recovery?.outputsCut ?? 0) === 0, `after ${most} writes`);
    if (isBrought) assert(recovery && recovery.outputsBegun >= 50);
  }
  assert(most > 4, "it was more than one write");
});
