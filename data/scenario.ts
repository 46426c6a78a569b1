/**
 * A scenario: a world of sensors that can be watched at any moment of its time, without the moments before.
 *
 * Each reading is a pure function of its place (the position) and of the run (seed, anchor, interval). Nothing is
 * stepped from the start, so a replay may begin anywhere, and two processes see the same world.
 *
 * @module
 */
import type { Judging } from "../actors/config.ts";
import type { Json } from "../actors/ports.ts";
import type { Reading } from "../actors/reading.ts";
import { uniformAt } from "../models/random.ts";

/** What one run of a scenario is made from. */
export interface Run {
  /** Whole, magnitude below 2^53. */
  readonly seed: number;
  /** Event time of round 0, epoch ms. */
  readonly anchor: number;
  /** Event time from one round to the next, ms. */
  readonly intervalMs: number;
}

/** How a scenario is made. */
export interface ScenarioOptions {
  /** Whether anything is ever wrong: injected values, abnormal parts, failing machines, lying batteries. Default true. */
  readonly anomalies?: boolean;
}

/** One device of a scenario. */
export interface ScenarioSensor {
  readonly name: string;
  readonly type: string;
  readonly location?: string;
}

/** A world of sensors; see the module. */
export interface Scenario {
  /** A word for the command line: `facility`. */
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** Sensor types with units, limits and intervals, as the judging is configured. */
  readonly types: Judging["types"];
  readonly sensors: readonly ScenarioSensor[];
  /** Channels in the order in which tables show them. */
  readonly channels: readonly string[];
  /** Usual time between two rounds, ms. */
  readonly intervalMs: number;
  /** Places of a round: position = round x perRound + place. Not every place need hold a reading. */
  readonly perRound: number;
  /** Rounds of a whole run, where the scenario has an end; a run that goes on begins a new cycle. */
  readonly rounds?: number;
  /**
   * The reading at a position, or undefined where there is none (lost on the way).
   *
   * @param position whole, 0 to 2^53 − 1
   */
  reading(position: number, run: Run): Reading | undefined;
  /** The reading as the scenario's own kind of device would write it, where that is not the common shape. */
  record?(reading: Reading): Readonly<Record<string, Json>>;
}

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

/**
 * A slow wander within ±`amplitude`: smooth between random knots, so that any moment is reached at once.
 *
 * @param stream tells apart the wanders of one seed
 * @param time epoch ms
 * @param knotMs time between two knots
 */
export function driftAt(seed: number, stream: number, time: number, knotMs: number, amplitude: number): number {
  const at = time / knotMs;
  const knot = Math.floor(at);
  const from = uniformAt(seed, stream, knot);
  const to = uniformAt(seed, stream, knot + 1);
  const part = at - knot;
  // smoothstep: flat at the knots, never outside of them, hence never beyond the amplitude
  return amplitude * (2 * (from + (to - from) * part * part * (3 - 2 * part)) - 1);
}

/** A daily wave of ±`amplitude` with its crest at `peakHour` (0 to 24, UTC). */
export function dailyAt(time: number, peakHour: number, amplitude: number): number {
  return amplitude * Math.cos(2 * Math.PI * (time / DAY_MS - peakHour / 24));
}

/** Rounds to `digits` decimals, as a device of that resolution would. */
export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
