/**
 * The sensor's transition: what one reading, a tick or the end of the input does to the state, and what comes out.
 *
 * Pure: the same state and input give the same state and outputs, bit for bit. Event time only; see `design.md`, Time.
 *
 * @module
 */
import { FEATURE, lastPlace, placeOfTime, pushValue, replaceValue, zScore } from "../../models/features.ts";
import { mixNumber, mixNumbers } from "../../models/hash.ts";
import { addMoment, replaceMoment } from "../../models/moments.ts";
import { READING_LIMITS, REFUSAL_SAMPLE_LENGTH } from "../reading.ts";
import type { SensorActor } from "./actor.ts";
import { moveAlarm, raiseSilence, settleSilence } from "./alarm.ts";
import { CHUNK_ROWS, ROW, ROW_HEAD } from "./history.ts";
import { HEADER, LIMIT_ALARM, NEVER, Z_ALARM } from "./layout.ts";
import type { Outputs } from "./outputs.ts";
import { VERDICT_HEAD } from "./outputs.ts";
import { closeDue, findSlots, nextEnd, openSlots, reviseSlots, slotCount, slotMoments } from "./windows.ts";

/** Distance in standard deviations beyond which a value is flagged. */
export const Z_LIMIT = 3;

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
  if (state[HEADER.silentPosition] >= 0) settleSilence(actor, time, position, out);
  openSlots(actor, time);
  judgeInOrder(actor, time, time === greatest, position, out);
}

let limitMask = 0, zMask = 0;

/** Features, windows, flags and alarms of a reading that is not late. */
function judgeInOrder(actor: SensorActor, time: number, repeated: boolean, position: number, out: Outputs): void {
  const { plan, state } = actor, { channels, values, count } = input, { channelAt, bounds } = plan;
  let taken = 0;
  limitMask = zMask = 0;
  for (let i = 0; i < count; i++) {
    const c = channels[i], at = channelAt[c], value = values[i];
    if (repeated && isRepeated(actor, at, time, value)) {
      channels[i] = -1;
      continue;
    }
    taken++;
    const z = zScore(state, at, value);
    const overLimit = value < bounds[4 * c] || value > bounds[4 * c + 1], overZ = z > Z_LIMIT || z < -Z_LIMIT;
    if (value < bounds[4 * c + 2] || value > bounds[4 * c + 3]) state[HEADER.impossible]++;
    if (overLimit) limitMask += 2 ** c;
    if (overZ) zMask += 2 ** c;
    const low = overZ ? state[at + FEATURE.mean] - Z_LIMIT * state[at + FEATURE.std] : 0;
    const high = overZ ? state[at + FEATURE.mean] + Z_LIMIT * state[at + FEATURE.std] : 0;
    pushValue(state, at, value, time);
    state[at + FEATURE.z] = z;
    const flagged = overLimit || overZ ? 1 : 0;
    for (let k = 0; k < slotCount; k++) addMoment(state, at + slotMoments[k], value, flagged);
    if (overLimit || state[at + LIMIT_ALARM] !== 0) {
      moveAlarm(actor, "limit", c, LIMIT_ALARM, overLimit, value, plan.low[c], plan.high[c], time, position, out);
    }
    if (overZ || state[at + Z_ALARM] !== 0) {
      moveAlarm(actor, "zscore", c, Z_ALARM, overZ, value, low, high, time, position, out);
    }
    if (overZ && out.wanted.flags) out.flag(actor, c, value, time, position);
  }
  if (taken > 0) conclude(actor, time, position, out);
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
    return giveLate(actor, time, position, out);
  }
  if (count === 0) return;
  findSlots(actor, time);
  const conflicts = state[HEADER.conflicts];
  let taken = 0;
  limitMask = zMask = 0;
  for (let i = 0; i < count; i++) {
    const c = channels[i], at = plan.channelAt[c], value = values[i];
    const place = placeOfTime(state, at, time);
    if (place >= 0 && !correctLate(actor, at, place, value)) {
      channels[i] = -1;
      continue;
    }
    taken++;
    const overLimit = value < plan.low[c] || value > plan.high[c];
    if (overLimit) limitMask += 2 ** c;
    for (let k = 0; k < slotCount; k++) addMoment(state, at + slotMoments[k], value, overLimit ? 1 : 0);
  }
  // What was there already corrects nothing, so nothing is emitted again.
  if (taken > 0 || (plan.duplicates === "last" && state[HEADER.conflicts] > conflicts)) {
    reviseSlots(actor, position, out);
  }
  if (taken === 0) return;
  state[HEADER.late]++;
  conclude(actor, time, position, out);
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

/** A verdict as it is hashed: its time, a word that says which channels it has and whether flags follow, its values, its flags. */
const hashed = new Float64Array(4 + READING_LIMITS.channels);

/** Counts the verdict, hashes it and writes it down. */
function conclude(actor: SensorActor, time: number, position: number, out: Outputs): void {
  const { state } = actor, { channels, values, count, label } = input;
  state[HEADER.readings]++;
  if (limitMask + zMask > 0) state[HEADER.anomalies]++;
  state[HEADER.limitMask] = limitMask;
  state[HEADER.zMask] = zMask;
  let length = 2, word = limitMask + zMask > 0 ? 1 : 0;
  for (let i = 0; i < count; i++) {
    const c = channels[i];
    if (c < 0) continue;
    word = Math.imul(word, READING_LIMITS.channels + 1) + c + 1 | 0;
    hashed[length++] = values[i];
  }
  hashed[0] = time;
  hashed[1] = word;
  if (limitMask + zMask > 0) {
    hashed[length++] = limitMask;
    hashed[length++] = zMask;
  }
  mixNumbers(state, HEADER.hash, hashed, 0, length);
  const row = state[HEADER.rows]++;
  if (actor.history) writeRow(actor, actor.history, row, time, position, out);
  if (!out.wanted.verdicts) return;
  const width = actor.plan.channels.length, { verdicts } = out, at = verdicts.claim(VERDICT_HEAD + width);
  const to = verdicts.array;
  to[at] = actor.id;
  to[at + 1] = position;
  to[at + 2] = time;
  to[at + 3] = label;
  to[at + 4] = limitMask;
  to[at + 5] = zMask;
  to[at + 6] = actor.plan.number;
  to[at + 7] = width;
  to.fill(NaN, at + VERDICT_HEAD, at + VERDICT_HEAD + width);
  for (let i = 0; i < count; i++) if (channels[i] >= 0) to[at + VERDICT_HEAD + channels[i]] = values[i];
}

function writeRow(
  actor: SensorActor,
  history: NonNullable<SensorActor["history"]>,
  number: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const { channels, values, count } = input;
  const rows = history.claim(number), at = history.offset(number), width = actor.plan.channels.length;
  rows[at + ROW.position] = position;
  rows[at + ROW.time] = time;
  rows[at + ROW.label] = input.label;
  rows[at + ROW.limitMask] = limitMask;
  rows[at + ROW.zMask] = zMask;
  for (let c = 0; c < width; c++) rows[at + ROW_HEAD + c] = NaN;
  for (let i = 0; i < count; i++) if (channels[i] >= 0) rows[at + ROW_HEAD + channels[i]] = values[i];
  if (out.wanted.history && (number + 1) % CHUNK_ROWS === 0) {
    out.history.push({
      sensor: actor.id,
      chunk: Math.floor(number / CHUNK_ROWS),
      position,
      channels: actor.plan.channels,
      rows: history.copy(number + 1 - CHUNK_ROWS, number + 1),
    });
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
  if (maySilence(actor) && time >= state[HEADER.greatest] + plan.silentAfterMs) {
    raiseSilence(actor, time, position, out);
  }
  return true;
}

/** The input has ended: every window that is open is emitted. */
export function takeEnd(actor: SensorActor, position: number, out: Outputs): void {
  if (position < actor.state[HEADER.applied]) return;
  for (let w = 0; w < actor.plan.windows.length; w++) closeDue(actor, w, NEVER, position, out);
}

/** Whether the sensor was heard, has a rhythm, and was not noticed to be silent yet. */
function maySilence({ state, plan }: SensorActor): boolean {
  return state[HEADER.greatest] >= 0 && state[HEADER.silentPosition] < 0 && plan.silentAfterMs < NEVER;
}

/** The least tick that would change this sensor; NEVER if none would. */
export function wakeTime(actor: SensorActor): number {
  const { state, plan } = actor;
  let wake = maySilence(actor) ? state[HEADER.greatest] + plan.silentAfterMs : NEVER;
  const end = nextEnd(actor);
  if (end < NEVER && end + plan.latenessMs < wake) wake = end + plan.latenessMs;
  return wake;
}
