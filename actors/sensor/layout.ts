/**
 * Where everything lies in a sensor's one buffer of doubles, and what sensors of one kind share.
 *
 *     header | window slots: start, revision, next end | channel 0 | channel 1 | ...
 *     channel = rolling features | alarm of each rule | moments of each window slot
 *
 * Everything is a finite double: times are epoch ms, "none" is −1, "never" is the greatest safe integer.
 *
 * @module
 */
import type { Judging, SensorType } from "../config.ts";
import { FEATURE_LENGTH } from "../../models/features.ts";
import { MOMENTS_LENGTH } from "../../models/moments.ts";

/** Offsets into the header. */
export const HEADER = {
  /** Events at positions below this one are in the state already. Set in a snapshot; not part of a digest. */
  applied: 0,
  /** Greatest time of a reading, −1 before the first. */
  greatest: 1,
  /** Time of the reading before, −1 before the first. */
  previous: 2,
  readings: 3,
  anomalies: 4,
  /** Late but inside the allowance. */
  late: 5,
  /** Too late for any window. */
  tooLate: 6,
  duplicates: 7,
  conflicts: 8,
  stepsBack: 9,
  /** Values outside what the quantity can have. */
  impossible: 10,
  /** The rolling hash of all outputs (two lanes). */
  hash: 11,
  /** Position at which silence was noticed, −1 while not silent. */
  silentPosition: 13,
  silentTime: 14,
  /** Rows ever written to the history. */
  rows: 15,
  /** Channels flagged by the last reading, as sums of 2^channel: limits, then z-score. */
  limitMask: 16,
  zMask: 17,
  /** Times of the last two failures, −1 for none; and when it was stopped for failing, −1 while it is not. */
  failure: 18,
  failedTime: 20,
  /** Time of the first reading. */
  first: 21,
} as const;

/** Doubles of the header. */
export const HEADER_LENGTH = 22;

/** Offsets into a window slot's head. */
export const SLOT = { start: 0, revision: 1 } as const;
/** Doubles of a window slot's head. */
export const SLOT_LENGTH = 2;

/** Offsets into the state of one rule's alarm on one channel. */
export const ALARM = {
  /** The last flags, newest in the lowest bit. */
  recent: 0,
  /** Position at which it was raised, −1 while inactive. */
  position: 1,
  time: 2,
  value: 3,
  low: 4,
  high: 5,
} as const;
/** Doubles of an alarm. */
export const ALARM_LENGTH = 6;

/** Offset of the limit rule's alarm in a channel's slice; that of the z-score follows. */
export const LIMIT_ALARM = FEATURE_LENGTH;
/** Offset of the z-score rule's alarm. */
export const Z_ALARM = FEATURE_LENGTH + ALARM_LENGTH;
const MOMENTS_AT = FEATURE_LENGTH + 2 * ALARM_LENGTH;

/** No position, no time. */
export const NONE = -1;
/** A time that never comes. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** One window specification in the layout. */
export interface WindowPlan {
  readonly lengthMs: number;
  readonly hopMs: number;
  /** Windows of it that may be open or correctable at once. */
  readonly slots: number;
  /** Where the time at which the next window is due stands. */
  readonly nextEndAt: number;
  /** Where its slots' heads start. */
  readonly headAt: number;
  /** Where its slots' moments start in a channel's slice. */
  readonly momentsAt: number;
}

/** What sensors of one type with the same channels share. Immutable. */
export interface Plan {
  /** Number of the plan among those of its shard. */
  readonly number: number;
  readonly type?: string;
  readonly channels: readonly string[];
  readonly windows: readonly WindowPlan[];
  readonly latenessMs: number;
  readonly duplicates: Judging["duplicates"];
  /** Limits by channel; infinite where there is none. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** For each channel one behind the other: low, high, and the least and greatest value that the quantity can have. */
  readonly bounds: Float64Array;
  readonly units: readonly (string | undefined)[];
  /** Without a reading for so long (ms) it is silent; NEVER without a rhythm. */
  readonly silentAfterMs: number;
  /** Index of a channel in this plan by its number in the shard's table, −1 for one that the plan lacks. */
  readonly indexOf: Int16Array;
  readonly channelAt: Int32Array;
  readonly channelLength: number;
  /** Doubles of the whole state. */
  readonly length: number;
}

/**
 * Makes the plan of a type and its channels.
 *
 * @param names the shard's table of channels, which holds these; not needed for a plan that only describes a layout
 */
export function makePlan(
  judging: Judging,
  type: string | undefined,
  channels: readonly string[],
  number = 0,
  names: readonly string[] = channels,
): Plan {
  const windows: WindowPlan[] = [];
  let at = HEADER_LENGTH, moments = MOMENTS_AT;
  for (const { lengthMs, hopMs } of judging.windows) {
    // Windows that are not final start in (greatest − lateness − length, greatest]: so many multiples of the hop fit.
    const slots = Math.ceil((lengthMs + judging.latenessMs) / hopMs);
    windows.push({ lengthMs, hopMs, slots, nextEndAt: at, headAt: at + 1, momentsAt: moments });
    at += 1 + slots * SLOT_LENGTH;
    moments += slots * MOMENTS_LENGTH;
  }
  // A type or channel may be called as something that every object has.
  const own = <T>(of: Readonly<Record<string, T>>, name: string) => Object.hasOwn(of, name) ? of[name] : undefined;
  const kind: SensorType | undefined = type === undefined ? undefined : own(judging.types, type);
  const kindOf = (channel: string) => kind && own(kind.channels, channel);
  const bound = (name: "low" | "high" | "physicalLow" | "physicalHigh", open: number) =>
    Float64Array.from(channels, (channel) => kindOf(channel)?.[name] ?? open);
  const bounds = new Float64Array(4 * channels.length);
  const open = [["low", -Infinity], ["high", Infinity], ["physicalLow", -Infinity], [
    "physicalHigh",
    Infinity,
  ]] as const;
  open.forEach(([name, otherwise], k) => bound(name, otherwise).forEach((value, c) => bounds[4 * c + k] = value));
  return {
    number,
    type,
    channels,
    windows,
    latenessMs: judging.latenessMs,
    duplicates: judging.duplicates,
    low: bound("low", -Infinity),
    high: bound("high", Infinity),
    bounds,
    units: channels.map((channel) => kindOf(channel)?.unit),
    silentAfterMs: kind?.silentAfterMs ?? (kind?.intervalMs === undefined ? NEVER : 10 * kind.intervalMs),
    indexOf: Int16Array.from(names, (name) => channels.indexOf(name)),
    channelAt: Int32Array.from(channels, (_, c) => at + c * moments),
    channelLength: moments,
    length: at + channels.length * moments,
  };
}

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
    ]
  ) state[at] = NONE;
  for (const window of plan.windows) {
    state[window.nextEndAt] = NEVER;
    for (let slot = 0; slot < window.slots; slot++) clearHead(state, window.headAt + slot * SLOT_LENGTH);
  }
  for (let c = 0; c < plan.channels.length; c++) clearChannel(state, plan.channelAt[c]);
  return state;
}

/** Marks a window slot as unused. */
export function clearHead(state: Float64Array, head: number): void {
  state[head + SLOT.start] = NONE;
  state[head + SLOT.revision] = NONE;
}

function clearChannel(state: Float64Array, at: number): void {
  state[at + LIMIT_ALARM + ALARM.position] = NONE;
  state[at + Z_ALARM + ALARM.position] = NONE;
}

/**
 * The state of `old` in the layout of `plan`: more channels, or other windows.
 *
 * Channels keep their order and new ones come behind. Where the windows are laid out otherwise, those that were open
 * begin anew.
 */
export function moveState(old: Float64Array, from: Plan, plan: Plan): Float64Array {
  const state = emptyState(plan);
  state.set(old.subarray(0, HEADER_LENGTH));
  const same = sameWindows(from, plan);
  if (same) {
    state.set(old.subarray(HEADER_LENGTH, from.length - from.channels.length * from.channelLength), HEADER_LENGTH);
  }
  const length = same ? plan.channelLength : MOMENTS_AT;
  for (let c = 0; c < from.channels.length; c++) {
    state.set(old.subarray(from.channelAt[c], from.channelAt[c] + length), plan.channelAt[c]);
  }
  return state;
}

/** Whether two plans lay out windows alike. */
export function sameWindows(a: Plan, b: Plan): boolean {
  return a.channelLength === b.channelLength && a.windows.length === b.windows.length &&
    a.windows.every((w, i) => w.lengthMs === b.windows[i].lengthMs && w.hopMs === b.windows[i].hopMs);
}
