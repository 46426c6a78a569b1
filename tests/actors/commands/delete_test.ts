/**
 * A sensor that is deleted goes with everything that is stored of it; a reading of its name begins a new one.
 *
 * @module
 */
import { judgingSchema } from "../../../actors/config.ts";
import type { Chunk, Clock, Source } from "../../../actors/ports.ts";
import { parseReading } from "../../../actors/reading.ts";
import { InlineHost } from "../../../actors/runtime/host.ts";
import { Supervisor } from "../../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../../actors/supervisor_options.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { KEYS } from "../../../store/keys.ts";
import { KvLabelStore } from "../../../store/labels.ts";
import { StoreQueries } from "../../../store/queries.ts";
import { sourceMemory } from "../../../store/source_memory.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { PATIENT, storeOver } from "../harness.ts";

const START = 1_700_000_000_000;
const judging = judgingSchema.parse({
  types: { pump: { channels: { a: { low: 0, high: 50 } }, intervalMs: 1_000 } },
  detectors: "light",
});

/** Five minutes of two pumps, over its limit at the end; `between` is called in the middle, when all before is read. */
function source(between: () => Promise<void>): Source {
  async function* read(from: number, signal: AbortSignal): AsyncGenerator<Chunk> {
    for (let at = from; at < 600; at += 10) {
      if (at === 300) await between();
      if (signal.aborted) return;
      const items = Array.from({ length: 10 }, (_, i) => {
        const n = at + i, a = n % 2 === 0 && n > 200 && n < 299 ? 80 : 20 + n % 7;
        return parseReading({ sensor: `pump-${n % 2}`, time: START + 500 * n, values: { a }, type: "pump" });
      });
      yield { kind: "readings", items, positions: items.map((_, i) => at + i), next: at + 10 };
    }
  }
  return { name: "two", open: () => Promise.resolve([{ id: "two", read }]), close: () => Promise.resolve() };
}

async function keysOf(kv: MemoryKv, sensor: string): Promise<string[]> {
  const kinds = new Set<string>();
  for await (const { key, value } of kv.list({ prefix: [] })) {
    if (key[0] === "sample" || key[0] === "command" || key[0] === "quarantine") continue; // what the group has learnt, ...
    if (JSON.stringify([key, value]).includes(sensor)) kinds.add(String(key[0]));
  }
  return [...kinds].sort();
}

Deno.test("Supervisor.order() deletes a sensor with all that is stored of it, at once and after another start", async () => {
  const kv = new MemoryKv(), labels = new KvLabelStore(kv, { clock: PATIENT });
  for (const sensor of ["pump-0", "pump-1"]) {
    await labels.put({ sensor, time: START, group: "pump", label: 1, created: START });
  }
  let now = START;
  const clock: Clock = { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) };
  const start = () => {
    const host = (options: ConstructorParameters<typeof InlineHost>[0]) => new InlineHost(options);
    const options = { ...SUPERVISOR_DEFAULTS, judging, checkpointReadings: 20, storeWindows: true };
    return new Supervisor(options, { store: storeOver(kv, PATIENT), clock, host, shards: 2 });
  };
  const supervisor = start(), queries = new StoreQueries(kv, supervisor, () => 0);
  const stop = new AbortController();
  let before: string[] = [], deleted: Promise<unknown> | undefined;
  const reading = source(async () => {
    before = await keysOf(kv, "pump-0");
    deleted = supervisor.order({ command: "delete", sensor: "pump-0", by: "ann" });
    deleted.then(() => stop.abort());
    await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  });
  await supervisor.run(reading, sourceMemory(kv, "two"), stop.signal);
  assertEquals(before, [
    "alert",
    "alert_at",
    "label",
    "partition",
    "readings",
    "sensor",
    "transition",
    "window",
    "window_at",
  ]);
  // Its name stands among those that the source's time follows, and in the end of its open alert.
  assertEquals(await keysOf(kv, "pump-0"), ["partition", "transition"]);
  assertEquals(await queries.sensor("pump-0"), undefined);
  assertEquals((await queries.sensors({}, 10)).items.map(({ sensor }) => sensor), ["pump-1"]);
  assertEquals((await queries.summary()).sensors, 1);
  assertEquals((await queries.alerts({ sensor: "pump-0" }, 10)).items, []);
  assertEquals(await labels.counts(), [{ group: "pump", zeros: 0, ones: 1 }]);
  const steps = await Array.fromAsync(kv.list({ prefix: KEYS.transitions("two") }));
  assert(steps.some(({ value }) => JSON.stringify(value).includes("cleared")), "followers are told that it is over");

  const again = start();
  await again.load();
  assertEquals([again.directory.find("pump-0"), again.directory.count], [undefined, 1]);
  await again.run(source(() => Promise.resolve()), sourceMemory(kv, "two"), new AbortController().signal);
  const after = new StoreQueries(kv, again, () => 0), view = await after.sensor("pump-0");
  assertEquals([view?.readings, (await after.sensor("pump-1"))?.readings], [150, 300]);
  const first = (await Array.fromAsync(after.newestReadings("pump-0"))).at(-1);
  assertEquals(first?.time, START + 500 * 300);
  const windows = (await after.windows({ sensor: "pump-0" }, 100)).items;
  assert(windows.length > 0 && windows.every(({ end }) => end > START + 150_000));
});
