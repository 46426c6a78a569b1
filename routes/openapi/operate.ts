/**
 * What the document says of running an instance: probes, administration, and the document itself.
 *
 * @module
 */
import { z } from "zod";
import { type Answer, type Operation, UNCHANGED } from "../openapi.ts";
import { noQuery } from "./observe.ts";
import { partitionSchema } from "./schemas.ts";

const sink = z.object({
  sink: z.string(),
  state: z.enum(["starting", "ok", "failing", "stopped"]),
  error: z.string().optional(),
  failing_since: z.iso.datetime().optional(),
  backlog_items: z.number(),
  backlog_age_seconds: z.number(),
  delivered: z.number(),
  set_aside: z.number(),
  missed: z.number(),
  retries: z.number(),
  last_delivery: z.iso.datetime().optional(),
});
const health = z.object({
  status: z.enum(["ready", "not_ready"]),
  version: z.string(),
  reasons: z.array(z.string()),
  lock: z.boolean(),
  kv: z.boolean(),
  upkeep: z.object({ held: z.boolean(), holder: z.string().optional() }).optional(),
  partitions: z.array(partitionSchema),
  sinks: z.array(sink).optional(),
});
const readiness: Readonly<Record<number, Answer>> = {
  200: { description: "It can work.", content: { "application/json": health } },
  503: { description: "It cannot, and why.", content: { "application/json": health } },
};

/** Probes, administration, and the document. */
export const operating: readonly Operation[] = [
  {
    method: "get",
    path: "/livez",
    tag: "Probes",
    summary: "Whether the process answers",
    answers: {
      200: {
        description: "It does.",
        content: { "application/json": z.object({ status: z.literal("alive"), version: z.string() }) },
      },
    },
  },
  { method: "get", path: "/readyz", tag: "Probes", summary: "Whether it can work", answers: readiness },
  {
    method: "get",
    path: "/healthz",
    tag: "Probes",
    summary: "The same as `/readyz`, for old habits",
    answers: readiness,
  },
  {
    method: "get",
    path: "/sinks",
    tag: "Administration",
    summary: "Where outputs are written beside the store: how each sink is doing, and what waits for it",
    query: noQuery,
    answers: {
      200: { description: "The sinks.", content: { "application/json": z.object({ items: z.array(sink) }) } },
    },
  },
  {
    method: "post",
    path: "/admin/stop",
    tag: "Administration",
    summary: "End the instance gracefully",
    answers: {
      202: { description: "It ends.", content: { "application/json": z.object({ status: z.literal("stopping") }) } },
    },
  },
  {
    method: "get",
    path: "/admin/export",
    tag: "Administration",
    summary: "Everything that is stored, as one file",
    answers: { 200: { description: "A savepoint.", content: { "application/octet-stream": "binary" } } },
  },
  {
    method: "get",
    path: "/openapi.json",
    tag: "Reference",
    summary: "This document",
    answers: {
      200: { description: "OpenAPI 3.1.", content: { "application/json": z.looseObject({ openapi: z.string() }) } },
      304: UNCHANGED,
    },
  },
  {
    method: "get",
    path: "/docs",
    tag: "Reference",
    summary: "This document, to read",
    answers: {
      200: { description: "A page.", content: { "text/html": "text" } },
      304: UNCHANGED,
    },
  },
];
