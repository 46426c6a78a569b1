/**
 * The router of one partition: takes chunks in order, finds each reading's sensor and shard, keeps the source time, and
 * fills a batch for every shard. Synchronous; the supervisor sends what it filled.
 *
 * @module
 */
import { scanHead, scanned, scanTail } from "../models/scan.ts";
import { BatchBuilder } from "./batch_builder.ts";
import type { Directory, Entry } from "./directory.ts";
import { KeptOut } from "./kept_out.ts";
import type { Chunk, LinesChunk } from "./ports.ts";
import { isRefusal, type Reading, READING_LIMITS, type Refusal, refusal } from "./reading.ts";
import { parseLineBytes, sampleOf } from "./refusals.ts";
import { SourceTime, type SourceTimeRecord } from "./source_time.ts";
import type { QuarantineView } from "./views.ts";

/** Counts of a partition since its beginning; part of its digest. */
export interface PartitionCounts {
  /** Readings handed to their actors. */
  readings: number;
  refused: number;
  /** Sum of the hashes of what was refused. */
  refusedHash: number;
  /** Ahead of source time or arrival by more than allowed. */
  future: number;
  /** Of a sensor that belongs to another partition. */
  foreign: number;
}

/** What a checkpoint keeps of a router. */
export interface RouterRecord {
  readonly sourceTime: SourceTimeRecord;
  readonly counts: PartitionCounts;
}

/** Judges of a partition's configuration that matter here. */
export interface RouterOptions {
  readonly futureMs: number;
  readonly tickMs: number;
}

/** Asked at each tick, with how many records there were: whether the router is to stop behind the one that brought it. */
export type Pause = (tick: number, records: number) => boolean;

/** Sees every record in order, and whether it went to its sensor's actor. */
export type RecordTap = (item: Reading | Refusal, position: number, accepted: boolean) => void;

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();
/** What a reading may say of its sensor. */
const DESCRIBED = ["type", "location"] as const;
const NEWLINE = 10, RETURN = 13;

/** Routes one partition's readings. */
export class Router {
  /** A batch under way for each shard. */
  readonly builders: BatchBuilder[];
  /** Sensors to be brought into memory before the batches are applied. */
  private arrivals = new Set<number>();
  readonly counts: PartitionCounts = { readings: 0, refused: 0, refusedHash: 0, future: 0, foreign: 0 };
  /** Where sinks listen; lines are parsed for it. */
  tap?: RecordTap;
  /** Where models are trained: everything before such a place is known by then. */
  pause?: Pause;
  private paused = false;
  /** Everything before this position is known at the last pause: however the source is cut into chunks. */
  pausedBefore = 0;
  /** Row at which a chunk of lines goes on after a pause. */
  private nextRow = 0;
  private readonly keptOut: KeptOut;
  private readonly sourceTime: SourceTime;
  private batchNumber = 0;

  constructor(
    private readonly partition: string,
    private readonly directory: Directory,
    shards: number,
    private options: RouterOptions,
    /** Numbers of sensors out of memory that a tick at this time changes. */
    private readonly sleepers: (time: number) => readonly number[],
  ) {
    this.builders = Array.from({ length: shards }, () => new BatchBuilder(partition));
    this.keptOut = new KeptOut(partition, this.counts);
    this.sourceTime = new SourceTime(options.tickMs);
  }

  /** Source time, epoch ms; −1 before the first reading. */
  get time(): number {
    return this.sourceTime.time;
  }

  /**
   * Takes a chunk from the record `from` on: an index among parsed readings, an offset in text.
   *
   * @param to records before this one: an index among parsed readings, an offset in text
   * @returns where to go on: behind the record at which it paused, or the end
   */
  take(chunk: Chunk, from = 0, to = Infinity): number {
    this.batchNumber++;
    this.paused = false;
    if (chunk.kind === "lines") return this.takeLines(chunk, from, to);
    if (chunk.kind === "tick") {
      this.sourceTime.advance(chunk.time);
      this.tick(chunk.position);
      return 1;
    }
    if (chunk.kind === "farewell") {
      const { sensor: name, time, position } = chunk, entry = this.directory.find(name);
      if (entry?.partition === this.partition) this.bring(entry).addFarewell({ sensor: entry.sensor, time, position });
      return 1;
    }
    const { items, positions, arrived, arrivals } = chunk, end = Math.min(to, items.length);
    let i = from;
    while (i < end && !this.paused) {
      const at = arrivals?.[i] ?? arrived;
      this.takeItem(items[i], positions[i], Number.isNaN(at) ? undefined : at);
      i++;
    }
    return i;
  }

  /** Whether the last {@linkcode take} ended at a pause. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** A command goes to this sensor's actor, before the next record: it must be in memory by then. */
  bring(entry: Entry): BatchBuilder {
    entry.touched = this.batchNumber;
    if (!entry.resident) this.arrive(entry);
    return this.builders[entry.shard];
  }

  /** From here on it goes by other options; ticks come where they came. */
  configure(options: RouterOptions): void {
    this.options = options;
  }

  /** A sensor's name stands for another one from here on. */
  renew(entry: Entry): void {
    this.sourceTime.renumber(entry.sensor, this.directory.renew(entry).sensor);
  }

  /** Sensors that must be in memory before the batches are applied; forgotten by this call. */
  takeArrivals(): Entry[] {
    const entries = [...this.arrivals].map((sensor) => this.directory.entries[sensor]);
    this.arrivals = new Set();
    return entries;
  }

  /** What was not accepted since the last call. */
  takeQuarantine(): QuarantineView[] {
    return this.keptOut.take();
  }

  /** What a checkpoint keeps. */
  record(): RouterRecord {
    return {
      sourceTime: this.sourceTime.record((sensor) => this.directory.entries[sensor].name),
      counts: { ...this.counts },
    };
  }

  /** Goes on from what a checkpoint kept. */
  restore(record: RouterRecord): void {
    this.sourceTime.restore(record.sourceTime, (name) => this.directory.of(name, this.partition).sensor);
    Object.assign(this.counts, record.counts);
  }

  private takeLines(chunk: LinesChunk, from: number, to: number): number {
    const bytes = chunk.bytes as Uint8Array<ArrayBuffer>, { length } = bytes, stop = Math.min(to, length);
    let row = from === 0 ? chunk.row : this.nextRow, start = from;
    for (; start < stop && !this.paused; row++) {
      const headed = scanHead(bytes, start), canonical = headed && scanTail(bytes);
      let end = headed ? scanned.lineEnd : bytes.indexOf(NEWLINE, start);
      if (end < 0) end = length;
      const next = end + 1;
      if (end > start && bytes[end - 1] === RETURN) end--;
      if (end > start) this.takeLine(chunk, bytes, start, end, row, canonical);
      start = next;
    }
    this.nextRow = row;
    return Math.min(start, length);
  }

  /** @param canonical whether the line was just scanned and is spelt so that its head says all that matters here */
  private takeLine(
    chunk: LinesChunk,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    end: number,
    row: number,
    canonical: boolean,
  ): void {
    const position = chunk.position + start;
    if (canonical) {
      const { time, end: valuesAt } = scanned, entry = this.scannedEntry(bytes);
      if (entry) {
        this.note(entry, time, chunk.arrived);
        const accepted = this.belongs(entry, time, chunk.arrived);
        if (accepted) {
          this.expect(entry);
          this.builders[entry.shard].addLine(entry.sensor, time, position, row, bytes, start, valuesAt, end);
        } else {
          this.keepOut(entry, time, position, chunk.arrived, sampleOf(parseLineBytes(bytes.subarray(start, end), row)));
        }
        this.tap?.(parseLineBytes(bytes.subarray(start, end), row), position, accepted);
        return this.tick(position);
      }
    }
    this.takeItem(parseLineBytes(bytes.subarray(start, end), row), position, chunk.arrived, row);
  }

  /** The sensor of the head that was just scanned; undefined if no reading can have such a name or time. */
  private scannedEntry(bytes: Uint8Array): Entry | undefined {
    const { nameStart, nameEnd, nameHash, time } = scanned;
    if (time > READING_LIMITS.timeGreatest) return undefined;
    return this.directory.findBytes(bytes, nameStart, nameEnd, nameHash) ??
      this.nameEntry(bytes, nameStart, nameEnd, nameHash);
  }

  /** A sensor whose name's bytes were not seen before: only a plain name takes the fast way, and one that there is room for. */
  private nameEntry(bytes: Uint8Array, start: number, end: number, hash: number): Entry | undefined {
    let name: string;
    try {
      name = decoder.decode(bytes.subarray(start, end));
    } catch {
      return undefined;
    }
    // deno-lint-ignore no-control-regex -- control characters are exactly what a name must not hold
    if (name.length < 1 || name.length > READING_LIMITS.sensorLength || /[\u0000-\u001f\u007f]/.test(name)) {
      return undefined;
    }
    const entry = this.directory.admit(name, this.partition);
    if (entry) this.directory.remember(entry, bytes, start, end, hash);
    return entry;
  }

  private takeItem(item: Reading | Refusal, position: number, arrived: number | undefined, row = 0): void {
    if (isRefusal(item)) return this.refuse(item, position, arrived);
    const { directory } = this, entry = directory.admit(item.sensor, this.partition);
    if (!entry) return this.refuse(crowded(item, "sensor", directory.sensorsMost), position, arrived);
    for (const what of DESCRIBED) {
      const most = directory.crowding(what, item[what]);
      if (most !== undefined) return this.refuse(crowded(item, what, most), position, arrived);
    }
    this.note(entry, item.time, arrived);
    const accepted = this.belongs(entry, item.time, arrived);
    if (!accepted) this.keepOut(entry, item.time, position, arrived, sampleOf(item));
    else {
      this.expect(entry);
      const builder = this.builders[entry.shard];
      if (directory.describe(entry, item)) builder.addDescribe(entry.sensor, item.type, item.location);
      builder.addReading(entry.sensor, item, position, row);
    }
    this.tap?.(item, position, accepted);
    this.tick(position);
  }

  /**
   * Puts a record that is no reading into quarantine. Where its head is spelt canonically it says a sensor and a time,
   * and counts for them: in bulk text the head alone is looked at here, and what is wrong behind it is found in the shard.
   */
  private refuse(item: Refusal, position: number, arrived: number | undefined): void {
    const head = encoder.encode(item.sample), entry = scanHead(head, 0) ? this.scannedEntry(head) : undefined;
    this.tap?.(item, position, false);
    if (entry) {
      const { time } = scanned;
      this.note(entry, time, arrived);
      if (!this.belongs(entry, time, arrived)) {
        this.keepOut(entry, time, position, arrived, sampleOf(item));
        return this.tick(position);
      }
    }
    this.keptOut.refused(item, position, entry?.name);
    if (entry) this.tick(position);
  }

  /** Whether the reading goes to its actor; else it is to be kept out. */
  private belongs(entry: Entry, time: number, arrived: number | undefined): boolean {
    if (entry.partition !== this.partition) return false;
    const now = arrived ?? this.sourceTime.time;
    return now < 0 || time <= now + this.options.futureMs;
  }

  /** Quarantines a reading that does not belong to its actor. */
  private keepOut(entry: Entry, time: number, position: number, arrived: number | undefined, sample: string): void {
    if (entry.partition !== this.partition) return this.keptOut.foreign({ entry, position, sample });
    const now = arrived ?? this.sourceTime.time, than = arrived === undefined ? "source time" : "arrival";
    this.keptOut.future({ entry, position, sample }, { time, than, now, futureMs: this.options.futureMs });
  }

  /** A reading goes to this sensor's actor, which must be in memory by then. */
  private expect(entry: Entry): void {
    entry.touched = this.batchNumber;
    if (!entry.resident) this.arrive(entry);
    this.counts.readings++;
  }

  private arrive(entry: Entry): void {
    entry.resident = true;
    this.arrivals.add(entry.sensor);
  }

  /**
   * Takes a reading's time into the source time. Where arrival is known it says what is in the future, and such a reading
   * moves nothing; else several sensors that agree do, a reading that makes them several included.
   */
  private note(entry: Entry, time: number, arrived: number | undefined): void {
    if (arrived === undefined || time <= arrived + this.options.futureMs) this.sourceTime.note(entry.sensor, time);
  }

  private tick(position: number): void {
    const time = this.sourceTime.tick();
    if (time < 0) return;
    for (const sensor of this.sleepers(time)) {
      const entry = this.directory.entries[sensor];
      if (!entry.resident && entry.partition === this.partition) this.arrive(entry);
    }
    for (const builder of this.builders) builder.addTick(time, position);
    if (!this.pause?.(time, recordsOf(this.counts))) return;
    this.paused = true;
    this.pausedBefore = position + 1;
  }
}

/** Records that came, whatever became of them: the same whether a bad line is found here or by a shard, or counted again. */
function recordsOf({ readings, refused, future, foreign }: PartitionCounts): number {
  return readings + refused + future + foreign;
}

/** A reading whose sensor, type or location there is no room for. */
function crowded(item: Reading, field: "sensor" | "type" | "location", most: number): Refusal {
  return refusal([{ field, message: `${field} is new, and there are ${most} ${field}s already` }], sampleOf(item));
}
