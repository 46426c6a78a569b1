/**
 * Analytics over what is stored: windows and readings are read a sensor at a time, newest first, and folded as they come.
 *
 * What one question may read is bounded. Where there is more, every sensor gives its newest share, so that no sensor is
 * left out for its name, and the answer says that it is truncated.
 *
 * @module
 */
import { AlignedSeries, MOMENTS_MOST, type SeriesOf } from "../actors/analytics/correlation.ts";
import { DistributionFold } from "../actors/analytics/distribution.ts";
import type { LiveCorrelation } from "../actors/analytics/live.ts";
import type {
  Analytics,
  AnalyticsFilter,
  CorrelationFilter,
  CorrelationView,
  DistributionView,
  LiveCorrelationView,
  PeriodView,
  ProfileFilter,
  ProfileView,
  SummaryStatistics,
} from "../actors/analytics/port.ts";
import { ProfileFold } from "../actors/analytics/profile.ts";
import { momentsOf, SummaryFold, type WindowRow } from "../actors/analytics/summary.ts";
import type { Entry } from "../actors/directory.ts";
import type { Clock } from "../actors/ports.ts";
import type { Supervisor } from "../actors/supervisor.ts";
import type { ReadingView } from "../actors/views.ts";
import { MOMENT } from "../models/moments.ts";
import { makeZone } from "../models/zone.ts";
import type { WindowValue } from "./checkpoint/outputs.ts";
import { KEYS } from "./keys.ts";
import type { KvPort } from "./kv.ts";
import { matches, type StoreQueries } from "./queries.ts";
import { turns } from "./turns.ts";

/** What one question may read. Measured: `docs/how-to/analytics.md`. */
export interface AnalyticsLimits {
  readonly windows: number;
  readonly readings: number;
  readonly alerts: number;
  readonly sensors: number;
}

/** What is read where nothing else is said. */
export const ANALYTICS_LIMITS: AnalyticsLimits = {
  windows: 200_000,
  readings: 100_000,
  alerts: 20_000,
  sensors: 10_000,
};

const DAY_MS = 86_400_000, DEFAULT_LENGTH_MS = 60_000, ALERTS_PAGE = 500;
/** Windows that come from the database at once. */
const BATCH = 200;
/** Work between two turns of the event loop, ms. */
const TURN_MS = 5;

/** What analytics stand on. */
export interface AnalyticsParts {
  readonly kv: KvPort;
  readonly queries: StoreQueries;
  readonly supervisor: Pick<Supervisor, "directory" | "partitions">;
  readonly live: Pick<LiveCorrelation, "views">;
  readonly clock: Clock;
  /** The configured zone of daily profiles. */
  readonly zone: string;
  readonly limits?: AnalyticsLimits;
}

/** A bounded walk over some sensors' windows or readings. */
interface Walk {
  readonly period: PeriodView;
  truncated: boolean;
  /** Windows or readings that were handed out. */
  rows: number;
}

/** Analytics over the store. */
export class StoreAnalytics implements Analytics {
  readonly #limits: AnalyticsLimits;

  constructor(private readonly parts: AnalyticsParts) {
    this.#limits = parts.limits ?? ANALYTICS_LIMITS;
  }

  async summary(filter: AnalyticsFilter): Promise<SummaryStatistics> {
    const fold = new SummaryFold(filter.channel), walk = this.#walk(filter);
    for await (const row of this.#windows(this.#sensors(filter), filter, walk)) fold.add(row);
    await this.#alerts(filter, walk, fold);
    const { period, truncated } = walk;
    return { period, length_ms: lengthOf(filter), truncated, ...fold.view() };
  }

  async correlation(filter: CorrelationFilter): Promise<CorrelationView> {
    const { by, source, channel } = filter, lengthMs = lengthOf(filter), aligned = new AlignedSeries();
    const walk = this.#walk(filter), sensors = this.#sensors(filter);
    const seriesOf = (sensor: Entry, channel: string): SeriesOf =>
      by === "sensor" ? { sensor: sensor.name, channel } : { type: sensor.type ?? null, channel };
    const add = (sensor: Entry, name: string, time: number, mean: number, count: number) => {
      if (channel !== undefined && channel !== name) return;
      aligned.add(seriesOf(sensor, name), Math.floor(time / lengthMs) * lengthMs, mean, count);
    };
    if (source === "windows") {
      for await (const row of this.#windows(sensors, filter, walk)) {
        row.channels.forEach((name, c) => {
          const { [MOMENT.count]: count, [MOMENT.mean]: mean } = momentsOf(row, c);
          if (count > 0) add(row.entry, name, row.start, mean, count);
        });
      }
    } else {
      for await (const { entry, reading: { time, values } } of this.#readings(sensors, walk)) {
        for (const [name, value] of Object.entries(values)) if (value !== null) add(entry, name, time, value, 1);
      }
    }
    const truncated = walk.truncated || aligned.overflowed, { period, rows } = walk;
    const view = await aligned.view(turns(TURN_MS));
    return { period, length_ms: lengthMs, source, by, truncated, rows, left_out: aligned.leftOut, ...view };
  }

  liveCorrelation(location?: string): readonly LiveCorrelationView[] {
    return this.parts.live.views(location);
  }

  async profile(filter: ProfileFilter): Promise<ProfileView> {
    const zone = makeZone(filter.zone ?? this.parts.zone);
    if (zone === undefined) throw new RangeError(`cannot make a profile in ${filter.zone}: it is no zone`);
    const fold = new ProfileFold(zone, filter.weekday, filter.channel), walk = this.#walk(filter);
    for await (const row of this.#windows(this.#sensors(filter), filter, walk)) fold.add(row);
    const { period, truncated } = walk;
    return { period, length_ms: lengthOf(filter), truncated, zone: zone.name, channels: fold.view() };
  }

  async distribution(filter: AnalyticsFilter, bins: number): Promise<DistributionView> {
    const fold = new DistributionFold(bins, filter.channel), walk = this.#walk(filter);
    for await (const { reading } of this.#readings(this.#sensors(filter), walk)) fold.add(reading);
    const { period, truncated } = walk;
    return { period, truncated, ...fold.view() };
  }

  /** The period that is asked for; where nothing is said, the last day of event time. */
  #walk({ from, to }: AnalyticsFilter): Walk {
    const { supervisor, clock } = this.parts;
    const latest = Math.max(-1, ...supervisor.partitions().map(({ source_time = -1 }) => source_time));
    const end = to ?? (latest < 0 ? clock.now() : latest) + 1;
    return { period: { from: from ?? Math.max(0, end - DAY_MS), to: end }, truncated: false, rows: 0 };
  }

  /** The sensors that are asked for, by name. */
  #sensors(filter: AnalyticsFilter & { readonly sensors?: readonly string[] }): Entry[] {
    const { directory } = this.parts.supervisor;
    const names = filter.sensor === undefined ? filter.sensors : [filter.sensor];
    const entries = names?.map((name) => directory.find(name)) ?? directory.present;
    return entries.filter((entry) => entry !== undefined).filter((entry) => matches(filter, entry))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The first sensors, and how many rows each may give. */
  #shares(sensors: readonly Entry[], most: number, walk: Walk): { readonly first: readonly Entry[]; share: number } {
    const first = sensors.slice(0, this.#limits.sensors);
    if (first.length < sensors.length) walk.truncated = true;
    return { first, share: Math.max(1, Math.floor(most / Math.max(1, first.length))) };
  }

  async *#windows(
    sensors: readonly Entry[],
    filter: AnalyticsFilter,
    walk: Walk,
  ): AsyncGenerator<WindowRow & { readonly entry: Entry }> {
    const lengthMs = lengthOf(filter), hopMs = await this.#hopOf(lengthMs), { from, to } = walk.period;
    if (hopMs === undefined || from >= to) return;
    const { first, share } = this.#shares(sensors, Math.min(this.#limits.windows, MOMENTS_MOST * sensors.length), walk);
    const turn = turns(TURN_MS);
    for (const entry of first) {
      const prefix = [...KEYS.windowsOf(entry.name, lengthMs), hopMs];
      const selector = { start: [...prefix, from], end: [...prefix, to] };
      let given = 0;
      for await (
        const { key, value } of this.parts.kv.list<WindowValue>(selector, { reverse: true, batchSize: BATCH })
      ) {
        const start = Number(key[4]);
        if (start % lengthMs !== 0) continue; // of those that overlap one in every length tells it all
        if (++given > share) {
          walk.truncated = true;
          break;
        }
        walk.rows++;
        const { type, location, channels, statistics } = value;
        yield { entry, sensor: entry.name, type, location, start, channels, statistics };
        await turn();
      }
    }
  }

  /** How often windows of a length begin, as the latest one says; undefined where there is none. */
  async #hopOf(lengthMs: number): Promise<number | undefined> {
    const latest = this.parts.kv.list({ prefix: KEYS.windowTimes(lengthMs) }, { reverse: true, limit: 1 });
    for await (const { key } of latest) return Number(key[4]);
  }

  async *#readings(
    sensors: readonly Entry[],
    walk: Walk,
  ): AsyncGenerator<{ readonly entry: Entry; readonly reading: ReadingView }> {
    const { first, share } = this.#shares(sensors, this.#limits.readings, walk), { from, to } = walk.period;
    const turn = turns(TURN_MS);
    for (const entry of first) {
      let given = 0;
      for await (const reading of this.parts.queries.newestReadings(entry.name)) {
        if (reading.time >= to || reading.time < from) continue;
        if (++given > share) {
          walk.truncated = true;
          break;
        }
        walk.rows++;
        yield { entry, reading };
        await turn();
      }
    }
  }

  async #alerts({ sensor, type, location }: AnalyticsFilter, walk: Walk, fold: SummaryFold): Promise<void> {
    const filter = { sensor, type, location, ...walk.period };
    let cursor: string | undefined, counted = 0;
    do {
      const page = await this.parts.queries.alerts(filter, ALERTS_PAGE, cursor);
      for (const alert of page.items) fold.alert(alert);
      counted += page.items.length;
      cursor = page.next;
    } while (cursor !== undefined && counted < this.#limits.alerts);
    if (cursor !== undefined) walk.truncated = true;
  }
}

function lengthOf({ lengthMs }: AnalyticsFilter): number {
  return lengthMs ?? DEFAULT_LENGTH_MS;
}
