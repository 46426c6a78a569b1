/**
 * Facility: 25 environmental sensors, five kinds at five locations, a reading each every 2 s.
 *
 * A value is the location's baseline + a daily wave + a drift within ±2.0 units + noise. One reading in twenty is
 * multiplied by 1.5 to 3.0, labelled 1 and commented. The limits of a kind lie beyond what its normal readings reach
 * and below what most of the multiplied ones do.
 *
 * @module
 */
import type { Judging } from "../actors/config.ts";
import type { Reading } from "../actors/reading.ts";
import { INJECTED_COMMENT, injectedFactor, INJECTION_RULE } from "../models/injection.ts";
import { hashText } from "../models/hash.ts";
import { normalAt } from "../models/random.ts";
import {
  dailyAt,
  driftAt,
  rounded,
  type Run,
  type Scenario,
  type ScenarioOptions,
  type ScenarioSensor,
} from "./scenario.ts";

/** One kind of quantity: how it moves, and what is out of bounds. */
interface Kind {
  readonly channel: string;
  readonly unit: string;
  /** By location, in the order of {@linkcode LOCATIONS}. */
  readonly baselines: readonly number[];
  readonly daily: number;
  readonly peakHour: number;
  readonly noise: number;
  readonly digits: number;
  readonly low: number;
  readonly high: number;
  readonly physicalLow: number;
  readonly physicalHigh?: number;
}

const INTERVAL_MS = 2_000;
const DRIFT_UNITS = 2;
const DRIFT_KNOT_MS = 6 * 3_600_000;

/** Where the sensors stand. */
const LOCATIONS = ["server-room", "office", "warehouse", "laboratory", "manufacturing-floor"] as const;

// low and high: least and greatest baseline ± daily ± drift ± four deviations of the noise, and a little
const KINDS: readonly Kind[] = [
  {
    channel: "temperature",
    unit: "°C",
    baselines: [20.5, 22, 20, 21.5, 23],
    daily: 1.2,
    peakHour: 15,
    noise: 0.25,
    digits: 2,
    low: 15,
    high: 28,
    physicalLow: -273.15,
  },
  {
    channel: "humidity",
    unit: "%",
    baselines: [43, 46, 49, 44, 47],
    daily: 2.5,
    peakHour: 4,
    noise: 0.6,
    digits: 2,
    low: 35,
    high: 57,
    physicalLow: 0,
    physicalHigh: 100,
  },
  {
    channel: "air_quality",
    unit: "AQI",
    baselines: [44, 46, 48, 45, 50],
    daily: 4,
    peakHour: 17,
    noise: 1,
    digits: 1,
    low: 32,
    high: 61,
    physicalLow: 0,
  },
  {
    channel: "pressure",
    unit: "hPa",
    baselines: [1013.2, 1012.9, 1013.4, 1013, 1013.6],
    daily: 0.8,
    peakHour: 10,
    noise: 0.2,
    digits: 2,
    low: 980,
    high: 1045,
    physicalLow: 0,
  },
  {
    channel: "co2",
    unit: "ppm",
    baselines: [500, 560, 480, 520, 540],
    daily: 45,
    peakHour: 14,
    noise: 6,
    digits: 1,
    low: 390,
    high: 650,
    physicalLow: 0,
  },
];

/** Everything about one sensor that does not change with time. */
interface Device extends ScenarioSensor {
  readonly location: string;
  readonly kind: Kind;
  readonly baseline: number;
  /** Tells its drift and its noise from those of the others. */
  readonly stream: number;
}

const DEVICES: readonly Device[] = LOCATIONS.flatMap((location, place) =>
  KINDS.map((kind) => {
    const name = `${location}-${kind.channel.replace("_", "-")}`;
    return { name, type: kind.channel, location, kind, baseline: kind.baselines[place], stream: hashText(name) };
  })
);

function typesOf(kinds: readonly Kind[]): Judging["types"] {
  return Object.fromEntries(kinds.map((kind) => {
    const { unit, low, high, physicalLow, physicalHigh } = kind;
    const channel = { unit, low, high, physicalLow, ...(physicalHigh === undefined ? {} : { physicalHigh }) };
    return [kind.channel, { channels: { [kind.channel]: channel }, intervalMs: INTERVAL_MS }];
  }));
}

function read(position: number, run: Run, anomalies: boolean): Reading {
  const device = DEVICES[position % DEVICES.length];
  const { kind, stream } = device;
  const round = Math.floor(position / DEVICES.length);
  const time = run.anchor + round * run.intervalMs;
  const normal = device.baseline + dailyAt(time, kind.peakHour, kind.daily) +
    driftAt(run.seed, stream, time, DRIFT_KNOT_MS, DRIFT_UNITS) + kind.noise * normalAt(run.seed, stream, round);
  const factor = anomalies ? injectedFactor(run.seed, position, INJECTION_RULE) : 0;
  const { name: sensor, type, location } = device;
  if (factor === 0) {
    return { sensor, time, values: { [kind.channel]: rounded(normal, kind.digits) }, type, location, label: 0 };
  }
  const values = { [kind.channel]: rounded(normal * factor, kind.digits) };
  return { sensor, time, values, type, location, label: 1, comment: INJECTED_COMMENT };
}

/** The facility. Every place of a round holds a reading, all of one time. */
export function facility(options: ScenarioOptions = {}): Scenario {
  const anomalies = options.anomalies ?? true;
  return {
    name: "facility",
    about: "25 environmental sensors at five locations, every 2 s, one reading in twenty anomalous",
    types: typesOf(KINDS),
    sensors: DEVICES.map(({ name, type, location }) => ({ name, type, location })),
    channels: KINDS.map((kind) => kind.channel),
    intervalMs: INTERVAL_MS,
    perRound: DEVICES.length,
    reading: (position, run) => read(position, run, anomalies),
  };
}
