/**
 * What sensors of one type with the same channels share: the configuration as the transition wants it, and where their
 * channels and windows lie in the buffers that `layout.ts` draws.
 *
 * @module
 */
import { type Budget, shareOf } from "../../models/budget/budget.ts";
import { FEATURE_LENGTH } from "../../models/features.ts";
import { MOMENTS_LENGTH } from "../../models/moments.ts";
import { CALIBRATION_FLOATS } from "../../models/surprise/calibration.ts";
import { FULL, LIGHT, Surprise } from "../../models/surprise/surprise.ts";
import type { Direction } from "../../models/surprise/two_sided.ts";
import { LocalTime, makeZone } from "../../models/zone.ts";
import { Network, NETWORK_CHANNELS_MOST } from "../../models/network/network.ts";
import type { Judging, SensorType } from "../config.ts";
import { type AlertRules, makeRules } from "../alerts/rules.ts";
import { groupOf } from "../federation/group.ts";
import { CALIBRATIONS, HEADER_LENGTH, JUDGEMENT, NEVER, REST, SLOT_LENGTH } from "./layout.ts";

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
  /** Where its slots' greatest scores start, −1 where there are no scores. */
  readonly scoresAt: number;
}

/** What sensors of one type with the same channels share. Immutable. */
export interface Plan {
  /** Number of the plan among those of its shard. */
  readonly number: number;
  /** Version of the configuration that it is of; 0 for the one that the process was started with. */
  readonly configuration: number;
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
  /** Its share of the plant's budget, where there is one: the stricter of both counts. */
  readonly share?: Budget;
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
  configuration = 0,
): Plan {
  // A type or channel may be called as something that every object has.
  const own = <T>(of: Readonly<Record<string, T>>, name: string) => Object.hasOwn(of, name) ? of[name] : undefined;
  const kind: SensorType | undefined = type === undefined ? undefined : own(judging.types, type);
  const kinds = channels.map((channel) => kind && own(kind.channels, channel));
  const { windows, judged, ...places } = layOut(judging, channels);
  const sorted = Int32Array.from(channels.keys()).sort((a, b) => channels[a] < channels[b] ? -1 : 1);
  return {
    number,
    configuration,
    type,
    channels,
    windows,
    latenessMs: judging.latenessMs,
    duplicates: judging.duplicates,
    ...limitsOf(kinds),
    detectors: judging.detectors,
    deadbands: Float64Array.from(kinds, (of) => of?.deadband ?? 0),
    rules: rulesOf(judging, kind),
    ...(judged ? { judge: { ...judged, ...judgeOf(judging, kind, kinds) } } : {}),
    units: kinds.map((of) => of?.unit),
    silentAfterMs: kind?.silentAfterMs ?? (kind?.intervalMs === undefined ? NEVER : 10 * kind.intervalMs),
    sorted,
    group: groupOf(type, channels, Object.keys(kind?.channels ?? {})),
    indexOf: Int16Array.from(names, (name) => channels.indexOf(name)),
    ...places,
  };
}

/** What lies where in a state: see `layout.ts`. */
type Places = Pick<
  Plan,
  "windows" | "channelAt" | "channelLength" | "restAt" | "judgementAt" | "heldAt" | "length" | "floats"
>;
/** What lies where of a judgement, and the plans of what lies there. */
type JudgedPlaces = Pick<
  JudgePlan,
  "surprise" | "surpriseAt" | "floatsAt" | "network" | "networkAt" | "networkFloatsAt"
>;

function layOut(judging: Judging, channels: readonly string[]): Places & { readonly judged?: JudgedPlaces } {
  const specs: Omit<WindowPlan, "scoresAt">[] = [], { length: count } = channels;
  let at = HEADER_LENGTH, restAt = FEATURE_LENGTH;
  for (const { lengthMs, hopMs } of judging.windows) {
    // Windows that are not final start in (greatest − lateness − length, greatest]: so many multiples of the hop fit.
    const slots = Math.ceil((lengthMs + judging.latenessMs) / hopMs);
    specs.push({ lengthMs, hopMs, slots, nextEndAt: at, headAt: at + 1, momentsAt: restAt });
    at += 1 + slots * SLOT_LENGTH;
    restAt += slots * MOMENTS_LENGTH;
  }
  const judgementAt = at, heldAt = at + JUDGEMENT.length;
  const whole = (windows: WindowPlan[], at: number, channelLength: number, floats: number) => ({
    windows,
    channelAt: Int32Array.from(channels, (_, c) => at + c * channelLength),
    channelLength,
    restAt,
    judgementAt,
    heldAt,
    length: at + count * channelLength,
    floats,
  });
  if (judging.detectors === "rules") return whole(specs.map((spec) => ({ ...spec, scoresAt: -1 })), at, restAt, 0);
  const surprise = SURPRISE[judging.detectors], network = judging.detectors === "full" ? networkOf(count) : undefined;
  let networkAt = heldAt + count;
  const windows = specs.map((spec): WindowPlan => {
    networkAt += spec.slots;
    return { ...spec, scoresAt: networkAt - spec.slots };
  });
  const surpriseAt = restAt + REST.length, first = CALIBRATIONS * CALIBRATION_FLOATS;
  const floatsAt = Int32Array.from(channels, (_, c) => first + c * surprise.floats);
  const networkFloatsAt = first + count * surprise.floats;
  return {
    ...whole(
      windows,
      networkAt + (network?.doubles ?? 0),
      surpriseAt + surprise.doubles,
      networkFloatsAt + (network?.floats ?? 0),
    ),
    judged: { surprise, surpriseAt, floatsAt, ...(network ? { network } : {}), networkAt, networkFloatsAt },
  };
}

/** The network of a sensor with so many channels; undefined where there is none. */
function networkOf(channels: number): Network | undefined {
  const isAny = channels >= 1 && channels <= NETWORK_CHANNELS_MOST;
  return isAny ? NETWORKS[channels] ??= new Network(channels) : undefined;
}

/** What is configured of each channel of a plan; undefined where nothing is. */
type Kinds = readonly (SensorType["channels"][string] | undefined)[];

function limitsOf(kinds: Kinds): Pick<Plan, "low" | "high" | "bounds" | "warnings"> {
  const low = Float64Array.from(kinds, (of) => of?.low ?? -Infinity);
  const high = Float64Array.from(kinds, (of) => of?.high ?? Infinity);
  const bounds = Float64Array.from(
    kinds.flatMap((of, c) => [low[c], high[c], of?.physicalLow ?? -Infinity, of?.physicalHigh ?? Infinity]),
  );
  if (!kinds.some((of) => (of?.warnLow ?? of?.warnHigh ?? of?.rateMost) !== undefined)) return { low, high, bounds };
  const warnings = Float64Array.from(
    kinds.flatMap((of) => [of?.warnLow ?? -Infinity, of?.warnHigh ?? Infinity, of?.rateMost ?? Infinity]),
  );
  return { low, high, bounds, warnings };
}

/** What is configured of judging, of this type and its channels. */
function judgeOf(judging: Judging, kind: SensorType | undefined, kinds: Kinds): Omit<JudgePlan, keyof JudgedPlaces> {
  return {
    local: localTime(kind?.zone ?? judging.zone),
    budget: kind?.budget ?? judging.budget,
    ...(judging.plant ? { share: shareOf(judging.plant) } : {}),
    direction: kinds.map((of) => of?.direction ?? judging.direction),
    leastEffect: Float64Array.from(kinds, (of) => of?.leastEffect ?? 0),
    leastEffectRelative: Float64Array.from(kinds, (of) => of?.leastEffectRelative ?? 0),
    missingIsBad: kind?.missing === "bad",
    driftMs: judging.drift.spanMs,
    driftAlerts: judging.drift.alert,
    alpha: judging.federation.alpha,
    roundMs: judging.federation.everyMs,
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

/** Gives the plans of a configuration, each made once. */
export function planner(
  judging: Judging,
  version = 0,
): (type: string | undefined, channels: readonly string[]) => Plan {
  const plans = new Map<string, Plan>();
  return (type, channels) => {
    const key = JSON.stringify([type ?? null, channels]);
    let plan = plans.get(key);
    if (!plan) plans.set(key, plan = makePlan(judging, type, channels, 0, channels, version));
    return plan;
  };
}
