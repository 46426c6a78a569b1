/**
 * The alarms of a sensor: each rule on each channel, the anomaly under the alert budget, and its states.
 *
 * A rule raises its alarm when 3 of the last 5 readings broke it, and clears it when 5 in a row did not; single spikes
 * are anomalies, not alarms. The budget's rule raises one when it says that an alarm begins, and that is cleared when 30
 * readings in a row were not anomalous. A state lasts as long as it lasts. One alert is open for a sensor, channel and rule.
 *
 * @module
 */
import { driftSince } from "../../models/drift/drift.ts";
import { FEATURE, lastPlace } from "../../models/features.ts";
import { mixNumber } from "../../models/hash.ts";
import type { AlertTransition, Condition, Priority } from "../views.ts";
import { KNEE } from "../../models/budget/combiner.ts";
import { strengthOf } from "../../models/budget/rule.ts";
import { VIEWS } from "../../models/surprise/surprise.ts";
import { flatSince } from "../../models/states/stuck.ts";
import type { SensorActor } from "./actor.ts";
import { type ChannelSaid, contributionsOf, othersOf, sayQuantity, sayVerdict, viewNamed } from "./explain.ts";
import { silenceMs } from "./judge.ts";
import { ALARM, ANOMALY, HEADER, JUDGEMENT, NONE, REST } from "./layout.ts";
import type { Outputs } from "./outputs.ts";

/** Readings looked back at, how many of them raise, and how many quiet ones clear. */
export const ALARM_RULE = { of: 5, raise: 3, clear: 5 } as const;

/** Readings without an anomaly in a row that clear an alarm of the budget. */
export const ANOMALY_CLEAR = 30;
/** Strength from which on an anomaly is of high priority. */
const STRONG = 0.75;

const PRIORITY: Record<Condition, Priority> = {
  limit: "high",
  warning: "low",
  rate: "high",
  zscore: "medium",
  anomaly: "medium",
  silent: "medium",
  stuck: "medium",
  dirty: "low",
  drift: "low",
};
/** What a rule's bounds are, in brackets behind them. */
const WHY: Partial<Record<Condition, string>> = {
  limit: "the configured limit",
  warning: "the configured warning limit",
  rate: "the configured rate of change",
  zscore: "three standard deviations of the last 10",
};
const BITS = Uint8Array.from({ length: 1 << ALARM_RULE.of }, (_, n) => {
  let bits = 0;
  for (; n > 0; n >>= 1) bits += n & 1;
  return bits;
});

/**
 * Moves one rule's alarm on by a reading. May be left out where nothing is broken and `recent` is 0: it stays as it is.
 *
 * @param low lower bound of what was expected when `broken`, infinite where open
 * @param high upper bound, likewise
 */
export function moveAlarm(
  actor: SensorActor,
  condition: Condition,
  channel: number,
  offset: number,
  broken: boolean,
  value: number,
  low: number,
  high: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const { state } = actor, at = actor.plan.channelAt[channel] + offset;
  const recent = (state[at] * 2 + (broken ? 1 : 0)) & ((1 << ALARM_RULE.of) - 1);
  state[at] = recent;
  const active = state[at + ALARM.position] >= 0;
  if (!active && BITS[recent] >= ALARM_RULE.raise && broken) {
    state[at + ALARM.position] = position;
    state[at + ALARM.time] = time;
    state[at + ALARM.value] = value;
    state[at + ALARM.low] = Number.isFinite(low) ? low : -Number.MAX_VALUE;
    state[at + ALARM.high] = Number.isFinite(high) ? high : Number.MAX_VALUE;
    tell(actor, condition, channel, at, "raised", time, position, out);
  } else if (active && recent === 0) {
    tell(actor, condition, channel, at, "cleared", time, position, out);
    state[at + ALARM.position] = NONE;
  }
}

function tell(
  actor: SensorActor,
  condition: Condition,
  channel: number,
  at: number,
  transition: AlertTransition["transition"],
  time: number,
  position: number,
  out: Outputs,
): void {
  const { state, plan } = actor, name = plan.channels[channel], unit = plan.units[channel];
  const bounds = [state[at + ALARM.low], state[at + ALARM.high]].map((b) => Math.abs(b) < Number.MAX_VALUE ? b : null);
  const expected = [bounds[0], bounds[1]] as const, value = state[at + ALARM.value];
  const per = condition === "rate" ? `${unit ?? ""}/s` : unit, quantity = (x: number) => sayQuantity(x, per);
  const between = expected[0] === null
    ? `at most ${quantity(expected[1] ?? 0)}`
    : expected[1] === null
    ? `at least ${quantity(expected[0])}`
    : `${quantity(expected[0])} to ${quantity(expected[1])}`;
  const what = condition === "rate" ? `${name} changes by` : name;
  give(actor, condition, name, state[at + ALARM.position], state[at + ALARM.time], transition, time, position, out, {
    value,
    expected,
    message: `${what} ${quantity(value)}, expected ${between} (${WHY[condition]})`,
  });
}

/**
 * Moves the alarm of the alert budget on by a reading. May be left out while it is not active and none begins.
 *
 * @param began whether the budget's rule says that an alarm begins; one that is active goes on
 * @param anomalous whether the reading is
 * @param rate share of normal readings that are as unusual
 */
export function moveAnomaly(
  actor: SensorActor,
  began: boolean,
  anomalous: boolean,
  rate: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const { state, plan } = actor, at = plan.judgementAt + JUDGEMENT.anomalyAlarm;
  if (state[at + ALARM.position] < 0) {
    if (!began) return;
    beginState(state, at, time, position);
    state[at + ALARM.recent] = 0;
    const all = channelsSaid(actor), [first] = all, known = first.low === first.low;
    const anomaly = plan.judgementAt + JUDGEMENT.anomaly;
    state[anomaly + ANOMALY.rate] = rate;
    state[anomaly + ANOMALY.channel] = plan.channels.indexOf(first.channel);
    state[anomaly + ANOMALY.view] = VIEWS.indexOf(first.view);
    state[anomaly + ANOMALY.others] = othersOf(all);
    state[at + ALARM.value] = first.value;
    state[at + ALARM.low] = known ? first.low : 0;
    state[at + ALARM.high] = known ? first.high : 0;
    state[anomaly + ANOMALY.known] = known ? 1 : 0;
    return tellAnomaly(actor, at, "raised", time, position, out);
  }
  state[at + ALARM.recent] = anomalous ? 0 : state[at + ALARM.recent] + 1;
  if (state[at + ALARM.recent] < ANOMALY_CLEAR) return;
  tellAnomaly(actor, at, "cleared", time, position, out);
  state[at + ALARM.position] = NONE;
}

/** What the last reading said of each channel, the most surprising first. */
export function channelsSaid({ state, plan }: SensorActor): ChannelSaid[] {
  return plan.channels.map((channel, c) => {
    const rest = plan.channelAt[c] + plan.restAt, known = state[rest + REST.known] > 0;
    const last = lastPlace(state, plan.channelAt[c]), unit = plan.units[c];
    return {
      channel,
      ...(unit === undefined ? {} : { unit }),
      value: last < 0 ? NaN : state[plan.channelAt[c] + FEATURE.values + last],
      low: known ? state[rest + REST.low] : NaN,
      high: known ? state[rest + REST.high] : NaN,
      surprise: state[plan.heldAt + c],
      view: viewNamed(state[rest + REST.view]),
    };
  }).sort((a, b) => b.surprise - a.surprise);
}

function tellAnomaly(
  actor: SensorActor,
  at: number,
  transition: AlertTransition["transition"],
  time: number,
  position: number,
  out: Outputs,
): void {
  const { state, plan } = actor, anomaly = plan.judgementAt + JUDGEMENT.anomaly;
  const rate = state[anomaly + ANOMALY.rate], strength = strengthOf(rate), value = state[at + ALARM.value];
  const channel = state[anomaly + ANOMALY.channel], known = state[anomaly + ANOMALY.known] > 0;
  const low = known ? state[at + ALARM.low] : NaN, high = known ? state[at + ALARM.high] : NaN;
  const view = viewNamed(state[anomaly + ANOMALY.view]), unit = plan.units[channel], name = plan.channels[channel];
  const message = sayVerdict(
    { channel: name, ...(unit === undefined ? {} : { unit }), value, low, high, surprise: KNEE, view },
    rate,
    state[anomaly + ANOMALY.others],
  );
  const said = {
    value,
    message,
    strength,
    ...(known ? { expected: [low, high] as const } : {}),
    ...(transition === "raised" ? { contributions: contributionsOf(channelsSaid(actor)) } : {}),
  };
  const { position: raised, time: raisedAt } = ALARM;
  const priority = strength >= STRONG ? "high" : PRIORITY.anomaly;
  give(
    actor,
    "anomaly",
    undefined,
    state[at + raised],
    state[at + raisedAt],
    transition,
    time,
    position,
    out,
    said,
    priority,
  );
}

/** A channel's value has stopped changing, or changes again. */
export function moveStuck(
  actor: SensorActor,
  channel: number,
  stuck: boolean,
  value: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const { state, plan } = actor, rest = plan.channelAt[channel] + plan.restAt, at = rest + REST.stuckAlarm;
  const name = plan.channels[channel];
  if (stuck) {
    beginState(state, at, time, position);
    state[at + ALARM.value] = value;
    state[at + ALARM.low] = flatSince(state, rest + REST.stuck);
  }
  const held = state[at + ALARM.value], since = new Date(state[at + ALARM.low]).toISOString();
  tellState(actor, "stuck", name, at, stuck, time, position, out, {
    value: held,
    message: `${name} has stayed at ${sayQuantity(held, plan.units[channel])} since ${since}, longer than ever before`,
  });
}

/** A channel's values have become others than those it was learnt on, or are so no longer: it was learnt anew. */
export function moveDrift(
  actor: SensorActor,
  channel: number,
  drifted: boolean,
  value: number,
  time: number,
  position: number,
  out: Outputs,
): void {
  const { state, plan } = actor, rest = plan.channelAt[channel] + plan.restAt, at = rest + REST.driftAlarm;
  if (drifted) {
    beginState(state, at, time, position);
    state[at + ALARM.value] = value;
    state[at + ALARM.low] = driftSince(state, rest + REST.drift);
  }
  const name = plan.channels[channel], since = new Date(state[at + ALARM.low]).toISOString();
  tellState(actor, "drift", name, at, drifted, time, position, out, {
    value: state[at + ALARM.value],
    message: `${name} has been distributed otherwise since ${since} than when it was learnt`,
  });
}

/** The sensor has begun to send too much bad data, or does so no longer. */
export function moveDirty(actor: SensorActor, dirty: boolean, time: number, position: number, out: Outputs): void {
  const { state, plan } = actor, at = plan.judgementAt + JUDGEMENT.dirtyAlarm;
  if (dirty) beginState(state, at, time, position);
  tellState(actor, "dirty", undefined, at, dirty, time, position, out, {
    message:
      "more than one reading in ten was impossible, lacked a value, contradicted another one, or came far too late",
  });
}

function beginState(state: Float64Array, at: number, time: number, position: number): void {
  state[at + ALARM.position] = position;
  state[at + ALARM.time] = time;
}

function tellState(
  actor: SensorActor,
  condition: "stuck" | "dirty" | "drift",
  channel: string | undefined,
  at: number,
  begins: boolean,
  time: number,
  position: number,
  out: Outputs,
  said: Pick<AlertTransition, "value" | "message">,
): void {
  const { state } = actor, transition = begins ? "raised" : "cleared";
  give(
    actor,
    condition,
    channel,
    state[at + ALARM.position],
    state[at + ALARM.time],
    transition,
    time,
    position,
    out,
    said,
  );
  if (!begins) state[at + ALARM.position] = NONE;
}

/** Notices that the sensor has said nothing for longer than its rhythm allows. */
export function raiseSilence(actor: SensorActor, time: number, position: number, out: Outputs): void {
  actor.state[HEADER.silentPosition] = position;
  actor.state[HEADER.silentTime] = time;
  tellSilence(actor, "raised", time, position, out);
}

/** The sensor speaks again. */
export function settleSilence(actor: SensorActor, time: number, position: number, out: Outputs): void {
  tellSilence(actor, "cleared", time, position, out);
  actor.state[HEADER.silentPosition] = NONE;
  actor.state[HEADER.silentTime] = NONE;
}

function tellSilence(
  actor: SensorActor,
  transition: AlertTransition["transition"],
  time: number,
  position: number,
  out: Outputs,
): void {
  const { state } = actor;
  give(
    actor,
    "silent",
    undefined,
    state[HEADER.silentPosition],
    state[HEADER.silentTime],
    transition,
    time,
    position,
    out,
    { message: `no reading for more than ${Math.round(silenceMs(actor) / 1000)} s` },
  );
}

function give(
  actor: SensorActor,
  condition: Condition,
  channel: string | undefined,
  raisedPosition: number,
  raisedAt: number,
  transition: AlertTransition["transition"],
  time: number,
  position: number,
  out: Outputs,
  said: Pick<AlertTransition, "value" | "expected" | "message" | "strength" | "contributions">,
  priority: Priority = PRIORITY[condition],
): void {
  const alert = alertId(actor, condition, channel, raisedPosition);
  const { state, plan } = actor;
  mixNumber(state, HEADER.hash, transition === "raised" ? raisedAt : -time);
  out.alerts.push({
    raisedAt,
    transition: {
      id: `${alert}/${transition}`,
      alert,
      transition,
      sensor: actor.name,
      ...(plan.type === undefined ? {} : { type: plan.type }),
      ...(actor.location === undefined ? {} : { location: actor.location }),
      condition,
      ...(channel === undefined ? {} : { channel }),
      priority,
      time,
      partition: actor.partition,
      position,
      ...said,
    },
  });
}

/** The id of an alert: where it was raised, of what. */
export function alertId(
  actor: SensorActor,
  condition: Condition,
  channel: string | undefined,
  raisedPosition: number,
): string {
  const parts = [
    actor.partition,
    String(raisedPosition),
    actor.name,
    condition,
    ...(channel === undefined ? [] : [channel]),
  ];
  return parts.map(encodeURIComponent).join(":");
}
