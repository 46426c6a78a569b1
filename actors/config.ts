/**
 * What is configured of judging: sensor types, windows, detectors, the alert budget. Parsed once with zod, trusted inside.
 *
 * @module
 */
import { z } from "zod";
import { BUDGET_DEFAULT, BUDGET_LEAST, BUDGET_MOST } from "../models/budget/budget.ts";
import { alertRulesSchema, alertsSchema } from "./alerts/rules.ts";
import { makeZone } from "../models/zone.ts";

const finite = z.number().min(-1e100).max(1e100);

/** One channel of a sensor type. A value outside `low`..`high` breaks the limit rule. */
const channelTypeSchema = z.strictObject({
  /** Unit, for people: `°C`. */
  unit: z.string().max(16).optional(),
  low: finite.optional(),
  high: finite.optional(),
  /** Limits that only warn, inside the others. */
  warnLow: finite.optional(),
  warnHigh: finite.optional(),
  /** Values that the quantity cannot have, such as a humidity below 0: counted apart, shown, and learnt by no detector. */
  physicalLow: finite.optional(),
  physicalHigh: finite.optional(),
  /** Greatest change per second, up or down. */
  rateMost: z.number().positive().max(1e100).optional(),
  /** The side of a deviation that counts for what is learnt; default both. */
  direction: z.enum(["above", "below", "both"]).optional(),
  /** A value that differs from the expected one by less than this is never anomalous, however rare; in the unit of the channel, … */
  leastEffect: z.number().min(0).max(1e100).optional(),
  /** … or as a part of the expected value's magnitude. */
  leastEffectRelative: z.number().min(0).max(1).optional(),
  /** A value that broke a limit is back only when it is inside by so much, in the unit of the channel. */
  deadband: z.number().min(0).max(1e100).optional(),
});

/** The name of a zone. */
export const zoneSchema = z.string().max(64).refine((name) => makeZone(name) !== undefined, {
  error: "must be UTC, an IANA name such as Europe/Berlin, or an offset such as +02:00",
});

/** An alert budget: so many false alarms per sensor in a time, or so many a reading. */
export const budgetSchema = z.union([
  z.strictObject({ perReading: z.number().min(BUDGET_LEAST).max(BUDGET_MOST) }),
  z.strictObject({
    alarms: z.number().positive().max(1e6),
    everyMs: z.number().int().min(60_000).max(86_400_000 * 3660),
  }),
]);

/** A sensor type: its channels and its rhythm. */
const sensorTypeSchema = z.strictObject({
  channels: z.record(z.string().min(1).max(64), channelTypeSchema),
  /** Time between two readings, ms. */
  intervalMs: z.number().int().min(1).max(86_400_000 * 31).optional(),
  /** Without a reading for so long (event time, ms) the sensor is silent; default 10 intervals, or what its learnt rhythm says. */
  silentAfterMs: z.number().int().min(1).max(86_400_000 * 365).optional(),
  /** Zone of daily and weekly profiles; default that of all. */
  zone: zoneSchema.optional(),
  /** What a reading without a value for one of its sensor's channels is: nothing (ignore), or bad data (see the state dirty). */
  missing: z.enum(["ignore", "bad"]).optional(),
  /** Default that of all. */
  budget: budgetSchema.optional(),
  /** Rules of alerts that go over those of all. */
  alerts: alertRulesSchema.optional(),
});

/** Event-time windows of a length, a new one every hop; tumbling where both are equal. */
const windowSpecSchema = z.strictObject({
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
  /**
   * How much judges: everything; a light surprise and no network (a third of the memory, half the time); or limits and
   * z-scores alone.
   */
  detectors: z.enum(["full", "light", "rules"]).default("full"),
  /** False alarms that a sensor may raise. */
  budget: budgetSchema.default(BUDGET_DEFAULT),
  /**
   * False alarms that all sensors together may raise, beside what each one may: every sensor has an equal share of it. Absent:
   * each one's own budget is all that counts.
   */
  plant: z.strictObject({
    alarms: z.number().positive().max(1e6),
    everyMs: z.number().int().min(60_000).max(86_400_000 * 3660),
    /** So many share it; `start` keeps it up with the number of sensors. */
    sensors: z.number().int().min(1).max(1e7).default(1),
  }).optional(),
  /** The side of a deviation that counts for channels of which nothing else is said. */
  direction: z.enum(["above", "below", "both"]).default("both"),
  /** Zone of daily and weekly profiles. */
  zone: zoneSchema.default("UTC"),
  drift: z.strictObject({
    /** A channel's values of so long (event time, ms, whole days) are compared with those that it was learnt on. */
    spanMs: z.number().int().min(86_400_000).max(86_400_000 * 365).default(7 * 86_400_000),
    /** Whether a channel that drifts raises an alert. */
    alert: z.boolean().default(false),
  }).prefault({}),
  forest: z.strictObject({
    /** A forest is grown anew at most so often (event time, ms), … */
    everyMs: z.number().int().min(10_000).max(86_400_000).default(300_000),
    /** … and samples count e times less when they are so old, ms. */
    memoryMs: z.number().int().min(60_000).max(86_400_000 * 365).default(86_400_000),
  }).prefault({}),
  /** When conditions raise and clear alerts, and how long they may be shelved. */
  alerts: alertsSchema.prefault({}),
  federation: z.strictObject({
    /** Local networks are averaged so often (event time, ms). */
    everyMs: z.number().int().min(10_000).max(86_400_000).default(1_800_000),
    /** Share of the global network that a sensor goes on with after a round; the rest is its own. */
    alpha: z.number().min(0).max(1).default(0.5),
    method: z.enum(["fedavg", "median", "trimmed"]).default("fedavg"),
  }).prefault({}),
});

/** A sensor type. */
export type SensorType = z.infer<typeof sensorTypeSchema>;
/** A window's length and hop. */
export type WindowSpec = z.infer<typeof windowSpecSchema>;
/** Everything that a verdict depends on beside the readings. */
export type Judging = z.infer<typeof judgingSchema>;
