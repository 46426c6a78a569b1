/**
 * Counts of a contest over data sets, by way and budget.
 *
 * A false alarm is one that begins outside of every event. It is set against what the budget allows in the readings
 * outside of events. An event is found if an alarm begins within it; nothing is adjusted. Delays are in readings.
 *
 * @module
 */
import { addMeasure, emptyMeasure, type Measure, SensorMeasure } from "../../commands/backtest/measure.ts";
import { Surprise } from "../../models/surprise/surprise.ts";
import { Contest, WAYS } from "./contest.ts";
import { BudgetsJudge } from "./judge.ts";
import type { DataSet, Recording } from "./recording.ts";

/** What was counted on one data set. */
export interface Tally {
  readonly name: string;
  readonly labelled: boolean;
  /** Readings judged. */
  readings: number;
  /** By way of the contest and budget. */
  readonly measures: readonly (readonly Measure[])[];
}

const plan = new Surprise();

function emptyTally(name: string, labelled: boolean, budgets: readonly number[]): Tally {
  return { name, labelled, readings: 0, measures: WAYS.map(() => budgets.map(() => emptyMeasure())) };
}

/** Adds one data set's counts to another's. */
function addTally(sum: Tally, one: Tally): void {
  sum.readings += one.readings;
  sum.measures.forEach((own, way) => own.forEach((measure, b) => addMeasure(measure, one.measures[way][b])));
}

/** All counts of several data sets together. */
export function joined(name: string, tallies: readonly Tally[], budgets: readonly number[]): Tally {
  const sum = emptyTally(name, tallies.some(({ labelled }) => labelled), budgets);
  for (const one of tallies) addTally(sum, one);
  return sum;
}

/**
 * Lets every way judge a data set.
 *
 * @param show is told of each recording begun
 */
export async function tallyOf(
  set: DataSet,
  budgets: readonly number[],
  show: (recording: Recording) => void,
): Promise<Tally> {
  const tally = emptyTally(set.name, set.labelled, budgets);
  for await (const recording of set.recordings()) {
    show(recording);
    count(recording, budgets, tally);
  }
  return tally;
}

function count({ samples }: Recording, budgets: readonly number[], tally: Tally): void {
  const contest = new Contest(new BudgetsJudge(plan, budgets), budgets), { labelled } = tally;
  const measures = WAYS.map(() => budgets.map(() => new SensorMeasure(labelled)));
  let place = 0, event = -1, begun = 0;
  for (const sample of samples) {
    if (!contest.take(sample.reading)) continue;
    place++;
    if (sample.event !== event) begun = place;
    event = sample.event;
    for (let way = 0; way < WAYS.length; way++) {
      for (let b = 0; b < budgets.length; b++) {
        const alarm = contest.alarms[way][b] === 1;
        measures[way][b].count(place, event, begun, alarm, alarm, budgets[b]);
      }
    }
  }
  tally.readings += place;
  measures.forEach((own, way) => own.forEach(({ measure }, b) => addMeasure(tally.measures[way][b], measure)));
}
