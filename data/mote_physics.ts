/**
 * What a mote measures: the room as it is, seen through a battery that sags.
 *
 * @module
 */
import { normalAt, uniformAt } from "../models/random.ts";
import { dailyAt, DAY_MS, driftAt, rounded } from "./scenario.ts";

/** The four channels of a mote. */
export interface Measured {
  /** °C, −39.6 to 122.153. */
  readonly temperature: number;
  /** %, −4 to 100. */
  readonly humidity: number;
  /** lux, from 0. */
  readonly light: number;
  /** V, 2.0 to 2.8. */
  readonly voltage: number;
}

/** Where a failing mote's thermometer ends, °C. */
const TEMPERATURE_STOP = 122.153;
/** Where its hygrometer ends, %. */
const HUMIDITY_STOP = -3.919;
/** Temperature lies from the first voltage down, and is at its stop from the second on; so humidity. */
const TEMPERATURE_LIES = [2.315, 2.25] as const;
const HUMIDITY_LIES = [2.27, 2.21] as const;

/** A lithium cell's discharge: flat for half its life, then ever steeper. Share of the life gone, volts. */
const DISCHARGE: readonly (readonly [number, number])[] = [
  [0, 2.72],
  [0.2, 2.64],
  [0.4, 2.53],
  [0.65, 2.44],
  [0.78, 2.31],
  [0.88, 2.19],
  [0.96, 2.12],
  [1, 2],
];

// offsets of the draws: they must differ from each other
const DRAW = { room: 11e10, wet: 12e10, lamp: 13e10, temperature: 14e10, humidity: 15e10, light: 16e10, place: 17e10 };

/**
 * Volts that a battery gives.
 *
 * @param gone share of its life, 0 to 1
 */
export function voltageAt(gone: number): number {
  for (let at = 1; at < DISCHARGE.length; at++) {
    const [end, low] = DISCHARGE[at];
    if (gone > end) continue;
    const [begin, high] = DISCHARGE[at - 1];
    return high + (low - high) * (gone - begin) / (end - begin);
  }
  return DISCHARGE[DISCHARGE.length - 1][1];
}

/** How much a sensor lies at a voltage: 0 not at all, 1 entirely. */
function lie(voltage: number, [from, to]: readonly [number, number]): number {
  return Math.min(1, Math.max(0, (from - voltage) / (from - to)));
}

/** Light: dark at night, the sun by day, lamps in working hours on some days. */
function lightAt(seed: number, stream: number, time: number): number {
  const sun = Math.max(0, dailyAt(time, 12, 1));
  const clouds = 0.6 + driftAt(seed, stream + DRAW.light, time, 1_800_000, 0.4);
  const hour = time % DAY_MS / 3_600_000;
  const lamp = hour >= 8 && hour < 19 && uniformAt(seed, DRAW.lamp, Math.floor(time / DAY_MS)) < 0.75 ? 130 : 0;
  return 0.92 + lamp + 480 * sun * clouds * (0.5 + uniformAt(seed, stream + DRAW.place));
}

/**
 * What a mote measures.
 *
 * @param stream the mote's
 * @param time epoch ms
 * @param battery volts
 */
export function measure(seed: number, stream: number, time: number, battery: number): Measured {
  const noise = (draw: number) => normalAt(seed, stream + draw, time);
  // one room for all, a place for each
  const room = 22 + dailyAt(time, 15, 2) + driftAt(seed, DRAW.room, time, DAY_MS / 2, 2);
  const place = 2 * uniformAt(seed, stream + DRAW.place) - 1;
  const temperature = room + place + driftAt(seed, stream + DRAW.room, time, 3_600_000, 0.5) +
    0.02 * noise(DRAW.temperature);
  const wet = 38 - 1.1 * (temperature - 22) + driftAt(seed, DRAW.wet, time, DAY_MS, 5) + 0.05 * noise(DRAW.humidity);
  const hot = lie(battery, TEMPERATURE_LIES);
  const dry = lie(battery, HUMIDITY_LIES);
  return {
    temperature: rounded(temperature + (TEMPERATURE_STOP - temperature) * hot, 4),
    humidity: rounded(wet + (HUMIDITY_STOP - wet) * dry, 4),
    light: rounded(lightAt(seed, stream, time), 2),
    voltage: rounded(battery + 0.002 * (temperature - 22), 5),
  };
}
