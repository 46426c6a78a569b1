/**
 * What the document says of access: keys, sessions, the audit log, the configuration, and what is counted.
 *
 * @module
 */
import { z } from "zod";
import { auditQuery } from "../audit.ts";
import { changeQuery } from "../config.ts";
import { keyBody } from "../auth/keys.ts";
import { sessionBody } from "../auth/login.ts";
import type { Operation } from "../openapi.ts";
import { noQuery } from "./observe.ts";
import { json, pageOf, timeSchema } from "./parts.ts";

const scopes = z.array(z.enum(["read", "ingest", "operate", "admin"]));
const key = z.object({
  id: z.string().describe("How the audit log names it"),
  name: z.string(),
  scopes,
  created: timeSchema,
  expires: timeSchema.optional(),
});
const version = z.object({
  version: z.number().int(),
  created: timeSchema,
  by: z.string().describe("A key's name, `file` for the configuration file, `instance` for sharing out a budget"),
  comment: z.string().optional(),
});
const judgingVersion = version.extend({ judging: z.looseObject({}) });
const who = z.object({ id: z.string(), name: z.string().optional(), scopes });
const entry = z.object({
  id: z.string(),
  time: timeSchema,
  actor: z.string().describe("A key's id, `instance`, `local` or `anonymous`"),
  name: z.string().optional(),
  from: z.string(),
  action: z.string(),
  status: z.number().int(),
  request: z.string().optional(),
  detail: z.string().optional(),
});
const form = "application/x-www-form-urlencoded";

/** Keys, sessions, the audit log, the configuration, metrics. */
export const entering: readonly Operation[] = [
  {
    method: "get",
    path: "/admin/keys",
    tag: "Access",
    summary: "Keys that are not revoked",
    answers: { 200: json("All keys, without their secrets.", z.object({ items: z.array(key) })) },
  },
  {
    method: "post",
    path: "/admin/keys",
    tag: "Access",
    summary: "Make a key",
    description: "The answer is the only place where the key itself is ever shown.",
    body: { "application/json": keyBody },
    answers: { 201: json("The key, with its secret.", key.extend({ secret: z.string() })) },
    problems: [409],
  },
  {
    method: "delete",
    path: "/admin/keys/{id}",
    tag: "Access",
    summary: "Take a key back, from the next request on",
    params: { id: "The key's id" },
    answers: { 200: json("The key that was.", key) },
  },
  {
    method: "get",
    path: "/login",
    tag: "Access",
    summary: "The form to log in with a key",
    answers: { 200: { description: "A page.", content: { "text/html": "text" } } },
  },
  {
    method: "post",
    path: "/session",
    tag: "Access",
    summary: "Log a browser in with a key",
    description: "The session is a cookie that no script can read and no other site can make the browser send.",
    body: { "application/json": sessionBody, [form]: sessionBody },
    answers: {
      201: json("Who is logged in.", who),
      303: { description: "To the page, after the form." },
    },
  },
  {
    method: "get",
    path: "/session",
    tag: "Access",
    summary: "Who asks, and what they may",
    answers: { 200: json("Who.", who) },
  },
  {
    method: "delete",
    path: "/session",
    tag: "Access",
    summary: "Log out",
    answers: { 204: { description: "The session is over." } },
  },
  {
    method: "get",
    path: "/audit",
    tag: "Access",
    summary: "Who changed what, newest first; the last 10,000 changes",
    query: auditQuery,
    answers: { 200: json("A page of changes.", pageOf(entry)) },
  },
  {
    method: "get",
    path: "/config",
    tag: "Administration",
    summary: "What the instance runs with, and where each setting came from; secrets are hidden",
    query: noQuery,
    answers: {
      200: json(
        "The configuration.",
        z.object({
          settings: z.record(z.string(), z.object({ value: z.unknown(), origin: z.string() })),
          judging: z.unknown(),
        }),
      ),
    },
    problems: [404],
  },
  {
    method: "get",
    path: "/config/judging",
    tag: "Administration",
    summary: "How sensors are judged, and which version of the configuration that is",
    query: noQuery,
    answers: { 200: json("The latest version; its `ETag` is its number.", judgingVersion) },
    problems: [404],
  },
  ...(["put", "patch"] as const).map((method): Operation => ({
    method,
    path: "/config/judging",
    tag: "Administration",
    summary: method === "put"
      ? "Change how sensors are judged, without a restart"
      : "Change a part of it, as a JSON Merge Patch (RFC 7396)",
    description: "Every partition takes it in band, at a position that is recorded; what sensors have learnt stays. " +
      "`windows`, `latenessMs`, `tickMs`, `detectors` and `forest.memoryMs` cannot be changed so.",
    query: changeQuery,
    headers: z.object({
      "if-match": z.string().describe('The version that you have seen, such as `"3"`; `*` for any'),
    }),
    body: { "application/json": z.looseObject({}).describe("What stands under `judging` in a configuration file") },
    answers: { 200: json("The version that was made.", judgingVersion) },
    problems: [404, 412, 422, 428],
  })),
  {
    method: "get",
    path: "/config/versions",
    tag: "Administration",
    summary: "Versions of how sensors are judged, newest first; the last 200",
    query: noQuery,
    answers: {
      200: json(
        "The versions. A reading is judged by the one with the greatest position that is not behind its own.",
        z.object({
          items: z.array(version.extend({
            changed: z.array(z.string()),
            places: z.array(z.object({ partition: z.string(), position: z.number().int() })),
          })),
        }),
      ),
    },
    problems: [404],
  },
  {
    method: "get",
    path: "/config/versions/{version}",
    tag: "Administration",
    summary: "One version, whole",
    params: { version: "Its number" },
    query: noQuery,
    answers: { 200: json("The version.", judgingVersion) },
    problems: [404],
  },
  {
    method: "get",
    path: "/config/schema",
    tag: "Administration",
    summary: "The JSON Schema of a config file, for editors",
    query: noQuery,
    answers: {
      200: {
        description: "A JSON Schema.",
        content: { "application/schema+json": z.looseObject({ type: z.string() }) },
      },
    },
    problems: [404],
  },
  {
    method: "get",
    path: "/metrics",
    tag: "Probes",
    summary: "What the instance counts of itself, for Prometheus",
    answers: { 200: { description: "Text format 0.0.4.", content: { "text/plain": "text" } } },
  },
];
