/**
 * The shapes of answers, as the OpenAPI document names them.
 *
 * @module
 */
import { z } from "zod";
import type { IngestOutcome } from "../../actors/ingest.ts";
import { readingSchema } from "../../actors/reading.ts";
import { CONDITIONS, PRIORITIES, TRANSITIONS } from "../../actors/alerts/words.ts";
import type { QuarantineView, ReadingView } from "../../actors/views.ts";
import { SENSOR_STATES } from "../../actors/views.ts";
import type { PartitionView, SummaryView, WindowView } from "../../actors/views.ts";
import { modelStateSchema, modelVersionSchema } from "./model_schemas.ts";
import { countSchema, documents, timeSchema } from "./parts.ts";
import type { Wire, WireAlert, WireSensor, WireTransition } from "../wire.ts";

const time = timeSchema, count = countSchema;

const fieldError = z.object({
  field: z.string().describe("Path of the field; empty for the whole"),
  message: z.string(),
  line: z.number().int().min(1).optional().describe("1-based line or element of the body"),
});

/** A problem, RFC 9457. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int().min(400).max(599),
  detail: z.string(),
  instance: z.string(),
  errors: z.array(fieldError),
  accepted: count.optional().describe("Readings of the body that are stored"),
  rejected: count.optional(),
  request_id: z.string().optional(),
});

/** An error in the V2 protocol's own form. */
export const v2ErrorSchema = z.object({ error: z.string() });

const channelSchema = z.object({
  channel: z.string(),
  unit: z.string().optional(),
  value: z.number(),
  rate: z.number().describe("Per second, against the value before"),
  mean: z.number(),
  std: z.number(),
  range: z.number(),
  count,
  z: z.number(),
  low: z.number().optional(),
  high: z.number().optional(),
  expected: z.tuple([z.number(), z.number()]).optional().describe("Between which values the last one was expected"),
  surprise: z.number().optional().describe("How surprising the last value was, 0 to 10"),
  stuck_since: time.optional().describe("Since when the value has not changed"),
  drift: z.object({
    status: z.enum(["learning", "steady", "drifted", "adapting"]),
    index: z.number().describe("Population stability index: below 0.1 nothing changed, from 0.25 on it drifted"),
    since: time.optional(),
    adapted_at: time.optional().describe("When the channel was last learnt anew because it stayed drifted"),
  }).optional(),
});

const sensorState = z.enum(SENSOR_STATES);
const condition = z.enum(CONDITIONS);
const detector = z.enum([
  "limit",
  "warning",
  "rate",
  "physical",
  "zscore",
  "surprise",
  "forest",
  "network",
  "logistic",
  "budget",
]);
const priority = z.enum(PRIORITIES);
const expected = z.tuple([z.number().nullable(), z.number().nullable()]).describe("[low, high], null where open");

const share = z.number().min(0).max(1);
const contributions = z.array(z.object({
  channel: z.string(),
  share: share.describe("Those of a reading add up to 1"),
  feature: z.string(),
  because: z.string(),
}));

/** What was concluded from a reading; absent where rules alone judge. */
const conclusion = {
  score: share.optional().describe("Of all detectors together"),
  scores: z.object({
    surprise: share.optional(),
    zscore: share.optional(),
    forest: share.optional(),
    network: share.optional(),
    logistic: share.optional(),
  }).optional(),
  versions: z.object({
    forest: count.optional(),
    network: count.optional(),
    logistic: count.optional(),
  }).optional().describe("Of the shared models that scored it"),
  rate: z.number().optional().describe("Share of normal readings that are as unusual"),
  contributions: contributions.optional(),
  explanation: z.string().optional(),
};

/** A sensor now. */
export const sensorSchema = documents<WireSensor>()(z.object({
  sensor: z.string(),
  name: z.string().optional().describe("By which it is shown, where that is not its id"),
  partition: z.string(),
  type: z.string().optional(),
  location: z.string().optional(),
  state: sensorState,
  state_since: time,
  warmup_left: count,
  last_time: time,
  is_anomaly: z.boolean(),
  hour_sin: z.number(),
  hour_cos: z.number(),
  channels: z.array(channelSchema),
  readings: count,
  anomalies: count,
  late: count,
  duplicates: count,
  conflicts: count,
  steps_back: count,
  active_alerts: z.array(z.string()),
  impossible: count.describe("Values that the quantity cannot have"),
  warm_up: z.object({ done: share, remaining_ms: z.number().optional() }).optional(),
  budget: z.number().optional().describe("False alarms a reading that the alert budget allows"),
  maintenance: z.object({ from: time, to: time }).optional().describe("Planned; its readings are not judged"),
  forest_contributions: z.array(z.object({ feature: z.string(), part: z.number() })).optional()
    .describe("Features that raised the isolation forest's score"),
  closest: z.object({ part: z.number().describe("At 1 an alarm may begin"), time }).optional(),
  ...conclusion,
}));

/** A reading with its verdict. */
export const readingViewSchema = documents<Wire<ReadingView, "time">>()(z.object({
  id: z.string(),
  sensor: z.string(),
  time,
  values: z.record(z.string(), z.number().nullable()),
  label: z.union([z.literal(0), z.literal(1)]).optional(),
  is_anomaly: z.boolean(),
  held: z.literal(true).optional().describe("Retired or under maintenance: neither judged nor learnt"),
  flags: z.array(z.object({ detector, channel: z.string().optional() })),
  alarm: share.optional().describe("Strength of the alarm that begins with it"),
  expected: z.record(z.string(), z.tuple([z.number(), z.number()])).optional(),
  ...conclusion,
}));

/** A window. */
export const windowSchema = documents<Wire<WindowView, "start" | "end">>()(z.object({
  id: z.string(),
  sensor: z.string(),
  type: z.string().optional(),
  location: z.string().optional(),
  start: time,
  end: time,
  length_ms: count,
  hop_ms: count,
  revision: count,
  score_max: z.number().optional(),
  channels: z.record(
    z.string(),
    z.object({
      count,
      mean: z.number(),
      min: z.number(),
      max: z.number(),
      std: z.number(),
      anomalies: count,
    }),
  ),
}));

const alertParts = {
  sensor_name: z.string().optional().describe("Name by which its sensor is shown, where that is not its id"),
  id: z.string(),
  sensor: z.string(),
  type: z.string().optional(),
  location: z.string().optional(),
  condition,
  channel: z.string().optional(),
  priority,
  value: z.number().optional(),
  expected: expected.optional(),
  message: z.string(),
  strength: share.optional(),
  contributions: contributions.optional(),
};

const hushed = {
  notify: z.boolean().optional().describe("False where nobody is told: shelved, suppressed or out of service"),
  chattering: z.boolean().optional().describe("It came and went three times within a minute"),
  realarms: count.optional().describe("How often it was raised again because it stayed"),
  comment: z.string().optional(),
  label: z.enum(["true_alarm", "false_alarm"]).optional(),
  shelved_until: time.optional(),
  one_shot: z.boolean().optional().describe("The shelf also ends when the alert clears"),
};

/** An alert. */
export const alertSchema = documents<WireAlert>()(z.object({
  ...alertParts,
  ...hushed,
  state: z.enum(["active", "cleared"]),
  raised_at: time,
  cleared_at: time.optional(),
  acknowledged_at: time.optional(),
  acknowledged_by: z.string().optional(),
  comment_by: z.string().optional(),
  labelled_by: z.string().optional(),
  suppressed: z.boolean().optional(),
  out_of_service: z.boolean().optional(),
}));

/** A step in an alert's life. */
const transitionSchema = documents<WireTransition>()(z.object({
  ...alertParts,
  ...hushed,
  alert: z.string(),
  transition: z.enum(TRANSITIONS),
  time,
  partition: z.string(),
  position: count,
  command: count.optional().describe("Number, in its partition, of the command that made it"),
  raised_at: time.optional(),
  by: z.string().optional().describe("Who did it, for a step that a person made"),
}));

/** What was not accepted. */
export const quarantineSchema = documents<QuarantineView>()(z.object({
  id: z.string(),
  partition: z.string(),
  position: count,
  reason: z.enum(["invalid", "future", "late", "failed", "foreign", "channels"]),
  row: count.optional(),
  sensor: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })),
  sample: z.string(),
}));

/** A partition's counts. */
export const partitionSchema = documents<Wire<PartitionView, "source_time">>()(z.object({
  partition: z.string(),
  source: z.string(),
  position: count,
  source_time: time.optional(),
  readings: count,
  refused: count,
  future: count,
  state: z.enum(["running", "waiting", "elsewhere", "finished", "failed", "stopped"]),
  error: z.string().optional(),
  owner: z.string().optional(),
  server: z.string().optional(),
}));

/** Everything at a glance. */
export const summarySchema = documents<Omit<SummaryView, "partitions">>()(z.object({
  sensors: count,
  anomalous: count,
  silent: count,
  stuck: count,
  dirty: count,
  warming_up: count,
  failed: count,
  retired: count.optional(),
  maintenance: count.optional(),
  active_alerts: count,
  readings_per_second: z.number(),
  node: z.string().optional(),
})).extend({ partitions: z.array(partitionSchema) });

/** What became of a body of readings. */
export const ingestedSchema = documents<Pick<IngestOutcome, "accepted" | "rejected" | "errors">>()(z.object({
  accepted: count,
  rejected: count,
  errors: z.array(z.object({ line: z.number().int().min(1), field: z.string(), message: z.string() })),
}));

/** The schemas that the document names; any other one is written where it is used. */
export const components: Readonly<Record<string, z.ZodType>> = {
  Problem: problemSchema,
  Sensor: sensorSchema,
  NewReading: readingSchema,
  Reading: readingViewSchema,
  Window: windowSchema,
  Alert: alertSchema,
  AlertTransition: transitionSchema,
  Quarantined: quarantineSchema,
  Partition: partitionSchema,
  Summary: summarySchema,
  Ingested: ingestedSchema,
  ModelVersion: modelVersionSchema,
  ModelState: modelStateSchema,
  V2Error: v2ErrorSchema,
};
