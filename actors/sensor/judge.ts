/**
 * What a sensor's detectors make of a reading: the surprise of each channel, then the sensor's own judgement under the
 * alert budget, its states, and the scores.
 *
 * Called by the transition, channel by channel and once at the end; what was found lies in {@linkcode said} until the next
 * reading. Scores first, learns then. Nothing is allocated for a reading.
 *
 * @module
 */
import { budgetPerReading } from "../../models/budget/budget.ts";
import { combine, KNEE } from "../../models/budget/combiner.ts";
import { equivalentSurprise } from "../../models/budget/rate.ts";
import { BudgetRule, readyAge, ruleAge } from "../../models/budget/rule.ts";
import { driftStep } from "../../models/drift/drift.ts";
import { dirtyStep } from "../../models/states/dirty.ts";
import { rhythmLearn, silentAfter, usualIntervalMs } from "../../models/states/rhythm.ts";
import { stuckStep } from "../../models/states/stuck.ts";
import { calibrate, CALIBRATION_FLOATS } from "../../models/surprise/calibration.ts";
import { surpriseLaw } from "../../models/surprise/law.ts";
import { SURPRISE_MOST, VIEWS } from "../../models/surprise/surprise.ts";
import { READING_LIMITS } from "../reading.ts";
import type { SensorActor } from "./actor.ts";
import { BIT, CALIBRATED, JUDGEMENT, NEVER, REST } from "./layout.ts";
import type { JudgePlan, Plan } from "./plan.ts";

/** A score above it is a flag of a detector that has no setting of its own: one normal reading in a hundred. */
export const FLAG_SCORE = 0.99;
/** z-score at which half of the scale of its calibration is reached. */
const Z_SCALE = 4;
/** Readings of a sensor from which on its surprise is calibrated: before that it is 0, as most views say nothing yet. */
export const SURPRISE_AGE = 100;
/** How long the reading that came closest to an alarm is remembered, ms of event time. */
const CLOSEST_MS = 86_400_000;

const RULE = new BudgetRule();
/** Surprise of each channel in the reading under way, NaN where it has no value. */
const surprises = new Float64Array(READING_LIMITS.channels);

/** What was found of the reading under way. */
export const said = {
  /** Greatest magnitude of a z-score. */
  z: 0,
  /** Whether a value was impossible, or another one was there already. */
  bad: false,
  /** Some channel does not change any more. */
  stuck: false,
  /** Of {@linkcode BIT}. */
  bits: 0,
  /** Share of normal readings that are as unusual. */
  rate: 1,
  /** The combined score, 0..1. */
  score: 0,
  surprise: 0,
  zscore: 0,
};

/** Begins a reading: nothing was found yet. */
export function beginReading(channels: number): void {
  surprises.fill(NaN, 0, channels);
  said.z =
    said.score =
    said.surprise =
    said.zscore =
    said.bits =
      0;
  said.rate = 1;
  said.bad = said.stuck = false;
}

/**
 * Scores a channel's value, then learns it.
 *
 * @param judge that of the actor's plan
 * @param c index of the channel
 * @param local the reading's time as the clock on the sensor's wall shows it, epoch ms
 */
export function judgeValue(actor: SensorActor, judge: JudgePlan, c: number, value: number, local: number): void {
  const { state, floats, plan: { channelAt, restAt } } = actor, rest = channelAt[c] + restAt, plan = judge.surprise;
  const at = channelAt[c] + judge.surpriseAt;
  const surprise = plan.step(floats, judge.floatsAt[c], state, at, local, value, judge.direction[c]);
  const { band: { expected, low, high } } = plan, known = expected === expected;
  const least = Math.max(judge.leastEffect[c], judge.leastEffectRelative[c] * Math.abs(expected));
  const counts = !known || !(Math.abs(value - expected) < least);
  surprises[c] = state[rest + REST.surprise] = counts ? surprise : 0;
  state[rest + REST.view] = surprise >= 1 ? topView(plan.views) : 0;
  state[rest + REST.known] = known ? 1 : 0;
  state[rest + REST.expected] = known ? expected : 0;
  state[rest + REST.low] = known ? low : 0;
  state[rest + REST.high] = known ? high : 0;
}

/** Follows whether a channel's values are still what they were when it was learnt; one of `DRIFT`. */
export function followDrift(actor: SensorActor, judge: JudgePlan, c: number, value: number, time: number): number {
  const { state, plan } = actor;
  return driftStep(state, plan.channelAt[c] + plan.restAt + REST.drift, time, value, judge.driftMs);
}

/** Follows whether a channel's value still changes; true while it is stuck. Being stuck is a state, and no anomaly beside it. */
export function followStuck(actor: SensorActor, c: number, value: number, time: number): boolean {
  const { state, plan } = actor, rest = plan.channelAt[c] + plan.restAt;
  const stuck = stuckStep(state, rest + REST.stuck, value, time);
  if (stuck) {
    said.stuck = true;
    surprises[c] = state[rest + REST.surprise] = 0;
  }
  return stuck;
}

/**
 * From the channels to the sensor: rhythm, budget, combined score.
 *
 * The combined score is that of the channels' surprises as the budget's rule joins them, and 1 where a limit is broken: a
 * configured limit needs no second opinion, and every other detector was measured to add more false alarms than finds.
 *
 * @param broken whether an alarm limit or a limit of the rate of change is broken
 * @returns whether an alarm begins
 */
export function judgeSensor(actor: SensorActor, judge: JudgePlan, time: number, broken: boolean): boolean {
  const { state, floats, plan } = actor, at = plan.judgementAt, channels = plan.channels.length;
  rhythmLearn(state, at + JUDGEMENT.rhythm, time);
  const z = combine(state, plan.heldAt, channels, surprises);
  const interval = usualIntervalMs(state, at + JUDGEMENT.rhythm), own = budgetPerReading(judge.budget, interval);
  const budget = judge.share ? Math.min(own, budgetPerReading(judge.share, interval)) : own;
  const began = RULE.step(state, at + JUDGEMENT.rule, Math.max(1, channels), z, budget);
  const age = ruleAge(state, at + JUDGEMENT.rule), { rate, anomalous } = RULE;
  let most = 0;
  for (let c = 0; c < channels; c++) if (surprises[c] > most) most = surprises[c];
  const joined = z > 0 ? Math.max(KNEE, equivalentSurprise(z, channels)) : most;
  const law = surpriseLaw(joined, age);
  said.surprise = age > SURPRISE_AGE
    ? calibrate(floats, place(CALIBRATED.surprise), joined / SURPRISE_MOST, law)
    : 1 - law;
  const unlikely = Math.min(1, channels * zTail(said.z));
  said.zscore = calibrate(floats, place(CALIBRATED.zscore), said.z / (said.z + Z_SCALE), unlikely);
  said.rate = rate;
  said.score = broken ? 1 : said.surprise;
  said.bits = (anomalous || broken ? BIT.anomalous : 0) | (anomalous ? BIT.budget : 0) | (began ? BIT.alarm : 0) |
    (age <= readyAge(budget) ? BIT.warming : 0) | (said.surprise > FLAG_SCORE ? BIT.surprise : 0);
  state[at + JUDGEMENT.rate] = rate;
  state[at + JUDGEMENT.budget] = budget;
  state[at + JUDGEMENT.score] = said.score;
  state[at + JUDGEMENT.scores + CALIBRATED.surprise] = said.surprise;
  state[at + JUDGEMENT.scores + CALIBRATED.zscore] = said.zscore;
  noteClosest(state, at, rate, RULE.limit, time);
  return began;
}

/** Takes in whether the reading was bad data; true while the sensor sends too much of it. */
export function followDirty(actor: SensorActor, bad: boolean): boolean {
  return dirtyStep(actor.state, actor.plan.judgementAt + JUDGEMENT.dirty, bad);
}

/** Where a calibration of {@linkcode CALIBRATED} starts in the floats. */
export function place(calibration: number): number {
  return calibration * CALIBRATION_FLOATS;
}

/** Without a reading for so long, ms, the sensor is silent: as configured, or as its rhythm says. */
export function silenceMs({ plan, state }: SensorActor): number {
  if (plan.silentAfterMs < NEVER || !plan.judge) return plan.silentAfterMs;
  return silentAfter(state, plan.judgementAt + JUDGEMENT.rhythm);
}

/** How far the warm-up of the budget's rule is, 0..1, and about how long the rest takes, ms; 0 while the rhythm is unknown. */
export function warmUp(state: Float64Array, plan: Plan): { readonly done: number; readonly leftMs: number } {
  const at = plan.judgementAt, budget = state[at + JUDGEMENT.budget];
  const age = ruleAge(state, at + JUDGEMENT.rule), ready = budget > 0 ? readyAge(budget) : READY_UNKNOWN;
  const left = Math.max(0, ready - age);
  return { done: Math.min(1, age / ready), leftMs: left * usualIntervalMs(state, at + JUDGEMENT.rhythm) };
}

/** Readings of a warm-up before the first one has said how long it is. */
const READY_UNKNOWN = readyAge(1);

/** Greatest part of the way to an alarm within a day: what to tell where nothing was flagged. */
function noteClosest(state: Float64Array, at: number, rate: number, limit: number, time: number): void {
  const part = rate < 1 && limit > 0 ? Math.log(rate) / Math.log(limit) : 0;
  if (part < state[at + JUDGEMENT.closest] && time - state[at + JUDGEMENT.closestTime] < CLOSEST_MS) return;
  state[at + JUDGEMENT.closest] = part;
  state[at + JUDGEMENT.closestTime] = time;
}

/**
 * Probability that a normal deviate lies z deviations or more from the mean of the ten before it, in their deviations:
 * both tails of Student's distribution with 9 degrees of freedom (W. S. Gosset, 1908). A prior belief.
 */
function zTail(z: number): number {
  const tangent = z * Math.sqrt(9 / 11) / 3, cos = 1 / Math.sqrt(1 + tangent * tangent), squared = cos * cos;
  const sum = cos * (1 + squared * (2 / 3 + squared * (8 / 15 + squared * 16 / 35)));
  return Math.max(0, 1 - 2 / Math.PI * (Math.atan(tangent) + tangent * cos * sum));
}

function topView(views: Float64Array): number {
  let top = 0;
  for (let v = 1; v < VIEWS.length; v++) if (views[v] > views[top]) top = v;
  return top;
}
