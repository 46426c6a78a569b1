/**
 * How scores and values are distributed, of readings as they are read.
 *
 * Scores lie in 0..1, so they are counted at once. Where a channel's values lie is known at the end only: they are held
 * until then, 16 bytes each.
 *
 * @module
 */
import { Histogram } from "../../models/histogram.ts";
import { addMoment, MOMENTS_LENGTH } from "../../models/moments.ts";
import type { DetectorName } from "../detectors.ts";
import type { ReadingView } from "../views.ts";
import type { DistributionView, HistogramView } from "./port.ts";
import { inOrder, statisticsOf } from "./summary.ts";

/** Channels that are told apart; further ones are left out. */
const CHANNELS_MOST = 32;

/** Values of one kind, with moments and the histogram over a range that is known. */
class Scores {
  readonly #moments = new Float64Array(MOMENTS_LENGTH);
  readonly #histogram: Histogram;

  constructor(low: number, high: number, bins: number) {
    this.#histogram = new Histogram(low, high, bins);
  }

  add(value: number, anomalous: boolean): void {
    addMoment(this.#moments, 0, value, anomalous ? 1 : 0);
    this.#histogram.add(value, anomalous);
  }

  view(): HistogramView {
    const { count, mean, std, min, max } = statisticsOf(this.#moments), histogram = this.#histogram;
    const bins = Array.from({ length: histogram.bins }, (_, bin) => ({
      from: histogram.edge(bin),
      to: histogram.edge(bin + 1),
      count: histogram.counts[bin],
      anomalies: histogram.flagged[bin],
    }));
    return { count, mean, std, min, max, bins };
  }
}

/** Values of a channel until their range is known. */
interface Held {
  readonly values: number[];
  readonly anomalous: boolean[];
}

/** Takes readings in. */
export class DistributionFold {
  readonly #scores = new Map<DetectorName | "all", Scores>();
  readonly #values = new Map<string, Held>();
  #readings = 0;
  #anomalies = 0;

  /** @param channel the only one whose values count; default all */
  constructor(private readonly bins: number, private readonly channel?: string) {}

  /** Takes a reading. */
  add({ score, scores = {}, values, is_anomaly: anomalous }: ReadingView): void {
    this.#readings++;
    if (anomalous) this.#anomalies++;
    if (score !== undefined) this.#score("all", score, anomalous);
    for (const [name, one] of Object.entries(scores)) this.#score(name as DetectorName, one, anomalous);
    for (const [channel, value] of Object.entries(values)) {
      if (value === null || (this.channel !== undefined && this.channel !== channel)) continue;
      let held = this.#values.get(channel);
      if (held === undefined) {
        if (this.#values.size >= CHANNELS_MOST) continue;
        this.#values.set(channel, held = { values: [], anomalous: [] });
      }
      held.values.push(value);
      held.anomalous.push(anomalous);
    }
  }

  /** What it came to. */
  view(): Pick<DistributionView, "readings" | "anomalies" | "scores" | "values"> {
    return {
      readings: this.#readings,
      anomalies: this.#anomalies,
      scores: [...this.#scores].map(([detector, scores]) => ({ detector, ...scores.view() })),
      values: inOrder(this.#values).map(([channel, held]) => ({ channel, ...this.#spread(held) })),
    };
  }

  #score(name: DetectorName | "all", value: number, anomalous: boolean): void {
    let scores = this.#scores.get(name);
    if (scores === undefined) this.#scores.set(name, scores = new Scores(0, 1, this.bins));
    scores.add(value, anomalous);
  }

  #spread({ values, anomalous }: Held): HistogramView {
    let low = Infinity, high = -Infinity;
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    // Values that are all the same lie in the middle of a range of their own magnitude.
    const around = low === high ? Math.max(Math.abs(low) * 0.01, 1e-9) : 0;
    const scores = new Scores(low - around, high + around, this.bins);
    for (let i = 0; i < values.length; i++) scores.add(values[i], anomalous[i]);
    return scores.view();
  }
}
