/**
 * Nodes in one process whose partitions share their models.
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
import type { FleetKv } from "../../../store/nodes/fleet.ts";
import { sourceMemory } from "../../../store/source_memory.ts";
import { modelsOver, storeOver } from "../../actors/harness.ts";

/** Partitions that share their models. */
export const PARTITIONS = ["a", "b", "c", "d", "e", "f"];
/** Readings of each partition. */
export const TOTAL = 2_100;
const SENSORS = 3, READINGS = TOTAL / SENSORS, START = 1_700_000_040_000, CHUNK = 150;
const judging = judgingSchema.parse({ forest: { everyMs: 60_000 }, federation: { everyMs: 200_000 } });
/** Long enough to be never over: what is shown is what is waited for. */
export const WAIT_MS = 600_000;

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

/** How far a node runs. */
export interface NodeRun {
  /** All that share their models; by default {@linkcode PARTITIONS}. */
  readonly partitions?: readonly string[];
  /** Position at which each partition stops. */
  readonly until: number;
  /** Longest wait for an epoch, ms; long enough to be never over, where that is to be shown. */
  readonly waitMs?: number;
  /** Called when its partitions have stopped; what it answers ends the training. */
  readonly done: () => Promise<void>;
}

/**
 * Runs some partitions in a node of their own, to their end or until all have come to a position; trains until it is told
 * that all is done.
 */
export async function runNode(
  fleet: FleetKv,
  mine: readonly string[],
  { partitions: all = PARTITIONS, until, waitMs = WAIT_MS, done }: NodeRun,
): Promise<void> {
  const stop = new AbortController(),
    ended = new AbortController(),
    errors: unknown[] = [],
    ports = modelsOver(fleet, clock);
  let running = mine.length;
  const { federation } = ports;
  assert(federation);
  const sharing = openSharing({
    includes: () => true,
    partitions: () => all,
    waitMs,
    report: (error) => errors.push(error),
  }, { kv: fleet, fleet, federation, judging: () => judging, clock, freshId: () => crypto.randomUUID() });
  const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging, checkpointReadings: 333 }, {
    store: storeOver(fleet, clock),
    clock,
    models: { ...ports, epochs: sharing.epochs },
    host: (options) => new InlineHost(options),
    shards: 1,
    failed: (_partition, error) => errors.push(error),
    interrupted: (_partition, error) => (errors.push(error), ended.abort()),
  });
  await supervisor.load();
  const training = sharing.run(stop.signal);
  const partitions = mine.map((id) => partition(id, until, () => --running || ended.abort()));
  const source = { name: "shared", open: () => Promise.resolve(partitions), close: () => Promise.resolve() };
  await supervisor.run(source, sourceMemory(fleet, "shared"), ended.signal);
  await supervisor.close();
  await done();
  stop.abort();
  await training;
  assertEquals(errors, []);
}
