/**
 * Parts: wind-turbine parts on an inspection line; temperature, humidity and sound volume of each.
 *
 * 5,000 normal items near (30 °C, 70 %, 65 dB) and 1,600 abnormal ones: too high, too low, or jointly odd, where each
 * value alone would pass but a hot part that is quiet would not (normal parts are louder the hotter they run). The
 * abnormal begin where the normal still are, so that nobody tells all of them apart.
 *
 * @module
 */
import type { Judging } from "../actors/config.ts";
import { hashAt, Random } from "../models/random.ts";
import { rounded, type Scenario, type ScenarioOptions } from "./scenario.ts";

/** Normal items of a cycle. */
export const NORMAL_PARTS = 5_000;
/** Abnormal items of a cycle, by what is wrong with them. */
export const ABNORMAL_PARTS = { high: 600, low: 500, joint: 500 } as const;
/** Items of a cycle. */
export const PARTS = NORMAL_PARTS + ABNORMAL_PARTS.high + ABNORMAL_PARTS.low + ABNORMAL_PARTS.joint;

/** What is the matter with an item. */
export type PartKind = "normal" | keyof typeof ABNORMAL_PARTS;

/** One inspected item. */
export interface Part {
  /** °C. */
  readonly temperature: number;
  /** %. */
  readonly humidity: number;
  /** dB. */
  readonly sound_volume: number;
  readonly kind: PartKind;
}

const INTERVAL_MS = 1_000;
const MEANS = [30, 70, 65] as const;
const DEVIATIONS = [3, 5, 4] as const;
/** Correlation of temperature and sound among normal parts; of temperature and humidity its negative, weaker. */
const HEAT_SOUND = 0.75;
const HEAT_HUMIDITY = -0.4;

const TYPES: Judging["types"] = {
  turbine_part: {
    channels: {
      temperature: { unit: "°C", low: 18, high: 42, physicalLow: -273.15 },
      humidity: { unit: "%", low: 50, high: 90, physicalLow: 0, physicalHigh: 100 },
      sound_volume: { unit: "dB", low: 49, high: 81, physicalLow: 0 },
    },
    intervalMs: INTERVAL_MS,
  },
};

const SENSOR = { name: "inspection-line", type: "turbine_part", location: "assembly-hall" };
const KINDS: readonly PartKind[] = ["normal", "high", "low", "joint"];

/** What each item of a cycle is, in the order of inspection: an index into {@linkcode KINDS}. */
function orderOf(seed: number): Uint8Array {
  const order = new Uint8Array(PARTS); // zeros: normal
  let at = NORMAL_PARTS;
  for (const kind of ["high", "low", "joint"] as const) {
    order.fill(KINDS.indexOf(kind), at, at + ABNORMAL_PARTS[kind]);
    at += ABNORMAL_PARTS[kind];
  }
  new Random(seed).shuffle(order);
  return order;
}

/** A normal item's deviations from the means, in standard deviations. */
function normalDeviations(random: Random): [number, number, number] {
  const heat = random.normal();
  const humidity = HEAT_HUMIDITY * heat + Math.sqrt(1 - HEAT_HUMIDITY ** 2) * random.normal();
  const sound = HEAT_SOUND * heat + Math.sqrt(1 - HEAT_SOUND ** 2) * random.normal();
  return [heat, humidity, sound];
}

/** Shifts one, two or all three quantities to one side by 0.8 to 5.3 deviations. */
function shift(deviations: [number, number, number], side: 1 | -1, random: Random): void {
  const which = 1 + random.integer(7); // a bit a quantity, at least one of them
  for (let at = 0; at < 3; at++) {
    if (which & (1 << at)) deviations[at] += side * (0.8 + 4.5 * random.uniform());
  }
}

/** Heat and sound apart by as much as they would be together; each within what is usual alone. */
function oddDeviations(random: Random): [number, number, number] {
  const side = random.integer(2) === 0 ? 1 : -1;
  const heat = side * (0.4 + 1.8 * random.uniform());
  const sound = -side * (0.4 + 1.8 * random.uniform());
  return [heat, 0.9 * random.normal(), sound];
}

/**
 * The item of a kind, drawn from a seed of its own.
 *
 * @param seed whole, magnitude below 2^53
 * @param item whole, from 0
 */
export function drawPart(seed: number, item: number, kind: PartKind): Part {
  const random = new Random(hashAt(seed, item, 1));
  const deviations = kind === "joint" ? oddDeviations(random) : normalDeviations(random);
  if (kind === "high") shift(deviations, 1, random);
  if (kind === "low") shift(deviations, -1, random);
  const [temperature, humidity, sound_volume] = deviations.map((z, at) => rounded(MEANS[at] + z * DEVIATIONS[at], 2));
  return { temperature, humidity: Math.min(100, humidity), sound_volume, kind };
}

/** The parts. One item a round; after {@linkcode PARTS} of them a new cycle of other items begins. */
export function parts({ anomalies = true }: ScenarioOptions = {}): Scenario {
  // the order of the cycle asked for last: a memo of a pure function
  let memo: { seed: number; order: Uint8Array } = { seed: NaN, order: new Uint8Array() };
  const orderFor = (seed: number) => {
    if (memo.seed !== seed) memo = { seed, order: orderOf(seed) };
    return memo.order;
  };
  return {
    name: "parts",
    about: "6,600 wind-turbine parts: temperature, humidity and sound volume, 1,600 of them abnormal",
    types: TYPES,
    sensors: [SENSOR],
    channels: ["temperature", "humidity", "sound_volume"],
    intervalMs: INTERVAL_MS,
    perRound: 1,
    rounds: PARTS,
    reading(position, run) {
      const item = position % PARTS;
      const seed = hashAt(run.seed, Math.floor(position / PARTS));
      const { kind, ...values } = drawPart(seed, item, anomalies ? KINDS[orderFor(seed)[item]] : "normal");
      const time = run.anchor + position * run.intervalMs;
      const { name: sensor, type, location } = SENSOR;
      const label = kind === "normal" ? 0 : 1;
      return { sensor, time, values, type, location, label, attributes: { item: position + 1 } };
    },
  };
}
