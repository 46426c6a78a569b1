/**
 * A change of the configuration while sensors are watched: from its position on they are judged by it, and what they have
 * learnt stays.
 *
 * @module
 */
import { type Judging, judgingSchema } from "../../actors/config.ts";
import { type Configurations, fixedErrors, sameJson, withFixed } from "../../actors/configurations.ts";
import type { Chunk, Source } from "../../actors/ports.ts";
import { parseReading } from "../../actors/reading.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { StoreQueries } from "../../store/queries.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import { MemoryKv } from "../memory_kv.ts";
import { PATIENT, storeOver } from "./harness.ts";

const START = 1_700_000_000_000, CHANGE = 400, END = 800;
const DAY_MS = 86_400_000;

function judgingOf(high: number, more: Partial<Judging> = {}): Judging {
  return judgingSchema.parse({
    types: { pump: { channels: { a: { low: 0, high } }, intervalMs: 1_000 } },
    budget: { alarms: 1, everyMs: DAY_MS },
    detectors: "light",
    ...more,
  });
}

/** A pump a second; `change` is called before the reading at {@linkcode CHANGE}. */
function source(change: () => void): Source {
  async function* read(from: number): AsyncGenerator<Chunk> {
    for (let at = from; at < END; at += 20) {
      if (at === CHANGE) change();
      const items = Array.from({ length: 20 }, (_, i) => {
        return parseReading({
          sensor: "p",
          time: START + 1_000 * (at + i),
          values: { a: 30 + (at + i) % 7 },
          type: "pump",
        });
      });
      yield { kind: "readings", items, positions: items.map((_, i) => at + i), next: at + 20 };
    }
  }
  return { name: "one", open: () => Promise.resolve([{ id: "one", read }]), close: () => Promise.resolve() };
}

/** Two versions, the second of which is there from when it is made. */
class Two implements Configurations {
  latest = 1;
  constructor(private readonly versions: readonly Judging[]) {}
  judging(version: number): Promise<Judging> {
    return Promise.resolve(this.versions[version - 1]);
  }
}

async function run(first: Judging, second: Judging, kv = new MemoryKv()) {
  const configurations = new Two([first, second]),
    options = { ...SUPERVISOR_DEFAULTS, judging: first, checkpointReadings: 50 };
  const supervisor = new Supervisor(options, {
    store: storeOver(kv, PATIENT),
    clock: PATIENT,
    host: (shard) => new InlineHost(shard),
    shards: 2,
    configurations,
  });
  await supervisor.load();
  const reading = source(() => {
    configurations.latest = 2;
    supervisor.configure();
  });
  await supervisor.run(reading, sourceMemory(kv, "one"), new AbortController().signal);
  return { supervisor, queries: new StoreQueries(kv, supervisor, () => 0), kv };
}

Deno.test("Supervisor.configure() changes how sensors are judged from a recorded position on; what they have learnt stays", async () => {
  const { queries, kv, supervisor } = await run(judgingOf(50), judgingOf(33));
  const { items: alerts } = await queries.alerts({}, 10), view = await queries.sensor("p");
  assertEquals(alerts.length, 1);
  assert(alerts[0].condition === "limit" && alerts[0].raised_at >= START + 1_000 * CHANGE);
  assertEquals(alerts[0].expected, [0, 33]);
  assertEquals([view?.readings, view?.channels[0].high, view?.channels[0].count], [END, 33, 10]);
  const places = await Array.fromAsync(kv.list<number>({ prefix: ["configuration_at"] }));
  assertEquals(places.map(({ key, value }) => [key[1], value]), [[1, 0], [2, CHANGE]]);
  // What was learnt went on: as if the limit had been there from the beginning, but for what it flagged.
  const whole = await run(judgingOf(33), judgingOf(33)), other = await whole.queries.sensor("p");
  assertEquals(view?.channels[0].expected, other?.channels[0].expected);
  assertEquals(view?.rate, other?.rate);
  // Another start finds the sensor as it is judged now.
  const again = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging: judgingOf(50) }, {
    store: storeOver(kv, PATIENT),
    clock: PATIENT,
    host: (shard) => new InlineHost(shard),
    shards: 1,
    configurations: Object.assign(new Two([judgingOf(50), judgingOf(33)]), { latest: 2 }),
  });
  await again.load();
  await again.run(source(() => {}), sourceMemory(kv, "one"), new AbortController().signal);
  assertEquals((await again.answers.sensors(["p"]))[0].channels[0].high, 33);
  assertEquals(await again.answers.digests(), await supervisor.answers.digests());
});

Deno.test("Supervisor.configure() shares a plant's budget out: the stricter one of share and own budget counts", async () => {
  const plant = { alarms: 2, everyMs: DAY_MS, sensors: 10 };
  const budgetOf = async (more: Partial<Judging>) =>
    (await (await run(judgingOf(50), judgingOf(50, more))).queries.sensor("p"))?.budget ?? 0;
  const own = 1_000 / DAY_MS;
  assertEquals(await budgetOf({}), own);
  assertEquals(await budgetOf({ plant }), 0.2 * own);
  assertEquals(await budgetOf({ plant: { ...plant, sensors: 1 } }), own);
});

Deno.test("fixedErrors() names what cannot be changed while sensors are watched, and withFixed() keeps it", () => {
  const before = judgingOf(50),
    after = judgingOf(40, {
      latenessMs: 1_000,
      detectors: "full",
      forest: { ...before.forest, memoryMs: 60_000 },
      futureMs: 9_000,
    });
  assertEquals(fixedErrors(before, after).map(({ field }) => field), ["latenessMs", "detectors", "forest.memoryMs"]);
  assertEquals(fixedErrors(before, judgingOf(40, { zone: "Europe/Berlin" })), []);
  const kept = withFixed(after, before);
  assertEquals([fixedErrors(before, kept), kept.futureMs, kept.types], [[], 9_000, after.types]);
  assert(sameJson({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1, d: undefined }) && !sameJson([1], { 0: 1 }));
});
