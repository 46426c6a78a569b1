/**
 * One sensor's detectors side by side, each with its flag for a reading at its own setting, and what is concluded from
 * them; beside them trivial detectors at the same budget.
 *
 * @module
 */
import type { SensorType } from "../../actors/config.ts";
import type { Reading } from "../../actors/reading.ts";
import { BASELINES, SensorBaselines } from "../../commands/backtest_baselines.ts";
import { restAfter } from "../../models/budget/rule.ts";
import { hashText } from "../../models/hash.ts";
import { SensorForest } from "./forest.ts";
import type { Judged } from "./judge.ts";
import { SensorNetwork } from "./network.ts";

const LIMITS = 0, Z_SCORE = 1, FOREST = 2, NETWORK = 3, SURPRISE = 4, COMBINED = 5, TRIVIAL = 6;

/** All of them, in the order of {@linkcode SensorDetectors.flags}. */
export const DETECTORS: readonly string[] = [
  "limits",
  "z-score",
  "forest",
  "network",
  "surprise",
  "combined",
  ...BASELINES.map((name) => name.replace("_", " ")),
];

/** A score above it, and a z-score above it, are flags. */
const SCORE_FLAG = 0.99, Z_FLAG = 3;

/** One sensor's detectors. */
export class SensorDetectors {
  /** Whether each flags the last reading. */
  readonly flags: Uint8Array = new Uint8Array(DETECTORS.length);
  /** Whether an alarm of each begins with it: a flag after a rest; of the combined one the budget's or a limit's. */
  readonly alarms: Uint8Array = new Uint8Array(DETECTORS.length);
  readonly #baselines: SensorBaselines;
  readonly #rested = new Float64Array(DETECTORS.length);
  #forest: SensorForest | undefined;
  #network: SensorNetwork | undefined;

  /**
   * @param judge at the budget alone
   * @param budget alarms a reading
   * @param type the limits that are declared, if any
   */
  constructor(
    sensor: string,
    private readonly judge: Judged,
    private readonly budget: number,
    private readonly type: SensorType | undefined,
  ) {
    this.#baselines = new SensorBaselines(sensor);
  }

  /** Judges a reading; false for one that is passed over. */
  take(reading: Reading): boolean {
    const { judge, flags, budget } = this;
    if (!judge.take(reading)) return false;
    const forest = this.#forest ??= new SensorForest(reading, hashText(reading.sensor));
    forest.take(reading);
    const network = this.#network ??= new SensorNetwork(forest.channels.length, hashText(reading.sensor));
    network.take(forest.row);
    this.#baselines.judge(reading, budget);
    const broken = this.#broken(reading);
    flags[LIMITS] = broken ? 1 : 0;
    flags[Z_SCORE] = forest.z > Z_FLAG ? 1 : 0;
    flags[FOREST] = forest.flagged ? 1 : 0;
    flags[NETWORK] = network.score > SCORE_FLAG ? 1 : 0;
    flags[SURPRISE] = judge.score > SCORE_FLAG ? 1 : 0;
    flags[COMBINED] = broken || judge.anomalous[0] === 1 ? 1 : 0;
    for (let b = 0; b < BASELINES.length; b++) flags[TRIVIAL + b] = this.#baselines.scores[b] >= 1 - budget ? 1 : 0;
    for (let d = 0; d < DETECTORS.length; d++) this.#raise(d, flags[d] === 1);
    this.alarms[COMBINED] = this.alarms[LIMITS] | judge.alarms[0];
    return true;
  }

  #broken({ values }: Reading): boolean {
    if (this.type === undefined) return false;
    for (const name in values) {
      const value = values[name], limits = this.type.channels[name];
      if (value === null || limits === undefined) continue;
      if (value < (limits.low ?? -Infinity) || value > (limits.high ?? Infinity)) return true;
    }
    return false;
  }

  /** An alarm is followed by the rest of the budget's rule, whoever raises it. */
  #raise(detector: number, flagged: boolean): void {
    const { age } = this.judge, due = flagged && age > this.#rested[detector];
    this.alarms[detector] = due ? 1 : 0;
    if (due) this.#rested[detector] = age + restAfter(this.budget, age);
  }
}
