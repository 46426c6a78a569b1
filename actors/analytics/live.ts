/**
 * Correlation of the types of each location as readings come: every minute of event time is a moment, and what is old is
 * forgotten by half every six hours.
 *
 * It is in memory alone and begins anew with the process; what is stored is asked for by `correlation.ts`. At very high
 * rates the feed of readings is thinned, and so is what a minute's mean is made of.
 *
 * @module
 */
import { Correlations } from "../../models/correlation.ts";
import { matrixOf, SERIES_MOST, type SeriesOf } from "./correlation.ts";
import type { LiveCorrelationView } from "./port.ts";
import { inOrder } from "./summary.ts";

/** Length of a moment and time after which one counts half, ms of event time. */
export const LIVE_LENGTH_MS = 60_000, LIVE_HALF_LIFE_MS = 6 * 3_600_000;
/** Locations that are followed at the most, those that came first; about 15 KB each. */
const LOCATIONS_MOST = 200;
const KEEP = 2 ** (-LIVE_LENGTH_MS / LIVE_HALF_LIFE_MS);

/** A reading as it counts here. */
export interface LiveReading {
  readonly type?: string;
  readonly location?: string;
  readonly time: number;
  readonly values: Readonly<Record<string, number | null>>;
}

/** One location. */
class Place {
  readonly #series = new Map<string, { readonly of: SeriesOf; readonly place: number }>();
  readonly #correlations = new Correlations(SERIES_MOST);
  readonly #sums = new Float64Array(SERIES_MOST);
  readonly #counts = new Float64Array(SERIES_MOST);
  readonly #means = new Float64Array(SERIES_MOST);
  /** The moment that values are gathered for; −1 before the first. */
  #moment = -1;
  #rows = 0;

  take({ type, time, values }: LiveReading): void {
    const moment = Math.floor(time / LIVE_LENGTH_MS);
    if (moment < this.#moment) return; // its moment is over
    if (moment > this.#moment) this.#close(moment);
    for (const [channel, value] of Object.entries(values)) {
      if (value === null) continue;
      const place = this.#placeOf(type ?? null, channel);
      if (place < 0) continue;
      this.#sums[place] += value;
      this.#counts[place]++;
    }
  }

  view(location: string | null): LiveCorrelationView {
    const series = [...this.#series.values()].map(({ of }) => of);
    return {
      location,
      updated: Math.max(0, this.#moment) * LIVE_LENGTH_MS,
      length_ms: LIVE_LENGTH_MS,
      half_life_ms: LIVE_HALF_LIFE_MS,
      rows: this.#rows,
      ...matrixOf(series, this.#correlations),
    };
  }

  /** Ends the moment; between it and `next` whole ones may have passed without a reading. */
  #close(next: number): void {
    if (this.#moment >= 0) {
      for (let k = 0; k < SERIES_MOST; k++) this.#means[k] = this.#sums[k] / this.#counts[k]; // 0 / 0: no value
      this.#correlations.add(this.#means, KEEP ** Math.max(0, next - this.#moment));
      this.#sums.fill(0);
      this.#counts.fill(0);
      this.#rows++;
    }
    this.#moment = next;
  }

  #placeOf(type: string | null, channel: string): number {
    const key = `${type ?? ""}\n${channel}`, known = this.#series.get(key);
    if (known !== undefined) return known.place;
    const place = this.#series.size;
    if (place >= SERIES_MOST) return -1;
    this.#series.set(key, { of: { type, channel }, place });
    return place;
  }
}

/** Follows readings, location by location. */
export class LiveCorrelation {
  readonly #places = new Map<string, Place>();

  /** Takes a reading; those of a location in order of time, or nearly so: one whose minute is over does not count. */
  take(reading: LiveReading): void {
    const name = reading.location ?? "";
    let place = this.#places.get(name);
    if (place === undefined) {
      if (this.#places.size >= LOCATIONS_MOST) return;
      this.#places.set(name, place = new Place());
    }
    place.take(reading);
  }

  /** How it stands, by location in order of name. */
  views(location?: string): LiveCorrelationView[] {
    return inOrder(this.#places).filter(([name]) => location === undefined || location === name)
      .map(([name, place]) => place.view(name === "" ? null : name));
  }
}
