/**
 * A sensor actor as a person sees it.
 *
 * @module
 */
import { FEATURE, hourCos, hourSin, lastPlace, rangeOf, ROLLING } from "../../models/features.ts";
import type { ChannelView, FlagView, ReadingView, SensorState, SensorView } from "../views.ts";
import type { SensorActor } from "./actor.ts";
import { alertId } from "./alarm.ts";
import { HISTORY_ROWS, ROW, ROW_HEAD } from "./history.ts";
import { ALARM, HEADER, LIMIT_ALARM, Z_ALARM } from "./layout.ts";

/** The sensor now. */
export function viewSensor(actor: SensorActor): SensorView {
  const { state, plan } = actor;
  const channels: ChannelView[] = [], alerts: string[] = [];
  let warmupLeft = 0;
  plan.channels.forEach((channel, c) => {
    const at = plan.channelAt[c], count = state[at];
    warmupLeft = Math.max(warmupLeft, ROLLING - count);
    const low = plan.low[c], high = plan.high[c], unit = plan.units[c], last = lastPlace(state, at);
    if (last >= 0) {
      channels.push({
        channel,
        ...(unit === undefined ? {} : { unit }),
        value: state[at + FEATURE.values + last],
        rate: state[at + FEATURE.rate],
        mean: state[at + FEATURE.mean],
        std: state[at + FEATURE.std],
        range: rangeOf(state, at),
        count,
        z: state[at + FEATURE.z],
        ...(Number.isFinite(low) ? { low } : {}),
        ...(Number.isFinite(high) ? { high } : {}),
      });
    }
    for (const [condition, offset] of [["limit", LIMIT_ALARM], ["zscore", Z_ALARM]] as const) {
      const position = state[at + offset + ALARM.position];
      if (position >= 0) alerts.push(alertId(actor, condition, channel, position));
    }
  });
  const silent = state[HEADER.silentPosition];
  if (silent >= 0) alerts.push(alertId(actor, "silent", undefined, silent));
  const time = Math.max(0, state[HEADER.greatest]);
  return {
    sensor: actor.name,
    partition: actor.partition,
    ...(plan.type === undefined ? {} : { type: plan.type }),
    ...(actor.location === undefined ? {} : { location: actor.location }),
    ...sensorState(state, warmupLeft),
    warmup_left: warmupLeft,
    last_time: time,
    is_anomaly: state[HEADER.limitMask] + state[HEADER.zMask] > 0,
    hour_sin: hourSin(time),
    hour_cos: hourCos(time),
    channels,
    readings: state[HEADER.readings],
    anomalies: state[HEADER.anomalies],
    late: state[HEADER.late] + state[HEADER.tooLate],
    duplicates: state[HEADER.duplicates],
    conflicts: state[HEADER.conflicts],
    steps_back: state[HEADER.stepsBack],
    active_alerts: alerts,
  };
}

function sensorState(state: Float64Array, warmupLeft: number): { state: SensorState; state_since: number } {
  if (state[HEADER.failedTime] >= 0) return { state: "failed", state_since: state[HEADER.failedTime] };
  if (state[HEADER.silentPosition] >= 0) return { state: "silent", state_since: state[HEADER.greatest] };
  return { state: warmupLeft > 0 ? "warming_up" : "ok", state_since: Math.max(0, state[HEADER.first]) };
}

/** How the sensor is, its anomaly and its active alerts, without the rest of the view. */
export function statusOf(actor: SensorActor): { state: SensorState; isAnomaly: boolean; activeAlerts: number } {
  const { state, plan } = actor;
  let warmupLeft = 0, activeAlerts = state[HEADER.silentPosition] >= 0 ? 1 : 0;
  for (let c = 0; c < plan.channels.length; c++) {
    const at = plan.channelAt[c];
    warmupLeft = Math.max(warmupLeft, ROLLING - state[at]);
    if (state[at + LIMIT_ALARM + ALARM.position] >= 0) activeAlerts++;
    if (state[at + Z_ALARM + ALARM.position] >= 0) activeAlerts++;
  }
  const isAnomaly = state[HEADER.limitMask] + state[HEADER.zMask] > 0;
  return { state: sensorState(state, warmupLeft).state, isAnomaly, activeAlerts };
}

/** The last readings in memory, newest first. */
export function viewReadings(actor: SensorActor): ReadingView[] {
  const { history, state, plan } = actor;
  if (!history) return [];
  const next = state[HEADER.rows], from = Math.max(history.oldest, next - HISTORY_ROWS);
  return viewRows(actor, plan.channels, history.copy(from, next)).reverse();
}

/** Rows of a sensor's history as readings, in their order. */
export function viewRows(
  sensor: { readonly name: string; readonly partition: string },
  channels: readonly string[],
  rows: Float64Array,
): ReadingView[] {
  const width = ROW_HEAD + channels.length, views: ReadingView[] = [];
  for (let at = 0; at + width <= rows.length; at += width) {
    const label = rows[at + ROW.label];
    views.push(viewVerdict(
      sensor,
      channels,
      rows[at + ROW.position],
      rows[at + ROW.time],
      label,
      rows[at + ROW.limitMask],
      rows[at + ROW.zMask],
      rows.subarray(at + ROW_HEAD, at + width),
    ));
  }
  return views;
}

/** One reading and its verdict. */
export function viewVerdict(
  sensor: { readonly name: string; readonly partition: string },
  channels: readonly string[],
  position: number,
  time: number,
  label: number,
  limitMask: number,
  zMask: number,
  numbers: Float64Array,
): ReadingView {
  const values: Record<string, number> = {}, flags: FlagView[] = [];
  channels.forEach((channel, c) => {
    if (!Number.isNaN(numbers[c])) values[channel] = numbers[c];
    if (hasBit(limitMask, c)) flags.push({ detector: "limit", channel });
    if (hasBit(zMask, c)) flags.push({ detector: "zscore", channel });
  });
  return {
    id: [sensor.partition, position, sensor.name].map(encodeURIComponent).join("/"),
    sensor: sensor.name,
    time,
    values,
    ...(label === 0 || label === 1 ? { label } : {}),
    is_anomaly: flags.length > 0,
    flags,
  };
}

function hasBit(mask: number, bit: number): boolean {
  return Math.floor(mask / 2 ** bit) % 2 === 1;
}
