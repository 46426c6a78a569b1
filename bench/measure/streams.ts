/**
 * Made-up streams of many kinds in which nothing is ever wrong: whatever is raised on them is false.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import { normalAt, uniformAt } from "../../models/random.ts";
import type { DataSet, Recording, Sample } from "./recording.ts";

const BEGIN = Date.UTC(2026, 0, 5), STEP_MS = 60_000, DAY = 1_440;

/** The value at a place, in order; null is missing. */
type Next = (i: number) => number | null;
/** Makes a stream of a kind. */
type Kind = (seed: number) => Next;

const uniform = uniformAt, normal = normalAt;

/** Adds up what comes: an autoregression of first order, a walk where nothing fades. */
function autoregression(seed: number, keep: number): Next {
  let x = 0;
  return (i) => x = keep * x + normal(seed, i);
}

/** A number of Poisson's distribution (Knuth's product), for small means. */
function poisson(seed: number, i: number, mean: number): number {
  let count = -1;
  for (let product = 1; product > Math.exp(-mean);) product *= 1 - uniform(seed, i, ++count);
  return count;
}

/** Sensors of one value a minute. */
const KINDS: Readonly<Record<string, Kind>> = {
  "normal": (seed) => (i) => normal(seed, i),
  "exponential": (seed) => (i) => -Math.log(1 - uniform(seed, i)),
  "lognormal": (seed) => (i) => Math.exp(normal(seed, i)),
  "Laplace": (seed) => (i) => Math.log(1 - uniform(seed, i)) * (uniform(seed, i, 1) < 0.5 ? 1 : -1),
  "Student, 3 degrees": (seed) => (i) => {
    const squares = normal(seed, i, 1) ** 2 + normal(seed, i, 2) ** 2 + normal(seed, i, 3) ** 2;
    return normal(seed, i) / Math.sqrt(squares / 3);
  },
  "Cauchy": (seed) => (i) => Math.tan(Math.PI * (uniform(seed, i) - 0.5)),
  "random walk": (seed) => autoregression(seed, 1),
  "autoregression, 0.95": (seed) => autoregression(seed, 0.95),
  "counts, 3 a minute": (seed) => (i) => poisson(seed, i, 3),
  "rare counts, 3 an hour": (seed) => (i) => poisson(seed, i, 0.05),
  "daily season": (seed) => (i) => 10 * Math.sin(2 * Math.PI * i / DAY) + normal(seed, i),
  "weekly season": (seed) => (i) =>
    (i / DAY % 7 < 5 ? 10 * Math.max(0, Math.sin(2 * Math.PI * i / DAY)) : 1) + normal(seed, i),
  "backup every night": (seed) => (i) => (i % DAY < 30 ? 40 : 10) + normal(seed, i),
  "coarse steps": (seed) => (i) => Math.round(4 * Math.sin(2 * Math.PI * i / DAY) + normal(seed, i)),
  "on and off": (seed) => {
    let on = 0;
    return (i) => on = uniform(seed, i) < 0.01 ? 1 - on : on;
  },
  "duty cycle": (seed) => (i) => i % 37 < 12 ? 5 + 0.2 * normal(seed, i) : 0,
  "bursts": (seed) => {
    let left = 0;
    return (i) => {
      if (uniform(seed, i, 1) < 0.004) left = 5 + Math.floor(20 * uniform(seed, i, 2));
      return normal(seed, i) * (left-- > 0 ? 6 : 1);
    };
  },
  "changing volume": (seed) => (i) => normal(seed, i) * (1 + 0.8 * Math.sin(i / 700)),
  "volatile": (seed) => {
    let variance = 1, last = 0;
    return (i) => {
      variance = 0.05 + 0.1 * last * last + 0.85 * variance;
      return last = Math.sqrt(variance) * normal(seed, i);
    };
  },
  "trend": (seed) => (i) => i * 0.01 + normal(seed, i),
  "sawtooth": (seed) => (i) => (i + 40 * uniform(seed, 7)) % 180 + normal(seed, i),
  "new level now and then": (seed) => {
    let level = 0;
    return (i) => (level = uniform(seed, i, 1) < 1 / 5_000 ? 20 * normal(seed, i, 2) : level) + normal(seed, i);
  },
  "a third missing": (seed) => (i) =>
    uniform(seed, i, 1) < 0.33 ? null : 5 * Math.sin(2 * Math.PI * i / DAY) + normal(seed, i),
};

/** Names of all kinds, in the order of the table. */
export const STREAM_KINDS: readonly string[] = [...Object.keys(KINDS), "irregular times", "6 correlated channels"];

function* oneChannel(sensor: string, next: Next, length: number): Generator<Sample> {
  for (let i = 0; i < length; i++) {
    yield { reading: { sensor, time: BEGIN + i * STEP_MS, values: { value: next(i) } }, event: -1 };
  }
}

/** Gaps of an exponential distribution, and a night without readings now and then. */
function* irregular(sensor: string, seed: number, length: number): Generator<Sample> {
  for (let i = 0, time = BEGIN; i < length; i++) {
    time += Math.ceil(-Math.log(1 - uniform(seed, i, 1)) * STEP_MS) +
      (uniform(seed, i, 2) < 0.0005 ? 600 * STEP_MS : 0);
    const value = 8 * Math.sin(2 * Math.PI * (time - BEGIN) / (DAY * STEP_MS)) + normal(seed, i);
    yield { reading: { sensor, time, values: { value } }, event: -1 };
  }
}

/** Channels that share what happens to the sensor, each with a noise of its own. */
function* correlated(sensor: string, seed: number, length: number): Generator<Sample> {
  let shared = 0;
  for (let i = 0; i < length; i++) {
    shared = 0.9 * shared + normal(seed, i);
    const values: Reading["values"] = {
      a: shared + 0.3 * normal(seed, i, 1),
      b: 2 * shared + normal(seed, i, 2),
      c: -shared + 0.5 * normal(seed, i, 3),
      d: Math.exp(0.3 * shared + 0.3 * normal(seed, i, 4)),
      e: normal(seed, i, 5),
      f: 5 * Math.sin(2 * Math.PI * i / DAY) + 0.5 * shared + normal(seed, i, 6),
    };
    yield { reading: { sensor, time: BEGIN + i * STEP_MS, values }, event: -1 };
  }
}

/** Gaps until the next reading, in steps: the ways in which a sensor may report. */
const RHYTHMS: Readonly<Record<string, (seed: number, i: number) => number>> = {
  "every minute": () => 1,
  "a random gap, exponential": (seed, i) => -Math.log(1 - uniform(seed, i, 1)),
  "gaps of a power law": (seed, i) => Math.min(1_000, 0.3 * (1 - uniform(seed, i, 1)) ** -0.8),
  "now every 10 s, now every 10 minutes": (_, i) => Math.floor(i / 2_000) % 2 === 0 ? 1 / 6 : 10,
  "by day only": (_, i) => i % 720 === 719 ? 720 : 1,
};

/** Names of the rhythms, in the order of the table. */
export const RHYTHM_NAMES: readonly string[] = Object.keys(RHYTHMS);

/** So many streams of so many readings that come in one of {@linkcode RHYTHM_NAMES}; daily season and noise. */
export function* rhythmStreams(rhythm: string, streams: number, length: number): Generator<Recording> {
  for (let seed = 1; seed <= streams; seed++) {
    yield { data: rhythm, sensor: `${rhythm} ${seed}`, samples: inRhythm(RHYTHMS[rhythm], seed, length) };
  }
}

function* inRhythm(gap: (seed: number, i: number) => number, seed: number, length: number): Generator<Sample> {
  for (let i = 0, time = BEGIN; i < length; i++) {
    time += Math.ceil(gap(seed, i) * STEP_MS);
    const value = 8 * Math.sin(2 * Math.PI * (time - BEGIN) / (DAY * STEP_MS)) + normal(seed, i);
    yield { reading: { sensor: `s${seed}`, time, values: { value } }, event: -1 };
  }
}

/** One stream of a kind of {@linkcode STREAM_KINDS}. */
function streamOf(kind: string, seed: number, length: number): Recording {
  const sensor = `${kind} ${seed}`, made = KINDS[kind];
  const samples = made !== undefined
    ? oneChannel(sensor, made(seed), length)
    : kind === "irregular times"
    ? irregular(sensor, seed, length)
    : correlated(sensor, seed, length);
  return { data: kind, sensor, samples };
}

/** A data set for each kind: so many streams of so many readings. */
export function streamSets(streams: number, length: number): DataSet[] {
  return STREAM_KINDS.map((kind) => ({
    name: kind,
    labelled: false,
    recordings: () => Array.from({ length: streams }, (_, at) => streamOf(kind, at + 1, length)),
  }));
}
