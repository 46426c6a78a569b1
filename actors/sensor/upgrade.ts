/**
 * States of snapshots before version 3, brought into today's layout.
 *
 * Then there were rules alone: a shorter header, no judgement, and channels that ended behind their windows and had the
 * alarms of limits and z-scores in them. What is learnt begins anew; features, windows, counts and alerts go on.
 *
 * @module
 */
import { FEATURE_LENGTH } from "../../models/features.ts";
import { keyOf, LIFE, Lives, STATE } from "../alerts/lives.ts";
import { type Condition, CONDITIONS, PRIORITIES } from "../alerts/words.ts";
import { BIT, HEADER, HEADER_LENGTH, NONE } from "./layout.ts";
import { emptyState } from "./state.ts";
import type { Plan } from "./plan.ts";
import { type Shape, shapeOf } from "./packing.ts";

/** Doubles of the header then. */
const OLD_HEADER = 22;
/** Offsets into an alarm of then: which of the last five readings broke the rule; where and when it was raised, and at what. */
const ALARM = { recent: 0, position: 1, time: 2, value: 3, low: 4, high: 5 } as const;
const ALARM_LENGTH = 6;
/** The alarms of a channel, behind its features. */
const ALARMS = ["limit", "zscore"] as const;
const ALARMS_LENGTH = ALARMS.length * ALARM_LENGTH;

/** Where the first channel started then, and how long one was. */
function oldChannels(plan: Plan): { readonly first: number; readonly stride: number } {
  return { first: OLD_HEADER + plan.judgementAt - HEADER_LENGTH, stride: plan.restAt + ALARMS_LENGTH };
}

/** The shape that states had then, of a plan whose windows are those of then. */
export function oldShape(plan: Plan): Shape {
  const { isTime } = shapeOf(plan), { first, stride } = oldChannels(plan);
  const length = first + plan.channels.length * stride;
  const cut = <T extends Float64Array | Uint8Array>(today: T, old: T): T => {
    old.set(today.subarray(0, OLD_HEADER));
    old.set(today.subarray(HEADER_LENGTH, plan.judgementAt), OLD_HEADER);
    plan.channelAt.forEach((at, c) => {
      const to = first + c * stride;
      old.set(today.subarray(at, at + FEATURE_LENGTH), to);
      old.set(today.subarray(at + FEATURE_LENGTH, at + plan.restAt), to + FEATURE_LENGTH + ALARMS_LENGTH);
    });
    return old;
  };
  const empty = cut<Float64Array>(emptyState(plan), new Float64Array(length));
  for (let c = 0; c < plan.channels.length; c++) {
    for (const k of ALARMS.keys()) empty[alarmAt(plan, c, k) + ALARM.position] = NONE;
  }
  return { empty, second: first + stride, stride, isTime: cut<Uint8Array>(isTime, new Uint8Array(length)) };
}

function alarmAt(plan: Plan, channel: number, alarm: number): number {
  const { first, stride } = oldChannels(plan);
  return first + channel * stride + FEATURE_LENGTH + alarm * ALARM_LENGTH;
}

/** Such a state in the layout of the plan. */
export function upgradeState(old: Float64Array, plan: Plan): Float64Array {
  const state = emptyState(plan), { first, stride } = oldChannels(plan);
  state.set(old.subarray(0, OLD_HEADER));
  state.set(old.subarray(OLD_HEADER, first), HEADER_LENGTH);
  plan.channelAt.forEach((at, c) => {
    const from = first + c * stride;
    state.set(old.subarray(from, from + FEATURE_LENGTH), at);
    state.set(old.subarray(from + FEATURE_LENGTH + ALARMS_LENGTH, from + stride), at + FEATURE_LENGTH);
  });
  if (state[HEADER.limitMask] + state[HEADER.zMask] > 0) state[HEADER.bits] = BIT.anomalous;
  return state;
}

/** The alerts of such a state: those that were open stay so, under their ids. */
export function upgradeLives(old: Float64Array, plan: Plan): Lives {
  const lives = new Lives(), time = old[HEADER.greatest];
  for (let c = 0; c < plan.channels.length; c++) {
    ALARMS.forEach((condition, k) => {
      const at = alarmAt(plan, c, k), recent = old[at + ALARM.recent], active = old[at + ALARM.position] >= 0;
      if (!active && recent === 0) return;
      const to = claim(lives, plan, condition, c), { data } = lives;
      data[to + LIFE.recent] = recent;
      data[to + LIFE.brokenSince] = time;
      if (!active) return;
      raise(data, to, old[at + ALARM.position], old[at + ALARM.time]);
      data[to + LIFE.value] = old[at + ALARM.value];
      data[to + LIFE.low] = old[at + ALARM.low];
      data[to + LIFE.high] = old[at + ALARM.high];
      data[to + LIFE.quiet] = recent === 0 ? 5 : 31 - Math.clz32(recent & -recent);
      if (data[to + LIFE.quiet] > 0) data[to + LIFE.quietSince] = time;
    });
  }
  if (old[HEADER.silentPosition] >= 0) {
    const to = claim(lives, plan, "silent", -1);
    raise(lives.data, to, old[HEADER.silentPosition], old[HEADER.silentTime]);
    lives.data[to + LIFE.value] = lives.data[to + LIFE.high] = Number.MAX_VALUE;
    lives.data[to + LIFE.low] = -Number.MAX_VALUE;
  }
  return lives;
}

function claim(lives: Lives, plan: Plan, condition: Condition, channel: number): number {
  const place = CONDITIONS.indexOf(condition), at = lives.claim(keyOf(place, channel));
  lives.data[at + LIFE.priority] = PRIORITIES.indexOf(plan.rules.byCondition[place].priority);
  return at;
}

function raise(data: Float64Array, at: number, position: number, time: number): void {
  data[at + LIFE.state] = STATE.active;
  data[at + LIFE.position] = data[at + LIFE.stepped] = position;
  data[at + LIFE.raised] = data[at + LIFE.told] = data[at + LIFE.before] = time;
}
