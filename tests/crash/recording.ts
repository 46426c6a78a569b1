/**
 * A recording with everything that can go wrong in one: late readings, too late ones, duplicates, contradictions, times
 * ahead, lines that are none, silence, values out of limits. Made from a seed.
 *
 * @module
 */
import { Random } from "../../models/random.ts";

/** Sensors of a recording. */
export const SENSORS = 30;
/** Time between two readings of a sensor, ms. */
export const INTERVAL_MS = 2_000;

/** What a config file says of the sensors in a recording. */
export const JUDGING = {
  types: {
    pump: {
      channels: { temperature: { unit: "°C", low: -10, high: 60 }, pressure: { unit: "bar", high: 11 } },
      intervalMs: INTERVAL_MS,
      silentAfterMs: 60_000,
    },
  },
  windows: [{ lengthMs: 60_000, hopMs: 60_000 }, { lengthMs: 30_000, hopMs: 10_000 }],
  // Every detector, and models that are trained and averaged again and again.
  detectors: "full",
  forest: { everyMs: 120_000 },
  federation: { everyMs: 600_000 },
};

/** How a recording is made. */
export interface RecordingOptions {
  /** Readings of each sensor. */
  readonly rounds: number;
  /** Default 1. */
  readonly seed?: number;
  /** Time of the first round, epoch ms; default in March 2026. */
  readonly start?: number;
  /** Whether lines that are no readings are among them; default yes. */
  readonly garbage?: boolean;
}

/** One reading of it, as it is written. */
interface Line {
  readonly sensor: string;
  readonly time: number;
  readonly type?: string;
  readonly location: string;
  readonly values: Readonly<Record<string, number | null>>;
}

/** The lines of a recording, about {@linkcode SENSORS} times `rounds`. */
export function* recording(options: RecordingOptions): Generator<string> {
  const { rounds, seed = 1, start = Date.parse("2026-03-01T00:00:00Z"), garbage = true } = options;
  const random = new Random(seed), silent = new Int32Array(SENSORS);
  for (let round = 0; round < rounds; round++) {
    for (let sensor = 0; sensor < SENSORS; sensor++) {
      if (random.integer(2_000) === 0) silent[sensor] = round + 40 + random.integer(60);
      if (silent[sensor] > round) continue;
      const line = reading(random, sensor, start + round * INTERVAL_MS + sensor * 7, round);
      yield JSON.stringify(line);
      if (random.integer(50) === 0) yield dirt(random, line, garbage);
    }
  }
}

function reading(random: Random, sensor: number, time: number, round: number): Line {
  const odd = random.integer(400) === 0 ? 1.5 + random.integer(3) : 1;
  const temperature = 25 + 10 * Math.sin(round / 200 + sensor) + random.integer(100) / 100;
  return {
    sensor: `pump-${String(sensor).padStart(2, "0")}`,
    time,
    // One in five declares no type: it knows no silence and no limits.
    ...(sensor % 5 === 4 ? {} : { type: "pump" }),
    location: `hall ${sensor % 3}`,
    values: {
      temperature: round2(temperature * odd),
      pressure: random.integer(300) === 0 ? null : round2(5 + random.integer(200) / 100),
    },
  };
}

function dirt(random: Random, line: Line, garbage: boolean): string {
  const { time, values } = line;
  switch (random.integer(garbage ? 7 : 5)) {
    case 0:
      return JSON.stringify({ ...line, time: time - 3 * INTERVAL_MS - 1 }); // late
    case 1:
      return JSON.stringify({ ...line, time: time - 300 * INTERVAL_MS }); // too late
    case 2:
      return JSON.stringify(line); // a duplicate
    case 3:
      return JSON.stringify({ ...line, values: { ...values, temperature: -3 } }); // a contradiction
    case 4:
      // From the future, as the clocks of two sensors say: a third one would be believed.
      return JSON.stringify({ ...line, sensor: `pump-0${random.integer(2)}`, time: time + 30 * 86_400_000 });
    case 5:
      return `{"sensor":"${line.sensor}","time":"yesterday","values":{"temperature":1}}`;
    default:
      return "no reading at all";
  }
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
