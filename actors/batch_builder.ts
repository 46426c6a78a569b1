/**
 * Gathers a shard's part of a stretch of a partition in columns that grow, and hands it over as a batch.
 *
 * @module
 */
import type {
  Arrival,
  BatchCommand,
  BatchConfiguration,
  BatchFarewell,
  BatchTick,
  Describe,
  ModelSwitch,
  ShardBatch,
} from "./batch.ts";
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
  /** The text that lines are in: that of the chunk itself, which nobody changes. */
  private text?: Uint8Array;
  /** The bytes that the last line was in, and where they start in the text. */
  private source?: Uint8Array;
  private sourceAt = 0;
  private ticks: BatchTick[] = [];
  private describes: Describe[] = [];
  private commands: BatchCommand[] = [];
  private farewells: BatchFarewell[] = [];

  constructor(private readonly partition: string) {}

  /** Whether there is nothing to hand over. */
  get empty(): boolean {
    return this.count + this.ticks.length + this.commands.length + this.farewells.length === 0;
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

  /** Adds a line of text, `bytes[start..end)`, whose first value starts at `valuesAt`. The bytes are handed on, not copied. */
  addLine(
    sensor: number,
    time: number,
    position: number,
    row: number,
    bytes: Uint8Array,
    start: number,
    valuesAt: number,
    end: number,
  ): void {
    const i = this.claim(sensor, time, position, row);
    this.labels[i] = -1;
    this.valueAt[i + 1] = this.valueCount;
    if (this.source !== bytes) this.addText(bytes);
    const at = this.sourceAt;
    this.lineAt[i] = start + at;
    this.lineValues[i] = valuesAt + at;
    this.lineEnd[i] = end + at;
  }

  /** Source time passes `time` here. */
  addTick(time: number, position: number): void {
    this.ticks.push({ index: this.count, time, position });
  }

  /** Adds a command, which comes before all readings of the batch. */
  addCommand(command: BatchCommand): void {
    this.commands.push(command);
  }

  /** Adds a farewell, which comes before all readings of the batch. */
  addFarewell(farewell: BatchFarewell): void {
    this.farewells.push(farewell);
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
  take(
    arrivals: readonly Arrival[],
    models: readonly ModelSwitch[] = [],
    configuration?: BatchConfiguration,
  ): ShardBatch {
    const { count, text } = this;
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
      ...(text ? { text } : {}),
      lineAt: this.lineAt.slice(0, count),
      lineValues: this.lineValues.slice(0, count),
      lineEnd: this.lineEnd.slice(0, count),
      rows: this.rows.slice(0, count),
      ticks: this.ticks,
      describe: this.describes,
      arrivals,
      commands: this.commands,
      farewells: this.farewells,
      ...(configuration ? { configuration } : {}),
      models,
    };
    this.count = this.valueCount = this.sourceAt = 0;
    this.text = this.source = undefined;
    this.channelIndex.clear();
    this.ticks = [];
    this.describes = [];
    this.commands = [];
    this.farewells = [];
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

  /** Usually the lines of a batch are all in one chunk; those of several are joined. */
  private addText(bytes: Uint8Array): void {
    const { text } = this;
    this.source = bytes;
    if (!text) {
      this.text = bytes;
      return;
    }
    this.sourceAt = text.length;
    this.text = new Uint8Array(text.length + bytes.length);
    this.text.set(text);
    this.text.set(bytes, text.length);
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
