/**
 * What requests do without anything in the background: whoever loses the race for a partition, what is read again of states
 * that others have changed, who is told of others' alerts, and what time does to a sensor that has fallen silent.
 *
 * @module
 */
import { z } from "zod";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { LogError } from "../../actors/log.ts";
import { KEYS } from "../../store/keys.ts";
import { LOG_KEYS, type LogHead, type LogReleased } from "../../store/log/layout.ts";
import { Plant, type Process, START } from "./plant.ts";

const JUDGING = {
  detectors: "rules",
  types: { press: { intervalMs: 10_000, channels: { pressure: { high: 8 } } } },
  alerts: { rules: { limit: { raise: 1, of: 1, clear: 1 } } },
};
const readingsSchema = z.object({ items: z.array(z.looseObject({ id: z.string() })) });
const sensorsSchema = z.object({ items: z.array(z.looseObject({ sensor: z.string(), state: z.string() })) });
const SENSORS = ["press-0", "press-1", "press-2", "press-3", "press-4", "press-5"];

/** Seconds in which several processes send at once. */
const ROUNDS = 6;
/** Times that a request tries to apply what it has logged. */
const TRIES = 8;

/** A reading of each sensor, at a second. */
function round(second: number, pressure: number, sensors: readonly string[] = SENSORS): unknown[] {
  return sensors.map((sensor) => ({ sensor, type: "press", time: START + second * 1_000, values: { pressure } }));
}

/** How many readings of each sensor a process knows. */
async function counts(process: Process): Promise<number[]> {
  const found = SENSORS.map((sensor) => process.ask(`/sensors/${sensor}/readings?limit=500`, readingsSchema));
  return (await Promise.all(found)).map(({ items }) => items.length);
}

/** What keys of partitions begin with. */
const PARTITION = String(KEYS.partitions()[0]);

Deno.test("POST /readings at several processes at once counts each reading once, whoever wins the partitions", async () => {
  const plant = new Plant(JUDGING), processes = await Promise.all([0, 1, 2].map(() => plant.process()));
  plant.now += 60_000;
  for (let second = 0; second < ROUNDS; second += 3) {
    await Promise.all(processes.map((process, i) => process.post(round(second + i, 5))));
  }
  await processes[0].minute(); // what lost its race too often
  for (const process of processes) assertEquals(await counts(process), SENSORS.map(() => ROUNDS));
});

Deno.test("POST /readings gives up a race that it always loses after a bounded number of tries, and the readings stay", async () => {
  const plant = new Plant(JUDGING), process = await plant.process(), other = await plant.process();
  plant.now += 60_000;
  await other.post(round(0, 5));
  const overtaken: Deno.KvKey[] = [];
  process.kv.before = ({ checks, mutations }) => {
    const fence = checks.find(({ key }) => key[0] === PARTITION && key[2] === "fence")?.key;
    if (!fence || mutations.some(({ key }) => String(key) === String(fence))) return; // it takes the partition over
    overtaken.push(fence); // somebody else does so before it writes
    plant.kv.apply({ checks: [], mutations: [{ key: fence, value: `somebody ${overtaken.length}`, set: true }] });
  };
  await process.post(round(1, 5));
  assertEquals(overtaken.length, TRIES * 2, "for each partition");
  assertEquals(await counts(other), SENSORS.map(() => 1));
  await other.minute();
  assertEquals(await counts(other), SENSORS.map(() => 2));
});

Deno.test("a request reads the snapshots that others have changed since the last one, and no others", async () => {
  const plant = new Plant(JUDGING), one = await plant.process(), other = await plant.process();
  plant.now += 60_000;
  await one.post(round(0, 5));
  assertEquals(await counts(other), SENSORS.map(() => 1));
  const read = () => new Set(other.kv.got.splice(0).filter(([kind]) => kind === "sensor").map(([, name]) => name));
  assertEquals(read(), new Set(SENSORS));
  await one.post(round(1, 5, ["press-3"]));
  assertEquals((await counts(other))[3], 2);
  assertEquals(read(), new Set(["press-3"]));
  await other.post(round(2, 5));
  await counts(other);
  assertEquals(read(), new Set(), "it has its own in memory");
});

Deno.test("GET /alerts/stream is told of the alerts that other processes raise, by the store's watch alone", async () => {
  const plant = new Plant(JUDGING), one = await plant.process(), other = await plant.process();
  plant.now += 60_000;
  await one.post(round(0, 5));
  const stop = new AbortController(), { body } = await other.fetch("/alerts/stream", { signal: stop.signal });
  assert(body);
  const stream = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const told = async (pattern: RegExp) => {
    for (;;) {
      const found = pattern.exec(text);
      if (found) return found;
      const { value, done } = await stream.read();
      if (done) throw new Error(`the stream ended:\n${text}`);
      text += value;
    }
  };
  await one.post(round(1, 9, ["press-2"]));
  await told(/event: alert\n.*"sensor":"press-2"/s);
  await stream.cancel();
  stop.abort();
});

Deno.test("Deployment.minute() notices that a sensor has fallen silent, whichever process had its readings", async () => {
  const plant = new Plant(JUDGING), one = await plant.process(), other = await plant.process();
  for (let i = 0; i < 3; i++) {
    plant.now = START + 10_000 * i;
    await one.post(round(10 * i, 5));
  }
  const states = async () => (await one.ask("/sensors", sensorsSchema)).items.map(({ state }) => state);
  const before = await states();
  plant.now += 600_000;
  assertEquals(await states(), before, "nothing happens by itself");
  await other.minute();
  assertEquals(await states(), SENSORS.map(() => "silent"));
});

Deno.test("Deployment.minute() applies what is in the log also where it cannot write a tick, and says so", async () => {
  const plant = new Plant(JUDGING), one = await plant.process(), other = await plant.process();
  await one.post(round(0, 5));
  one.kv.left = 1; // it ends when its readings are in the log
  void one.post(round(1, 5));
  await one.kv.ended;
  plant.now += 60_000;
  const isHead = (key: Deno.KvKey) => String(key) === String(LOG_KEYS.head());
  other.kv.before = ({ mutations }) => {
    if (mutations.some(({ key }) => isHead(key))) throw new Error("the disk is full");
  };
  assertEquals(await counts(other), SENSORS.map(() => 1));
  await assertRejects(() => other.minute(), LogError, "did not take a write");
  assertEquals(await counts(other), SENSORS.map(() => 2));
});

Deno.test("POST /readings looks what others have let go of before it says that the log is full", async () => {
  const plant = new Plant(JUDGING), process = await plant.process(), passed = 300 * 1024 * 1024;
  plant.now += 60_000;
  await process.post(round(0, 5));
  // More than the log takes has come and gone by way of others.
  const [head, released] = [LOG_KEYS.head(), LOG_KEYS.released(0)];
  const now = (await plant.kv.get<LogHead>(head)).value, gone = (await plant.kv.get<LogReleased>(released)).value;
  assert(now && gone);
  const mutations = [
    {
      key: head,
      value: { ...now, append: "another", bytes: now.bytes.map((bytes, p) => bytes + (p === 0 ? passed : 0)) },
    },
    { key: released, value: { ...gone, bytes: gone.bytes + passed } },
  ];
  plant.kv.apply({ checks: [], mutations: mutations.map((one) => ({ ...one, set: true })) });
  const other = ["press-0"]; // of the other partition
  for (const second of [1, 2]) await process.post(round(second, 5, other));
});

Deno.test("a request waits for a store that does not answer until its deadline, and the next one has a new connection", async () => {
  const plant = new Plant(JUDGING), process = await plant.process();
  plant.now += 60_000;
  await process.post(round(0, 5));
  plant.isAway = true;
  const silent = await plant.inSilence(process, () => process.send(round(1, 5)));
  assertEquals(silent.status, 503, await silent.text());
  assertEquals((await process.send(round(1, 5))).status, 503);
  plant.isAway = false;
  await process.post(round(1, 5));
  assertEquals(await counts(process), SENSORS.map(() => 2));
});
