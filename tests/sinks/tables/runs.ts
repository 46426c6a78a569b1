/**
 * Runs of the tables sink that may die, and what they leave behind.
 *
 * @module
 */
import type { CutOutputs } from "../../../actors/checkpoint.ts";
import type { Json } from "../../../actors/ports.ts";
import type { TablePartsOptions } from "../../../sinks/tables/parts.ts";
import { TablesSink } from "../../../sinks/tables/sink.ts";
import { FIRST_DAY, outputsOf } from "../delivery/partition.ts";
import { type Death, Died, MemoryFiles } from "../memory_disk.ts";

/** The folder of the tests. */
export const FOLDER = "tables";
/** Between two positions, ms: 30 of them are an hour. */
const STEP_MS = 120_000;
/** Every so many positions a reading comes hours late. */
const LATE_EVERY = 17, LATE_MS = 3 * 3_600_000;

/** Outputs two minutes apart, with some readings that are late. */
export function spread(from: number, cut: number): CutOutputs {
  const outputs = outputsOf("p", from, cut, 2);
  return {
    ...outputs,
    readings: () =>
      outputs.readings().map((reading, i) => {
        const time = FIRST_DAY + (from + i) * STEP_MS, late = (from + i) % LATE_EVERY === LATE_EVERY - 1;
        return { ...reading, time: late ? Math.max(FIRST_DAY, time - LATE_MS) : time };
      }),
  };
}

/** What outlives a process. */
export interface Durable {
  readonly files: MemoryFiles;
  state?: Json;
  cut: number;
}

/** Nothing yet. */
export function fresh(): Durable {
  return { files: new MemoryFiles(), cut: 0 };
}

/** How a run goes. */
export interface RunOptions extends Partial<TablePartsOptions> {
  /** Positions: 0 to before this. */
  readonly count: number;
  readonly cuts: readonly number[];
  readonly death?: Death;
}

/**
 * Runs a sink from where the last run stood.
 *
 * @returns steps that changed files; undefined if the process died
 */
export async function runTables(durable: Durable, options: RunOptions): Promise<number | undefined> {
  const { count, cuts, death, ...rest } = options, disk = durable.files.disk(death);
  try {
    const sink = new TablesSink({ folder: FOLDER, partition: "p", format: "ndjson", period: "hour", disk, ...rest });
    await sink.recover(durable.state);
    const commit = async (cut: number, ended: boolean) => {
      durable.state = JSON.parse(JSON.stringify(await sink.cut(ended)(spread(durable.cut, cut)))) as Json;
      durable.cut = cut;
      await sink.committed();
    };
    for (const cut of [...cuts].sort((a, b) => a - b)) if (cut > durable.cut && cut < count) await commit(cut, false);
    await commit(count, true);
    return disk.steps;
  } catch (error) {
    if (error instanceof Died) return undefined;
    throw error;
  }
}

/** Paths of the files that have a name, sorted. */
export function named({ files }: Durable): string[] {
  return [...files.files.keys()].filter((path) => !path.startsWith(`${FOLDER}/_open/`)).sort();
}

/** The rows of the files that have a name, each with its folder, sorted; throws if a file is not whole. */
export function rowsOf(durable: Durable): string[] {
  return named(durable).flatMap((path) => {
    const folder = path.slice(0, path.lastIndexOf("/")), text = durable.files.text(path);
    if (!text.endsWith("\n")) throw new Error(`${path} is not whole`);
    return text.trimEnd().split("\n").map((line) => `${folder} ${JSON.stringify(JSON.parse(line))}`);
  }).sort();
}
