/**
 * The reading under way: what is given of it, what rules found of it, and its verdict as it is written down.
 *
 * @module
 */
import { READING_LIMITS } from "../reading.ts";
import type { SensorActor } from "./actor.ts";
import { said } from "./judge.ts";
import { BIT, HEADER, REST } from "./layout.ts";
import type { Outputs } from "./outputs.ts";
import { packSurprise, SAID, VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "./verdict.ts";

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

/** What rules found of the reading under way: channels that each of them flags, as sums of 2^channel, and bits of the verdict. */
export const rules = { limit: 0, z: 0, warning: 0, rate: 0, physical: 0, bits: 0 };

/** Begins a reading: nothing was flagged yet. */
export function clearRules(): void {
  rules.limit =
    rules.z =
    rules.warning =
    rules.rate =
    rules.physical =
    rules.bits =
      0;
}

/** Writes the verdict down as it stands; it is concluded when shared models have scored the batch. */
export function writeDown(
  actor: SensorActor,
  time: number,
  position: number,
  bits: number,
  row: number,
  network: number,
  out: Outputs,
): void {
  const { state, plan } = actor, { channels, values, count, label } = input, width = plan.channels.length;
  if (state[HEADER.readings]++ === state[HEADER.replacedReadings]) bits |= BIT.replaced;
  if ((bits & BIT.anomalous) !== 0) state[HEADER.anomalies]++;
  const { verdicts } = out, at = verdicts.claim(VERDICT_HEAD + width * VERDICT_CHANNEL), to = verdicts.array;
  to[at] = actor.id;
  to[at + VERDICT.position] = position;
  to[at + VERDICT.time] = time;
  to[at + VERDICT.label] = label;
  to[at + VERDICT.plan] = plan.number;
  to[at + VERDICT.channels] = width;
  to[at + VERDICT.bits] = bits;
  to[at + VERDICT.limitMask] = rules.limit;
  to[at + VERDICT.zMask] = rules.z;
  to[at + VERDICT.warningMask] = rules.warning;
  to[at + VERDICT.rateMask] = rules.rate;
  to[at + VERDICT.physicalMask] = rules.physical;
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
