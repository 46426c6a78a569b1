/**
 * Speed of writing rows: windows of 4 channels and a few flags to bytes, and the rows of two shards merged.
 *
 * Beside it what `toFixed(4)` and strings would cost. 1.5 million W rows are what "Job F" writes for 2 million readings.
 *
 * @module
 */
import { RowWriter } from "../actors/sensor/rows.ts";
import { mergeRows } from "../actors/sensor/rows_merge.ts";
import { FLAG_LENGTH, WINDOW_CHANNEL, WINDOW_HEAD, WINDOW_RECORD } from "../actors/sensor/outputs.ts";

const SENSORS = 10_000,
  CHANNELS = ["temperature", "humidity", "pressure", "co2"],
  BATCHES = 250,
  WINDOWS = 1_500,
  FLAGS = 40;
const START = 1_700_000_000_000, WIDTH = WINDOW_HEAD + CHANNELS.length * WINDOW_CHANNEL;
const names = Array.from({ length: SENSORS }, (_, sensor) => `sensor-${String(sensor).padStart(5, "0")}`);

/** A number that differs, with many digits. */
function noise(i: number): number {
  const x = Math.sin(i * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}

/** Records of one batch; sensor by sensor, so positions are not in order. */
function batchOf(number: number): { windows: Float64Array; flags: Float64Array } {
  const windows = new Float64Array(WINDOWS * WIDTH), flags = new Float64Array(FLAGS * FLAG_LENGTH);
  const position = (i: number) => 1_000_000 * number + (i * 7_919) % 1_000_003;
  for (let w = 0; w < WINDOWS; w++) {
    const at = w * WIDTH, sensor = (number * WINDOWS + w) % SENSORS;
    windows[at] = sensor;
    windows[at + WINDOW_RECORD.start] = START + 60_000 * number;
    windows[at + WINDOW_RECORD.position] = position(w);
    windows[at + WINDOW_RECORD.channels] = CHANNELS.length;
    for (let c = 0; c < CHANNELS.length; c++) {
      const mean = 20 + 200 * c + 5 * noise(at + c);
      windows.set([6, mean, mean - 1.5, mean + 1.25, noise(at - c), w % 3], at + WINDOW_HEAD + c * WINDOW_CHANNEL);
    }
  }
  for (let f = 0; f < FLAGS; f++) {
    const row = [f, position(f * 31 + 1), START + f, 0, f % 4, 99 + noise(f), 4.2, -0.5, 21.25, 0.75, 3.5];
    flags.set(row, f * FLAG_LENGTH);
  }
  return { windows, flags };
}

function writer(): RowWriter {
  return new RowWriter([{ lengthMs: 60_000, hopMs: 60_000 }], {
    sensor: (number) => names[number],
    channels: () => CHANNELS,
  });
}

/** The same with strings. */
function withStrings(windows: Float64Array): string {
  let text = "";
  for (let at = 0; at < windows.length; at += WIDTH) {
    for (let c = 0, of = at + WINDOW_HEAD; c < CHANNELS.length; c++, of += WINDOW_CHANNEL) {
      const [count, mean, least, greatest, std, flagged] = windows.subarray(of, of + WINDOW_CHANNEL);
      text +=
        `W,${names[windows[at]]},${windows[at + WINDOW_RECORD.start]},${CHANNELS[c]},${count},${mean.toFixed(4)},` +
        `${least.toFixed(4)},${greatest.toFixed(4)},${std.toFixed(4)},${flagged}\n`;
    }
  }
  return text;
}

const batches = Array.from({ length: 25 }, (_, number) => batchOf(number));
const rows = BATCHES * WINDOWS * CHANNELS.length;
const say = (what: string, ms: number, bytes: number) =>
  console.log(
    `${what.padEnd(22)} ${(rows / ms / 1000).toFixed(2)} M rows/s  ${(1e6 * ms / rows).toFixed(0)} ns a row  ` +
      `${(bytes / 1e6).toFixed(0)} MB in ${ms.toFixed(0)} ms`,
  );

for (let round = 0; round < 2; round++) {
  const one = writer();
  let begun = performance.now(), bytes = 0;
  for (let b = 0; b < BATCHES; b++) {
    const { windows, flags } = batches[b % batches.length];
    bytes += one.write(windows, windows.length, flags, flags.length).bytes.length;
  }
  say("RowWriter", performance.now() - begun, bytes);

  begun = performance.now();
  bytes = 0;
  const encoder = new TextEncoder();
  for (let b = 0; b < BATCHES; b++) bytes += encoder.encode(withStrings(batches[b % batches.length].windows)).length;
  say("strings and toFixed", performance.now() - begun, bytes);

  const shards = [0, 1].map((shard) =>
    batches.map((_, b) => {
      const { windows, flags } = batchOf(2 * b + shard);
      for (let at = 0; at < windows.length; at += WIDTH) {
        windows[at + WINDOW_RECORD.position] -= 1_000_000 * shard; // the same stretch
      }
      return one.write(windows, windows.length, flags, 0);
    })
  );
  begun = performance.now();
  bytes = 0;
  for (let times = 0; times < BATCHES / batches.length / 2; times++) {
    bytes += mergeRows(shards, 0, (sensor) => names[sensor]).reduce((sum, piece) => sum + piece.length, 0);
  }
  say("mergeRows, 2 shards", performance.now() - begun, bytes);
}
