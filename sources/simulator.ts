/**
 * A simulated source: a scenario's readings, position by position, in its own past and then live.
 *
 * Positions are places of the scenario (round x places of a round + place), so any of them can be read without those
 * before. What a restart must find again is kept in the source's memory: the anchor (event time of round 0) and the
 * jumps over rounds that nobody watched. A memory is written before what depends on it is handed out.
 *
 * @module
 */
import type { Chunk, Clock, Source, SourceMemory, SourcePartition } from "../actors/ports.ts";
import { SourceError } from "../actors/ports.ts";
import type { Reading } from "../actors/reading.ts";
import { LiveRounds, type RoundsRecord, roundsRecordSchema } from "./rounds.ts";

/** What is simulated: as much of a scenario as the source needs. */
export interface Script {
  /** Name of the source and of its one partition: letters, digits, `-`, `_` and `.`. */
  readonly name: string;
  /** Usual time between two rounds, ms. */
  readonly intervalMs: number;
  /** Places of a round, at least 1. */
  readonly perRound: number;
  /** The reading at a position, or undefined where there is none. Pure. */
  reading(position: number, run: ScriptRun): Reading | undefined;
}

/** What one run of a script is made from. */
export interface ScriptRun {
  readonly seed: number;
  /** Event time of round 0, epoch ms. */
  readonly anchor: number;
  readonly intervalMs: number;
}

/**
 * Live: starts `historyMs` in the past, catches up as fast as asked, then goes on with the clock for ever.
 *
 * Finite: `rounds` rounds from `anchor` on as fast as asked, whatever the clock says.
 */
export type Pace =
  | { readonly kind: "live"; readonly historyMs: number }
  | { readonly kind: "finite"; readonly anchor: number; readonly rounds: number };

/** How a simulator runs. */
export interface SimulatorOptions {
  /** Whole, magnitude below 2^53. */
  readonly seed: number;
  readonly pace: Pace;
  readonly clock: Clock;
  /** Event time between two rounds, ms; the script's own by default. */
  readonly intervalMs?: number;
}

/** How far a simulator is from the present, for the progress bar. */
export interface Behind {
  /** Event time still to go until now, or in a finite run until its end, ms; 0 when live. */
  readonly behindMs: number;
  /** What it was when reading began. */
  readonly totalMs: number;
}

/** Records of a chunk at most. */
const CHUNK_RECORDS = 1_000;
/** Longest sleep, ms: timers know no greater than 24.8 days, and a clock that is set is noticed within it. */
const NAP_MS = 60_000;

/** The simulator; see the module. */
export class Simulator implements Source {
  readonly name: string;
  readonly #script: Script;
  readonly #options: SimulatorOptions;
  readonly #intervalMs: number;
  #behind: Behind = { behindMs: 0, totalMs: 0 };

  /** @throws {RangeError} if the interval is no whole number of milliseconds from 1 to 2678400000 */
  constructor(script: Script, options: SimulatorOptions) {
    const intervalMs = options.intervalMs ?? script.intervalMs;
    if (!(Number.isInteger(intervalMs) && intervalMs >= 1 && intervalMs <= 2_678_400_000)) {
      throw new RangeError(`cannot simulate every ${intervalMs} ms: the interval must be from 1 to 2678400000 ms`);
    }
    this.name = script.name;
    this.#script = script;
    this.#options = options;
    this.#intervalMs = intervalMs;
  }

  /** How far behind the readings handed out last are. */
  behind(): Behind {
    return this.#behind;
  }

  async open(memory: SourceMemory): Promise<readonly SourcePartition[]> {
    const { pace } = this.#options;
    if (pace.kind === "finite") {
      const run = this.#run(pace.anchor);
      return [{ id: this.name, read: (from, signal) => this.#finite(run, from, pace.rounds, signal) }];
    }
    const record = await this.#recall(memory, pace.historyMs);
    const live = new LiveRounds(record, memory, pace.historyMs, this.#options.clock);
    const run = this.#run(record.anchor);
    return [{
      id: this.name,
      read: (from, signal) => this.#live(run, live, from, signal),
      released: (position) => live.forget(Math.floor(position / this.#script.perRound)),
    }];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #run(anchor: number): ScriptRun {
    return { seed: this.#options.seed, anchor, intervalMs: this.#intervalMs };
  }

  /** The memory of earlier runs, judged; or a first one. */
  async #recall(memory: SourceMemory, historyMs: number): Promise<RoundsRecord> {
    const { seed, clock } = this.#options;
    const stored = await memory.load();
    if (stored === undefined) {
      const start = Math.max(0, clock.now() - historyMs);
      const anchor = start - start % this.#intervalMs;
      const first: RoundsRecord = {
        version: 1,
        script: this.name,
        seed,
        intervalMs: this.#intervalMs,
        anchor,
        promised: 0,
        jumps: [],
      };
      await memory.save(first);
      return first;
    }
    const parsed = roundsRecordSchema.safeParse(stored);
    if (!parsed.success) {
      throw new SourceError(
        `cannot go on with the simulation ${this.name}: its record in the data directory is damaged`,
      );
    }
    const old = parsed.data;
    const changed = old.script !== this.name
      ? `scenario ${old.script}, not ${this.name}`
      : old.seed !== seed
      ? `seed ${old.seed}, not ${seed}`
      : old.intervalMs !== this.#intervalMs
      ? `an interval of ${old.intervalMs} ms, not ${this.#intervalMs}`
      : undefined;
    if (changed !== undefined) {
      throw new SourceError(
        `cannot go on with the simulation ${this.name}: this data directory was begun with ${changed}; ` +
          `use another --data-dir or give the same again`,
      );
    }
    return old;
  }

  /** Readings of the positions `from` to `to` − 1, at most a chunk's. */
  #chunk(run: ScriptRun, from: number, to: number, progress: number | undefined): Chunk {
    const items: Reading[] = [];
    const positions: number[] = [];
    let next = from;
    while (next < to && items.length < CHUNK_RECORDS) {
      const reading = this.#script.reading(next, run);
      if (reading !== undefined) {
        items.push(reading);
        positions.push(next);
      }
      next++;
    }
    return { kind: "readings", items, positions, next, ...(progress === undefined ? {} : { progress }) };
  }

  async *#finite(run: ScriptRun, from: number, rounds: number, signal: AbortSignal): AsyncGenerator<Chunk> {
    const end = rounds * this.#script.perRound;
    const togo = (position: number) => Math.max(0, (end - position) / this.#script.perRound * this.#intervalMs);
    const totalMs = togo(from);
    for (let at = from; at < end && !signal.aborted;) {
      const chunk = this.#chunk(run, at, end, at / end);
      at = chunk.next;
      this.#behind = { behindMs: togo(at), totalMs };
      yield chunk;
    }
  }

  async *#live(run: ScriptRun, rounds: LiveRounds, from: number, signal: AbortSignal): AsyncGenerator<Chunk> {
    const { clock } = this.#options;
    const { perRound } = this.#script;
    let totalMs = NaN;
    for (let at = from; !signal.aborted;) {
      const round = await rounds.enter(Math.floor(at / perRound));
      at = Math.max(at, round * perRound);
      const now = clock.now();
      const aheadMs = run.anchor + round * run.intervalMs - now;
      if (aheadMs > 0) {
        this.#behind = { behindMs: 0, totalMs: Number.isNaN(totalMs) ? 0 : totalMs };
        if (!await slept(clock, Math.min(aheadMs, NAP_MS), signal)) return;
        continue; // the clock is asked again: it may have been set
      }
      if (Number.isNaN(totalMs)) totalMs = -aheadMs;
      const due = Math.floor((now - run.anchor) / run.intervalMs) + 1;
      const catchingUp = -aheadMs > run.intervalMs;
      const progress = catchingUp ? Math.min(1, Math.max(0, 1 + aheadMs / totalMs)) : undefined;
      const chunk = this.#chunk(run, at, Math.min(due, rounds.end(round)) * perRound, progress);
      at = chunk.next;
      const reached = run.anchor + Math.floor(at / perRound) * run.intervalMs;
      this.#behind = { behindMs: Math.max(0, now - reached), totalMs };
      yield chunk;
    }
  }
}

/** Sleeps; false if the signal ended it. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return !signal.aborted;
}
