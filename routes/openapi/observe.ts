/**
 * What the document says of readings, sensors, windows, alerts and the streams of them.
 *
 * @module
 */
import { z } from "zod";
import { readingSchema } from "../../actors/reading.ts";
import { alertsQuery } from "../alerts.ts";
import type { Operation } from "../openapi.ts";
import { pageOf } from "./parts.ts";
import {
  alertSchema,
  ingestedSchema,
  readingViewSchema,
  sensorSchema,
  summarySchema,
  windowSchema,
} from "./schemas.ts";
import { readingsQuery } from "../readings.ts";
import { sensorReadingsQuery, sensorsQuery, sensorWindowsQuery } from "../sensors.ts";
import { alertStreamQuery, readingStreamQuery } from "../streams.ts";
import { windowsQuery } from "../windows.ts";

/** A query without a parameter. */
export const noQuery = z.object({});

// What a transform takes cannot be read off it: said here, of the very schemas that judge.
z.globalRegistry.add(readingSchema.shape.time, {
  anyOf: [{ type: "string" }, { type: "number" }],
  description: "ISO 8601 with a zone, or epoch milliseconds",
});
z.globalRegistry.add(readingSchema.shape.values, {
  type: "object",
  additionalProperties: { type: ["number", "null"] },
  minProperties: 1,
  description: "Numbers by channel, null for a missing one",
});

const sensorParams = { sensor: "The sensor's name, percent-encoded" };
const lastEventId = z.object({
  "Last-Event-ID": z.string().max(4096).optional().describe("Go on after this event"),
});
const events = (what: string) => ({
  200: { description: what, content: { "text/event-stream": "text" as const } },
});
const page = (description: string, item: z.ZodType) => ({
  200: { description, content: { "application/json": pageOf(item) } },
});

/** Sending readings, and asking for what became of them. */
export const observing: readonly Operation[] = [
  {
    method: "post",
    path: "/readings",
    tag: "Readings",
    summary: "Send readings; answered once they are durable",
    description:
      "One object or an array of them, or a reading a line as NDJSON of any length. A line has at most 64 KiB.",
    query: noQuery,
    headers: z.object({
      "Idempotency-Key": z.string().max(257).optional().describe("Makes sending the same body again harmless"),
    }),
    body: {
      "application/json": z.union([readingSchema, z.array(readingSchema)]),
      "application/x-ndjson": "text",
    },
    answers: { 202: { description: "What became of them.", content: { "application/json": ingestedSchema } } },
    problems: [409, 422, 507],
  },
  {
    method: "get",
    path: "/readings",
    tag: "Readings",
    summary: "Readings of all sensors with their verdicts, the latest first",
    description: "A page looks into 2,000 sensors at most: with more of them, filter by sensor, type or location.",
    query: readingsQuery,
    answers: page("A page of readings.", readingViewSchema),
  },
  {
    method: "get",
    path: "/readings/stream",
    tag: "Readings",
    summary: "Readings with their verdicts as they come, thinned to the newest of each sensor",
    description: "Events `reading`; `resync` where the id to go on from is too old.",
    query: readingStreamQuery,
    headers: lastEventId,
    answers: events("Server-sent events."),
  },
  {
    method: "get",
    path: "/sensors",
    tag: "Sensors",
    summary: "Sensors now, by name",
    query: sensorsQuery,
    answers: page("A page of sensors.", sensorSchema),
  },
  {
    method: "get",
    path: "/sensors/{sensor}",
    tag: "Sensors",
    summary: "One sensor now: state, features, counts",
    params: sensorParams,
    query: noQuery,
    answers: { 200: { description: "The sensor.", content: { "application/json": sensorSchema } } },
  },
  {
    method: "get",
    path: "/sensors/{sensor}/readings",
    tag: "Sensors",
    summary: "Its last readings with verdicts, newest first",
    params: sensorParams,
    query: sensorReadingsQuery,
    answers: page("A page of readings.", readingViewSchema),
  },
  {
    method: "get",
    path: "/sensors/{sensor}/windows",
    tag: "Sensors",
    summary: "Its windows, newest first",
    params: sensorParams,
    query: sensorWindowsQuery,
    answers: page("A page of windows.", windowSchema),
  },
  {
    method: "get",
    path: "/windows",
    tag: "Windows",
    summary: "Windows of all sensors, newest first",
    query: windowsQuery,
    answers: page("A page of windows.", windowSchema),
  },
  {
    method: "get",
    path: "/alerts",
    tag: "Alerts",
    summary: "Alerts, newest first",
    query: alertsQuery,
    answers: page("A page of alerts.", alertSchema),
  },
  {
    method: "get",
    path: "/alerts/stream",
    tag: "Alerts",
    summary: "Every step in the life of alerts as it is stored",
    description: "Events `alert`; `resync` where the id to go on from is too old.",
    query: alertStreamQuery,
    headers: lastEventId,
    answers: events("Server-sent events."),
  },
  {
    method: "get",
    path: "/alerts/{id}",
    tag: "Alerts",
    summary: "One alert",
    params: { id: "The alert's id, percent-encoded" },
    query: noQuery,
    answers: { 200: { description: "The alert.", content: { "application/json": alertSchema } } },
  },
  {
    method: "get",
    path: "/summary",
    tag: "Sensors",
    summary: "Everything at a glance",
    query: noQuery,
    answers: { 200: { description: "Counts.", content: { "application/json": summarySchema } } },
  },
];
