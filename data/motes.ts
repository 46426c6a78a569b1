/**
 * Motes: 54 battery-powered motes in a lab, temperature, humidity, light and voltage every 31 s, with a real lab's dirt.
 *
 * More than a third of the epochs never arrive (single ones, and gaps of hours), some come twice (now and then with
 * another value), some late and out of order, some lack a field. A battery lasts weeks; when it sags below about 2.3 V the mote lies:
 * temperature climbs to 122.153 °C and humidity falls below 0, until somebody changes the battery.
 *
 * A round is an epoch. Each mote has two places in it: one for the epoch's own reading, one for a second arrival.
 *
 * @module
 */
import type { Judging } from "../actors/config.ts";
import type { Reading } from "../actors/reading.ts";
import { hashText } from "../models/hash.ts";
import { uniformAt } from "../models/random.ts";
import { DAY_MS, type Run, type Scenario, type ScenarioOptions } from "./scenario.ts";
import { measure, type Measured, voltageAt } from "./mote_physics.ts";

const INTERVAL_MS = 31_000;
const MOTES = 54;
const PLACES = 2;

/** Epochs in which a mote is cut off once, and for how many of them. */
const GAP_PERIOD = 8_192;
const GAP_LEAST = 250;
const GAP_GREATEST = 2_900;
/** Shares of the epochs: lost one by one with a fresh battery, arriving twice, arriving late, with a field missing. */
const LOST = 0.16;
const TWICE = 0.024;
const LATE = 0.002;
const TORN = 0.004;
/** Of those that arrive twice, how many carry another value the second time. */
const CONFLICTING = 0.1;
/** Epochs that a reading may be late. */
const LATE_GREATEST = 28;

const TYPES: Judging["types"] = {
  mote: {
    channels: {
      temperature: { unit: "°C", low: 12, high: 38, physicalLow: -40, physicalHigh: 85 },
      humidity: { unit: "%", low: 15, high: 75, physicalLow: 0, physicalHigh: 100 },
      light: { unit: "lux", physicalLow: 0 },
      voltage: { unit: "V", low: 2.3, high: 3.1, physicalLow: 0 },
    },
    intervalMs: INTERVAL_MS,
    // gaps of minutes are usual here: silence is half an hour
    silentAfterMs: 1_800_000,
  },
};

const DEVICES = Array.from({ length: MOTES }, (_, at) => {
  const name = `mote-${at + 1}`;
  return { name, type: "mote", location: `zone-${1 + Math.floor(at / 9)}`, stream: hashText(name), number: at + 1 };
});
type Device = typeof DEVICES[number];

// first coordinates' offsets of a mote's draws: they must differ from each other
const DRAW = { gap: 1e10, lost: 2e10, twice: 3e10, late: 4e10, torn: 5e10, phase: 6e10, conflict: 7e10 } as const;

/** Share of a battery's life after which it is changed where nothing may go wrong: before the mote begins to lie. */
const CHANGED_EARLY = 0.6;

/** A run, and the share of its life after which a battery is changed. */
interface World extends Run {
  readonly changed: number;
}

/** How long a mote's battery lasts, and how much of it was gone at the anchor, ms. */
function batteryOf(seed: number, device: Device): { lifeMs: number; goneMs: number } {
  // the first mote starts fresh, so that a month of it can be set beside a month of a real one
  if (device.number === 1) return { lifeMs: 32 * DAY_MS, goneMs: 0 };
  const lifeMs = (24 + 20 * uniformAt(seed, device.stream + DRAW.phase)) * DAY_MS;
  return { lifeMs, goneMs: lifeMs * uniformAt(seed, device.stream + DRAW.phase, 1) };
}

/** Whether a mote is cut off in an epoch. */
function cutOff(seed: number, device: Device, epoch: number): boolean {
  const period = Math.floor(epoch / GAP_PERIOD);
  const length = GAP_LEAST + (GAP_GREATEST - GAP_LEAST) * uniformAt(seed, device.stream + DRAW.gap, 2 * period);
  const begin = (GAP_PERIOD - length) * uniformAt(seed, device.stream + DRAW.gap, 2 * period + 1);
  const at = epoch - period * GAP_PERIOD;
  return at >= begin && at < begin + length;
}

/** Whether the radio loses a single epoch; a weak battery loses more. */
function lost(seed: number, device: Device, epoch: number, voltage: number): boolean {
  const share = voltage >= 2.4 ? LOST : Math.min(0.6, LOST + (2.4 - voltage));
  return uniformAt(seed, device.stream + DRAW.lost, epoch) < share;
}

/** Voltage before the measurement's noise: what the battery gives in an epoch. */
function batteryVoltage(run: World, device: Device, epoch: number): number {
  const { lifeMs, goneMs } = batteryOf(run.seed, device);
  return voltageAt(((epoch * run.intervalMs + goneMs) % (run.changed * lifeMs)) / lifeMs);
}

function readingOf(run: World, device: Device, epoch: number, again: boolean): Reading {
  const time = run.anchor + epoch * run.intervalMs;
  const measured: Measured = measure(run.seed, device.stream, time, batteryVoltage(run, device, epoch));
  const values: Record<string, number | null> = { ...measured };
  const torn = uniformAt(run.seed, device.stream + DRAW.torn, epoch);
  if (torn < TORN) values[["temperature", "humidity", "light", "voltage"][Math.floor(torn / TORN * 4)]] = null;
  if (again && values.light !== null && uniformAt(run.seed, device.stream + DRAW.conflict, epoch) < CONFLICTING) {
    values.light = measured.light + 2.76;
  }
  const { name: sensor, type, location } = device;
  return { sensor, time, values, type, location, attributes: { epoch } };
}

/** Whether an epoch's reading comes in its own time. */
function arrives(run: World, device: Device, epoch: number): boolean {
  return !cutOff(run.seed, device, epoch) && !lost(run.seed, device, epoch, batteryVoltage(run, device, epoch));
}

/** The epoch whose reading comes a second time or late in `epoch`, or -1. */
function secondArrival(run: World, device: Device, epoch: number): number {
  if (cutOff(run.seed, device, epoch)) return -1;
  const draw = uniformAt(run.seed, device.stream + DRAW.late, epoch);
  if (draw < LATE) {
    // a place in the recent past; only what was lost then can come now
    const late = epoch - 1 - Math.floor(draw / LATE * LATE_GREATEST);
    for (let past = late; past >= 0 && past > epoch - LATE_GREATEST; past--) {
      if (!arrives(run, device, past) && !cutOff(run.seed, device, past)) return past;
    }
  }
  const twice = uniformAt(run.seed, device.stream + DRAW.twice, epoch) < TWICE;
  return twice && arrives(run, device, epoch) ? epoch : -1;
}

/** The motes. A place may be empty; a late reading's time is its own epoch's, before that of readings already seen. */
export function motes({ anomalies = true }: ScenarioOptions = {}): Scenario {
  const changed = anomalies ? 1 : CHANGED_EARLY;
  return {
    name: "motes",
    about: "54 battery-powered motes every 31 s: losses, duplicates, late arrivals and batteries that make them lie",
    types: TYPES,
    sensors: DEVICES.map(({ name, type, location }) => ({ name, type, location })),
    channels: ["temperature", "humidity", "light", "voltage"],
    intervalMs: INTERVAL_MS,
    perRound: MOTES * PLACES,
    reading(position, { seed, anchor, intervalMs }) {
      const run = { seed, anchor, intervalMs, changed };
      const epoch = Math.floor(position / (MOTES * PLACES));
      const place = position % (MOTES * PLACES);
      const device = DEVICES[Math.floor(place / PLACES)];
      if (place % PLACES === 0) return arrives(run, device, epoch) ? readingOf(run, device, epoch, false) : undefined;
      const second = secondArrival(run, device, epoch);
      return second < 0 ? undefined : readingOf(run, device, second, second === epoch);
    },
  };
}
