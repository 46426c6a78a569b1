/**
 * Epochs of shared models where nothing runs between requests: the minute's cron ends them, trains what is due and puts it
 * to use, whichever of several processes has its turn, and wherever one of them ends.
 *
 * @module
 */
import { z } from "zod";
import { assertEquals, assertGreater } from "../../std/assert.ts";
import { storedOutputs } from "../actors/harness.ts";
import { Plant, type Process, START } from "./plant.ts";

const EPOCH_MS = 600_000, STEP_MS = 1_500;
const SENSORS = Array.from({ length: 8 }, (_, i) => `press-${i}`);
/** Readings of a sensor in the epoch, as many as let its network take part; a first forest is grown early. */
const ROUNDS = 380;
/** The first one of the next epoch. */
const NEXT = EPOCH_MS / STEP_MS + 20;
const JUDGING = { forest: { everyMs: EPOCH_MS }, federation: { everyMs: EPOCH_MS } };
const modelsSchema = z.object({
  items: z.array(z.object({ name: z.string(), latest: z.number(), active: z.number() })),
});
const readingsSchema = z.object({
  items: z.array(z.looseObject({ id: z.string(), versions: z.record(z.string(), z.number()) })),
});

/** A reading of each sensor, of rounds from one to another. */
function readings(from: number, to: number): unknown[] {
  return Array.from({ length: to - from }, (_, i) => from + i).flatMap((round) =>
    SENSORS.map((sensor, s) => ({
      sensor,
      type: "press",
      time: START + round * STEP_MS,
      values: { pressure: 5 + Math.sin(round / 7 + s), speed: 100 + (round * 37 + s * 11) % 17 },
    }))
  );
}

/** By family and partition the latest version of each model that a process knows, and that in use. */
async function versions(process: Process): Promise<Record<string, readonly [number, number]>> {
  const { items } = await process.ask("/models", modelsSchema), trained = items.filter(({ name }) => name !== "parts");
  return Object.fromEntries(trained.map(({ name, latest, active }) => [name.split("/")[0], [latest, active]]));
}

/** What there is of models in a store, less what differs from one attempt to register a version to the next. */
async function modelsIn(plant: Plant): Promise<Map<string, unknown>> {
  const outputs = await storedOutputs(plant.kv);
  return new Map([...outputs].filter(([key]) => /^\["(model|model_version|federation_round)",/.test(key)));
}

/** What the next reading of each sensor is found to be, less its place in the log. */
async function nextVerdicts(process: Process): Promise<unknown[]> {
  await process.post(readings(NEXT, NEXT + 1));
  return await Promise.all(SENSORS.map(async (sensor) => {
    const { items: [{ id, ...verdict }] } = await process.ask(`/sensors/${sensor}/readings?limit=1`, readingsSchema);
    assertEquals(verdict.versions, { forest: 2, network: 1 });
    return [sensor, id.split("/")[0], verdict];
  }));
}

/** An epoch that has had all of its readings, and has not ended for anybody: time passes by the cron alone. */
async function epochOver(): Promise<Plant> {
  const plant = new Plant(JUDGING), process = await plant.process();
  plant.now = START + ROUNDS * STEP_MS;
  await process.post(readings(0, ROUNDS));
  assertEquals(await versions(process), { "forest:http-0": [1, 1], "forest:http-1": [1, 1] });
  plant.now = START + EPOCH_MS + 30_000;
  return plant;
}

/** What one process makes of it that nothing disturbs. */
async function inPeace(plant: Plant) {
  const process = await plant.process();
  assertEquals(await process.minute(), true);
  return { models: await modelsIn(plant), versions: await versions(process), verdicts: await nextVerdicts(process) };
}

Deno.test("Deployment.minute() ends an epoch: what is due is trained once by several processes, as by one, and used", async () => {
  const plant = await epochOver(), alone = await inPeace(plant.copy());
  assertEquals(alone.versions, {
    "forest:http-0": [2, 2],
    "forest:http-1": [2, 2],
    "network:http-0": [1, 1],
    "network:http-1": [1, 1],
  });
  const processes = await Promise.all([plant.process(), plant.process(), plant.process()]);
  await Promise.allSettled(processes.map((process) => process.minute()));
  assertEquals(await modelsIn(plant), alone.models);
  for (const process of processes) assertEquals(await versions(process), alone.versions);
  assertEquals(await nextVerdicts(processes[1]), alone.verdicts);
});

Deno.test("Deployment.minute() of another process trains as ever what one has left that ended at any of its writes", async () => {
  const before = await epochOver(), alone = await inPeace(before.copy());
  let writes = 0;
  for (let isOver = false; !isOver; writes++) {
    const plant = before.copy(), process = await plant.process();
    process.kv.left = writes;
    isOver = await process.minute();
    const heir = await plant.process();
    assertEquals(await heir.minute(), true);
    assertEquals([writes, await modelsIn(plant)], [writes, alone.models]);
    assertEquals([writes, await nextVerdicts(heir)], [writes, alone.verdicts]);
  }
  assertGreater(writes, 10, "there was somewhere to end");
});
