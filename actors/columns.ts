/**
 * The first pass over a batch: every reading's values in columns, by the numbers of the shard's table of channels.
 *
 * Lines are scanned one behind the other, as they lie in memory; the pass over the sensors, which jumps about, then finds
 * numbers only.
 *
 * @module
 */
import { type ChannelTable, scanValues } from "../models/scan.ts";
import type { ShardBatch } from "./batch.ts";
import { isRefusal, type Reading, READING_LIMITS } from "./reading.ts";
import { hashRefusal, parseLineBytes, quarantineRefusal, setAside } from "./refusals.ts";
import type { QuarantineView } from "./views.ts";

const MOST = READING_LIMITS.channels;

/** Values of a batch's readings. Used again for every batch. */
export class Columns {
  /** Reading i has the values from `from[i]` to before `to[i]`; a record that is none has `to[i] < from[i]`. */
  from = new Int32Array(0);
  to = new Int32Array(0);
  labels: Int8Array = new Int8Array(0);
  channels = new Int32Array(0);
  values = new Float64Array(0);
  /** Records that turned out to be none: how many, and the sum of their hashes. */
  refused = 0;
  refusedHash = 0;
  private used = 0;
  private readonly lineChannels = new Int32Array(MOST);
  private readonly lineValues = new Float64Array(MOST);

  constructor(private readonly table: ChannelTable) {}

  /** Brings a batch's values into the columns. */
  fill(batch: ShardBatch, quarantine: QuarantineView[], nameOf: (sensor: number) => string): void {
    this.reset(batch);
    const { count, lineAt, valueAt } = batch, { from, to } = this;
    for (let i = 0; i < count; i++) {
      if (lineAt[i] >= 0) this.scanLine(batch, i, quarantine, nameOf);
      else {
        from[i] = valueAt[i];
        to[i] = valueAt[i + 1];
      }
    }
  }

  private reset(batch: ShardBatch): void {
    if (this.from.length < batch.count) {
      this.from = new Int32Array(batch.count);
      this.to = new Int32Array(batch.count);
    }
    this.labels = batch.labels;
    this.refused = this.refusedHash = 0;
    const parsed = batch.values.length;
    this.used = parsed;
    if (this.values.length < parsed) this.grow(parsed);
    this.values.set(batch.values);
    const dictionary = Int32Array.from(batch.channelNames, (name) => this.table.of(name));
    for (let k = 0; k < parsed; k++) this.channels[k] = dictionary[batch.channels[k]];
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
    const at = this.claim(count);
    for (let k = 0; k < count; k++) {
      this.channels[at + k] = lineChannels[k];
      this.values[at + k] = lineValues[k];
    }
    this.from[i] = at;
    this.to[i] = at + count;
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
    if (!isRefusal(item)) return this.take(item, i);
    this.refused++;
    this.refusedHash = (this.refusedHash + hashRefusal(position)) >>> 0;
    setAside(quarantine, quarantineRefusal(batch.partition, position, item, nameOf(sensor)));
    this.from[i] = 0;
    this.to[i] = -1;
  }

  /** Type and location are no business of a line: the router parses those that have them. */
  private take(reading: Reading, i: number): void {
    const entries = Object.entries(reading.values), at = this.claim(entries.length);
    let to = at;
    for (const [channel, value] of entries) {
      if (value === null) continue;
      this.channels[to] = this.table.of(channel);
      this.values[to++] = value;
    }
    this.from[i] = at;
    this.to[i] = to;
    this.labels[i] = reading.label ?? -1;
  }

  private claim(count: number): number {
    const at = this.used;
    if (at + count > this.values.length) this.grow(Math.max(2 * this.values.length, at + count, 1024));
    this.used = at + count;
    return at;
  }

  private grow(length: number): void {
    const channels = new Int32Array(length), values = new Float64Array(length);
    channels.set(this.channels);
    values.set(this.values);
    this.channels = channels;
    this.values = values;
  }
}
