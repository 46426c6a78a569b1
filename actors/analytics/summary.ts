/**
 * Statistics by location and by type, made of windows as they are read.
 *
 * @module
 */
import { deviation, mergeMoments, MOMENT, MOMENTS_LENGTH } from "../../models/moments.ts";
import type { WindowChannelView } from "../views.ts";
import type { ChannelStatistics, GroupStatistics } from "./port.ts";

/** A stored window, as analytics read it. */
export interface WindowRow {
  readonly sensor: string;
  readonly type?: string;
  readonly location?: string;
  /** Epoch ms. */
  readonly start: number;
  readonly channels: readonly string[];
  /** For each channel count, mean, least, greatest, std, anomalous values. */
  readonly statistics: Float64Array;
}

/** Doubles of {@linkcode WindowRow.statistics} for each channel. */
const ROW_CHANNEL = 6;
/** Groups of a kind and channels of a group that are told apart; what is beyond counts in the sums above them alone. */
const GROUPS_MOST = 1_000, CHANNELS_MOST = 256;

const moments = new Float64Array(MOMENTS_LENGTH);

/** What a window says of a channel, as moments; the same buffer each time. */
export function momentsOf({ statistics }: WindowRow, channel: number): Float64Array {
  const at = ROW_CHANNEL * channel, count = statistics[at], std = statistics[at + 4];
  moments[MOMENT.count] = count;
  moments[MOMENT.mean] = statistics[at + 1];
  moments[MOMENT.squares] = std * std * count;
  moments[MOMENT.least] = statistics[at + 2];
  moments[MOMENT.greatest] = statistics[at + 3];
  moments[MOMENT.flagged] = statistics[at + 5];
  return moments;
}

/** Moments by name, in order of coming; bounded. */
class NamedMoments {
  readonly byName = new Map<string, Float64Array>();

  /** The moments of a name; undefined for a new one when there are enough. */
  of(name: string): Float64Array | undefined {
    let state = this.byName.get(name);
    if (state === undefined && this.byName.size < CHANNELS_MOST) {
      this.byName.set(name, state = new Float64Array(MOMENTS_LENGTH));
    }
    return state;
  }

  /** Adds what others have counted. */
  merge(name: string, from: Float64Array): void {
    const state = this.of(name);
    if (state !== undefined) mergeMoments(state, 0, from, 0);
  }

  /** By channel, in order of name. */
  statistics(): ChannelStatistics[] {
    return inOrder(this.byName).map(([channel, state]) => ({ channel, ...statisticsOf(state) }));
  }
}

/** What moments say; of at least one value. */
export function statisticsOf(state: Float64Array): WindowChannelView {
  return {
    count: state[MOMENT.count],
    mean: state[MOMENT.mean],
    min: state[MOMENT.least],
    max: state[MOMENT.greatest],
    std: deviation(state, 0),
    anomalies: state[MOMENT.flagged],
  };
}

/** Entries in order of their names. */
export function inOrder<T>(entries: Iterable<readonly [string, T]>): (readonly [string, T])[] {
  return [...entries].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}

/** One group of sensors. */
class Group {
  readonly #sensors = new Set<string>();
  readonly #channels = new NamedMoments();
  #windows = 0;
  #anomalousWindows = 0;
  #readings = 0;
  #anomalies = 0;
  alerts = 0;

  add(row: WindowRow, channel: string | undefined): void {
    let readings = 0, anomalies = 0;
    row.channels.forEach((name, c) => {
      const counted = momentsOf(row, c);
      if (!(counted[MOMENT.count] > 0) || (channel !== undefined && channel !== name)) return;
      readings = Math.max(readings, counted[MOMENT.count]);
      anomalies = Math.max(anomalies, counted[MOMENT.flagged]);
      this.#channels.merge(name, counted);
    });
    if (readings === 0) return;
    this.#sensors.add(row.sensor);
    this.#windows++;
    if (anomalies > 0) this.#anomalousWindows++;
    this.#readings += readings;
    this.#anomalies += anomalies;
  }

  view(): GroupStatistics {
    return {
      sensors: this.#sensors.size,
      windows: this.#windows,
      anomalous_windows: this.#anomalousWindows,
      readings: this.#readings,
      anomalies: this.#anomalies,
      anomaly_ratio: this.#readings > 0 ? this.#anomalies / this.#readings : null,
      alerts: this.alerts,
      channels: this.#channels.statistics(),
    };
  }
}

/** Groups of one kind, by name; the empty name is that of sensors without one. */
class Groups {
  readonly #groups = new Map<string, Group>();

  of(name = ""): Group | undefined {
    let group = this.#groups.get(name);
    if (group === undefined && this.#groups.size < GROUPS_MOST) this.#groups.set(name, group = new Group());
    return group;
  }

  views(): { readonly name: string | null; readonly group: GroupStatistics }[] {
    return inOrder(this.#groups).map(([name, group]) => ({ name: name === "" ? null : name, group: group.view() }));
  }
}

/** Sums windows and alerts up. */
export class SummaryFold {
  readonly #total = new Group();
  readonly #locations = new Groups();
  readonly #types = new Groups();

  /** @param channel the only one that counts; default all */
  constructor(private readonly channel?: string) {}

  /** Adds a window. */
  add(row: WindowRow): void {
    this.#total.add(row, this.channel);
    this.#locations.of(row.location)?.add(row, this.channel);
    this.#types.of(row.type)?.add(row, this.channel);
  }

  /** Counts an alert. */
  alert(
    { type, location, channel }: { readonly type?: string; readonly location?: string; readonly channel?: string },
  ) {
    if (this.channel !== undefined && channel !== undefined && channel !== this.channel) return;
    for (const group of [this.#total, this.#locations.of(location), this.#types.of(type)]) if (group) group.alerts++;
  }

  /** What it came to. */
  view() {
    return {
      total: this.#total.view(),
      by_location: this.#locations.views().map(({ name, group }) => ({ location: name, ...group })),
      by_type: this.#types.views().map(({ name, group }) => ({ type: name, ...group })),
    };
  }
}
