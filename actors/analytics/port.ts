/**
 * The port of analytics: statistics over what is stored, and what they come to.
 *
 * The names are those of the API. Times are epoch milliseconds here. A number that cannot be said is null.
 *
 * @module
 */
import type { DetectorName } from "../detectors.ts";
import type { WindowChannelView } from "../views.ts";

/** What is looked at. */
export interface AnalyticsFilter {
  readonly sensor?: string;
  readonly type?: string;
  readonly location?: string;
  readonly channel?: string;
  /** Event time, inclusive; default a day before `to`. */
  readonly from?: number;
  /** Event time, exclusive; default the latest that is known. */
  readonly to?: number;
  /** Windows of this length; default those of a minute. */
  readonly lengthMs?: number;
}

/** A stretch of event time: `from` inclusive, `to` exclusive. */
export interface PeriodView {
  readonly from: number;
  readonly to: number;
}

/** What every answer says of itself. */
export interface Looked {
  readonly period: PeriodView;
  /** Whether there was more than may be looked at: each sensor's newest share was taken, of the first sensors by name. */
  readonly truncated: boolean;
}

/** Statistics of the values of one channel. */
export interface ChannelStatistics extends WindowChannelView {
  readonly channel: string;
}

/** Statistics of a group of sensors. */
export interface GroupStatistics {
  readonly sensors: number;
  readonly windows: number;
  /** Windows with an anomalous value. */
  readonly anomalous_windows: number;
  /** Readings of the windows: of a window the count of its channel with the most values. */
  readonly readings: number;
  /** Anomalous readings, by the same rule. */
  readonly anomalies: number;
  readonly anomaly_ratio: number | null;
  /** Alerts that were raised in the period. */
  readonly alerts: number;
  readonly channels: readonly ChannelStatistics[];
}

/** Answer of {@linkcode Analytics.summary}. */
export interface SummaryStatistics extends Looked {
  readonly length_ms: number;
  readonly total: GroupStatistics;
  /** By name; null: sensors without one. */
  readonly by_location: readonly (GroupStatistics & { readonly location: string | null })[];
  readonly by_type: readonly (GroupStatistics & { readonly type: string | null })[];
}

/** Whose values a series are: of a sensor, or of all sensors of a type. */
export interface SeriesView {
  readonly sensor?: string;
  readonly type?: string | null;
  readonly channel: string;
  /** Moments with a value. */
  readonly count: number;
}

/** Correlations of series, symmetric. */
export interface MatrixView {
  readonly series: readonly SeriesView[];
  /** Pearson's correlation, null where fewer than three moments count, or a series never changed. */
  readonly matrix: readonly (readonly (number | null)[])[];
  /** Moments at which both series have a value. */
  readonly pairs: readonly (readonly number[])[];
}

/** What to correlate. */
export interface CorrelationFilter extends AnalyticsFilter {
  /** Names; default those that the other filters leave. */
  readonly sensors?: readonly string[];
  readonly by: "sensor" | "type";
  readonly source: "windows" | "readings";
}

/** Answer of {@linkcode Analytics.correlation}. */
export interface CorrelationView extends Looked, MatrixView {
  /** Length of the moments that values are averaged over. */
  readonly length_ms: number;
  readonly by: "sensor" | "type";
  readonly source: "windows" | "readings";
  /** Windows or readings that were looked at. */
  readonly rows: number;
  /** Series beyond those that are compared. */
  readonly left_out: number;
}

/** Correlation of the types of a location as readings come. */
export interface LiveCorrelationView extends MatrixView {
  readonly location: string | null;
  /** Event time up to which it goes. */
  readonly updated: number;
  readonly length_ms: number;
  /** After so much event time a moment counts half. */
  readonly half_life_ms: number;
  /** Moments so far. */
  readonly rows: number;
}

/** Values of one hour of the day. */
export interface ProfileCell {
  /** 1 is Monday; absent where days are not told apart. */
  readonly weekday?: number;
  /** 0 to 23, of the zone. */
  readonly hour: number;
  readonly count: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly std: number | null;
  readonly anomalies: number;
}

/** Answer of {@linkcode Analytics.profile}. */
export interface ProfileView extends Looked {
  readonly length_ms: number;
  readonly zone: string;
  readonly channels: readonly { readonly channel: string; readonly cells: readonly ProfileCell[] }[];
}

/** What a profile is made of. */
export interface ProfileFilter extends AnalyticsFilter {
  /** `UTC`, an IANA name or an offset; default the configured one. */
  readonly zone?: string;
  readonly weekday: boolean;
}

/** How values are distributed. */
export interface HistogramView {
  readonly count: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly bins: readonly {
    readonly from: number;
    readonly to: number;
    readonly count: number;
    /** Those of anomalous readings. */
    readonly anomalies: number;
  }[];
}

/** Answer of {@linkcode Analytics.distribution}. */
export interface DistributionView extends Looked {
  readonly readings: number;
  readonly anomalies: number;
  /** Scores over 0..1; `all` is that of all detectors together. */
  readonly scores: readonly (HistogramView & { readonly detector: DetectorName | "all" })[];
  readonly values: readonly (HistogramView & { readonly channel: string })[];
}

/** Statistics over what is stored. */
export interface Analytics {
  summary(filter: AnalyticsFilter): Promise<SummaryStatistics>;
  correlation(filter: CorrelationFilter): Promise<CorrelationView>;
  /** By location in order of name. */
  liveCorrelation(location?: string): readonly LiveCorrelationView[];
  profile(filter: ProfileFilter): Promise<ProfileView>;
  distribution(filter: AnalyticsFilter, bins: number): Promise<DistributionView>;
}
