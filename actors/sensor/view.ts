/**
 * A sensor actor as a person sees it.
 *
 * @module
 */
import { strengthOf } from "../../models/budget/rule.ts";
import { DRIFT, driftAdapted, driftIndex, driftSince, driftStatus } from "../../models/drift/drift.ts";
import { FEATURE, hourCos, hourSin, lastPlace, rangeOf, ROLLING } from "../../models/features.ts";
import { isDirty } from "../../models/states/dirty.ts";
import { flatSince, isStuck } from "../../models/states/stuck.ts";
import type { ChannelView, DriftView, FlagView, ReadingView, SensorState, SensorView } from "../views.ts";
import { DETECTORS, hasFlag, SCORING, type ScoringName, VERSIONED, type VersionedName } from "../detectors.ts";
import type { SensorActor } from "./actor.ts";
import { activeAlerts, channelsSaid, CONDITION, raisedAt } from "./alarm.ts";
import { type ChannelSaid, contributionsOf, inOrder, othersOf, sayVerdict, viewNamed } from "./explain.ts";
import { HISTORY_ROWS, readRow, rowWidth } from "./history.ts";
import { warmUp } from "./judge.ts";
import { BIT, HEADER, JUDGEMENT, NEVER, REST } from "./layout.ts";
import { isHeld } from "./state.ts";
import { SAID, surpriseOf, VERDICT, VERDICT_CHANNEL, VERDICT_HEAD, viewOf } from "./verdict.ts";

/** The sensor now. */
export function viewSensor(actor: SensorActor): SensorView {
  const { state, plan } = actor, status = statusOf(actor);
  const time = Math.max(0, state[HEADER.greatest]);
  return {
    sensor: actor.name,
    partition: actor.partition,
    ...(plan.type === undefined ? {} : { type: plan.type }),
    ...(actor.location === undefined ? {} : { location: actor.location }),
    state: status.state,
    state_since: status.since,
    warmup_left: status.warmupLeft,
    last_time: time,
    is_anomaly: status.isAnomaly,
    hour_sin: hourSin(time),
    hour_cos: hourCos(time),
    channels: plan.channels.flatMap((channel, c) => viewChannel(actor, channel, c) ?? []),
    readings: state[HEADER.readings],
    anomalies: state[HEADER.anomalies],
    impossible: state[HEADER.impossible],
    late: state[HEADER.late] + state[HEADER.tooLate],
    duplicates: state[HEADER.duplicates],
    conflicts: state[HEADER.conflicts],
    steps_back: state[HEADER.stepsBack],
    active_alerts: status.alerts,
    ...(state[HEADER.maintenanceTo] < 0
      ? {}
      : { maintenance: { from: state[HEADER.maintenanceFrom], to: state[HEADER.maintenanceTo] } }),
    ...(state[HEADER.replaced] < 0 ? {} : { replaced_at: state[HEADER.replaced] }),
    ...viewJudgement(actor),
  };
}

function viewChannel({ state, plan }: SensorActor, channel: string, c: number): ChannelView | undefined {
  const at = plan.channelAt[c], last = lastPlace(state, at), rest = at + plan.restAt;
  if (last < 0) return undefined;
  const low = plan.low[c], high = plan.high[c], unit = plan.units[c];
  const stuck = plan.judge !== undefined && isStuck(state, rest + REST.stuck);
  return {
    channel,
    ...(unit === undefined ? {} : { unit }),
    value: state[at + FEATURE.values + last],
    rate: state[at + FEATURE.rate],
    mean: state[at + FEATURE.mean],
    std: state[at + FEATURE.std],
    range: rangeOf(state, at),
    count: state[at],
    z: state[at + FEATURE.z],
    ...(Number.isFinite(low) ? { low } : {}),
    ...(Number.isFinite(high) ? { high } : {}),
    ...(plan.judge && state[rest + REST.known] > 0
      ? { expected: [state[rest + REST.low], state[rest + REST.high]] as const }
      : {}),
    ...(plan.judge ? { surprise: state[rest + REST.surprise] } : {}),
    ...(stuck ? { stuck_since: flatSince(state, rest + REST.stuck) } : {}),
    ...(plan.judge ? { drift: viewDrift(state, rest + REST.drift) } : {}),
  };
}

const DRIFT_NAMES = Object.keys(DRIFT) as (keyof typeof DRIFT)[];

function viewDrift(state: Float64Array, at: number): DriftView {
  const status = DRIFT_NAMES[driftStatus(state, at)], adapted = driftAdapted(state, at);
  return {
    status,
    index: driftIndex(state, at),
    ...(status === "drifted" ? { since: driftSince(state, at) } : {}),
    ...(adapted > 0 ? { adapted_at: adapted } : {}),
  };
}

/** What more than rules says of the last reading. */
function viewJudgement(actor: SensorActor): Partial<SensorView> {
  const { state, plan } = actor, at = plan.judgementAt;
  if (!plan.judge || state[HEADER.greatest] < 0) return {};
  const { done, leftMs } = warmUp(state, plan), rate = state[at + JUDGEMENT.rate], said = channelsSaid(actor);
  const broken = maskedOf(plan.channels, state[HEADER.limitMask]);
  const { network, networkAt } = plan.judge, scores: Partial<Record<ScoringName, number>> = {};
  const versions = {
    forest: state[at + JUDGEMENT.forestVersion],
    network: state[at + JUDGEMENT.networkVersion],
    logistic: state[at + JUDGEMENT.logisticVersion],
  };
  for (const { name, calibration, version } of SCORING) {
    // A sensor's own network speaks before there is a version that it shares.
    const says = version === undefined || (name === "network" && network?.warm(state, networkAt)) ||
      versions[name as VersionedName] > 0;
    if (says) scores[name] = state[at + JUDGEMENT.scores + calibration];
  }
  return {
    ...(done < 1 ? { warm_up: { done, ...(leftMs > 0 ? { remaining_ms: Math.round(leftMs) } : {}) } } : {}),
    score: state[at + JUDGEMENT.score],
    scores,
    versions: present(versions),
    rate,
    budget: state[at + JUDGEMENT.budget],
    contributions: contributionsOf(said),
    explanation: sayVerdict(inOrder(said, broken)[0], rate, othersOf(said), broken),
    closest: { part: state[at + JUDGEMENT.closest], time: state[at + JUDGEMENT.closestTime] },
  };
}

/** Those above 0. */
function present<T extends Readonly<Record<string, number>>>(numbers: T): Partial<T> {
  return Object.fromEntries(Object.entries(numbers).filter(([, number]) => number > 0)) as Partial<T>;
}

/** How a sensor is, apart from the rest of its view. */
export interface Status {
  readonly state: SensorState;
  /** Event time since when it is in that state. */
  readonly since: number;
  readonly isAnomaly: boolean;
  /** Readings still wanted until rolling features are whole. */
  readonly warmupLeft: number;
  /** Ids of the active alerts. */
  readonly alerts: readonly string[];
}

/** How the sensor is, whether its last reading is anomalous, and its active alerts. */
export function statusOf(actor: SensorActor): Status {
  const { state, plan } = actor, alerts = activeAlerts(actor);
  let warmupLeft = 0, stuck = NEVER;
  plan.channels.forEach((_, c) => {
    const at = plan.channelAt[c], rest = at + plan.restAt;
    warmupLeft = Math.max(warmupLeft, ROLLING - state[at]);
    if (plan.judge && isStuck(state, rest + REST.stuck)) {
      stuck = Math.min(stuck, flatSince(state, rest + REST.stuck));
    }
  });
  const isAnomaly = (state[HEADER.bits] & BIT.anomalous) !== 0;
  return { ...sensorState(actor, warmupLeft, stuck), isAnomaly, warmupLeft: Math.max(0, warmupLeft), alerts };
}

/** The gravest state first: one that says nothing, then what it says being worth nothing, then being too young. */
function sensorState(
  actor: SensorActor,
  warmupLeft: number,
  stuck: number,
): { readonly state: SensorState; readonly since: number } {
  const { state, plan } = actor;
  if (state[HEADER.failedTime] >= 0) return { state: "failed", since: state[HEADER.failedTime] };
  if (state[HEADER.retired] >= 0) return { state: "retired", since: state[HEADER.retired] };
  if (isHeld(state, state[HEADER.greatest])) return { state: "maintenance", since: state[HEADER.maintenanceFrom] };
  if (state[HEADER.silentPosition] >= 0) return { state: "silent", since: state[HEADER.greatest] };
  if (stuck < NEVER) return { state: "stuck", since: stuck };
  if (plan.judge && isDirty(state, plan.judgementAt + JUDGEMENT.dirty)) {
    return { state: "dirty", since: raisedAt(actor, CONDITION.dirty) ?? state[HEADER.greatest] };
  }
  const warm = warmupLeft <= 0 && (!plan.judge || warmUp(state, plan).done >= 1);
  return { state: warm ? "ok" : "warming_up", since: Math.max(0, state[HEADER.first]) };
}

/** The last readings in memory, newest first. */
export function viewReadings(actor: SensorActor): ReadingView[] {
  const { history, state, plan } = actor;
  if (!history) return [];
  const next = state[HEADER.rows], from = Math.max(history.oldest, next - HISTORY_ROWS);
  return viewRows(actor, plan.channels.slice(0, history.channels), history.copy(from, next)).reverse();
}

/** Rows of a sensor's history as readings, in their order. */
export function viewRows(
  sensor: { readonly name: string; readonly partition: string },
  channels: readonly string[],
  rows: Float64Array,
): ReadingView[] {
  const width = rowWidth(channels.length), views: ReadingView[] = [];
  const verdict = new Float64Array(VERDICT_HEAD + channels.length * VERDICT_CHANNEL);
  for (let at = 0; at + width <= rows.length; at += width) {
    readRow(rows, at, verdict, channels.length);
    views.push(viewVerdict(sensor, channels, verdict, 0));
  }
  return views;
}

/** One reading and its verdict, as it lies at `at`; see `verdict.ts`. */
export function viewVerdict(
  sensor: { readonly name: string; readonly partition: string },
  channels: readonly string[],
  verdict: Float64Array,
  at: number,
): ReadingView {
  const values: Record<string, number> = {}, expected: Record<string, readonly [number, number]> = {};
  const said: ChannelSaid[] = [];
  channels.forEach((channel, c) => {
    const from = at + VERDICT_HEAD + c * VERDICT_CHANNEL, value = verdict[from + SAID.value];
    const low = verdict[from + SAID.low], high = verdict[from + SAID.high], packed = verdict[from + SAID.surprise];
    if (!Number.isNaN(value)) values[channel] = value;
    if (!Number.isNaN(low)) expected[channel] = [low, high];
    if (!Number.isNaN(packed)) {
      said.push({ channel, value, low, high, surprise: surpriseOf(packed), view: viewNamed(viewOf(packed)) });
    }
  });
  const bits = verdict[at + VERDICT.bits], label = verdict[at + VERDICT.label], rate = verdict[at + VERDICT.rate];
  const anomalous = (bits & BIT.anomalous) !== 0, broken = maskedOf(channels, verdict[at + VERDICT.limitMask]);
  return {
    id: [sensor.partition, verdict[at + VERDICT.position], sensor.name].map(encodeURIComponent).join("/"),
    sensor: sensor.name,
    time: verdict[at + VERDICT.time],
    values,
    ...(label === 0 || label === 1 ? { label } : {}),
    is_anomaly: anomalous,
    ...((bits & BIT.held) !== 0 ? { held: true } : {}),
    ...((bits & BIT.replaced) !== 0 ? { replaced: true } : {}),
    flags: flagsOf(channels, verdict, at),
    ...((bits & BIT.alarm) !== 0 ? { alarm: strengthOf(rate) } : {}),
    ...(said.length > 0
      ? { ...viewScores(verdict, at), rate, expected, ...explained(said, rate, anomalous, broken) }
      : {}),
  };
}

/** The channels of a mask. */
function maskedOf(channels: readonly string[], mask: number): string[] {
  return channels.filter((_, c) => Math.floor(mask / 2 ** c) % 2 === 1);
}

function flagsOf(channels: readonly string[], verdict: Float64Array, at: number): FlagView[] {
  const flags: FlagView[] = [];
  channels.forEach((channel, c) => {
    for (const one of OF_CHANNELS) if (hasFlag(one, verdict, at, c)) flags.push({ detector: one.name, channel });
  });
  for (const one of OF_SENSORS) if (hasFlag(one, verdict, at)) flags.push({ detector: one.name });
  return flags;
}

const OF_CHANNELS = DETECTORS.filter(({ judges }) => judges === "channel");
const OF_SENSORS = DETECTORS.filter(({ judges }) => judges === "sensor");

function viewScores(verdict: Float64Array, at: number): Pick<ReadingView, "score" | "scores" | "versions"> {
  const scores: Partial<Record<ScoringName, number>> = {}, versions: Partial<Record<VersionedName, number>> = {};
  for (const { name, score } of SCORING) if (!Number.isNaN(verdict[at + score])) scores[name] = verdict[at + score];
  for (const { name, version } of VERSIONED) {
    if (verdict[at + version] > 0) versions[name] = verdict[at + version];
  }
  return { score: verdict[at + VERDICT.score], scores, versions };
}

function explained(
  said: ChannelSaid[],
  rate: number,
  anomalous: boolean,
  broken: readonly string[],
): Pick<ReadingView, "explanation" | "contributions"> {
  if (!anomalous) return {};
  said.sort((a, b) => b.surprise - a.surprise);
  return {
    explanation: sayVerdict(inOrder(said, broken)[0], rate, othersOf(said), broken),
    contributions: contributionsOf(said),
  };
}
