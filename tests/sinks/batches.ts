/**
 * What tests of the files sink share: records, runs that die, and a check that a manifest does not lie.
 *
 * @module
 */
import type { Json } from "../../actors/ports.ts";
import type { Reading, Refusal } from "../../actors/reading.ts";
import { INJECTED_COMMENT } from "../../models/injection.ts";
import { FilesSink, type FilesSinkOptions } from "../../sinks/files.ts";
import { batchIndex, type Manifest } from "../../sinks/manifest.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { type Death, Died, type MemoryFiles } from "./memory_disk.ts";

/** The folder of the tests. */
export const FOLDER = "batches";
const START = Date.parse("2026-03-01T00:00:00Z");

/** The record at a position: every seventh is none, every fifth injected. */
export function record(position: number): Reading | Refusal {
  if (position % 7 === 3) return { errors: [{ field: "time", message: "is missing" }], sample: "{}" };
  const injected = position % 5 === 0 ? { label: 1, comment: INJECTED_COMMENT } as const : {};
  return { sensor: `s-${position % 3}`, time: START + 1_000 * position, values: { t: position / 8 }, ...injected };
}

/** What outlives a process: its files, and the state of its sink with the cut that it belongs to. */
export interface Durable {
  readonly files: MemoryFiles;
  state?: Json;
  cut: number;
}

/** How a run goes. */
export interface RunOptions extends Partial<FilesSinkOptions> {
  /** Positions of the records: 0 to before this. */
  readonly count: number;
  /** Cuts are made before these positions. */
  readonly cuts: readonly number[];
  readonly death?: Death;
  /** Whether the process dies between the sink's work and the store's. */
  readonly lostCut?: number;
}

/**
 * Runs a sink as a partition's run would, from where the last one stood.
 *
 * @returns steps that changed files; undefined if the process died
 */
export async function runSink(durable: Durable, options: RunOptions): Promise<number | undefined> {
  const { count, cuts, death, lostCut, ...rest } = options, disk = durable.files.disk(death);
  let now = Date.parse("2026-06-01T00:00:00Z");
  const clock = { now: () => now++, sleep: () => Promise.resolve() };
  try {
    const sink = new FilesSink({ folder: FOLDER, partition: "p", records: 4, clock, disk, ...rest });
    await sink.recover(durable.state);
    const commit = async (position: number, ended: boolean) => {
      const state = await sink.cut(ended)();
      if (position === lostCut) throw new Died("between the sink and the store");
      durable.state = JSON.parse(JSON.stringify(state)) as Json;
      durable.cut = position;
      await sink.committed();
    };
    const from = durable.cut;
    for (let position = from; position < count; position++) {
      if (cuts.includes(position) && position > from) await commit(position, false);
      sink.take(record(position), position, position % 11 !== 4);
    }
    await commit(count + 1, true);
    await sink.close();
    return disk.steps;
  } catch (error) {
    if (error instanceof Died) return undefined;
    throw error;
  }
}

/** The folder with its manifest, times of creation left out. */
export function contents({ files }: Durable): Record<string, string> {
  return Object.fromEntries(
    [...files.files.keys()].sort().map((path) => [path, files.text(path).replaceAll(/"created":"[^"]*"/g, "")]),
  );
}

/** The manifest; undefined if there is none. */
export function manifestOf({ files }: Durable): Manifest | undefined {
  const path = `${FOLDER}/stream_manifest.json`;
  return files.files.has(path) ? JSON.parse(files.text(path)) as Manifest : undefined;
}

/** Every file that has a batch's name is whole, and the manifest says of its batches what is so. */
export async function assertHonest(durable: Durable): Promise<void> {
  const { files } = durable;
  for (const path of files.files.keys()) {
    const batch = batchIndex(path.slice(FOLDER.length + 1));
    if (batch && !batch.isPart) assert(Array.isArray(JSON.parse(files.text(path))), `${path} is not whole`);
  }
  for (const entry of manifestOf(durable)?.batches ?? []) {
    const bytes = files.files.get(`${FOLDER}/${entry.file}`)?.bytes;
    assert(bytes, `the manifest names ${entry.file}, which is not there`);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    assertEquals(entry.sha256, [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    const records = JSON.parse(new TextDecoder().decode(bytes)) as Reading[];
    assertEquals(entry.records, records.length);
    assertEquals(entry.injected, records.filter(({ comment }) => comment === INJECTED_COMMENT).length);
    const times = records.map(({ time }) => String(time)).sort();
    assertEquals([entry.first_event_time, entry.last_event_time], [times.at(0) ?? null, times.at(-1) ?? null]);
  }
}
