/**
 * The readings that benchmarks run on: seeded, in time order, each sensor about every 10 s, four channels with a daily
 * cycle and noise, and one channel of 1 % of the readings multiplied by 1.5 to 3.
 *
 *     deno run -A bench/_data.ts FILE [SENSORS] [READINGS]
 *
 * @module
 */
import { hashAt, normalAt, Random, uniformAt } from "../models/random.ts";

/** Where files of readings are kept between runs: `SENSORIUM_BENCH_DATA`, else in the default data directory. */
const DATA_FOLDER = Deno.env.get("SENSORIUM_BENCH_DATA") ?? ".sensorium/bench";

const START = 1_700_000_000_000, PERIOD_MS = 10_000, JITTER_MS = 500, DAY_MS = 86_400_000;
const ANOMALIES = 0.01;
const CHANNELS = [
  { name: "temperature", least: 18, greatest: 25, swing: 4, noise: 0.15, digits: 100 },
  { name: "humidity", least: 35, greatest: 60, swing: 8, noise: 0.4, digits: 10 },
  { name: "pressure", least: 1005, greatest: 1020, swing: 2, noise: 0.2, digits: 10 },
  { name: "co2", least: 450, greatest: 800, swing: 120, noise: 8, digits: 1 },
] as const;

/** What one sensor is like. */
interface Nature {
  readonly name: string;
  readonly phaseMs: number;
  readonly shift: number;
  readonly base: readonly number[];
}

/** Number of the readings of a sensor is all that its values depend on beside the seed. */
function lineOf({ name, base, shift }: Nature, sensor: number, round: number, time: number, seed: number): string {
  const angle = 2 * Math.PI * (time % DAY_MS) / DAY_MS + shift, place = sensor * 2 ** 24 + round;
  const spoilt = uniformAt(seed, place, 90) < ANOMALIES ? hashAt(seed, place, 91) % CHANNELS.length : -1;
  const values = CHANNELS.map(({ name: channel, swing, noise, digits }, c) => {
    let value = base[c] + swing * Math.sin(angle) + noise * normalAt(seed, place, c);
    if (c === spoilt) value *= 1.5 + 1.5 * uniformAt(seed, place, 92);
    return `"${channel}":${Math.round(value * digits) / digits}`;
  });
  return `{"sensor":"${name}","time":${time},"values":{${values.join()}}}\n`;
}

/** Readings as canonical NDJSON, a round of all sensors a piece. */
export function* readings(sensors: number, count: number, seed = 1): Generator<string> {
  const random = new Random(seed);
  const natures: Nature[] = Array.from({ length: sensors }, (_, i) => ({
    name: `s${String(i).padStart(5, "0")}`,
    phaseMs: random.uniform() * PERIOD_MS,
    shift: 2 * Math.PI * random.uniform(),
    base: CHANNELS.map(({ least, greatest }) => least + (greatest - least) * random.uniform()),
  }));
  for (let round = 0, written = 0; written < count; round++) {
    const times = natures.map(({ phaseMs }) => {
      const within = phaseMs + JITTER_MS * (2 * random.uniform() - 1);
      return START + round * PERIOD_MS + Math.floor(Math.min(PERIOD_MS - 1, Math.max(0, within)));
    });
    const order = times.map((_, i) => i).sort((a, b) => times[a] - times[b] || a - b).slice(0, count - written);
    written += order.length;
    yield order.map((i) => lineOf(natures[i], i, round, times[i], seed)).join("");
  }
}

/** Writes them to a file. */
export async function writeReadings(path: string, sensors: number, count: number, seed = 1): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await ReadableStream.from(readings(sensors, count, seed)).pipeThrough(new TextEncoderStream()).pipeTo(file.writable);
}

/** A file of so many readings of so many sensors; made where it is not there yet. */
export async function readingsFile(sensors: number, count: number): Promise<string> {
  const path = `${DATA_FOLDER}/${sensors}x${count}.ndjson`;
  try {
    await Deno.stat(path);
  } catch {
    await Deno.mkdir(DATA_FOLDER, { recursive: true });
    await writeReadings(`${path}.part`, sensors, count);
    await Deno.rename(`${path}.part`, path);
  }
  return path;
}

if (import.meta.main) {
  const [path, sensors = "10000", count = "2000000"] = Deno.args;
  await writeReadings(path, Number(sensors), Number(count));
}
