/**
 * Concluding verdicts: the third pass over a batch, when shared models have scored it. Puts a verdict into the sensor's
 * digest, its history and its state.
 *
 * @module
 */
import { AGREEMENT_DOUBLES, agreementCount } from "../../models/agreement.ts";
import { DELAY_DOUBLES, DELAYS_DOUBLES, delayStep } from "../../models/agreement_delay.ts";
import { mixNumbers } from "../../models/hash.ts";
import { READING_LIMITS } from "../reading.ts";
import type { SensorActor } from "./actor.ts";
import { CHUNK_ROWS } from "./history.ts";
import { BIT, CALIBRATED, COMPARED, HEADER, JUDGEMENT } from "./layout.ts";
import type { Outputs } from "./outputs.ts";
import { SAID, VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./verdict.ts";

/** A verdict as it is hashed: its time, a word that says which channels it has, its values, then what was found. */
const hashed = new Float64Array(2 + READING_LIMITS.channels + VERDICT_HEAD);

/** Concludes the verdict at `at`, which is the actor's next one. */
export function conclude(actor: SensorActor, verdict: Float64Array, at: number, out: Outputs): void {
  const { state, plan } = actor, channels = verdict[at + VERDICT.channels];
  let word = 0, length = 2;
  for (let c = 0; c < channels; c++) {
    const value = verdict[at + VERDICT_HEAD + c * VERDICT_CHANNEL + SAID.value];
    if (value !== value) continue;
    word = Math.imul(word, READING_LIMITS.channels + 1) + c + 1 | 0;
    hashed[length++] = value;
  }
  hashed[0] = verdict[at + VERDICT.time];
  hashed[1] = word;
  for (let k = VERDICT.bits; k <= (plan.judge ? VERDICT.logisticVersion : VERDICT.physicalMask); k++) {
    hashed[length++] = verdict[at + k];
  }
  mixNumbers(state, HEADER.verdictHash, hashed, 0, length);
  const row = state[HEADER.rows]++, bits = state[HEADER.bits] = verdict[at + VERDICT.bits];
  state[HEADER.limitMask] = verdict[at + VERDICT.limitMask];
  state[HEADER.zMask] = verdict[at + VERDICT.zMask];
  if (plan.judge && (bits & (BIT.late | BIT.held)) === 0) {
    noteModels(actor, verdict, at);
    compareWithRules(actor, verdict, at);
  }
  writeHistory(actor, row, verdict, at, out);
}

/** What shared models said last: 0 where they said nothing. */
function noteModels({ state, plan: { judgementAt: to } }: SensorActor, verdict: Float64Array, at: number): void {
  const scores = to + JUDGEMENT.scores;
  state[scores + CALIBRATED.forest] = orNothing(verdict[at + VERDICT.forest]);
  state[scores + CALIBRATED.network] = orNothing(verdict[at + VERDICT.network]);
  state[scores + CALIBRATED.logistic] = orNothing(verdict[at + VERDICT.logistic]);
  state[to + JUDGEMENT.forestVersion] = verdict[at + VERDICT.forestVersion];
  state[to + JUDGEMENT.networkVersion] = verdict[at + VERDICT.networkVersion];
  state[to + JUDGEMENT.logisticVersion] = verdict[at + VERDICT.logisticVersion];
}

/** Counts whether each detector and rules flag the same, and how late they are where labels say so. */
function compareWithRules({ state, plan: { judgementAt } }: SensorActor, verdict: Float64Array, at: number): void {
  const bits = verdict[at + VERDICT.bits], label = verdict[at + VERDICT.label], time = verdict[at + VERDICT.time];
  const rules = verdict[at + VERDICT.limitMask] > 0 || (bits & BIT.rate) !== 0;
  const table = judgementAt + JUDGEMENT.agreement;
  for (let k = 0; k <= COMPARED.length; k++) {
    const flag = k < COMPARED.length ? (bits & COMPARED_BITS[k]) !== 0 : rules;
    if (k < COMPARED.length) agreementCount(state, table + k * AGREEMENT_DOUBLES, flag, rules, label);
    const delay = judgementAt + JUDGEMENT.delay + k * DELAY_DOUBLES;
    delayStep(state, delay, state, judgementAt + JUDGEMENT.delays + k * DELAYS_DOUBLES, flag, label, time);
  }
}

const COMPARED_BITS = COMPARED.map((detector) => BIT[detector]);

function orNothing(score: number): number {
  return score === score ? score : 0;
}

/** Writes the row; channels that the sensor has had since are no part of it. */
function writeHistory(actor: SensorActor, number: number, verdict: Float64Array, at: number, out: Outputs): void {
  const channels = verdict[at + VERDICT.channels];
  let { history } = actor;
  if (!history) return;
  if (channels > history.channels) history = actor.history = history.widened(channels, number);
  history.write(number, verdict, at);
  if (!out.wanted.history || (number + 1) % CHUNK_ROWS !== 0) return;
  out.history.push({
    sensor: actor.id,
    chunk: Math.floor(number / CHUNK_ROWS),
    position: verdict[at + VERDICT.position],
    channels: actor.plan.channels.slice(0, channels),
    rows: history.copy(number + 1 - CHUNK_ROWS, number + 1),
  });
}
