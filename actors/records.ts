/**
 * The first pass over a batch: every reading as one record of doubles, chained to the next one of its sensor.
 *
 * Lines are scanned one behind the other, as they lie in memory; the pass over the sensors, which jumps about, then finds
 * all that it needs of a reading in one place.
 *
 * @module
 */
import { type ChannelTable, scanValues } from "../models/scan.ts";
import type { ShardBatch } from "./batch.ts";
import { isRefusal, type Reading, READING_LIMITS } from "./reading.ts";
import { hashRefusal, parseLineBytes, quarantineRefusal, setAside } from "./refusals.ts";
import type { QuarantineView } from "./views.ts";

/** Offsets into a record. Behind its head are its values: for each the number of its channel, and the value. */
export const RECORD = {
  /** Index of the reading in the batch. */
  index: 0,
  position: 1,
  time: 2,
  /** 0, 1, or −1 for none. */
  label: 3,
  /** Where the sensor's next record starts, −1 behind the last. */
  next: 4,
  /** Number of values. */
  count: 5,
} as const;
/** Doubles of a record before its values. */
export const RECORD_HEAD = 6;

const MOST = READING_LIMITS.channels, RECORD_MOST = RECORD_HEAD + 2 * MOST;
/** Of each sensor, by its number: the batch that it was last in, where its first and its last record in it start. */
const CHAIN = 4;

/** Records of a batch, by sensor. Used again for every batch. */
export class Records {
  /** All records, one behind the other. */
  array = new Float64Array(1 << 16);
  /** Sensors that have a record in the batch, in order of their first one: so many of `sensors`. */
  count = 0;
  sensors = new Int32Array(1024);
  /** Lines that turned out to be no readings: how many, and the sum of their hashes. */
  refused = 0;
  refusedHash = 0;
  private used = 0;
  private batchNumber = 0;
  private chains = new Int32Array(CHAIN << 10);
  private readonly lineChannels = new Int32Array(MOST);
  private readonly lineValues = new Float64Array(MOST);

  constructor(private readonly table: ChannelTable) {}

  /** Takes a batch in place of the last one. */
  fill(batch: ShardBatch, quarantine: QuarantineView[], nameOf: (sensor: number) => string): void {
    this.batchNumber++;
    this.count =
      this.used =
      this.refused =
      this.refusedHash =
        0;
    const { count, lineAt } = batch, dictionary = Int32Array.from(batch.channelNames, (name) => this.table.of(name));
    for (let i = 0; i < count; i++) {
      if (lineAt[i] >= 0) this.scanLine(batch, i, quarantine, nameOf);
      else this.takeParsed(batch, i, dictionary);
    }
  }

  /** Where a sensor's first record starts; −1 if it has none in the batch. */
  first(sensor: number): number {
    const chain = CHAIN * sensor, { chains } = this;
    return chain < chains.length && chains[chain] === this.batchNumber ? chains[chain + 1] : -1;
  }

  private takeParsed(batch: ShardBatch, i: number, dictionary: Int32Array): void {
    const { valueAt, channels, values } = batch, from = valueAt[i], to = valueAt[i + 1];
    let at = this.claim(batch, i, batch.labels[i], to - from);
    const { array } = this;
    for (let k = from; k < to; k++) {
      array[at++] = dictionary[channels[k]];
      array[at++] = values[k];
    }
  }

  private scanLine(
    batch: ShardBatch,
    i: number,
    quarantine: QuarantineView[],
    nameOf: (sensor: number) => string,
  ): void {
    const { text, lineValues: valuesAt, lineEnd } = batch, { lineChannels, lineValues, table } = this;
    if (!text) throw new Error("a batch with lines has no text");
    const count = scanValues(text, valuesAt[i], lineEnd[i], table, lineChannels, lineValues);
    if (count < 0) return this.parseLine(batch, i, text, quarantine, nameOf);
    let at = this.claim(batch, i, batch.labels[i], count);
    const { array } = this;
    for (let k = 0; k < count; k++) {
      array[at++] = lineChannels[k];
      array[at++] = lineValues[k];
    }
  }

  /** The slow way: a line that the scanner does not know. */
  private parseLine(
    batch: ShardBatch,
    i: number,
    text: Uint8Array,
    quarantine: QuarantineView[],
    nameOf: (sensor: number) => string,
  ): void {
    const line = text.subarray(batch.lineAt[i], batch.lineEnd[i]);
    const item = parseLineBytes(line, batch.rows[i] > 0 ? batch.rows[i] : undefined);
    const sensor = batch.sensors[i], position = batch.positions[i];
    if (!isRefusal(item)) return this.take(batch, i, item);
    this.refused++;
    this.refusedHash = (this.refusedHash + hashRefusal(position)) >>> 0;
    setAside(quarantine, quarantineRefusal(batch.partition, position, item, nameOf(sensor)));
  }

  /** Type and location are no business of a line: the router parses those that have them. */
  private take(batch: ShardBatch, i: number, reading: Reading): void {
    const entries = Object.entries(reading.values).filter(([, value]) => value !== null);
    let at = this.claim(batch, i, reading.label ?? -1, entries.length);
    for (const [channel, value] of entries) {
      this.array[at++] = this.table.of(channel);
      this.array[at++] = value ?? NaN;
    }
  }

  /** Makes a record of reading i and chains it; returns where its values go. */
  private claim({ sensors, times, positions }: ShardBatch, i: number, label: number, count: number): number {
    const at = this.used;
    if (at + RECORD_MOST > this.array.length) this.grow(RECORD_MOST);
    const { array } = this;
    this.used = at + RECORD_HEAD + 2 * count;
    array[at] = i;
    array[at + RECORD.position] = positions[i];
    array[at + RECORD.time] = times[i];
    array[at + RECORD.label] = label;
    array[at + RECORD.next] = -1;
    array[at + RECORD.count] = count;
    this.chain(sensors[i], at);
    return at + RECORD_HEAD;
  }

  private chain(sensor: number, at: number): void {
    const chain = CHAIN * sensor;
    if (chain >= this.chains.length) {
      const chains = new Int32Array(Math.max(2 * this.chains.length, chain + CHAIN));
      chains.set(this.chains);
      this.chains = chains;
    }
    const { chains } = this;
    if (chains[chain] === this.batchNumber) this.array[chains[chain + 2] + RECORD.next] = at;
    else {
      chains[chain] = this.batchNumber;
      chains[chain + 1] = at;
      if (this.count === this.sensors.length) {
        const sensors = new Int32Array(2 * this.count);
        sensors.set(this.sensors);
        this.sensors = sensors;
      }
      this.sensors[this.count++] = sensor;
    }
    chains[chain + 2] = at;
  }

  private grow(least: number): void {
    const array = new Float64Array(Math.max(2 * this.array.length, this.used + least));
    array.set(this.array);
    this.array = array;
  }
}
