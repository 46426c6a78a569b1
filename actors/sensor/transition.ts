/**
 * The sensor's transition: what one reading does to the state, and what comes out; `tick.ts` is what a tick does.
 *
 * Pure: the same state and input give the same state and outputs, bit for bit. Event time only; see `design.md`, Time.
 * Verdicts are written down here and concluded once a batch, in `conclude.ts`, when shared models have scored it.
 *
 * @module
 */
import { DRIFT } from "../../models/drift/drift.ts";
import { FEATURE, lastPlace, placeOfTime, pushValue, replaceValue, zScore } from "../../models/features.ts";
import { mixNumber } from "../../models/hash.ts";
import { addMoment, replaceMoment } from "../../models/moments.ts";
import { READING_LIMITS, REFUSAL_SAMPLE_LENGTH } from "../reading.ts";
import type { SensorActor } from "./actor.ts";
import { LEVEL, levelOf } from "../alerts/life.ts";
import { CONDITION, isTended, moveAlarm, moveAnomaly, moveState } from "./alarm.ts";
import {
  beginReading,
  FLAG_SCORE,
  followDirty,
  followDrift,
  followStuck,
  judgeSensor,
  judgeValue,
  said,
} from "./judge.ts";
import { BIT, HEADER, NONE, REST } from "./layout.ts";
import { followNetwork } from "./network.ts";
import type { Outputs } from "./outputs.ts";
import { isHeld } from "./state.ts";
import { closeDue, findSlots, noteScore, openSlots, reviseSlots, slotCount, slotMoments } from "./windows.ts";
import { clearRules, input, rules, writeDown } from "./write_down.ts";

/** Distance in standard deviations beyond which a value is flagged. */
const Z_LIMIT = 3;

/** Surprise from which on a channel takes part in an anomaly. */
const UNUSUAL = 3;

/**
 * Takes the reading in {@linkcode input}.
 *
 * @param time epoch ms, within the limits of a reading
 * @param position in the sensor's partition; one that the state has seen already changes nothing
 */
export function takeReading(actor: SensorActor, time: number, position: number, out: Outputs): void {
  const state = actor.state;
  if (position < state[HEADER.applied]) return;
  if (time < state[HEADER.previous]) state[HEADER.stepsBack]++;
  state[HEADER.previous] = time;
  const greatest = state[HEADER.greatest];
  if (time < greatest) return takeLate(actor, time, position, out);
  if (greatest < 0) state[HEADER.first] = time;
  state[HEADER.greatest] = time;
  const { windows } = actor.plan;
  for (let w = 0; w < windows.length; w++) {
    if (time >= state[windows[w].nextEndAt]) closeDue(actor, w, time, position, out);
  }
  state[HEADER.silentPosition] = state[HEADER.silentTime] = NONE;
  if (isTended(actor, CONDITION.silent)) moveState(actor, CONDITION.silent, -1, false, NaN, time, position, out);
  openSlots(actor, time);
  if (isHeld(state, time)) takeHeld(actor, time, time === greatest, position, out);
  else judgeInOrder(actor, time, time === greatest, position, out);
}

/** A reading that is not judged: features and windows go on, so that the sensor can be looked at. */
function takeHeld(actor: SensorActor, time: number, repeated: boolean, position: number, out: Outputs): void {
  const { plan, state } = actor, { channels, values, count } = input;
  let taken = 0;
  clearRules();
  beginReading(plan.channels.length);
  for (let i = 0; i < count; i++) {
    const at = plan.channelAt[channels[i]];
    flagged[i] = 0;
    if (repeated && isRepeated(actor, at, time, values[i])) {
      channels[i] = -1;
      continue;
    }
    taken++;
    pushValue(state, at, values[i], time);
  }
  if (taken === 0) return;
  addToWindows(actor, 0);
  writeDown(actor, time, position, BIT.held, -1, NaN, out);
}

/** Whether each value of the reading breaks a limit or deviates by more than {@linkcode Z_LIMIT}. */
const flagged = new Uint8Array(READING_LIMITS.channels);

/** Features, windows, flags and alarms of a reading that is not late. */
function judgeInOrder(actor: SensorActor, time: number, repeated: boolean, position: number, out: Outputs): void {
  const { plan, state } = actor, { channels, values, count } = input, { channelAt, judge } = plan;
  const impossible = state[HEADER.impossible], conflicts = state[HEADER.conflicts];
  const local = judge ? judge.local.of(time) : 0;
  let taken = 0;
  clearRules();
  beginReading(plan.channels.length);
  for (let i = 0; i < count; i++) {
    const c = channels[i], at = channelAt[c], value = values[i];
    if (repeated && isRepeated(actor, at, time, value)) {
      channels[i] = -1;
      continue;
    }
    taken++;
    const possible = takeValue(actor, i, time, position, out);
    if (!judge) continue;
    if (possible) {
      judgeValue(actor, judge, c, value, local);
      const drifted = followDrift(actor, judge, c, value, time) === DRIFT.drifted && judge.driftAlerts;
      if (drifted || isTended(actor, CONDITION.drift)) {
        moveState(actor, CONDITION.drift, c, drifted, value, time, position, out);
      }
    }
    const stuck = followStuck(actor, c, value, time);
    if (stuck || isTended(actor, CONDITION.stuck)) {
      moveState(actor, CONDITION.stuck, c, stuck, value, time, position, out);
    }
  }
  if (taken === 0) return;
  let bits = rules.limit > 0 ? BIT.anomalous : 0;
  if (judge) {
    bits = judgeAsWhole(actor, judge, time, position, out);
    const bad = state[HEADER.impossible] > impossible || state[HEADER.conflicts] > conflicts ||
      (judge.missingIsBad && taken < plan.channels.length);
    bits |= followBad(actor, bad, time, position, out);
  } else if (rules.z > 0 || (rules.bits & BIT.rate) !== 0) bits = BIT.anomalous;
  addToWindows(actor, bits);
  if (!judge) return writeDown(actor, time, position, bits | rules.bits, -1, NaN, out);
  noteScore(actor, said.score);
  const row = out.row(actor, time), network = followNetwork(actor, judge, out.rows.array, row);
  if (network > FLAG_SCORE) bits |= BIT.network;
  writeDown(actor, time, position, bits | rules.bits, row, network, out);
}

/** The sensor's judgement, and its alarm under the budget. */
function judgeAsWhole(
  actor: SensorActor,
  judge: Parameters<typeof judgeSensor>[1],
  time: number,
  position: number,
  out: Outputs,
): number {
  const began = judgeSensor(actor, judge, time, rules.limit > 0 || (rules.bits & BIT.rate) !== 0);
  const { bits } = said;
  if (began || isTended(actor, CONDITION.anomaly)) {
    moveAnomaly(actor, began, (bits & BIT.anomalous) !== 0, time, position, out);
  }
  return bits | (said.stuck ? BIT.stuck : 0);
}

/** Notes whether the reading was bad data, and tells when the sensor begins or ends to send too much of it. */
function followBad(actor: SensorActor, bad: boolean, time: number, position: number, out: Outputs): number {
  const dirty = followDirty(actor, bad);
  if (dirty || isTended(actor, CONDITION.dirty)) {
    moveState(actor, CONDITION.dirty, -1, dirty, NaN, time, position, out);
  }
  return dirty ? BIT.dirty : 0;
}

/** Features, rules and their alarms for value `i` of the reading; false if the quantity cannot have it. */
function takeValue(actor: SensorActor, i: number, time: number, position: number, out: Outputs): boolean {
  const { plan, state } = actor, { bounds, warnings } = plan, c = input.channels[i], value = input.values[i];
  const at = plan.channelAt[c], z = zScore(state, at, value);
  const overLimit = value < bounds[4 * c] || value > bounds[4 * c + 1], overZ = z > Z_LIMIT || z < -Z_LIMIT;
  const possible = value >= bounds[4 * c + 2] && value <= bounds[4 * c + 3];
  if (!possible) {
    state[HEADER.impossible]++;
    rules.physical += 2 ** c;
    rules.bits |= BIT.physical;
  }
  if (overLimit) rules.limit += 2 ** c;
  if (overZ) rules.z += 2 ** c;
  if (Math.abs(z) > said.z) said.z = Math.abs(z);
  const low = overZ ? state[at + FEATURE.mean] - Z_LIMIT * state[at + FEATURE.std] : 0;
  const high = overZ ? state[at + FEATURE.mean] + Z_LIMIT * state[at + FEATURE.std] : 0;
  pushValue(state, at, value, time);
  state[at + FEATURE.z] = z;
  flagged[i] = overLimit || overZ ? 1 : 0;
  if (overLimit || isTended(actor, CONDITION.limit)) {
    const level = levelOf(value, plan.low[c], plan.high[c], plan.deadbands[c]);
    moveAlarm(actor, CONDITION.limit, c, level, value, plan.low[c], plan.high[c], time, position, out);
  }
  // Where there is a budget, what deviates is told under it: three deviations of ten values are passed too often.
  const alarming = overZ && !plan.judge;
  if (alarming || isTended(actor, CONDITION.zscore)) {
    const level = alarming ? LEVEL.broken : LEVEL.quiet;
    moveAlarm(actor, CONDITION.zscore, c, level, value, low, high, time, position, out);
  }
  if (warnings) takeWarnings(actor, warnings, c, value, time, position, out);
  if (overZ && out.wanted.flags) out.flag(actor, c, value, time, position);
  return possible;
}

/** Warning limits, and the limit of the rate of change. */
function takeWarnings(
  actor: SensorActor,
  warnings: Float64Array,
  c: number,
  value: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const { plan, state } = actor, at = plan.channelAt[c], low = warnings[3 * c], high = warnings[3 * c + 1];
  const most = warnings[3 * c + 2], rate = state[at + FEATURE.rate];
  const warned = value < low || value > high, rushed = rate > most || rate < -most;
  if (warned) {
    rules.warning += 2 ** c;
    rules.bits |= BIT.warning;
  }
  if (rushed) {
    rules.rate += 2 ** c;
    rules.bits |= BIT.rate;
  }
  if (warned || isTended(actor, CONDITION.warning)) {
    const level = levelOf(value, low, high, plan.deadbands[c]);
    moveAlarm(actor, CONDITION.warning, c, level, value, low, high, time, position, out);
  }
  if (rushed || isTended(actor, CONDITION.rate)) {
    const level = rushed ? LEVEL.broken : LEVEL.quiet;
    moveAlarm(actor, CONDITION.rate, c, level, rate, -most, most, time, position, out);
  }
}

/** Adds the reading's values to its windows; one is counted as flagged where a rule was broken, or the reading is anomalous by it. */
function addToWindows({ state, plan }: SensorActor, bits: number): void {
  const { channels, values, count } = input, { channelAt, restAt, judge } = plan;
  for (let i = 0; i < count; i++) {
    const c = channels[i];
    if (c < 0) continue;
    const at = channelAt[c];
    const unusual = judge && (bits & BIT.anomalous) !== 0 && state[at + restAt + REST.surprise] >= UNUSUAL;
    const counted = judge ? (rules.limit > 0 && flagged[i] === 1) || unusual : flagged[i] === 1;
    for (let k = 0; k < slotCount; k++) addMoment(state, at + slotMoments[k], values[i], counted ? 1 : 0);
  }
}

/** Whether the channel has a value of this very time; counts it, and takes the later one where so configured. */
function isRepeated(actor: SensorActor, at: number, time: number, value: number): boolean {
  const { state, plan } = actor, last = lastPlace(state, at);
  if (last < 0 || state[at + FEATURE.times + last] !== time) return false;
  const old = state[at + FEATURE.values + last];
  if (old === value) {
    state[HEADER.duplicates]++;
    return true;
  }
  state[HEADER.conflicts]++;
  if (plan.duplicates === "keep") return false;
  if (plan.duplicates === "last") {
    replaceValue(state, at, last, value);
    for (let k = 0; k < slotCount; k++) replaceMoment(state, at + slotMoments[k], old, value);
  }
  return true;
}

/** A reading behind its sensor's time: corrects its windows while they are not final, enters no feature. */
function takeLate(actor: SensorActor, time: number, position: number, out: Outputs): void {
  const { plan, state } = actor, { channels, values, count } = input;
  if (time < state[HEADER.greatest] - plan.latenessMs) {
    state[HEADER.tooLate]++;
    mixNumber(state, HEADER.hash, time);
    if (plan.judge && !isHeld(state, time)) followBad(actor, true, time, position, out);
    return giveLate(actor, time, position, out);
  }
  if (count === 0) return;
  findSlots(actor, time);
  const conflicts = state[HEADER.conflicts], held = isHeld(state, time);
  let taken = 0;
  clearRules();
  beginReading(plan.channels.length);
  for (let i = 0; i < count; i++) {
    const c = channels[i], at = plan.channelAt[c], value = values[i];
    const place = placeOfTime(state, at, time);
    if (place >= 0 && !correctLate(actor, at, place, value)) {
      channels[i] = -1;
      continue;
    }
    taken++;
    const overLimit = !held && (value < plan.low[c] || value > plan.high[c]);
    if (overLimit) rules.limit += 2 ** c;
    for (let k = 0; k < slotCount; k++) addMoment(state, at + slotMoments[k], value, overLimit ? 1 : 0);
  }
  // What was there already corrects nothing, so nothing is emitted again.
  if (taken > 0 || (plan.duplicates === "last" && state[HEADER.conflicts] > conflicts)) {
    reviseSlots(actor, position, out);
  }
  if (taken === 0) return;
  state[HEADER.late]++;
  const bits = BIT.late | (rules.limit > 0 ? BIT.anomalous : 0) | (held ? BIT.held : 0);
  writeDown(actor, time, position, bits, -1, NaN, out);
}

/** The late output: a reading that came too late for any window. */
function giveLate(actor: SensorActor, time: number, position: number, out: Outputs): void {
  const { plan, state, partition, name: sensor } = actor, { channels, values, count } = input;
  const named = Array.from({ length: count }, (_, i) => [plan.channels[channels[i]], values[i]]);
  const greatest = new Date(state[HEADER.greatest]).toISOString();
  const message = `the time ${new Date(time).toISOString()} is more than ${plan.latenessMs / 1000} s ` +
    `behind the sensor's last one, ${greatest}`;
  out.quarantine.push({
    id: `${partition}/${position}`,
    partition,
    position,
    reason: "late",
    sensor,
    errors: [{ field: "time", message }],
    sample: JSON.stringify({ sensor, time, values: Object.fromEntries(named) }).slice(0, REFUSAL_SAMPLE_LENGTH),
  });
}

/** A late value for a time that the channel has already; true if it counts as a value of its own. */
function correctLate(actor: SensorActor, at: number, place: number, value: number): boolean {
  const { state, plan } = actor, old = state[at + FEATURE.values + place];
  if (old === value) {
    state[HEADER.duplicates]++;
    return false;
  }
  state[HEADER.conflicts]++;
  if (plan.duplicates === "keep") return true;
  if (plan.duplicates === "last") {
    replaceValue(state, at, place, value);
    for (let k = 0; k < slotCount; k++) replaceMoment(state, at + slotMoments[k], old, value);
  }
  return false;
}
