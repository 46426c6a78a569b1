/**
 * What transitions give out, gathered for a batch: windows, flags and verdicts as doubles, the rare rest as objects.
 *
 * Records of windows and flags lie one behind the other in growing buffers that are handed over whole, so that a reading
 * costs no object.
 *
 * @module
 */
import { deviation, MOMENT } from "../../models/moments.ts";
import { FEATURE, lastPlace, rangeOf } from "../../models/features.ts";
import { CHANNEL_FEATURES, HOUR_FEATURES, writeChannel, writeHour } from "../../models/forest_features.ts";
import type { ShardOutput } from "../batch.ts";
import type { AlertTransition, QuarantineView } from "../views.ts";
import type { SensorActor } from "./actor.ts";
import type { WindowPlan } from "./plan.ts";
import { NONE, SLOT, SLOT_LENGTH } from "./layout.ts";

/** Doubles of a window record before its channels. */
export const WINDOW_HEAD = 9;
/**
 * Offsets into a window record: sensor's id, window specification, start, revision, position, plan, channels, place, and the
 * greatest score of its readings, −1 where none has one.
 */
export const WINDOW_RECORD = {
  sensor: 0,
  spec: 1,
  start: 2,
  revision: 3,
  position: 4,
  plan: 5,
  channels: 6,
  place: 7,
  scoreMax: 8,
} as const;
/** Doubles for each channel of a window record: count, mean, least, greatest, std, flagged. */
export const WINDOW_CHANNEL = 6;

/** Doubles of a flag record: sensor's id, position, time, plan, channel, value, z, rate, mean, std, range. */
export const FLAG_LENGTH = 11;

/** A transition of an alert, with what the stored alert needs beside it. */
export interface AlertOutput {
  readonly transition: AlertTransition;
  readonly raisedAt: number;
}

/** Whole rows of a sensor's history. */
export interface HistoryOutput {
  readonly sensor: number;
  /** Number of the chunk since the sensor's beginning. */
  readonly chunk: number;
  readonly position: number;
  readonly channels: readonly string[];
  readonly rows: Float64Array;
}

/** Which outputs somebody wants. Alerts always come. */
export interface Wanted {
  /** Every verdict, for feeds and sinks. */
  readonly verdicts: boolean;
  /** Every flagged value with its features. */
  readonly flags: boolean;
  /** Chunks of the history. */
  readonly history: boolean;
  /** Windows and flagged values as rows of text, written in the shard; default false. */
  readonly rows?: boolean;
  /** Windows as records; default true. Where rows are all that is wanted of them they need not come. */
  readonly windows?: boolean;
}

/** A buffer of doubles that grows. */
export class Doubles {
  array: Float64Array;
  length = 0;

  constructor(capacity: number) {
    this.array = new Float64Array(capacity);
  }

  /** Makes room for `count` more and returns where they start. */
  claim(count: number): number {
    const at = this.length;
    if (at + count > this.array.length) {
      const grown = new Float64Array(Math.max(2 * this.array.length, at + count));
      grown.set(this.array);
      this.array = grown;
    }
    this.length = at + count;
    return at;
  }

  /** What was written, as a copy of its own; the buffer is empty again. */
  take(): Float64Array {
    const taken = this.array.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}

/** Doubles of a sensor's row of features. */
export function rowLength({ plan: { sorted } }: SensorActor): number {
  return HOUR_FEATURES + sorted.length * CHANNEL_FEATURES;
}

/** Writes the features of a sensor's reading of that time, which is its last one: channels in order of name, NaN where missing. */
export function writeFeatures(actor: SensorActor, time: number, row: Float64Array, at: number): void {
  const { plan: { sorted, channelAt }, state } = actor;
  writeHour(row, at, time);
  for (let k = 0; k < sorted.length; k++) {
    const from = channelAt[sorted[k]], last = lastPlace(state, from);
    const has = last >= 0 && state[from + FEATURE.times + last] === time;
    writeChannel(row, at, k, has ? state[from + FEATURE.values + last] : NaN, state, from);
  }
}

/** The outputs of one shard for one batch. */
export class Outputs {
  readonly windows = new Doubles(1024);
  readonly flags = new Doubles(64);
  /** See `verdict.ts`. */
  readonly verdicts = new Doubles(64);
  /** Rows of features for shared models; they do not leave the shard. */
  readonly rows = new Doubles(64);
  /** Candidates for the samples that shared models are trained from: see `shared_models.ts`. */
  readonly samples = new Doubles(64);
  readonly alerts: AlertOutput[] = [];
  readonly history: HistoryOutput[] = [];
  readonly quarantine: QuarantineView[] = [];
  /** Lengths of all of them at the last mark: an array that is used again, since every sensor of a batch sets one. */
  private readonly marked = [0, 0, 0, 0, 0, 0, 0];

  constructor(readonly wanted: Wanted) {}

  /** Writes down a window as it stands in `slot`. */
  window(actor: SensorActor, spec: number, window: WindowPlan, slot: number, position: number): void {
    const { plan, state } = actor, channels = plan.channels.length;
    const { windows } = this, at = windows.claim(WINDOW_HEAD + channels * WINDOW_CHANNEL), out = windows.array;
    const head = window.headAt + slot * SLOT_LENGTH;
    out[at] = actor.id;
    out[at + WINDOW_RECORD.spec] = spec;
    out[at + WINDOW_RECORD.start] = state[head + SLOT.start];
    out[at + WINDOW_RECORD.revision] = state[head + SLOT.revision];
    out[at + WINDOW_RECORD.position] = position;
    out[at + WINDOW_RECORD.plan] = plan.number;
    out[at + WINDOW_RECORD.channels] = channels;
    out[at + WINDOW_RECORD.place] = actor.place;
    out[at + WINDOW_RECORD.scoreMax] = window.scoresAt < 0 ? NONE : state[window.scoresAt + slot];
    for (let c = 0, to = at + WINDOW_HEAD; c < channels; c++, to += WINDOW_CHANNEL) {
      const from = plan.channelAt[c] + window.momentsAt + slot * 6;
      const count = state[from];
      out[to] = count;
      out[to + 1] = state[from + MOMENT.mean];
      out[to + 2] = state[from + MOMENT.least];
      out[to + 3] = state[from + MOMENT.greatest];
      out[to + 4] = count > 0 ? deviation(state, from) : 0;
      out[to + 5] = state[from + MOMENT.flagged];
    }
  }

  /** Writes down a flagged value with the features after it. */
  flag(actor: SensorActor, channel: number, value: number, time: number, position: number): void {
    const { flags } = this, at = flags.claim(FLAG_LENGTH), out = flags.array, { state } = actor;
    const from = actor.plan.channelAt[channel];
    out[at] = actor.id;
    out[at + 1] = position;
    out[at + 2] = time;
    out[at + 3] = actor.plan.number;
    out[at + 4] = channel;
    out[at + 5] = value;
    out[at + 6] = state[from + FEATURE.z];
    out[at + 7] = state[from + FEATURE.rate];
    out[at + 8] = state[from + FEATURE.mean];
    out[at + 9] = state[from + FEATURE.std];
    out[at + 10] = rangeOf(state, from);
  }

  /** Writes the features of the sensor's last reading as shared models take them; returns where the row starts. */
  row(actor: SensorActor, time: number): number {
    const at = this.rows.claim(rowLength(actor));
    writeFeatures(actor, time, this.rows.array, at);
    return at;
  }

  /** Notes where everything stands now, for {@linkcode rewind}. */
  mark(): void {
    const { marked } = this;
    marked[0] = this.windows.length;
    marked[1] = this.flags.length;
    marked[2] = this.verdicts.length;
    marked[3] = this.alerts.length;
    marked[4] = this.history.length;
    marked[5] = this.quarantine.length;
    marked[6] = this.rows.length;
  }

  /** Takes back what was written since the last {@linkcode mark}. */
  rewind(): void {
    [
      this.windows.length,
      this.flags.length,
      this.verdicts.length,
      this.alerts.length,
      this.history.length,
      this.quarantine.length,
      this.rows.length,
    ] = this.marked;
  }

  /** Everything, in arrays of its own; the outputs are empty again. */
  take(): Pick<ShardOutput, "windows" | "flags" | "verdicts" | "samples" | "alerts" | "history" | "quarantine"> {
    return {
      windows: this.windows.take(),
      flags: this.flags.take(),
      verdicts: this.verdicts.take(),
      samples: this.samples.take(),
      alerts: this.alerts.splice(0),
      history: this.history.splice(0),
      quarantine: this.quarantine.splice(0),
    };
  }
}
