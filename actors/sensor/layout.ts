/**
 * Where everything lies in a sensor's buffers, and what sensors of one kind share.
 *
 *     doubles = header | window slots: start, revision, next end | judgement, held surprises | channel 0 | channel 1 | ...
 *     channel = rolling features | moments of each window slot | the rest of it
 *     floats  = calibrations | channel 0 | channel 1 | ... | network
 *
 * Times, counts, positions and the last ten values are doubles; what detectors learn is mostly floats. Everything is
 * finite: times are epoch ms, "none" is −1, "never" is the greatest safe integer. Where rules alone judge there is no
 * judgement, and there are no floats. Alerts lie apart, in `alerts/lives.ts`: mostly there are none.
 *
 * @module
 */
import type { Budget } from "../../models/budget/budget.ts";
import { AGREEMENT_DOUBLES } from "../../models/agreement.ts";
import { DELAY_DOUBLES, DELAYS_DOUBLES } from "../../models/agreement_delay.ts";
import { RULE_DOUBLES } from "../../models/budget/rule.ts";
import { DRIFT_DOUBLES } from "../../models/drift/drift.ts";
import { FEATURE_LENGTH } from "../../models/features.ts";
import { MOMENTS_LENGTH } from "../../models/moments.ts";
import { CALIBRATION_FLOATS } from "../../models/surprise/calibration.ts";
import { DIRTY_DOUBLES } from "../../models/states/dirty.ts";
import { RHYTHM_DOUBLES } from "../../models/states/rhythm.ts";
import { STUCK_DOUBLES } from "../../models/states/stuck.ts";
import { FULL, LIGHT, Surprise } from "../../models/surprise/surprise.ts";
import type { Direction } from "../../models/surprise/two_sided.ts";
import { LocalTime, makeZone } from "../../models/zone.ts";
import type { Judging, SensorType } from "../config.ts";
import { type AlertRules, makeRules } from "../alerts/rules.ts";
import { groupOf } from "../federation/group.ts";
import { Network, NETWORK_CHANNELS_MOST } from "../../models/network/network.ts";

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
  /** The rolling hash of all verdicts (two lanes). Apart from the other one: verdicts are concluded once a batch. */
  verdictHash: 22,
  /** What the last verdict says: see {@linkcode BIT}. */
  bits: 24,
  /** Number of the last command that is in the state, 0 for none: they are numbered within their partition. */
  command: 25,
  /** Planned maintenance, from inclusive, to exclusive, −1 for none: readings of it are neither judged nor learnt. */
  maintenanceFrom: 26,
  maintenanceTo: 27,
  /** Since when the sensor is retired, −1 while it is not. */
  retired: 28,
} as const;

/** Doubles of the header. */
export const HEADER_LENGTH = 29;

/** Bits of a verdict. */
export const BIT = {
  /** The reading as a whole is anomalous. */
  anomalous: 1,
  /** It came late: checked against limits alone. */
  late: 2,
  /** An alarm of the alert budget begins. */
  alarm: 4,
  /** The sensor is too young for the alert budget's rule. */
  warming: 8,
  /** Flags of detectors, each at its own setting. */
  surprise: 16,
  forest: 32,
  network: 64,
  logistic: 128,
  /** Rules beside limits and z-score that some channel broke. */
  warning: 256,
  rate: 512,
  physical: 1024,
  /** States in which the reading came. */
  stuck: 2048,
  dirty: 4096,
  /** The rule of the alert budget calls it anomalous. */
  budget: 16384,
  /** It came while the sensor was retired or under maintenance: not judged. */
  held: 8192,
} as const;

/** Offsets into a window slot's head. */
export const SLOT = { start: 0, revision: 1 } as const;
/** Doubles of a window slot's head. */
export const SLOT_LENGTH = 2;

/** Detectors that are compared with rules, and their flags. */
export const COMPARED = ["forest", "network", "surprise", "logistic"] as const;

/** The rest of a channel, from its `restAt` on, where more than rules judges. */
export const REST = layOut({
  stuck: STUCK_DOUBLES,
  /** Surprise of the last reading, 0 to 10, and the number of the view that was most surprised. */
  surprise: 1,
  view: 1,
  /** Band of the last reading; `known` is 1 if there was one, else the others are 0. */
  known: 1,
  expected: 1,
  low: 1,
  high: 1,
  /** How its values of lately differ from those it was learnt on. */
  drift: DRIFT_DOUBLES,
});

/** What is known of a sensor as a whole, from `judgementAt` on; the held surprises of its channels follow. */
export const JUDGEMENT = layOut({
  rhythm: RHYTHM_DOUBLES,
  dirty: DIRTY_DOUBLES,
  /** The budget's rule. */
  rule: RULE_DOUBLES,
  /** Of the last reading: its rate among normal ones, the budget that it was judged by, and the combined score. */
  rate: 1,
  budget: 1,
  score: 1,
  /** How near a reading came to an alarm, as a part of it, and when: see `judge.ts`. */
  closest: 1,
  closestTime: 1,
  /** Scores of the last reading, in the order of {@linkcode CALIBRATED}. */
  scores: 5,
  /** Versions of the models that scored it. */
  forestVersion: 1,
  networkVersion: 1,
  logisticVersion: 1,
  /** 1 once the network has begun; the version of the global one that it began from or last came back to; and how the two did on the first reading after that. */
  networkBegun: 1,
  globalVersion: 1,
  validated: 1,
  localLoss: 1,
  globalLoss: 1,
  /** End of the last epoch whose end was noticed. */
  roundSeen: 1,
  /** How often each detector of {@linkcode COMPARED} and rules flag the same reading. */
  agreement: COMPARED.length * AGREEMENT_DOUBLES,
  /** How late each of them, and rules at the end, finds a labelled anomaly: what goes on, and what is finished. */
  delay: (COMPARED.length + 1) * DELAY_DOUBLES,
  delays: (COMPARED.length + 1) * DELAYS_DOUBLES,
});

/** Detectors whose statistic becomes a calibrated score, each sensor by itself, and the place of their calibration. */
export const CALIBRATED = { surprise: 0, zscore: 1, forest: 2, network: 3, logistic: 4 } as const;
const CALIBRATIONS = 5;

/** Parts one behind the other: where each starts, and how long all are. */
function layOut<T extends Readonly<Record<string, number>>>(
  lengths: T,
): { readonly [K in keyof T]: number } & { readonly length: number } {
  let at = 0;
  const offsets = Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, (at += length) - length]));
  return { ...offsets, length: at } as { readonly [K in keyof T]: number } & { readonly length: number };
}

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
  /** Likewise: warning limits, greatest change per second; infinite where open. Undefined where no channel has any. */
  readonly warnings?: Float64Array;
  /** How far inside its limits each channel's value must be to be back, in its unit. */
  readonly deadbands: Float64Array;
  /** When its conditions raise and clear alerts. */
  readonly rules: AlertRules;
  readonly detectors: Judging["detectors"];
  /** What more than rules is judged by; absent where rules alone judge. */
  readonly judge?: JudgePlan;
  readonly units: readonly (string | undefined)[];
  /** Without a reading for so long (ms) it is silent; NEVER without a rhythm. */
  readonly silentAfterMs: number;
  /** Indices of the channels in order of their names: the order in which shared models see them. */
  readonly sorted: Int32Array;
  /** Sensors of the same name share models: the type, with its channels where they are not those declared. */
  readonly group: string;
  /** Index of a channel in this plan by its number in the shard's table, −1 for one that the plan lacks. */
  readonly indexOf: Int16Array;
  readonly channelAt: Int32Array;
  readonly channelLength: number;
  /** Where {@linkcode REST} starts in a channel's slice. */
  readonly restAt: number;
  /** Where {@linkcode JUDGEMENT} starts, and the held surprises behind it. */
  readonly judgementAt: number;
  readonly heldAt: number;
  /** Doubles and floats of the whole state. */
  readonly length: number;
  readonly floats: number;
}

/** What sensors of a plan are judged by beside rules. */
export interface JudgePlan {
  readonly surprise: Surprise;
  readonly local: LocalTime;
  readonly budget: Budget;
  /** By channel. */
  readonly direction: readonly Direction[];
  readonly leastEffect: Float64Array;
  readonly leastEffectRelative: Float64Array;
  /** Whether a reading that lacks one of the channels is bad data. */
  readonly missingIsBad: boolean;
  /** What drift looks back on, ms, and whether it is told. */
  readonly driftMs: number;
  readonly driftAlerts: boolean;
  /** Where a channel's surprise lies: in doubles behind {@linkcode REST}, in floats. */
  readonly surpriseAt: number;
  readonly floatsAt: Int32Array;
  /** The network, and where it lies in doubles and floats; absent in a light judgement and without channels. */
  readonly network?: Network;
  readonly networkAt: number;
  readonly networkFloatsAt: number;
  /** Share of the global network that a sensor takes over after a round. */
  readonly alpha: number;
  /** Length of an epoch of networks, ms. */
  readonly roundMs: number;
}

/** Plans of networks by their number of channels. */
const NETWORKS: Network[] = [];

/** Plans of the surprise, shared by all sensors. */
const SURPRISE = { full: new Surprise(FULL), light: new Surprise(LIGHT) } as const;

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
  let at = HEADER_LENGTH, moments = FEATURE_LENGTH;
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
  const kinds = channels.map((channel) => kind && own(kind.channels, channel));
  const low = Float64Array.from(kinds, (of) => of?.low ?? -Infinity);
  const high = Float64Array.from(kinds, (of) => of?.high ?? Infinity);
  const bounds = Float64Array.from(
    kinds.flatMap((of, c) => [low[c], high[c], of?.physicalLow ?? -Infinity, of?.physicalHigh ?? Infinity]),
  );
  const warns = kinds.some((of) => (of?.warnLow ?? of?.warnHigh ?? of?.rateMost) !== undefined);
  const warnings = Float64Array.from(
    kinds.flatMap((of) => [of?.warnLow ?? -Infinity, of?.warnHigh ?? Infinity, of?.rateMost ?? Infinity]),
  );
  const judgementAt = at, restAt = moments, judged = judging.detectors !== "rules";
  const heldAt = at + JUDGEMENT.length, surpriseAt = restAt + REST.length;
  const surprise = judging.detectors === "light" ? SURPRISE.light : SURPRISE.full;
  const most = channels.length >= 1 && channels.length <= NETWORK_CHANNELS_MOST;
  const network = judging.detectors === "full" && most
    ? NETWORKS[channels.length] ??= new Network(channels.length)
    : undefined;
  const networkAt = heldAt + channels.length;
  if (judged) at = networkAt + (network?.doubles ?? 0);
  const stride = judged ? surpriseAt + surprise.doubles : restAt;
  const floatsAt = Int32Array.from(channels, (_, c) => CALIBRATIONS * CALIBRATION_FLOATS + c * surprise.floats);
  const sorted = Int32Array.from(channels.keys()).sort((a, b) => channels[a] < channels[b] ? -1 : 1);
  const networkFloatsAt = CALIBRATIONS * CALIBRATION_FLOATS + channels.length * surprise.floats;
  const local = localTime(kind?.zone ?? judging.zone);
  return {
    number,
    type,
    channels,
    windows,
    latenessMs: judging.latenessMs,
    duplicates: judging.duplicates,
    low,
    high,
    bounds,
    detectors: judging.detectors,
    ...(warns ? { warnings } : {}),
    deadbands: Float64Array.from(kinds, (of) => of?.deadband ?? 0),
    rules: rulesOf(judging, kind),
    ...(judged
      ? {
        judge: {
          surprise,
          local,
          budget: kind?.budget ?? judging.budget,
          direction: kinds.map((of) => of?.direction ?? judging.direction),
          leastEffect: Float64Array.from(kinds, (of) => of?.leastEffect ?? 0),
          leastEffectRelative: Float64Array.from(kinds, (of) => of?.leastEffectRelative ?? 0),
          missingIsBad: kind?.missing === "bad",
          driftMs: judging.drift.spanMs,
          driftAlerts: judging.drift.alert,
          surpriseAt,
          floatsAt,
          ...(network ? { network } : {}),
          networkAt,
          networkFloatsAt,
          alpha: judging.federation.alpha,
          roundMs: judging.federation.everyMs,
        },
      }
      : {}),
    units: kinds.map((of) => of?.unit),
    silentAfterMs: kind?.silentAfterMs ?? (kind?.intervalMs === undefined ? NEVER : 10 * kind.intervalMs),
    sorted,
    group: groupOf(type, channels, Object.keys(kind?.channels ?? {})),
    indexOf: Int16Array.from(names, (name) => channels.indexOf(name)),
    channelAt: Int32Array.from(channels, (_, c) => at + c * stride),
    channelLength: stride,
    restAt,
    judgementAt,
    heldAt,
    length: at + channels.length * stride,
    floats: judged ? networkFloatsAt + (network?.floats ?? 0) : 0,
  };
}

const RULES = new WeakMap<Judging["alerts"], Map<SensorType["alerts"], AlertRules>>();

/** Rules of alerts, shared by all plans of a type. */
function rulesOf({ alerts }: Judging, kind: SensorType | undefined): AlertRules {
  let known = RULES.get(alerts);
  if (!known) RULES.set(alerts, known = new Map());
  let rules = known.get(kind?.alerts);
  if (!rules) known.set(kind?.alerts, rules = makeRules(alerts, kind?.alerts));
  return rules;
}

const LOCAL_TIMES = new Map<string, LocalTime>();

/** Local times of a zone, shared: what it has found out holds for all. */
function localTime(name: string): LocalTime {
  let local = LOCAL_TIMES.get(name);
  if (!local) {
    const zone = makeZone(name);
    if (!zone) throw new RangeError(`there is no zone ${name}`); // the configuration was checked
    LOCAL_TIMES.set(name, local = new LocalTime(zone));
  }
  return local;
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
      HEADER.maintenanceFrom,
      HEADER.maintenanceTo,
      HEADER.retired,
    ]
  ) state[at] = NONE;
  for (const window of plan.windows) {
    state[window.nextEndAt] = NEVER;
    for (let slot = 0; slot < window.slots; slot++) clearHead(state, window.headAt + slot * SLOT_LENGTH);
  }
  if (plan.judge) state[plan.judgementAt + JUDGEMENT.rate] = 1;
  return state;
}

/** Marks a window slot as unused. */
export function clearHead(state: Float64Array, head: number): void {
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
