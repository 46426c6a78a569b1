/**
 * Correlation of series whose values are brought to common moments: the mean of each series over each stretch of time.
 *
 * @module
 */
import { Correlations } from "../../models/correlation.ts";
import type { MatrixView, SeriesView } from "./port.ts";

/** Series that are compared at the most: 276 pairs. */
export const SERIES_MOST = 24;
/** Moments that are held at the most: 8 MB of values. */
export const MOMENTS_MOST = 20_000;

/** Whose values they are. */
export type SeriesOf = Omit<SeriesView, "count">;

/** Brings values to common moments, in whatever order they come. */
export class AlignedSeries {
  readonly #series = new Map<string, { readonly of: SeriesOf; readonly place: number }>();
  /** For each moment the sum of each series' values, then their number. */
  readonly #moments = new Map<number, Float64Array>();
  readonly #leftOut = new Set<string>();
  /** Whether there were more moments than are held. */
  overflowed = false;

  /** Series beyond {@linkcode SERIES_MOST}, as far as they are counted. */
  get leftOut(): number {
    return this.#leftOut.size;
  }

  /**
   * Adds the mean of so many values.
   *
   * @param moment epoch ms at which it begins
   */
  add(of: SeriesOf, moment: number, mean: number, count: number): void {
    const place = this.#placeOf(of);
    if (place < 0) return;
    let sums = this.#moments.get(moment);
    if (sums === undefined) {
      if (this.#moments.size >= MOMENTS_MOST) {
        this.overflowed = true;
        return;
      }
      this.#moments.set(moment, sums = new Float64Array(2 * SERIES_MOST));
    }
    sums[place] += mean * count;
    sums[SERIES_MOST + place] += count;
  }

  /**
   * The correlations, series in order of coming.
   *
   * @param turn called after each moment: lets other work go on when it is due, as it is long for many moments
   */
  async view(turn: () => Promise<void> | undefined): Promise<MatrixView> {
    const series = [...this.#series.values()].map(({ of }) => of), correlations = new Correlations(series.length);
    const values = new Float64Array(series.length);
    for (const sums of this.#moments.values()) {
      for (let k = 0; k < series.length; k++) values[k] = sums[k] / sums[SERIES_MOST + k]; // 0 / 0 where there is none
      correlations.add(values);
      await turn();
    }
    return matrixOf(series, correlations);
  }

  #placeOf(of: SeriesOf): number {
    const key = JSON.stringify([of.sensor, of.type, of.channel]), known = this.#series.get(key);
    if (known !== undefined) return known.place;
    if (this.#series.size < SERIES_MOST) {
      const place = this.#series.size;
      this.#series.set(key, { of, place });
      return place;
    }
    if (this.#leftOut.size < MOMENTS_MOST) this.#leftOut.add(key);
    return -1;
  }
}

/** Correlations as they are shown. */
export function matrixOf(series: readonly SeriesOf[], correlations: Correlations): MatrixView {
  const number = (value: number) => Number.isNaN(value) ? null : value;
  return {
    series: series.map((of, k) => ({ ...of, count: correlations.weight(k, k) })),
    matrix: series.map((_, i) => series.map((_, j) => number(correlations.of(i, j)))),
    pairs: series.map((_, i) => series.map((_, j) => correlations.weight(i, j))),
  };
}
