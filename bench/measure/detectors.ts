/**
 * Detectors side by side, each with its flag for a reading at its own setting, and what is concluded from them: those of
 * the actors that judge live, their models trained as live ones are; beside them trivial detectors at the same budget.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import { isJudged, Rehearsal, type Rehearsed } from "../../actors/rehearsal.ts";
import type { Reading } from "../../actors/reading.ts";
import { BASELINES, SensorBaselines } from "../../commands/backtest/baselines.ts";
import { DETECTORS as SHOWN, VerdictFigures } from "../../commands/backtest/verdict.ts";
import { restAfter } from "../../models/budget/rule.ts";
import type { Sample } from "./recording.ts";

/** Those of a verdict by the names that the tables have for them. */
const NAMES = { "z-score": "zscore", forest: "forest", network: "network", surprise: "surprise" } as const;
const FLAGS = Object.values(NAMES).map((name) => SHOWN.indexOf(name));
const LIMITS = 0, COMBINED = 1 + FLAGS.length, TRIVIAL = COMBINED + 1;

/** All of them, in the order of {@linkcode SensorDetectors.flags}. */
export const DETECTORS: readonly string[] = [
  "limits",
  ...Object.keys(NAMES),
  "combined",
  ...BASELINES.map((name) => name.replace("_", " ")),
];

/** Readings that are judged together. */
const BATCH = 8192;

/** What one sensor's detectors say of its last reading. */
class SensorDetectors {
  /** Whether each flags it. */
  readonly flags: Uint8Array = new Uint8Array(DETECTORS.length);
  /** Whether an alarm of each begins with it: a flag after a rest; of the combined one the budget's or a limit's. */
  readonly alarms: Uint8Array = new Uint8Array(DETECTORS.length);
  readonly #figures = new VerdictFigures(true);
  readonly #baselines: SensorBaselines;
  readonly #rested = new Float64Array(DETECTORS.length);
  #age = 0;

  /** @param budget alarms a reading */
  constructor(sensor: string, private readonly budget: number) {
    this.#baselines = new SensorBaselines(sensor);
  }

  /** Takes a reading and its verdict; false for one that came late: it is passed over. */
  take(reading: Reading, verdict: Rehearsed): boolean {
    const { flags, alarms, budget } = this, figures = this.#figures;
    figures.read(verdict);
    if (figures.late) return false;
    this.#age++;
    this.#baselines.judge(reading, budget);
    flags[LIMITS] = figures.broken ? 1 : 0;
    FLAGS.forEach((shown, d) => flags[1 + d] = figures.flags[shown]);
    flags[COMBINED] = figures.anomalous ? 1 : 0;
    for (let b = 0; b < BASELINES.length; b++) flags[TRIVIAL + b] = this.#baselines.scores[b] >= 1 - budget ? 1 : 0;
    for (let d = 0; d < DETECTORS.length; d++) this.#raise(d, flags[d] === 1);
    alarms[COMBINED] = alarms[LIMITS] === 1 || figures.alarm > 0 ? 1 : 0;
    return true;
  }

  /** An alarm is followed by the rest of the budget's rule, whoever raises it. */
  #raise(detector: number, flagged: boolean): void {
    const due = flagged && this.#age > this.#rested[detector];
    this.alarms[detector] = due ? 1 : 0;
    if (due) this.#rested[detector] = this.#age + restAfter(this.budget, this.#age);
  }
}

/**
 * Judges readings of one or several sensors, in order, as one partition of their own.
 *
 * @param partition its name: models are seeded by it
 * @param budget alarms a reading, as `judging` has it
 * @param told is told of each reading in order, with what is said of it; undefined for one that is passed over
 */
export async function judgeLive(
  partition: string,
  samples: Iterable<Sample>,
  judging: Judging,
  budget: number,
  told: (sample: Sample, said: SensorDetectors | undefined) => void,
): Promise<void> {
  const rehearsal = new Rehearsal(partition, judging), sensors = new Map<string, SensorDetectors>();
  let first = 0;
  for (const batch of batchesOf(samples)) {
    const positions = batch.map((_, i) => first + i);
    first += batch.length;
    const items = batch.map(({ reading }) => reading);
    const outcomes = await rehearsal.take({ kind: "readings", items, positions, next: first });
    rehearsal.takeAlerts(); // counted here by another rule
    for (const [i, sample] of batch.entries()) {
      const outcome = outcomes[i], { reading } = sample;
      let said = sensors.get(reading.sensor);
      if (said === undefined) sensors.set(reading.sensor, said = new SensorDetectors(reading.sensor, budget));
      told(sample, isJudged(outcome) && said.take(reading, outcome) ? said : undefined);
    }
  }
}

function* batchesOf(samples: Iterable<Sample>): Generator<Sample[]> {
  let batch: Sample[] = [];
  for (const sample of samples) {
    if (batch.push(sample) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
