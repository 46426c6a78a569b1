/**
 * The sensor's transition: what one reading, a tick or the end of the input does to the state, and what comes out.
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
import { alarmsWake, CONDITION, isTended, moveAlarm, moveAnomaly, moveState, tickAlarms } from "./alarm.ts";
import {
  beginReading,
  FLAG_SCORE,
  followDirty,
  followDrift,
  followStuck,
  judgeSensor,
  judgeValue,
  said,
  silenceMs,
} from "./judge.ts";
import { BIT, HEADER, JUDGEMENT, NEVER, NONE, REST } from "./layout.ts";
import { followNetwork } from "./network.ts";
import type { Outputs } from "./outputs.ts";
import { packSurprise, SAID, VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./verdict.ts";
import { closeDue, findSlots, nextEnd, openSlots, reviseSlots, slotCount, slotMoments } from "./windows.ts";

/** Distance in standard deviations beyond which a value is flagged. */
export const Z_LIMIT = 3;

/** Surprise from which on a channel takes part in an anomaly. */
const UNUSUAL = 3;

/** One reading as the transition takes it: filled by the shard, channel by channel. Reused for every reading. */
export const input = {
  /** Values given. */
  count: 0,
  /** Index of each value's channel in the sensor's plan. */
  channels: new Int32Array(READING_LIMITS.channels),
  /** The values, finite. */
  values: new Float64Array(READING_LIMITS.channels),
  /** 0 or 1, −1 for none. */
  label: -1,
};

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

/** Whether the sensor is retired, or under maintenance at this time: then nothing is judged or learnt. */
export function isHeld(state: Float64Array, time: number): boolean {
  return state[HEADER.retired] >= 0 || (time < state[HEADER.maintenanceTo] && time >= state[HEADER.maintenanceFrom]);
}

/** A reading that is not judged: features and windows go on, so that the sensor can be looked at. */
function takeHeld(actor: SensorActor, time: number, repeated: boolean, position: number, out: Outputs): void {
  const { plan, state } = actor, { channels, values, count } = input;
  let taken = 0;
  clearFlags();
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

let limitMask = 0, zMask = 0, warningMask = 0, rateMask = 0, physicalMask = 0, ruleBits = 0;

/** Begins a reading: nothing was flagged yet. */
function clearFlags(): void {
  limitMask =
    zMask =
    warningMask =
    rateMask =
    physicalMask =
    ruleBits =
      0;
}

/** Whether each value of the reading breaks a limit or deviates by more than {@linkcode Z_LIMIT}. */
const flagged = new Uint8Array(READING_LIMITS.channels);

/** Features, windows, flags and alarms of a reading that is not late. */
function judgeInOrder(actor: SensorActor, time: number, repeated: boolean, position: number, out: Outputs): void {
  const { plan, state } = actor, { channels, values, count } = input, { channelAt, judge } = plan;
  const impossible = state[HEADER.impossible], conflicts = state[HEADER.conflicts];
  const local = judge ? judge.local.of(time) : 0;
  let taken = 0;
  clearFlags();
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
  let bits = limitMask > 0 ? BIT.anomalous : 0;
  if (judge) {
    bits = judgeAsWhole(actor, judge, time, position, out);
    const bad = state[HEADER.impossible] > impossible || state[HEADER.conflicts] > conflicts ||
      (judge.missingIsBad && taken < plan.channels.length);
    bits |= followBad(actor, bad, time, position, out);
  } else if (zMask > 0 || (ruleBits & BIT.rate) !== 0) bits = BIT.anomalous;
  addToWindows(actor, bits);
  if (!judge) return writeDown(actor, time, position, bits | ruleBits, -1, NaN, out);
  const row = out.row(actor, time), network = followNetwork(actor, judge, out.rows.array, row);
  if (network > FLAG_SCORE) bits |= BIT.network;
  writeDown(actor, time, position, bits | ruleBits, row, network, out);
}

/** The sensor's judgement, and its alarm under the budget. */
function judgeAsWhole(
  actor: SensorActor,
  judge: Parameters<typeof judgeSensor>[1],
  time: number,
  position: number,
  out: Outputs,
): number {
  const began = judgeSensor(actor, judge, time, limitMask > 0 || (ruleBits & BIT.rate) !== 0);
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
    physicalMask += 2 ** c;
    ruleBits |= BIT.physical;
  }
  if (overLimit) limitMask += 2 ** c;
  if (overZ) zMask += 2 ** c;
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
    warningMask += 2 ** c;
    ruleBits |= BIT.warning;
  }
  if (rushed) {
    rateMask += 2 ** c;
    ruleBits |= BIT.rate;
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
    const counted = judge ? (limitMask > 0 && flagged[i] === 1) || unusual : flagged[i] === 1;
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
  clearFlags();
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
    if (overLimit) limitMask += 2 ** c;
    for (let k = 0; k < slotCount; k++) addMoment(state, at + slotMoments[k], value, overLimit ? 1 : 0);
  }
  // What was there already corrects nothing, so nothing is emitted again.
  if (taken > 0 || (plan.duplicates === "last" && state[HEADER.conflicts] > conflicts)) {
    reviseSlots(actor, position, out);
  }
  if (taken === 0) return;
  state[HEADER.late]++;
  const bits = BIT.late | (limitMask > 0 ? BIT.anomalous : 0) | (held ? BIT.held : 0);
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

/** Writes the verdict down as it stands; it is concluded when shared models have scored the batch. */
function writeDown(
  actor: SensorActor,
  time: number,
  position: number,
  bits: number,
  row: number,
  network: number,
  out: Outputs,
): void {
  const { state, plan } = actor, { channels, values, count, label } = input, width = plan.channels.length;
  state[HEADER.readings]++;
  if ((bits & BIT.anomalous) !== 0) state[HEADER.anomalies]++;
  const { verdicts } = out, at = verdicts.claim(VERDICT_HEAD + width * VERDICT_CHANNEL), to = verdicts.array;
  to[at] = actor.id;
  to[at + VERDICT.position] = position;
  to[at + VERDICT.time] = time;
  to[at + VERDICT.label] = label;
  to[at + VERDICT.plan] = plan.number;
  to[at + VERDICT.channels] = width;
  to[at + VERDICT.bits] = bits;
  to[at + VERDICT.limitMask] = limitMask;
  to[at + VERDICT.zMask] = zMask;
  to[at + VERDICT.warningMask] = warningMask;
  to[at + VERDICT.rateMask] = rateMask;
  to[at + VERDICT.physicalMask] = physicalMask;
  to[at + VERDICT.rate] = said.rate;
  to[at + VERDICT.score] = said.score;
  to[at + VERDICT.surprise] = said.surprise;
  to[at + VERDICT.zscore] = said.zscore;
  to[at + VERDICT.forest] = to[at + VERDICT.logistic] = NaN;
  to[at + VERDICT.network] = network;
  to[at + VERDICT.forestVersion] = to[at + VERDICT.logisticVersion] = 0;
  to[at + VERDICT.networkVersion] = network === network ? actor.global?.version ?? 0 : 0;
  to[at + VERDICT.row] = row;
  const first = at + VERDICT_HEAD;
  to.fill(NaN, first, first + width * VERDICT_CHANNEL);
  for (let i = 0; i < count; i++) {
    if (channels[i] >= 0) to[first + channels[i] * VERDICT_CHANNEL + SAID.value] = values[i];
  }
  if (plan.judge && (bits & (BIT.late | BIT.held)) === 0) writeSaid(actor, to, first);
}

/** What was said of each channel: its band where it has a value, and its surprise as held. */
function writeSaid({ state, plan }: SensorActor, to: Float64Array, first: number): void {
  for (let c = 0; c < plan.channels.length; c++) {
    const rest = plan.channelAt[c] + plan.restAt, at = first + c * VERDICT_CHANNEL;
    to[at + SAID.surprise] = packSurprise(state[plan.heldAt + c], state[rest + REST.view]);
    if (to[at] !== to[at] || state[rest + REST.known] === 0) continue;
    to[at + SAID.low] = state[rest + REST.low];
    to[at + SAID.high] = state[rest + REST.high];
  }
}

/**
 * Source time has passed `time`: windows whose sensor says nothing more are emitted, silence is noticed.
 *
 * @returns whether anything changed
 */
export function takeTick(actor: SensorActor, time: number, position: number, out: Outputs): boolean {
  const { state, plan } = actor;
  if (position < state[HEADER.applied] || time < wakeTime(actor)) return false;
  for (let w = 0; w < plan.windows.length; w++) {
    if (time - plan.latenessMs >= state[plan.windows[w].nextEndAt]) {
      closeDue(actor, w, time - plan.latenessMs, position, out);
    }
  }
  if (!isHeld(state, time)) {
    if (maySilence(actor) && time >= state[HEADER.greatest] + silenceMs(actor)) {
      state[HEADER.silentPosition] = position;
      state[HEADER.silentTime] = time;
      moveState(actor, CONDITION.silent, -1, true, NaN, time, position, out);
    }
    // Silence first: what a tick finds silent, it does not clear.
    tickAlarms(actor, time, position, out);
  }
  const round = roundEnd(actor);
  if (time >= round) state[plan.judgementAt + JUDGEMENT.roundSeen] = round;
  return true;
}

/** The input has ended: every window that is open is emitted. */
export function takeEnd(actor: SensorActor, position: number, out: Outputs): void {
  if (position < actor.state[HEADER.applied]) return;
  for (let w = 0; w < actor.plan.windows.length; w++) closeDue(actor, w, NEVER, position, out);
}

/** Whether the sensor was heard, has a rhythm, and was not noticed to be silent yet. */
function maySilence(actor: SensorActor): boolean {
  const { state } = actor;
  return state[HEADER.greatest] >= 0 && state[HEADER.silentPosition] < 0 && silenceMs(actor) < NEVER;
}

/** The end of the epoch in which the sensor last learnt, until it was noticed: by then it must be in memory. NEVER without a network. */
function roundEnd({ state, plan }: SensorActor): number {
  const { judge } = plan;
  if (!judge?.network || state[HEADER.greatest] < 0) return NEVER;
  const end = (Math.floor(state[HEADER.greatest] / judge.roundMs) + 1) * judge.roundMs;
  return end > state[plan.judgementAt + JUDGEMENT.roundSeen] ? end : NEVER;
}

/** The least tick that would change this sensor; NEVER if none would. */
export function wakeTime(actor: SensorActor): number {
  const { state, plan } = actor;
  let wake = maySilence(actor) ? state[HEADER.greatest] + silenceMs(actor) : NEVER;
  if (actor.lives) wake = Math.min(wake, alarmsWake(actor));
  if (state[HEADER.retired] >= 0) wake = NEVER;
  else if (wake >= state[HEADER.maintenanceFrom] && wake < state[HEADER.maintenanceTo]) {
    wake = state[HEADER.maintenanceTo];
  }
  const end = nextEnd(actor), round = roundEnd(actor);
  if (round < wake) wake = round;
  if (end < NEVER && end + plan.latenessMs < wake) wake = end + plan.latenessMs;
  return wake;
}
