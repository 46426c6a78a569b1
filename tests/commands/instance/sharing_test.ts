/**
 * Partitions share their models: those of an epoch, and every verdict, are the same however many nodes run the partitions,
 * and whoever is stopped in between.
 *
 * @module
 */
import { judgingSchema } from "../../../actors/config.ts";
import type { SourcePartition } from "../../../actors/ports.ts";
import type { Reading } from "../../../actors/reading.ts";
import { InlineHost } from "../../../actors/runtime/host.ts";
import { Supervisor } from "../../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../../actors/supervisor_options.ts";
import { systemClock as clock } from "../../../commands/process/clock.ts";
import { openSharing } from "../../../commands/instance/sharing.ts";
import { Random } from "../../../models/random.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { FleetKv } from "../../../store/nodes/fleet.ts";
import { sourceMemory } from "../../../store/source_memory.ts";
import { TimedKv } from "../../../store/nodes/timed_kv.ts";
import { isAllTrained } from "../../all_trained.ts";
import { until } from "../../process.ts";
import { isSame } from "../../simulation/same.ts";
import { modelsOver, storedOutputs, storeOver } from "../../actors/harness.ts";

const PARTITIONS = ["a", "b", "c", "d", "e", "f"], SENSORS = 3, READINGS = 700, START = 1_700_000_040_000, CHUNK = 150;
const judging = judgingSchema.parse({ forest: { everyMs: 60_000 }, federation: { everyMs: 200_000 } });
/** Long enough to be never over: what is shown is what is waited for. */
const WAIT_MS = 600_000;

/** Readings of a partition, a second apart, those of one sensor after the other. */
function readingsOf(partition: string): Reading[] {
  const random = new Random(partition.charCodeAt(0));
  return Array.from({ length: READINGS * SENSORS }, (_, i): Reading => {
    const wave = 5 * Math.sin(i / 300), values = { x: 20 + wave + random.normal(), y: random.normal() };
    return {
      sensor: `${partition}-${i % SENSORS}`,
      time: START + 1000 * Math.floor(i / SENSORS),
      type: "pump",
      values,
    };
  });
}

/** A partition that is handed out in chunks, up to a position; `stop` is called before it waits there for its end. */
function partition(id: string, until: number, stopped: () => void): SourcePartition {
  const items = readingsOf(id);
  return {
    id,
    read: async function* (from, signal) {
      for (let at = from; at < Math.min(until, items.length);) {
        const next = Math.min(at + CHUNK - at % CHUNK, until, items.length);
        const positions = Array.from({ length: next - at }, (_, i) => at + i);
        yield { kind: "readings", items: items.slice(at, next), positions, next };
        at = next;
      }
      if (until >= items.length) return;
      const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      stopped();
      await ended;
    },
  };
}

/**
 * Runs some partitions in a node of their own, to their end or until all have come to a position; trains until it is told
 * that all is done.
 */
async function runNode(kv: Deno.Kv, mine: readonly string[], until: number, done: () => Promise<void>) {
  const fleet = await FleetKv.open([new TimedKv(kv, "memory", clock, 5_000)], () => "server");
  const stop = new AbortController(), errors: unknown[] = [], ports = modelsOver(fleet, clock);
  let running = mine.length;
  const { federation } = ports;
  assert(federation);
  const sharing = openSharing({
    includes: () => true,
    partitions: () => PARTITIONS,
    waitMs: WAIT_MS,
    report: (error) => errors.push(error),
  }, { kv: fleet, fleet, federation, judging: () => judging, clock, freshId: () => crypto.randomUUID() });
  const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging, checkpointReadings: 333 }, {
    store: storeOver(fleet, clock),
    clock,
    models: { ...ports, epochs: sharing.epochs },
    host: (options) => new InlineHost(options),
    shards: 1,
    failed: (_partition, error) => errors.push(error),
  });
  await supervisor.load();
  const training = sharing.run(stop.signal), ended = new AbortController();
  const partitions = mine.map((id) => partition(id, until, () => --running || ended.abort()));
  const source = { name: "shared", open: () => Promise.resolve(partitions), close: () => Promise.resolve() };
  await supervisor.run(source, sourceMemory(fleet, "shared"), ended.signal);
  await supervisor.close();
  await done();
  stop.abort();
  await training;
  assertEquals(errors, []);
}

/** Everything that comes of so many nodes, which are all stopped and begun again at some positions. */
async function outcome(nodes: number, stops: readonly number[] = []): Promise<Map<string, unknown>> {
  using kv = await Deno.openKv(":memory:");
  for (const stop of [...stops, Infinity]) {
    const shares = Array.from({ length: nodes }, (_, node) => PARTITIONS.filter((_, i) => i % nodes === node));
    let running = nodes;
    const { promise: trained, resolve, reject } = Promise.withResolvers<void>();
    const done = () => {
      if (--running === 0) until("all is trained", () => isAllTrained(kv)).then(() => resolve(), reject);
      return trained;
    };
    await Promise.all(shares.map((mine) => runNode(kv, mine, stop, done)));
  }
  return await storedOutputs(kv);
}

/** Keys whose values differ, or that are in one alone. */
function differing(found: ReadonlyMap<string, unknown>, expected: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...found.keys(), ...expected.keys()])].filter((key) =>
    !isSame(found.get(key), expected.get(key))
  );
}

Deno.test("models that partitions share are the same over 1, 2 and 5 nodes, and so is every verdict", async () => {
  const one = await outcome(1), models = [...one.keys()].filter((key) => key.startsWith('["model_version"'));
  assert(models.some((key) => key.includes("forest:shared/pump")), "forests of all partitions");
  assert(models.some((key) => key.includes("network:shared/pump")), "networks of all partitions");
  assert(models.every((key) => key.includes(":shared/")), `nobody trains a model alone: ${models}`);
  assertEquals(differing(await outcome(2), one), []);
  assertEquals(differing(await outcome(5), one), []);
});

Deno.test("models that partitions share are the same when all nodes end and begin again, and others run what", async () => {
  assertEquals(differing(await outcome(3, [411, 1_000]), await outcome(1)), []);
});
