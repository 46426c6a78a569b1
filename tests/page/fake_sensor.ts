/**
 * One sensor of a fake plant: a value for every time, its readings and windows.
 *
 * @module
 */
import type { DriftView, ReadingView, SensorState, SensorView, WindowView } from "../../actors/views.ts";

/** What a sensor measures and how it behaves. */
export interface FakeKind {
  readonly type: string;
  readonly channel: string;
  readonly unit?: string;
  readonly base: number;
  /** Half the difference of day and night. */
  readonly swing: number;
  readonly noise: number;
  readonly low?: number;
  readonly high?: number;
}

/** Version of the shared models that judge. */
const MODEL_VERSION = 3;
const STEP_MS = 2_000;
const WINDOW_MS = 60_000;
/** Past that has readings, ms. */
const READINGS_MS = 4_200_000;
/** Past that has windows, ms. */
const WINDOWS_MS = 26 * 3_600_000;
const DAY_MS = 86_400_000;

/** Of the past before the readings every third value makes a window: there are many. */
const PAST_STEP_MS = 3 * STEP_MS;

/** FNV-1a of a text. */
function hashOf(text: string): number {
  let h = 2166136261;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), 16777619);
  return h;
}

/** A hash of a seed and a number, from 0 to 1: noise that is the same each time. */
function noise(seed: number, n: number): number {
  let h = Math.imul(seed ^ n, 2654435769);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** A sensor with its past. */
export class FakeSensor {
  state: SensorState = "ok";
  stateSince: number;
  warmupLeft = 0;
  drift: DriftView = { status: "steady", index: 0.04 };
  maintenance: SensorView["maintenance"];
  readonly alerts = new Set<string>();
  readonly readings: ReadingView[] = [];
  #windows: WindowView[] | undefined;
  #anomalies = 0;
  #count = 0;
  readonly #seed: number;
  readonly #windowsMs: number;

  constructor(
    readonly name: string,
    readonly place: string,
    readonly kind: FakeKind,
    now: number,
    pastMs = READINGS_MS,
  ) {
    this.#seed = hashOf(name);
    this.#windowsMs = pastMs === READINGS_MS ? WINDOWS_MS : pastMs;
    this.stateSince = now - DAY_MS;
    for (let time = now - pastMs; time <= now; time += STEP_MS) this.read(time, undefined, time / STEP_MS);
  }

  /** Its windows, oldest first; made when they are first asked for. */
  get windows(): WindowView[] {
    if (this.#windows) return this.#windows;
    const last = Math.floor((this.readings.at(-1)?.time ?? 0) / WINDOW_MS) * WINDOW_MS;
    const past = this.#windowsMs, length = Math.floor(past / WINDOW_MS);
    const starts = Array.from({ length }, (_, at) => last - past + at * WINDOW_MS);
    return this.#windows = starts.map((start) => this.#window(start));
  }

  /** Its value at a time, without anomaly. */
  valueAt(time: number): number {
    const { base, swing, noise: sigma } = this.kind;
    const own = noise(this.#seed, 0);
    const day = Math.sin(2 * Math.PI * (time / DAY_MS - 0.3 - own * 0.1));
    const wave = Math.sin(2 * Math.PI * time / (2_400_000 + own * 1_800_000)) * swing * 0.12;
    const n = Math.floor(time / STEP_MS);
    const bell = noise(this.#seed, n) + noise(this.#seed, n + 1e9) + noise(this.#seed, n + 2e9) - 1.5;
    return Math.round((base * (0.96 + own * 0.08) + swing * day + wave + sigma * 2 * bell) * 100) / 100;
  }

  /** Whether it has an anomaly of its own accord then; few do, in runs of one. */
  #oddAt(time: number): boolean {
    return noise(this.#seed, Math.floor(time / STEP_MS) + 5e8) > 0.9975;
  }

  /** Takes a reading of `value`, or of what it measures. */
  read(time: number, value: number | undefined, position: number): ReadingView {
    const { channel, low = -Infinity, high = Infinity, noise: sigma } = this.kind;
    const usual = this.valueAt(time);
    const seen = value ?? (this.#oddAt(time) ? usual + sigma * (noise(this.#seed, time) > 0.4 ? 9 : -9) : usual);
    const flags = [
      ...(seen < low || seen > high ? [{ detector: "limit", channel } as const] : []),
      ...(Math.abs(seen - usual) > 4 * sigma ? [{ detector: "zscore", channel } as const] : []),
    ];
    const unusual = Math.min(1, Math.abs(seen - usual) / (8 * sigma));
    const calm = noise(this.#seed, time + 1);
    const reading: ReadingView = {
      id: `main/${position}/${this.name}`,
      sensor: this.name,
      time,
      values: { [channel]: seen },
      is_anomaly: flags.length > 0,
      flags: unusual > 0.9 ? [...flags, { detector: "forest" }] : flags,
      label: flags.length > 0 ? 1 : 0,
      score: Math.max(unusual, calm * 0.6),
      scores: { surprise: unusual, forest: Math.max(unusual, calm * 0.8), network: calm * 0.9 },
      versions: { forest: MODEL_VERSION, network: MODEL_VERSION },
      rate: flags.length > 0 ? 0.0005 : 1,
      expected: { [channel]: [usual - 3 * sigma, usual + 3 * sigma] },
      ...(flags.length > 0 ? this.#why(seen, usual) : {}),
    };
    this.readings.push(reading);
    this.#count++;
    if (reading.is_anomaly) this.#anomalies++;
    const start = Math.floor(time / WINDOW_MS) * WINDOW_MS;
    if (time === start) this.#windows?.push(this.#window(start - WINDOW_MS));
    return reading;
  }

  /** What is said of an anomalous value. */
  #why(seen: number, usual: number): Pick<ReadingView, "explanation" | "contributions"> {
    const { channel, unit = "", noise: sigma } = this.kind;
    const band = `${(usual - 3 * sigma).toFixed(1)} to ${(usual + 3 * sigma).toFixed(1)} ${unit}`;
    return {
      explanation: `${channel} ${seen} ${unit}, expected ${band}; most unusual is the value`,
      contributions: [{ channel, share: 1, feature: "value", because: "the value lies outside of its band" }],
    };
  }

  /** What the detectors say of the last reading, as the API shows it. */
  #judged({ score, scores, versions, rate, explanation, contributions, expected }: ReadingView): Partial<SensorView> {
    const [low, high] = expected?.[this.kind.channel] ?? [0, 0];
    return {
      ...(this.state === "warming_up" ? { warm_up: { done: 0.35, remaining_ms: 240_000 } } : {}),
      score,
      scores,
      versions,
      rate,
      budget: 1 / 302_400,
      forest_contributions: [
        { feature: `${this.kind.channel} rate`, part: 0.42 },
        { feature: "hour_sin", part: 0.11 },
      ],
      contributions: contributions ?? [],
      explanation: explanation ?? `${this.kind.channel} as expected, ${low.toFixed(1)} to ${high.toFixed(1)}`,
      closest: { part: 0.72, time: this.readings[0].time },
    };
  }

  /** As the API shows it. */
  view(): SensorView {
    const last = this.readings[this.readings.length - 1];
    const values = this.readings.slice(-10).map((reading) => reading.values[this.kind.channel] ?? 0);
    const { mean, std, min, max } = statistics(values);
    const value = values[values.length - 1];
    const angle = 2 * Math.PI * (last.time % DAY_MS) / DAY_MS;
    const { type, channel, unit, low, high } = this.kind;
    return {
      sensor: this.name,
      partition: "main",
      type,
      location: this.place,
      state: this.state,
      state_since: this.stateSince,
      warmup_left: this.warmupLeft,
      last_time: last.time,
      is_anomaly: last.is_anomaly,
      hour_sin: Math.sin(angle),
      hour_cos: Math.cos(angle),
      channels: [{
        channel,
        ...(unit === undefined ? {} : { unit }),
        value,
        rate: (value - (values[values.length - 2] ?? value)) / (STEP_MS / 1000),
        mean,
        std,
        range: max - min,
        count: values.length,
        z: std === 0 ? 0 : (value - mean) / std,
        expected: last.expected?.[channel],
        drift: this.drift,
        ...(low === undefined ? {} : { low }),
        ...(high === undefined ? {} : { high }),
      }],
      readings: this.#count,
      anomalies: this.#anomalies,
      late: 3,
      duplicates: 1,
      conflicts: 0,
      steps_back: 0,
      active_alerts: [...this.alerts],
      impossible: 0,
      ...(this.maintenance === undefined ? {} : { maintenance: this.maintenance }),
      ...this.#judged(last),
    };
  }

  #window(start: number): WindowView {
    const end = start + WINDOW_MS;
    const covered = this.readings.length > 0 && end > this.readings[0].time;
    const read = covered ? this.readings.filter((reading) => reading.time >= start && reading.time < end) : [];
    const values = read.length > 0
      ? read.map((reading) => reading.values[this.kind.channel] ?? 0)
      : Array.from({ length: WINDOW_MS / PAST_STEP_MS }, (_, at) => this.valueAt(start + at * PAST_STEP_MS));
    const anomalies = read.filter((reading) => reading.is_anomaly).length;
    return {
      id: `${this.name}/${WINDOW_MS}/${start}`,
      sensor: this.name,
      type: this.kind.type,
      location: this.place,
      start,
      end,
      length_ms: WINDOW_MS,
      hop_ms: WINDOW_MS,
      revision: 0,
      ...(read.length > 0 ? { score_max: Math.max(...read.map(({ score = 0 }) => score)) } : {}),
      channels: { [this.kind.channel]: { count: values.length, ...statistics(values), anomalies } },
    };
  }
}

function statistics(values: readonly number[]): { mean: number; min: number; max: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, min: Math.min(...values), max: Math.max(...values), std: Math.sqrt(variance) };
}
