/**
 * What one run of `simulate` does: how many rounds, from when, how fast.
 *
 * @module
 */
import type { Scenario } from "../../data/scenario.ts";

/** What somebody asked for. */
export interface Wish {
  /** Ms between two rounds, 0 for as fast as possible; undefined: the target's default. */
  readonly interval: number | undefined;
  /** Readings, 0 for no number. */
  readonly count: number;
  /** Hours of event time, 0 for no number. */
  readonly hours: number;
  /** Epoch ms of the first round; undefined: derived from now. */
  readonly start: number | undefined;
  readonly loop: boolean;
  /** Whether the target is a file; others are paced by default. */
  readonly toFile: boolean;
}

/** What is done. */
export interface Plan {
  /** Event time between two rounds, ms. */
  readonly intervalMs: number;
  /** Time between two rounds on the clock, ms; 0: as fast as possible. */
  readonly paceMs: number;
  /** Infinity: until it is stopped. */
  readonly rounds: number;
  /** Readings at most. */
  readonly count: number;
  /** Event time of round 0, epoch ms. */
  readonly anchor: number;
}

const HOUR_MS = 3_600_000;
/** Event time of a run that nobody set an end to and nobody waits for. */
const DEFAULT_MS = 24 * HOUR_MS;

/**
 * Makes the plan.
 *
 * A paced run is stamped from now on; one as fast as possible ends now, so that nothing in it is from the future.
 *
 * @param now epoch ms
 */
export function planOf(scenario: Scenario, wish: Wish, now: number): Plan {
  const paceMs = wish.interval ?? (wish.toFile ? 0 : scenario.intervalMs);
  const intervalMs = paceMs > 0 ? paceMs : scenario.intervalMs;
  const rounds = roundsOf(scenario, wish, paceMs, intervalMs);
  const spanMs = paceMs > 0 ? 0 : (Number.isFinite(rounds) ? rounds * intervalMs : DEFAULT_MS);
  const begin = Math.max(0, now - spanMs);
  const anchor = wish.start ?? begin - begin % Math.min(intervalMs, 1_000);
  return { intervalMs, paceMs, rounds, count: wish.count > 0 ? wish.count : Infinity, anchor };
}

function roundsOf(scenario: Scenario, wish: Wish, paceMs: number, intervalMs: number): number {
  if (wish.hours > 0) return Math.max(1, Math.round(wish.hours * HOUR_MS / intervalMs));
  // scenarios that lose readings take more rounds for a count than this; the count ends them
  if (wish.count > 0) return lossless(scenario) ? Math.ceil(wish.count / scenario.perRound) : Infinity;
  if (wish.loop) return Infinity;
  if (scenario.rounds !== undefined) return scenario.rounds;
  return paceMs > 0 ? Infinity : Math.ceil(DEFAULT_MS / intervalMs);
}

/** Whether every place of a round holds a reading. */
function lossless(scenario: Scenario): boolean {
  return scenario.perRound === scenario.sensors.length;
}
