/**
 * When readings are due: as they were recorded, so many times faster, or in batches at an interval.
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";

/** As recorded, so many times as fast, or as fast as they are taken. */
export type Speed = "recorded" | "max" | number;

/** How a replay is paced. */
export interface PaceOptions {
  readonly speed: Speed;
  /** Readings handed out together, at most. */
  readonly batchSize: number;
  /** Ms between two batches; undefined where event time alone paces. */
  readonly intervalMs?: number;
}

/**
 * A time so far ahead of all before it is waited for only when several readings in succession agree on it, ms: else one
 * wrong clock would hold a replay up for as long as it is wrong. As much as is "from the future" by default.
 */
const JUMP_MS = 3_600_000;
/** Readings that must agree; as many as there are sensors, where there are fewer. */
const AGREE = 3;
/** Readings after which it is known whether there are fewer. */
const KNOWN_AFTER = 10;

/** Paces one run over a partition. Begins with the first reading it is asked about. */
export class Pace {
  /** How far handing out is behind the schedule, ms; 0 at the speed `max` without an interval. */
  lagMs = 0;

  readonly #factor: number | undefined;
  #startWall = NaN;
  #startEvent = NaN;
  #latest = -Infinity;
  #batches = 0;
  /** Some of the sensors so far: enough to know whether there are several. */
  readonly #sensors = new Set<string>();
  #passed = 0;
  /** Readings in succession whose time jumped ahead without being believed. */
  #jumped = 0;

  constructor(private readonly options: PaceOptions, private readonly clock: Clock) {
    if (options.speed !== "max") this.#factor = options.speed === "recorded" ? 1 : options.speed;
  }

  /** Whether readings have to wait at all. */
  get waits(): boolean {
    return this.#factor !== undefined || this.options.intervalMs !== undefined;
  }

  /**
   * How many of the readings from `from` on may go now, after waiting until at least one may.
   *
   * @param times event time of each, ms; NaN for what goes with the one before it
   * @param sensors sensor of each; undefined where there is none
   * @returns 0 if the signal was aborted while waiting
   */
  async due(
    times: readonly number[],
    sensors: readonly (string | undefined)[],
    from: number,
    signal: AbortSignal,
  ): Promise<number> {
    const most = Math.min(times.length - from, this.options.batchSize);
    if (Number.isNaN(this.#startWall)) this.#startWall = this.clock.now();
    const { intervalMs } = this.options;
    if (intervalMs !== undefined && !await this.#until(this.#startWall + intervalMs * this.#batches++, signal)) {
      return 0;
    }
    if (this.#factor === undefined || most === 0) return most;
    if (!await this.#until(this.#dueAt(times[from]), signal)) return 0;
    const now = this.clock.now();
    let count = 0;
    do this.#pass(times[from + count], sensors[from + count++]); while (
      count < most && this.#dueAt(times[from + count]) <= now
    );
    return count;
  }

  /** When a reading of that event time is due by the clock; one that is out of order is due with those before it. */
  #dueAt(time: number): number {
    const latest = Number.isNaN(time) || this.#isDoubtful(time) ? this.#latest : Math.max(this.#latest, time);
    if (latest === -Infinity || Number.isNaN(this.#startEvent)) return this.#startWall;
    return this.#startWall + (latest - this.#startEvent) / (this.#factor ?? 1);
  }

  /** Whether a time is far ahead and too few readings agree on it so far. */
  #isDoubtful(time: number): boolean {
    if (this.#passed === 0 || time <= this.#latest + JUMP_MS) return false;
    return this.#jumped + 1 < (this.#passed < KNOWN_AFTER ? AGREE : this.#sensors.size);
  }

  /** Notes that a reading goes out. */
  #pass(time: number, sensor: string | undefined): void {
    if (Number.isNaN(time)) return;
    if (sensor !== undefined && this.#sensors.size < AGREE) this.#sensors.add(sensor);
    const isDoubtful = this.#isDoubtful(time);
    this.#passed++;
    this.#jumped = isDoubtful ? this.#jumped + 1 : 0;
    if (isDoubtful) return;
    if (Number.isNaN(this.#startEvent)) this.#startEvent = time;
    this.#latest = Math.max(this.#latest, time);
  }

  async #until(due: number, signal: AbortSignal): Promise<boolean> {
    const early = due - this.clock.now();
    this.lagMs = Math.max(0, -early);
    if (early > 0) {
      try {
        await this.clock.sleep(early, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
    return !signal.aborted;
  }
}
