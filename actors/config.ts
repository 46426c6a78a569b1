/**
 * What is configured of judging: sensor types, windows, lateness. Parsed once with zod, trusted inside.
 *
 * @module
 */
import { z } from "zod";

const finite = z.number().min(-1e100).max(1e100);

/** One channel of a sensor type. A value outside `low`..`high` breaks the limit rule. */
export const channelTypeSchema = z.strictObject({
  /** Unit, for people: `°C`. */
  unit: z.string().max(16).optional(),
  low: finite.optional(),
  high: finite.optional(),
  /** Values that the quantity cannot have, such as a humidity below 0; counted apart. */
  physicalLow: finite.optional(),
  physicalHigh: finite.optional(),
});

/** A sensor type: its channels and its rhythm. */
export const sensorTypeSchema = z.strictObject({
  channels: z.record(z.string().min(1).max(64), channelTypeSchema),
  /** Time between two readings, ms. */
  intervalMs: z.number().int().min(1).max(86_400_000 * 31).optional(),
  /** Without a reading for so long (event time, ms) the sensor is silent; default 10 intervals, never without an interval. */
  silentAfterMs: z.number().int().min(1).max(86_400_000 * 365).optional(),
});

/** Event-time windows of a length, a new one every hop; tumbling where both are equal. */
export const windowSpecSchema = z.strictObject({
  lengthMs: z.number().int().min(1_000).max(86_400_000),
  hopMs: z.number().int().min(1_000).max(86_400_000),
}).refine(
  (spec) => spec.hopMs <= spec.lengthMs && spec.lengthMs % spec.hopMs === 0 && spec.lengthMs / spec.hopMs <= 60,
  {
    error: "hopMs must divide lengthMs, at most 60 times",
  },
);

/** Everything that a verdict depends on beside the readings. */
export const judgingSchema = z.strictObject({
  types: z.record(z.string().min(1).max(64), sensorTypeSchema).default({}),
  windows: z.array(windowSpecSchema).min(1).max(8).default([{ lengthMs: 60_000, hopMs: 60_000 }]),
  /** How far behind its sensor's greatest time a reading may be and still correct its window, ms. */
  latenessMs: z.number().int().min(0).max(3_600_000).default(30_000),
  /** How far ahead of arrival, or in a replay of source time, a reading may be, ms. */
  futureMs: z.number().int().min(1_000).max(86_400_000 * 365).default(3_600_000),
  /** Which of two values for the same sensor, channel and time counts. */
  duplicates: z.enum(["first", "last", "keep"]).default("first"),
  /** Ticks come at multiples of so much source time, ms. */
  tickMs: z.number().int().min(1_000).max(3_600_000).default(10_000),
});

/** One channel of a sensor type. */
export type ChannelType = z.infer<typeof channelTypeSchema>;
/** A sensor type. */
export type SensorType = z.infer<typeof sensorTypeSchema>;
/** A window's length and hop. */
export type WindowSpec = z.infer<typeof windowSpecSchema>;
/** Everything that a verdict depends on beside the readings. */
export type Judging = z.infer<typeof judgingSchema>;
