/**
 * Replay of files: one partition over one or several files, in order, once or looping.
 *
 * A position is the offset of a record in the decompressed text of all files behind one another; loop `k` adds `k`
 * times their length. Canonical NDJSON at full speed goes out as lines, everything else as readings.
 *
 * @module
 */
import { type Clock, type Source, SourceError, type SourceMemory, type SourcePartition } from "../actors/ports.ts";
import type { Reading } from "../actors/reading.ts";
import type { OwnRecord } from "./columns.ts";
import type { MappingHints } from "./detect.ts";
import type { TextFile } from "./file_text.ts";
import { inspectFile } from "./inspect.ts";
import type { Mapping } from "./mapping.ts";
import type { Speed } from "./pace.ts";
import { makeParser } from "./parser.ts";
import { ReplayMemory } from "./replay_memory.ts";
import { BATCH_SIZE, ReplayPartition } from "./replay_partition.ts";

/** What is replayed, and how. */
export interface ReplayOptions extends MappingHints {
  /** Files, in order; `.gz` is decompressed. */
  readonly paths: readonly string[];
  /** How records become readings; detected from each file's beginning if absent. */
  readonly mapping?: Mapping;
  /** Default `max`. */
  readonly speed?: Speed;
  /** Readings of a chunk, 1..1,000, default 1,000. Setting it has NDJSON go out as readings too. */
  readonly batchSize?: number;
  /** Ms between two batches. */
  readonly batchIntervalMs?: number;
  /** `now`: the first reading is stamped with the present time and the others follow in their rhythm. Default `recorded`. */
  readonly stamp?: "recorded" | "now";
  /** Whether to begin again at the end, for ever, times shifted forward. */
  readonly loop?: boolean;
  /** Bytes of a piece of lines, default 2 MiB. */
  readonly pieceBytes?: number;
  /** Name of the partition; default made of the first file's. */
  readonly partition?: string;
}

/** A source over recorded files. */
export class ReplaySource implements Source {
  readonly name = "replay";
  readonly #options: ReplayOptions;
  #partition: ReplayPartition | undefined;
  #files: readonly TextFile[] = [];
  readonly #closed = new AbortController();

  /**
   * @param clock paces the replay and gives the present time
   * @throws {SourceError} for options out of their ranges
   */
  constructor(options: ReplayOptions, private readonly clock: Clock) {
    checkOptions(options);
    this.#options = options;
  }

  /** How far handing out is behind the schedule, ms; 0 at full speed. */
  get lagMs(): number {
    return this.#partition?.lagMs ?? 0;
  }

  /** Position up to which text was taken in, for progress and for showing that it is bounded. */
  get takenIn(): number {
    return this.#partition?.takenIn ?? 0;
  }

  /** Writes a reading back in the shape of the first file; undefined where that is the canonical one. */
  toRecord(reading: Reading): OwnRecord | undefined {
    return this.#files[0]?.parser.toRecord?.(reading);
  }

  async open(memory: SourceMemory): Promise<readonly SourcePartition[]> {
    const options = this.#options;
    const { zone, start, intervalMs, stamp, batchIntervalMs } = options;
    const hints: MappingHints = { zone, start, intervalMs, untimed: stamp === "now" && (batchIntervalMs ?? 0) > 0 };
    const files = [];
    for (const path of options.paths) {
      const shape = await inspectFile(path, options.mapping);
      files.push({ path, shape, parser: makeParser(shape, options.mapping, hints) });
    }
    this.#files = files;
    const record = await ReplayMemory.open(memory, options.paths, meaningOf(options));
    const partition = new ReplayPartition(files, options, record, this.clock, this.#closed.signal);
    await partition.prepare();
    this.#partition = partition;
    return [partition];
  }

  close(): Promise<void> {
    this.#closed.abort();
    return Promise.resolve();
  }
}

function checkOptions(options: ReplayOptions): void {
  const { paths, speed, batchSize, batchIntervalMs, pieceBytes } = options;
  if (paths.length === 0) throw new SourceError("cannot replay: no file is given");
  if (typeof speed === "number" && !(speed > 0 && Number.isFinite(speed))) {
    throw new SourceError(`speed must be "recorded", "max" or a number greater than 0, not ${speed}`);
  }
  if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= BATCH_SIZE)) {
    throw new SourceError(`the batch size must be a whole number from 1 to ${BATCH_SIZE}, not ${batchSize}`);
  }
  if (batchIntervalMs !== undefined && !(batchIntervalMs >= 0 && batchIntervalMs <= 86_400_000)) {
    throw new SourceError(`the interval between batches must be 0 to 86400000 ms, not ${batchIntervalMs}`);
  }
  if (pieceBytes !== undefined && !(Number.isInteger(pieceBytes) && pieceBytes >= 1 && pieceBytes <= 2 ** 28)) {
    throw new SourceError(`a piece must have 1 to 268435456 bytes, not ${pieceBytes}`);
  }
}

/** Everything that the readings at a position depend on, as text. */
function meaningOf(options: ReplayOptions): string {
  const { mapping, zone, start, intervalMs, stamp, loop, speed, batchSize, batchIntervalMs } = options;
  const schedule = stamp === "now" ? { speed, batchSize, batchIntervalMs } : {};
  return JSON.stringify({
    mapping,
    zone,
    start,
    intervalMs,
    stamp: stamp ?? "recorded",
    loop: loop ?? false,
    ...schedule,
  });
}
