/**
 * Gathers a shard's part of a stretch of a partition in columns that grow, and hands it over as a batch.
 *
 * @module
 */
import type { Arrival, BatchTick, Describe, ShardBatch } from "./batch.ts";
import type { Reading } from "./reading.ts";

/** Columns of one batch under way. */
export class BatchBuilder {
  /** Readings so far. */
  count = 0;
  private sensors = new Int32Array(1024);
  private times = new Float64Array(1024);
  private positions = new Float64Array(1024);
  private labels = new Int8Array(1024);
  private valueAt = new Int32Array(1025);
  private lineAt = new Int32Array(1024);
  private lineValues = new Int32Array(1024);
  private lineEnd = new Int32Array(1024);
  private rows = new Int32Array(1024);
  private valueCount = 0;
  private channels = new Int32Array(1024);
  private values = new Float64Array(1024);
  private readonly channelIndex = new Map<string, number>();
  private text = new Uint8Array(1 << 16);
  private textLength = 0;
  /** A run of whole lines of `source` that is not copied yet. */
  private source = this.text;
  private runStart = 0;
  private runEnd = 0;
  private ticks: BatchTick[] = [];
  private describes: Describe[] = [];

  constructor(private readonly partition: string) {}

  /** Whether there is nothing to hand over. */
  get empty(): boolean {
    return this.count === 0 && this.ticks.length === 0;
  }

  /** Adds a parsed reading. */
  addReading(sensor: number, reading: Reading, position: number, row: number): void {
    const i = this.claim(sensor, reading.time, position, row);
    this.labels[i] = reading.label ?? -1;
    this.lineAt[i] = -1;
    for (const channel in reading.values) {
      const value = reading.values[channel];
      if (value === null) continue;
      if (this.valueCount === this.values.length) this.growValues();
      this.channels[this.valueCount] = this.channelOf(channel);
      this.values[this.valueCount++] = value;
    }
    this.valueAt[i + 1] = this.valueCount;
  }

  /** Adds a line of text, `bytes[start..end)`, whose first value starts at `valuesAt`. The bytes are copied by {@linkcode take}. */
  addLine(
    sensor: number,
    time: number,
    position: number,
    row: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    valuesAt: number,
    end: number,
  ): void {
    const i = this.claim(sensor, time, position, row);
    this.labels[i] = -1;
    this.valueAt[i + 1] = this.valueCount;
    // Neighbouring lines of one shard are copied together: with one shard, a whole chunk at once.
    if (this.source !== bytes || start !== this.runEnd + 1) {
      this.flushRun();
      this.source = bytes;
      this.runStart = start;
    }
    this.runEnd = end;
    const shift = this.textLength - this.runStart;
    this.lineAt[i] = start + shift;
    this.lineValues[i] = valuesAt + shift;
    this.lineEnd[i] = end + shift;
  }

  /** Source time passes `time` here. */
  addTick(time: number, position: number): void {
    this.ticks.push({ index: this.count, time, position });
  }

  /** From the next reading on, the sensor is of this type, at this location. */
  addDescribe(sensor: number, type: string | undefined, location: string | undefined): void {
    this.describes.push({
      index: this.count,
      sensor,
      ...(type === undefined ? {} : { type }),
      ...(location === undefined ? {} : { location }),
    });
  }

  /** The batch, in arrays of its own; the builder is empty again. */
  take(arrivals: readonly Arrival[]): ShardBatch {
    this.flushRun();
    const { count } = this;
    const batch: ShardBatch = {
      kind: "batch",
      partition: this.partition,
      count,
      sensors: this.sensors.slice(0, count),
      times: this.times.slice(0, count),
      positions: this.positions.slice(0, count),
      labels: this.labels.slice(0, count),
      valueAt: this.valueAt.slice(0, count + 1),
      channels: this.channels.slice(0, this.valueCount),
      values: this.values.slice(0, this.valueCount),
      channelNames: [...this.channelIndex.keys()],
      ...(this.textLength > 0 ? { text: this.text.slice(0, this.textLength) } : {}),
      lineAt: this.lineAt.slice(0, count),
      lineValues: this.lineValues.slice(0, count),
      lineEnd: this.lineEnd.slice(0, count),
      rows: this.rows.slice(0, count),
      ticks: this.ticks,
      describe: this.describes,
      arrivals,
    };
    this.count = this.valueCount = this.textLength = 0;
    this.channelIndex.clear();
    this.ticks = [];
    this.describes = [];
    return batch;
  }

  private claim(sensor: number, time: number, position: number, row: number): number {
    if (this.count === this.times.length) this.grow();
    const i = this.count++;
    this.sensors[i] = sensor;
    this.times[i] = time;
    this.positions[i] = position;
    this.rows[i] = row;
    return i;
  }

  private channelOf(name: string): number {
    let index = this.channelIndex.get(name);
    if (index === undefined) this.channelIndex.set(name, index = this.channelIndex.size);
    return index;
  }

  private flushRun(): void {
    const length = this.runEnd - this.runStart;
    if (length > 0) {
      if (this.textLength + length > this.text.length) {
        const text = new Uint8Array(Math.max(2 * this.text.length, this.textLength + length));
        text.set(this.text.subarray(0, this.textLength));
        this.text = text;
      }
      this.text.set(this.source.subarray(this.runStart, this.runEnd), this.textLength);
      this.textLength += length;
    }
    this.runStart = this.runEnd = -2; // no line starts right behind it
  }

  private grow(): void {
    const length = 2 * this.times.length;
    this.sensors = grown(this.sensors, new Int32Array(length));
    this.times = grown(this.times, new Float64Array(length));
    this.positions = grown(this.positions, new Float64Array(length));
    this.labels = grown(this.labels, new Int8Array(length));
    this.valueAt = grown(this.valueAt, new Int32Array(length + 1));
    this.lineAt = grown(this.lineAt, new Int32Array(length));
    this.lineValues = grown(this.lineValues, new Int32Array(length));
    this.lineEnd = grown(this.lineEnd, new Int32Array(length));
    this.rows = grown(this.rows, new Int32Array(length));
  }

  private growValues(): void {
    this.channels = grown(this.channels, new Int32Array(2 * this.values.length));
    this.values = grown(this.values, new Float64Array(2 * this.values.length));
  }
}

function grown<A extends Int32Array | Float64Array | Int8Array>(old: A, wide: A): A {
  wide.set(old);
  return wide;
}
