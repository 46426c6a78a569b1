/**
 * What the document says of statistics over what is stored.
 *
 * @module
 */
import { z } from "zod";
import type {
  ChannelStatistics,
  CorrelationView,
  DistributionView,
  GroupStatistics,
  LiveCorrelationView,
  ProfileView,
  SummaryStatistics,
} from "../../actors/analytics/port.ts";
import type { Answer, Operation } from "../openapi.ts";
import { countSchema as count, documents, pageOf, timeSchema as time } from "./parts.ts";
import {
  correlationQuery,
  distributionQuery,
  liveCorrelationQuery,
  profileQuery,
  statisticsQuery,
} from "../statistics.ts";
import type { Wire } from "../wire.ts";

const json = (description: string, schema: z.ZodType): Record<200, Answer> => ({
  200: { description, content: { "application/json": schema } },
});

const number = z.number().nullable(), nameless = z.string().nullable().describe("null: sensors without one");
const looked = {
  period: z.object({ from: time, to: time }).describe("from inclusive, to exclusive"),
  truncated: z.boolean().describe("There was more than one question may read: each sensor gave its newest share"),
};

const channel = documents<ChannelStatistics>()(z.object({
  channel: z.string(),
  count: count.describe("Values"),
  mean: z.number(),
  min: z.number(),
  max: z.number(),
  std: z.number().describe("Population standard deviation"),
  anomalies: count.describe("Values that broke a limit, or were unusual in an anomalous reading"),
}));
const group = {
  sensors: count,
  windows: count,
  anomalous_windows: count,
  readings: count.describe("Of each window the count of its channel with the most values"),
  anomalies: count,
  anomaly_ratio: z.number().min(0).max(1).nullable(),
  alerts: count.describe("Raised in the period"),
  channels: z.array(channel),
};
documents<GroupStatistics>()(z.object(group));
const summary = documents<Omit<SummaryStatistics, "period">>()(z.object({
  truncated: looked.truncated,
  length_ms: count,
  total: z.object(group),
  by_location: z.array(z.object({ location: nameless, ...group })),
  by_type: z.array(z.object({ type: nameless, ...group })),
})).extend({ period: looked.period });

const series = z.object({
  sensor: z.string().optional(),
  type: z.string().nullable().optional(),
  channel: z.string(),
  count: z.number().min(0).describe("Moments with a value"),
});
const correlation = z.number().min(-1).max(1).nullable();
const matrix = {
  series: z.array(series),
  matrix: z.array(z.array(correlation)).describe("Pearson; null for fewer than 3 moments, or a series without change"),
  pairs: z.array(z.array(z.number().min(0))).describe("Moments at which both have a value"),
};
const correlated = documents<Omit<CorrelationView, "period">>()(z.object({
  truncated: looked.truncated,
  length_ms: count,
  by: z.enum(["sensor", "type"]),
  source: z.enum(["windows", "readings"]),
  rows: count.describe("Windows or readings that were read"),
  left_out: count.describe("Series beyond the 24 that are compared"),
  ...matrix,
})).extend({ period: looked.period });
const live = documents<Wire<LiveCorrelationView, "updated">>()(z.object({
  location: nameless,
  updated: time,
  length_ms: count,
  half_life_ms: count.describe("After so much event time a moment counts half"),
  rows: count.describe("Moments so far"),
  ...matrix,
}));

const cell = z.object({
  weekday: z.number().int().min(1).max(7).optional().describe("1 is Monday"),
  hour: z.number().int().min(0).max(23),
  count,
  mean: number,
  min: number,
  max: number,
  std: number,
  anomalies: count,
});
const profile = documents<Omit<ProfileView, "period">>()(z.object({
  truncated: looked.truncated,
  length_ms: count,
  zone: z.string(),
  channels: z.array(z.object({ channel: z.string(), cells: z.array(cell).describe("Every hour, in order") })),
})).extend({ period: looked.period });

const histogram = {
  count,
  mean: z.number(),
  std: z.number(),
  min: z.number(),
  max: z.number(),
  bins: z.array(z.object({
    from: z.number(),
    to: z.number(),
    count,
    anomalies: count.describe("Those of anomalous readings"),
  })),
};
const distribution = documents<Omit<DistributionView, "period">>()(z.object({
  truncated: looked.truncated,
  readings: count,
  anomalies: count,
  scores: z.array(z.object({
    detector: z.string().describe("`all`: of all detectors together"),
    ...histogram,
  })),
  values: z.array(z.object({ channel: z.string(), ...histogram })),
})).extend({ period: looked.period });

/** Statistics over what is stored. */
export const statisticsOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/analytics/summary",
    tag: "Analytics",
    summary: "Statistics by location and by type, over any period",
    description: "Made of stored windows; without a period of the last day of event time.",
    query: statisticsQuery,
    answers: json("The statistics.", summary),
  },
  {
    method: "get",
    path: "/analytics/correlation",
    tag: "Analytics",
    summary: "Correlation of channels, of sensors or of the types of a location",
    description:
      "Values are brought to common moments of `length_ms`. `sensors` names up to 24, with commas between; " +
      "at most 24 series are compared.",
    query: correlationQuery,
    answers: json("The matrix.", correlated),
  },
  {
    method: "get",
    path: "/analytics/correlation/live",
    tag: "Analytics",
    summary: "Correlation across the types of each location, as readings come",
    description: "In memory since the process began; what is old is forgotten by half every six hours.",
    query: liveCorrelationQuery,
    answers: json("A matrix for each location.", pageOf(live)),
  },
  {
    method: "get",
    path: "/analytics/profile",
    tag: "Analytics",
    summary: "What is usual at each hour of the day, in a zone's own time",
    query: profileQuery,
    answers: json("A profile for each channel.", profile),
  },
  {
    method: "get",
    path: "/analytics/distribution",
    tag: "Analytics",
    summary: "How scores and values are distributed",
    description: "Made of the readings that are kept of each sensor.",
    query: distributionQuery,
    answers: json("Histograms.", distribution),
  },
];
