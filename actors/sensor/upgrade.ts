/**
 * States of snapshots before version 3, brought into today's layout.
 *
 * Then there were rules alone: a shorter header, no judgement, and channels that ended behind their windows. What is
 * learnt begins anew; features, windows, counts and alarms go on.
 *
 * @module
 */
import { BIT, emptyState, HEADER, HEADER_LENGTH, type Plan } from "./layout.ts";
import { type Shape, shapeOf } from "./packing.ts";

/** Doubles of the header then. */
const OLD_HEADER = 22;

/** The shape that states had then, of a plan whose windows are those of then. */
export function oldShape(plan: Plan): Shape {
  const { isTime } = shapeOf(plan), stride = plan.restAt;
  const first = OLD_HEADER + plan.judgementAt - HEADER_LENGTH, length = first + plan.channels.length * stride;
  const cut = <T extends Float64Array | Uint8Array>(today: T, old: T): T => {
    old.set(today.subarray(0, OLD_HEADER));
    old.set(today.subarray(HEADER_LENGTH, plan.judgementAt), OLD_HEADER);
    plan.channelAt.forEach((at, c) => old.set(today.subarray(at, at + stride), first + c * stride));
    return old;
  };
  return {
    empty: cut<Float64Array>(emptyState(plan), new Float64Array(length)),
    second: first + stride,
    stride,
    isTime: cut<Uint8Array>(isTime, new Uint8Array(length)),
  };
}

/** Such a state in the layout of the plan. */
export function upgradeState(old: Float64Array, plan: Plan): Float64Array {
  const state = emptyState(plan), first = OLD_HEADER + plan.judgementAt - HEADER_LENGTH, stride = plan.restAt;
  state.set(old.subarray(0, OLD_HEADER));
  state.set(old.subarray(OLD_HEADER, first), HEADER_LENGTH);
  plan.channelAt.forEach((at, c) => state.set(old.subarray(first + c * stride, first + (c + 1) * stride), at));
  if (state[HEADER.limitMask] + state[HEADER.zMask] > 0) state[HEADER.bits] = BIT.anomalous;
  return state;
}
