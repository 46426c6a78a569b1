/**
 * The alarms of a sensor: each rule on each channel, and its silence.
 *
 * A rule raises its alarm when 3 of the last 5 readings broke it, and clears it when 5 in a row did not; single spikes
 * are anomalies, not alarms. One alert is open for a sensor, channel and rule.
 *
 * @module
 */
import { mixNumber } from "../../models/hash.ts";
import type { AlertTransition, Condition, Priority } from "../views.ts";
import type { SensorActor } from "./actor.ts";
import { ALARM, HEADER, NONE } from "./layout.ts";
import type { Outputs } from "./outputs.ts";

/** Readings looked back at, how many of them raise, and how many quiet ones clear. */
export const ALARM_RULE = { of: 5, raise: 3, clear: 5 } as const;

const PRIORITY: Record<Condition, Priority> = { limit: "high", zscore: "medium", silent: "medium" };
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
  const quantity = (x: number) => `${Number(x.toPrecision(5))}${unit ? ` ${unit}` : ""}`;
  const between = expected[0] === null
    ? `at most ${quantity(expected[1] ?? 0)}`
    : expected[1] === null
    ? `at least ${quantity(expected[0])}`
    : `${quantity(expected[0])} to ${quantity(expected[1])}`;
  const why = condition === "limit" ? "the configured limit" : "three standard deviations of the last 10";
  give(actor, condition, name, state[at + ALARM.position], state[at + ALARM.time], transition, time, position, out, {
    value,
    expected,
    message: `${name} ${quantity(value)}, expected ${between} (${why})`,
  });
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
  const { state, plan } = actor;
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
    { message: `no reading for more than ${plan.silentAfterMs / 1000} s` },
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
  said: Pick<AlertTransition, "value" | "expected" | "message">,
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
      priority: PRIORITY[condition],
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
