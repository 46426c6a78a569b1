/**
 * An epoch of shared models is the same whoever trains it, and wherever its trainer dies.
 *
 * @module
 */
import { judgingSchema } from "../../../actors/config.ts";
import { groupFeatures } from "../../../actors/shared_models.ts";
import { EpochTrainer } from "../../../actors/training/epoch_trainer.ts";
import type { EpochGroup } from "../../../actors/training/epochs.ts";
import { Network } from "../../../models/network/network.ts";
import { Random } from "../../../models/random.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { EpochBell } from "../../../store/epochs/bell.ts";
import { KvEpochBook } from "../../../store/epochs/book.ts";
import type { KvPort } from "../../../store/kv.ts";
import { modelsOver, PATIENT, storedOutputs, storeOver } from "../../actors/harness.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { isSame } from "../../simulation/same.ts";
import { DyingKv } from "../dying_kv.ts";

const PARTITIONS = ["p-0", "p-1"], GROUPS = ["fan", "pump"], CHANNELS = ["x"];
const WIDTH = groupFeatures(CHANNELS).length, { weights: WEIGHTS } = new Network(CHANNELS.length);

/** What a partition brings: of each group 40 readings more, or networks of two sensors. */
function groupsOf(random: Random, partition: string, family: "forest" | "network", epoch: number): EpochGroup[] {
  return GROUPS.map((group) => {
    const rows = Array.from({ length: family === "forest" ? 40 : 0 }, (_, i) => ({
      key: random.uniform(),
      sensor: `${partition}-${group}`,
      position: epoch + i,
      row: Float64Array.from({ length: WIDTH }, () => epoch + random.normal()),
    }));
    const locals = Array.from({ length: family === "network" ? 2 : 0 }, (_, i) => ({
      sensor: `${partition}-${group}-${i}`,
      group,
      readings: 300,
      loss: random.uniform(),
      weights: Float32Array.from({ length: WEIGHTS }, () => random.normal()),
    }));
    return { group, channels: CHANNELS, rows, locals };
  });
}

/** Both partitions end an epoch of both families. */
async function bring(kv: KvPort, epoch: number): Promise<void> {
  const random = new Random(epoch);
  for (const partition of PARTITIONS) {
    const claim = await storeOver(kv, PATIENT).claim(partition);
    const families = ["forest", "network"] as const;
    const parts = families.map((family) => ({ family, epoch, groups: groupsOf(random, partition, family, epoch) }));
    await claim.writeEpochs(parts, epoch);
  }
}

/** Trains all that is due in a process of its own. */
async function train(kv: KvPort): Promise<void> {
  const book = new KvEpochBook(kv, kv, new EpochBell(PATIENT, "trained"), () => crypto.randomUUID());
  const options = { clock: PATIENT, judging: () => judgingSchema.parse({}), partitions: () => PARTITIONS, waitMs: 1 };
  const trainer = new EpochTrainer(book, modelsOver(kv, PATIENT), options);
  while (await trainer.next());
}

/** What came of epochs. */
async function cameOf(kv: KvPort): Promise<Map<string, unknown>> {
  const found = await storedOutputs(kv);
  for (const kind of ["shared", "shared_model", "shared_use"]) {
    for await (const { key, value } of kv.list({ prefix: [kind] })) found.set(JSON.stringify(key), value);
  }
  return found;
}

Deno.test("EpochTrainer.next() ends with the same models, rounds and decisions whichever write was its last one", async () => {
  const begun = new MemoryKv();
  await bring(begun, 10_000);
  await train(begun);
  await bring(begun, 20_000);
  const copyOf = async () => {
    const kv = new MemoryKv();
    for (const { key, value } of begun.entries.values()) await kv.atomic().set(key, value).commit();
    return kv;
  };
  const undisturbed = await copyOf(), counted = new DyingKv(undisturbed, Infinity);
  await train(counted);
  const expected = await cameOf(undisturbed);
  for (const group of GROUPS) {
    for (const family of ["forest", "network"]) {
      assert(expected.has(JSON.stringify(["model_version", `${family}:shared/${group}`, 2])), `${family} of ${group}`);
    }
  }
  for (let writes = 0; writes < counted.writes; writes++) {
    const kv = await copyOf();
    await train(new DyingKv(kv, writes)).catch(() => {});
    await train(kv);
    const found = await cameOf(kv), keys = new Set([...found.keys(), ...expected.keys()]);
    const differing = [...keys].filter((key) => !isSame(found.get(key), expected.get(key)));
    assertEquals(differing, [], `after ${writes} of ${counted.writes} writes`);
  }
});
