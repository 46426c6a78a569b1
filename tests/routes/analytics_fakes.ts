/**
 * Analytics with known answers, made by the folds that the store uses.
 *
 * @module
 */
import { AlignedSeries } from "../../actors/analytics/correlation.ts";
import { DistributionFold } from "../../actors/analytics/distribution.ts";
import { LiveCorrelation } from "../../actors/analytics/live.ts";
import type { Analytics, AnalyticsFilter } from "../../actors/analytics/port.ts";
import { ProfileFold } from "../../actors/analytics/profile.ts";
import { SummaryFold, type WindowRow } from "../../actors/analytics/summary.ts";
import { makeZone } from "../../models/zone.ts";

const NOON = Date.UTC(2026, 0, 31, 12), LENGTH_MS = 60_000;

function row(k: number): WindowRow {
  const statistics = Float64Array.of(3, k, k - 1, k + 1, 0.5, k % 2);
  const place = k % 3 === 0 ? {} : { type: "room", location: "hall" };
  return { sensor: `s${k % 4}`, start: NOON + LENGTH_MS * k, channels: ["t"], statistics, ...place };
}

/** Answers of a small plant, whatever is asked; the last filter is kept. */
export class FakeAnalytics implements Analytics {
  asked: object = {};
  readonly #looked = { period: { from: NOON, to: NOON + 20 * LENGTH_MS }, truncated: false };

  summary(filter: AnalyticsFilter) {
    this.asked = filter;
    const fold = new SummaryFold();
    for (let k = 0; k < 20; k++) fold.add(row(k));
    return Promise.resolve({ ...this.#looked, length_ms: LENGTH_MS, ...fold.view() });
  }

  async correlation(filter: AnalyticsFilter) {
    this.asked = filter;
    const aligned = new AlignedSeries();
    for (let k = 0; k < 20; k++) aligned.add({ sensor: `s${k % 4}`, channel: "t" }, NOON + k % 5, k, 3);
    const about = { length_ms: LENGTH_MS, by: "sensor", source: "windows", rows: 20, left_out: 1 } as const;
    return { ...this.#looked, ...about, ...await aligned.view(() => undefined) };
  }

  liveCorrelation() {
    const live = new LiveCorrelation();
    for (let k = 0; k < 20; k++) {
      live.take({ location: "hall", time: NOON + k * LENGTH_MS, values: { t: k, h: k * k } });
    }
    return live.views();
  }

  profile(filter: AnalyticsFilter & { readonly weekday: boolean }) {
    this.asked = filter;
    const fold = new ProfileFold(makeZone("UTC") ?? fail(), filter.weekday);
    for (let k = 0; k < 20; k++) fold.add(row(k));
    return Promise.resolve({ ...this.#looked, length_ms: LENGTH_MS, zone: "UTC", channels: fold.view() });
  }

  distribution(filter: AnalyticsFilter, bins: number) {
    this.asked = filter;
    const fold = new DistributionFold(bins);
    for (let k = 0; k < 20; k++) {
      const scores = { score: k / 20, scores: { forest: 0.5 } }, id = `http-0/${k}/a`;
      fold.add({
        id,
        sensor: "a",
        time: NOON + k,
        values: { t: k, h: null },
        is_anomaly: k === 7,
        flags: [],
        ...scores,
      });
    }
    return Promise.resolve({ ...this.#looked, ...fold.view() });
  }
}

function fail(): never {
  throw new Error("UTC is a zone");
}
