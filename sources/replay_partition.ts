/**
 * The one partition of a replay: the text of all files behind one another, loop after loop, shifted, stamped and paced.
 *
 * @module
 */
import { type Chunk, type Clock, SourceError, type SourcePartition } from "../actors/ports.ts";
import { isRefusal, type Reading, READING_LIMITS, type Refusal, refusal } from "../actors/reading.ts";
import { readLines } from "./file_lines.ts";
import { type Block, readBlocks, type TextFile } from "./file_text.ts";
import { Pace, type PaceOptions } from "./pace.ts";
import { fileStem } from "./parser.ts";
import type { ReplayOptions } from "./replay.ts";
import type { ReplayMemory } from "./replay_memory.ts";

/** Greatest and default number of readings in a chunk. */
export const BATCH_SIZE = 1_000;

/** A place in the endless text: which loop, which file, and where the file begins. */
interface Place {
  readonly loop: number;
  readonly file: number;
  /** Position of the file's first byte. */
  readonly base: number;
  /** Data records of the files before it in this loop, and those of all loops before. */
  readonly before: number;
  readonly looped: number;
}

/** See {@linkcode ReplayOptions} for what it does, and `replay.ts` for its positions. */
export class ReplayPartition implements SourcePartition {
  readonly id: string;
  /** How far handing out is behind the schedule, ms. */
  lagMs = 0;
  /** Position up to which text was taken in. */
  takenIn = 0;
  readonly #pace: PaceOptions;

  constructor(
    private readonly files: readonly TextFile[],
    private readonly options: ReplayOptions,
    private readonly memory: ReplayMemory,
    private readonly clock: Clock,
    private readonly closed: AbortSignal,
  ) {
    this.id = options.partition ?? partitionName(options.paths);
    this.#pace = {
      speed: options.speed ?? "max",
      batchSize: options.batchSize ?? BATCH_SIZE,
      ...(options.batchIntervalMs === undefined ? {} : { intervalMs: options.batchIntervalMs }),
    };
  }

  /** Finds out and records what later readings depend on: the span of a loop, the anchor of stamps. */
  async prepare(): Promise<void> {
    const { loop, stamp } = this.options;
    if (loop && this.memory.shiftMs === undefined) await this.memory.setShift(await this.#span());
    if (stamp !== "now" || this.memory.anchor !== undefined) return;
    for await (const { block } of this.#blocks(0, 1, this.closed)) {
      const reading = block.items.find((item) => !isRefusal(item));
      if (reading === undefined || isRefusal(reading)) continue;
      await this.memory.setAnchor(this.clock.now(), reading.time);
      return;
    }
  }

  /** Reads everything once: from the least to the greatest time, and one interval of the first sensor more, ms. */
  async #span(): Promise<number> {
    let least = Infinity, greatest = -Infinity, sensor: string | undefined, count = 0, first = 0, last = 0;
    for await (const { block } of this.#blocks(0, BATCH_SIZE, this.closed, true)) {
      for (const item of block.items) {
        if (isRefusal(item)) continue;
        least = Math.min(least, item.time);
        greatest = Math.max(greatest, item.time);
        sensor ??= item.sensor;
        if (item.sensor !== sensor) continue;
        if (count++ === 0) first = last = item.time;
        last = Math.max(last, item.time);
      }
    }
    if (sensor === undefined) throw new SourceError(`cannot loop over ${this.files[0].path}: it has no reading`);
    const interval = count > 1 && last > first ? Math.round((last - first) / (count - 1)) : 1_000;
    return greatest - least + Math.max(1, interval);
  }

  async *read(from: number, signal: AbortSignal): AsyncGenerator<Chunk> {
    const stop = AbortSignal.any([signal, this.closed]);
    if (stop.aborted) return;
    const pace = new Pace(this.#pace, this.clock);
    for await (const { block, place } of this.#blocks(from, this.#pace.batchSize, stop)) {
      const { base } = place;
      const progress = this.options.loop ? {} : { progress: this.#progress(place.file, block.done) };
      const next = base + block.next.position;
      if (block.lines !== undefined) {
        const { bytes, position, row } = block.lines;
        yield { kind: "lines", bytes, position: base + position, next, row, ...progress };
      } else if (block.items.length > 0) yield* this.#readings(block, place, next, progress, pace, stop);
      else if (next > from) yield { kind: "readings", items: [], positions: [], next, ...progress };
      if (stop.aborted) return;
    }
  }

  /** One block as chunks: shifted, stamped, and no earlier than they are due. */
  async *#readings(
    block: Block,
    place: Place,
    next: number,
    progress: { progress?: number },
    pace: Pace,
    signal: AbortSignal,
  ): AsyncGenerator<Chunk> {
    const { base } = place;
    const positions = block.positions.map((position) => base + position);
    const shift = place.loop * (this.memory.shiftMs ?? 0);
    const times = block.items.map((item) => isRefusal(item) ? NaN : item.time + shift);
    const sensors = block.items.map((item) => isRefusal(item) ? undefined : item.sensor);
    const items = block.items.map((item, i) => this.#stamped(item, times[i], place.looped + block.indexes[i]));
    for (let at = 0; at < items.length;) {
      const count = pace.waits ? await pace.due(times, sensors, at, signal) : items.length;
      this.lagMs = pace.lagMs;
      if (count === 0 || signal.aborted) return;
      const end = at + count;
      yield {
        kind: "readings",
        items: items.slice(at, end),
        positions: positions.slice(at, end),
        next: end < items.length ? positions[end] : next,
        ...progress,
      };
      if (signal.aborted) return;
      at = end;
    }
  }

  /** A reading with the time it is to have. */
  #stamped(item: Reading | Refusal, time: number, index: number): Reading | Refusal {
    if (isRefusal(item)) return item;
    const { anchor } = this.memory;
    const { speed, batchSize, intervalMs = 0 } = this.#pace;
    let stamp = time;
    if (anchor !== undefined && intervalMs > 0) {
      stamp = anchor.wall + Math.floor(index * intervalMs / batchSize); // spread over the batch's interval
    } else if (anchor !== undefined) {
      stamp = anchor.wall + Math.floor((time - anchor.event) / (typeof speed === "number" ? speed : 1));
    }
    if (stamp === item.time) return item;
    if (stamp >= READING_LIMITS.timeLeast && stamp <= READING_LIMITS.timeGreatest) return { ...item, time: stamp };
    const message = `time ${stamp} is out of the range 0 to ${READING_LIMITS.timeGreatest} once it is shifted`;
    return refusal([{ field: "time", message }], JSON.stringify(item));
  }

  /** The text of all files from `from` on; loops if that is wanted and `once` is not. */
  async *#blocks(
    from: number,
    batchSize: number,
    signal: AbortSignal,
    once = false,
  ): AsyncGenerator<{ block: Block; place: Place }> {
    let place = this.#firstPlace(from, once);
    for (;;) {
      const file = this.files[place.file];
      const local = Math.max(0, from - place.base);
      const known = this.memory.end(place.file);
      if (known === undefined || local < known.position) {
        yield* this.#fileBlocks(file, place, local, batchSize, signal, once);
      }
      const end = this.memory.end(place.file);
      if (signal.aborted || end === undefined) return;
      const dataRows = end.rows - (file.shape.header && end.rows > 0 ? 1 : 0);
      const base = place.base + end.position, before = place.before + dataRows;
      if (place.file + 1 < this.files.length) place = { ...place, base, before, file: place.file + 1 };
      else if (this.options.loop && !once) {
        place = { loop: place.loop + 1, file: 0, base, before: 0, looped: place.looped + before };
      } else return;
    }
  }

  async *#fileBlocks(
    file: TextFile,
    place: Place,
    from: number,
    batchSize: number,
    signal: AbortSignal,
    once: boolean,
  ): AsyncGenerator<{ block: Block; place: Place }> {
    const read = !once && batchSize > 1 && this.#asLines(file) ? readLines : readBlocks;
    const blocks = read(file, {
      mark: this.memory.markBefore(place.file, from),
      from,
      before: place.before,
      signal,
      batchSize,
      ...(this.options.pieceBytes === undefined ? {} : { pieceBytes: this.options.pieceBytes }),
      onTaken: (position) => this.takenIn = place.base + position,
    });
    for await (const block of blocks) {
      // Recorded before it is handed out: what comes later depends on it.
      await this.memory.passed(place.file, block.next, block.ended);
      yield { block, place };
    }
  }

  /** Whole loops before `from` need not be gone through. */
  #firstPlace(from: number, once: boolean): Place {
    const ends = this.files.map((_, i) => this.memory.end(i));
    if (once || !this.options.loop || ends.some((end) => end === undefined)) {
      return { loop: 0, file: 0, base: 0, before: 0, looped: 0 };
    }
    let length = 0, rows = 0;
    for (const [i, end] of ends.entries()) {
      length += end?.position ?? 0;
      rows += (end?.rows ?? 0) - (this.files[i].shape.header ? 1 : 0);
    }
    const loop = Math.floor(from / length);
    return { loop, file: 0, base: loop * length, before: 0, looped: loop * rows };
  }

  #asLines(file: TextFile): boolean {
    const { mapping, zone, stamp, loop, batchSize, batchIntervalMs } = this.options;
    return file.shape.format === "ndjson" && file.parser.toRecord === undefined && mapping === undefined &&
      zone === undefined && stamp !== "now" && !loop && this.#pace.speed === "max" && batchSize === undefined &&
      batchIntervalMs === undefined;
  }

  #progress(file: number, done: number): number {
    const sizes = this.memory.sizes();
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const before = sizes.slice(0, file).reduce((sum, size) => sum + size, 0);
    return total === 0 ? 1 : Math.min(1, (before + done * sizes[file]) / total);
  }
}

/** A partition's name made of a file's: letters, digits, `-`, `_` and `.`. */
export function partitionName(paths: readonly string[]): string {
  const stem = fileStem(paths[0]).replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(0, 64) || "file";
  return paths.length === 1 ? stem : `${stem}-and-${paths.length - 1}-more`;
}
