/**
 * How far a sensor of a backtest is: what its alert budget is worth a reading, and how long it still warms up.
 *
 * A verdict says neither. Both follow from the times of the readings that were judged, by the models that the sensor's
 * actor uses.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import { budgetPerReading } from "../../models/budget/budget.ts";
import { readyAge } from "../../models/budget/rule.ts";
import { RHYTHM_DOUBLES, rhythmLearn, usualIntervalMs } from "../../models/states/rhythm.ts";
import { SensorBaselines } from "./baselines.ts";

/** Follows one sensor. */
export class SensorProgress {
  /** Readings that were judged in order. */
  age = 0;
  /** False alarms a reading that the budget allows, as of the last one; 0 before the first. */
  budget = 0;
  /** Trivial detectors, where they are wanted. */
  readonly baselines?: SensorBaselines;
  readonly #rhythm = new Float64Array(RHYTHM_DOUBLES);

  constructor(private readonly judging: Judging, sensor: string, baselines: boolean) {
    if (baselines) this.baselines = new SensorBaselines(sensor);
  }

  /**
   * Takes a reading in that was judged in order.
   *
   * @param time epoch ms
   * @param type of the sensor, which may have a budget of its own
   */
  take(time: number, type: string | undefined): void {
    const { types, budget } = this.judging;
    const own = type !== undefined && Object.hasOwn(types, type) ? types[type].budget : undefined;
    this.age++;
    rhythmLearn(this.#rhythm, 0, time);
    this.budget = budgetPerReading(own ?? budget, usualIntervalMs(this.#rhythm, 0));
  }

  /** Part of the warm-up that is done, 0..1; 1 where rules alone judge. */
  get warm(): number {
    if (this.judging.detectors === "rules") return 1;
    return this.budget > 0 ? Math.min(1, this.age / readyAge(this.budget)) : 0;
  }

  /** About how long the rest of the warm-up takes, ms; NaN while the rhythm is unknown. */
  get warmMs(): number {
    const interval = usualIntervalMs(this.#rhythm, 0);
    return interval > 0 ? Math.max(0, readyAge(this.budget) - this.age) * interval : NaN;
  }
}
