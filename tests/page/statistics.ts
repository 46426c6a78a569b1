/**
 * Statistics over a period, in memory: fixed figures behind the real routes, for tests of the view that shows them.
 *
 * @module
 */
import type {
  Analytics,
  ChannelStatistics,
  GroupStatistics,
  HistogramView,
  Looked,
  ProfileCell,
} from "../../actors/analytics/port.ts";

const NAMES = ["office-co2", "office-humidity", "office-temperature"];
/** Correlations of {@linkcode NAMES}; null: nothing to say. */
const MATRIX = [[1, 0.82, null], [0.82, 1, -0.64], [null, -0.64, 1]];

function channel(name: string, mean: number): ChannelStatistics {
  return { channel: name, count: 1_200, mean, min: mean - 3, max: mean + 9, std: 1.5, anomalies: 7 };
}

function group(readings: number, names: readonly string[]): GroupStatistics {
  return {
    sensors: 3,
    windows: 60,
    anomalous_windows: 4,
    readings,
    anomalies: 14,
    anomaly_ratio: 14 / readings,
    alerts: 2,
    channels: names.map((name, at) => channel(name, 20 + 30 * at)),
  };
}

function hours(weekday?: number): ProfileCell[] {
  return Array.from({ length: 24 }, (_, hour) => ({
    ...(weekday === undefined ? {} : { weekday }),
    hour,
    count: hour < 3 ? 0 : 40,
    ...(hour < 3
      ? { mean: null, min: null, max: null, std: null }
      : { mean: 20 + Math.abs(12 - hour), min: 15, max: 40, std: 2 }),
    anomalies: hour === 9 ? 5 : 0,
  }));
}

function histogram(low: number, width: number): HistogramView {
  const bins = Array.from({ length: 20 }, (_, at) => ({
    from: low + at * width,
    to: low + (at + 1) * width,
    count: 2_000 >> at,
    anomalies: at > 8 ? 2_000 >> at : 0,
  }));
  return { count: 3_999, mean: low + 2 * width, std: width, min: low, max: low + 20 * width, bins };
}

/** Statistics of a plant whose present is `now`, epoch ms. */
export function fixedStatistics(now: number): Analytics {
  const looked: Looked & { length_ms: number } = {
    period: { from: now - 86_400_000, to: now },
    truncated: true,
    length_ms: 60_000,
  };
  const series = NAMES.map((sensor) => ({ sensor, channel: sensor.slice("office-".length), count: 60 }));
  const pairs = MATRIX.map((row) => row.map((r) => r === null ? 2 : 60));
  return {
    summary: () =>
      Promise.resolve({
        ...looked,
        total: group(2_400, ["co2", "humidity"]),
        by_location: [{ location: "office", ...group(1_400, ["co2", "humidity"]) }, {
          location: null,
          ...group(1_000, ["co2"]),
        }],
        by_type: [{ type: "climate", ...group(2_400, ["co2", "humidity"]) }],
      }),
    correlation: ({ by, source }) =>
      Promise.resolve({ ...looked, by, source, rows: 180, left_out: 2, series, matrix: MATRIX, pairs }),
    liveCorrelation: () => [{
      location: "office",
      updated: now,
      length_ms: 60_000,
      half_life_ms: 3_600_000,
      rows: 60,
      series: [{ type: "co2", channel: "co2", count: 60 }, { type: "humidity", channel: "humidity", count: 60 }],
      matrix: [[1, 0.4], [0.4, 1]],
      pairs: [[60, 60], [60, 60]],
    }],
    profile: ({ weekday, zone = "UTC" }) => {
      const cells = weekday ? [1, 2, 3, 4, 5, 6, 7].flatMap(hours) : hours();
      return Promise.resolve({
        ...looked,
        zone,
        channels: ["co2", "humidity"].map((name) => ({ channel: name, cells })),
      });
    },
    distribution: () =>
      Promise.resolve({
        ...looked,
        readings: 3_999,
        anomalies: 3,
        scores: [{ detector: "all", ...histogram(0, 0.05) }],
        values: [{ channel: "co2", ...histogram(400, 20) }, { channel: "humidity", ...histogram(30, 2) }],
      }),
  };
}
