/**
 * A sensor's buffers as a whole: how they begin, what becomes of them when their plan changes, and what they say of the
 * sensor.
 *
 * @module
 */
import { FEATURE_LENGTH } from "../../models/features.ts";
import { HEADER, HEADER_LENGTH, JUDGEMENT, NEVER, NONE, SLOT, SLOT_LENGTH } from "./layout.ts";
import type { Plan } from "./plan.ts";

/** New states of the plans met so far, to be copied. */
const EMPTY = new WeakMap<Plan, Float64Array>();

/** A new sensor's state. */
export function emptyState(plan: Plan): Float64Array {
  let empty = EMPTY.get(plan);
  if (!empty) EMPTY.set(plan, empty = makeEmpty(plan));
  return empty.slice();
}

function makeEmpty(plan: Plan): Float64Array {
  const state = new Float64Array(plan.length);
  for (
    const at of [
      HEADER.greatest,
      HEADER.previous,
      HEADER.silentPosition,
      HEADER.silentTime,
      HEADER.failure,
      HEADER.failure + 1,
      HEADER.failedTime,
      HEADER.first,
      HEADER.maintenanceFrom,
      HEADER.maintenanceTo,
      HEADER.retired,
      HEADER.back,
      HEADER.replaced,
      HEADER.replacedReadings,
    ]
  ) state[at] = NONE;
  for (const window of plan.windows) {
    state[window.nextEndAt] = NEVER;
    for (let slot = 0; slot < window.slots; slot++) clearHead(state, window.headAt + slot * SLOT_LENGTH);
    if (window.scoresAt >= 0) state.fill(NONE, window.scoresAt, window.scoresAt + window.slots);
  }
  if (plan.judge) state[plan.judgementAt + JUDGEMENT.rate] = 1;
  return state;
}

/** Marks a window slot as unused. */
function clearHead(state: Float64Array, head: number): void {
  state[head + SLOT.start] = NONE;
  state[head + SLOT.revision] = NONE;
}

/** New floats: all detectors begin with zeros. */
export function emptyFloats(plan: Plan): Float32Array {
  return new Float32Array(plan.floats);
}

/**
 * The state of `old` in the layout of `plan`: more channels, or other windows, or other detectors.
 *
 * Channels keep their order and new ones come behind. Where the windows are laid out otherwise, those that were open
 * begin anew; where other detectors judge, what was learnt does.
 */
export function moveState(old: Float64Array, from: Plan, plan: Plan): Float64Array {
  const state = emptyState(plan);
  state.set(old.subarray(0, HEADER_LENGTH));
  const windows = sameWindows(from, plan), judges = sameJudges(from, plan);
  if (windows) state.set(old.subarray(HEADER_LENGTH, from.judgementAt), HEADER_LENGTH);
  if (judges) {
    state.set(old.subarray(from.judgementAt, from.heldAt + from.channels.length), plan.judgementAt);
    if (windows) keepScores(state, old, from, plan);
    if (from.channels.length !== plan.channels.length) { // the network has other inputs: it begins anew
      state[plan.judgementAt + JUDGEMENT.networkBegun] = state[plan.judgementAt + JUDGEMENT.globalVersion] = 0;
    } else if (from.judge?.network && plan.judge) {
      const { networkAt, network } = from.judge;
      state.set(old.subarray(networkAt, networkAt + network.doubles), plan.judge.networkAt);
    }
  }
  for (let c = 0; c < from.channels.length; c++) {
    const at = from.channelAt[c], to = plan.channelAt[c];
    state.set(old.subarray(at, at + (windows ? from.restAt : FEATURE_LENGTH)), to);
    const end = judges ? from.channelLength : from.restAt;
    state.set(old.subarray(at + from.restAt, at + end), to + plan.restAt);
  }
  return state;
}

/** Greatest scores of windows: `plan` has the same ones, perhaps elsewhere. */
export function keepScores(state: Float64Array, old: Float64Array, from: Plan, plan: Plan): void {
  from.windows.forEach(({ scoresAt, slots }, w) => {
    if (scoresAt >= 0) state.set(old.subarray(scoresAt, scoresAt + slots), plan.windows[w].scoresAt);
  });
}

/** The floats of `old` in the layout of `plan`, likewise. */
export function moveFloats(old: Float32Array, from: Plan, plan: Plan): Float32Array {
  const floats = emptyFloats(plan);
  if (!from.judge || !sameJudges(from, plan)) return floats;
  const whole = from.channels.length === plan.channels.length;
  floats.set(whole ? old : old.subarray(0, from.judge.networkFloatsAt));
  return floats;
}

/** Whether two plans lay out what is learnt alike. */
export function sameJudges(a: Plan, b: Plan): boolean {
  return a.judge?.surprise === b.judge?.surprise;
}

/** Whether two plans lay out windows alike. */
export function sameWindows(a: Plan, b: Plan): boolean {
  return a.restAt === b.restAt && a.windows.length === b.windows.length &&
    a.windows.every((w, i) => w.lengthMs === b.windows[i].lengthMs && w.hopMs === b.windows[i].hopMs);
}

/** Whether the sensor is retired, or under maintenance at this time: then nothing is judged or learnt. */
export function isHeld(state: Float64Array, time: number): boolean {
  return state[HEADER.retired] >= 0 || (time < state[HEADER.maintenanceTo] && time >= state[HEADER.maintenanceFrom]);
}
