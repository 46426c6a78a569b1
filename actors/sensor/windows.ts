/**
 * A sensor's event-time windows: opened by readings, emitted when their end has passed, corrected by late readings.
 *
 * A window's place is its number modulo the slots of its specification. There are as many slots as windows that may not
 * be final yet, so a place is taken again only from a final window.
 *
 * @module
 */
import { clearMoments, MOMENTS_LENGTH } from "../../models/moments.ts";
import { mixNumber, mixNumbers } from "../../models/hash.ts";
import type { SensorActor } from "./actor.ts";
import { HEADER, NEVER, NONE, SLOT, SLOT_LENGTH } from "./layout.ts";
import type { WindowPlan } from "./plan.ts";
import { type Outputs, WINDOW_HEAD, WINDOW_RECORD } from "./outputs.ts";

/** Greatest number of windows that one reading lies in: 8 specifications of 60 hops. */
const MOST = 480;

/** Windows that hold the current reading, found by {@linkcode openSlots} or {@linkcode findSlots}. */
export let slotCount = 0;
/** Offset of each one's moments in a channel's slice. */
export const slotMoments = new Int32Array(MOST);
const slotHeads = new Int32Array(MOST);
const slotSpecs = new Int32Array(MOST);
const slotNumbers = new Int32Array(MOST);

/**
 * The greatest multiple of `hop` up to `time`, as `time - time % hop` but in half the time.
 *
 * Exact for whole numbers below 2^53: where `time` is no multiple, the quotient is at least 1/hop away from the next whole
 * number and its rounding error is less than that.
 */
function beginning(time: number, hop: number): number {
  return Math.floor(time / hop) * hop;
}

/** Finds the windows that hold `time`, opening those that are new. The sensor's time is `time`. */
export function openSlots(actor: SensorActor, time: number): void {
  const { windows } = actor.plan;
  slotCount = 0;
  for (let w = 0; w < windows.length; w++) {
    const { hopMs, lengthMs } = windows[w];
    if (hopMs === lengthMs && useOpenSlot(actor.state, w, windows[w], time)) continue;
    for (let start = beginning(time, hopMs); start > time - lengthMs && start >= 0; start -= hopMs) {
      useSlot(actor, w, start);
    }
  }
}

/** The usual reading of a tumbling window lies in the one that is due next: it is found without a division. */
function useOpenSlot(state: Float64Array, w: number, window: WindowPlan, time: number): boolean {
  const end = state[window.nextEndAt], start = end - window.lengthMs;
  if (time < start || time >= end) return false;
  for (let slot = 0, head = window.headAt; slot < window.slots; slot++, head += SLOT_LENGTH) {
    if (state[head + SLOT.start] !== start) continue;
    noteSlot(w, head, window.momentsAt + slot * MOMENTS_LENGTH, slot);
    return true;
  }
  return false;
}

/** Finds the windows that hold `time` and are not final, opening those that never had a reading. */
export function findSlots(actor: SensorActor, time: number): void {
  const { windows, latenessMs } = actor.plan, watermark = actor.state[HEADER.greatest] - latenessMs;
  slotCount = 0;
  for (let w = 0; w < windows.length; w++) {
    const { hopMs, lengthMs } = windows[w];
    for (let start = beginning(time, hopMs); start > time - lengthMs && start >= 0; start -= hopMs) {
      if (start + lengthMs > watermark) useSlot(actor, w, start);
    }
  }
}

function useSlot(actor: SensorActor, w: number, start: number): void {
  const { state, plan } = actor, window = plan.windows[w];
  const number = start / window.hopMs,
    slot = number - beginning(number, window.slots),
    head = window.headAt + slot * SLOT_LENGTH;
  const moments = window.momentsAt + slot * MOMENTS_LENGTH;
  if (state[head + SLOT.start] !== start) {
    state[head + SLOT.start] = start;
    state[head + SLOT.revision] = NONE;
    if (window.scoresAt >= 0) state[window.scoresAt + slot] = NONE;
    for (let c = 0; c < plan.channels.length; c++) clearMoments(state, plan.channelAt[c] + moments);
    if (start + window.lengthMs < state[window.nextEndAt]) state[window.nextEndAt] = start + window.lengthMs;
  }
  noteSlot(w, head, moments, slot);
}

function noteSlot(w: number, head: number, moments: number, slot: number): void {
  slotMoments[slotCount] = moments;
  slotHeads[slotCount] = head;
  slotSpecs[slotCount] = w;
  slotNumbers[slotCount++] = slot;
}

/** Takes the reading's score into the windows just found: each keeps the greatest. */
export function noteScore({ state, plan: { windows } }: SensorActor, score: number): void {
  for (let k = 0; k < slotCount; k++) {
    const at = windows[slotSpecs[k]].scoresAt + slotNumbers[k];
    if (score > state[at]) state[at] = score;
  }
}

/** After a late reading: emits those of the windows just found that were emitted before, or should have been. */
export function reviseSlots(actor: SensorActor, position: number, out: Outputs): void {
  const { state, plan } = actor;
  for (let k = 0; k < slotCount; k++) {
    const window = plan.windows[slotSpecs[k]], end = state[slotHeads[k] + SLOT.start] + window.lengthMs;
    if (state[slotHeads[k] + SLOT.revision] >= 0 || end <= state[HEADER.greatest]) {
      emit(actor, slotSpecs[k], window, slotNumbers[k], position, out);
    }
  }
  for (const window of plan.windows) findNextEnd(state, window);
}

/** Emits the windows of specification `w` that end at `time` or before and were not emitted yet, earliest first. */
export function closeDue(actor: SensorActor, w: number, time: number, position: number, out: Outputs): void {
  const { state, plan } = actor, window = plan.windows[w];
  for (let end = state[window.nextEndAt]; end <= time && end < NEVER; end = findNextEnd(state, window)) {
    emit(actor, w, window, ((end - window.lengthMs) / window.hopMs) % window.slots, position, out);
  }
}

/** Least end of a window that has readings and was not emitted; kept in the state. */
function findNextEnd(state: Float64Array, window: WindowPlan): number {
  let least = NEVER;
  for (let slot = 0; slot < window.slots; slot++) {
    const head = window.headAt + slot * SLOT_LENGTH, start = state[head + SLOT.start];
    if (start >= 0 && state[head + SLOT.revision] < 0 && start + window.lengthMs < least) {
      least = start + window.lengthMs;
    }
  }
  return state[window.nextEndAt] = least;
}

/** Least end of a window of any specification that waits to be emitted; NEVER if none does. */
export function nextEnd(actor: SensorActor): number {
  const { windows } = actor.plan;
  let least = actor.state[windows[0].nextEndAt];
  for (let w = 1; w < windows.length; w++) least = Math.min(least, actor.state[windows[w].nextEndAt]);
  return least;
}

function emit(
  actor: SensorActor,
  w: number,
  window: WindowPlan,
  slot: number,
  position: number,
  out: Outputs,
): void {
  const { state } = actor;
  state[window.headAt + slot * SLOT_LENGTH + SLOT.revision]++;
  const from = out.windows.length;
  out.window(actor, w, window, slot, position);
  const { array, length } = out.windows;
  mixNumber(state, HEADER.hash, w);
  mixNumber(state, HEADER.hash, array[from + WINDOW_RECORD.start]);
  if (window.scoresAt >= 0) mixNumber(state, HEADER.hash, array[from + WINDOW_RECORD.scoreMax]);
  mixNumbers(state, HEADER.hash, array, from + WINDOW_HEAD, length - from - WINDOW_HEAD);
}
