/**
 * What the document says of labels.
 *
 * @module
 */
import { z } from "zod";
import type { Label } from "../../actors/labels.ts";
import { labelBody, labelsQuery } from "../labels.ts";
import type { Operation } from "../openapi.ts";
import type { Wire } from "../wire.ts";
import { noQuery } from "./observe.ts";
import { countSchema as count, documents, itemsOf, json, pageOf, timeSchema as time } from "./parts.ts";

const label = documents<Wire<Label, "time" | "created">>()(z.object({
  sensor: z.string(),
  time,
  group: z.string(),
  label: z.union([z.literal(0), z.literal(1)]),
  values: z.record(z.string(), z.number().nullable()).optional(),
  reading: z.string().optional(),
  alert: z.string().optional(),
  who: z.string().optional(),
  comment: z.string().optional(),
  created: time,
}));
const labelCount = z.object({
  group: z.string(),
  zeros: count,
  ones: count,
  least: count.describe("Labels of either kind that it takes to train from them alone"),
  enough: z.boolean(),
  model: z.string().describe("The model that they train"),
});

/** What people say of readings. */
export const labelling: readonly Operation[] = [
  {
    method: "post",
    path: "/labels",
    tag: "Labels",
    summary: "Say whether a reading was anomalous: by sensor and time, by its id, or by an alert's",
    body: { "application/json": labelBody },
    answers: { 200: json("In place of an earlier one.", label), 201: json("The label.", label) },
    problems: [404, 507],
  },
  {
    method: "get",
    path: "/labels",
    tag: "Labels",
    summary: "What was said of readings, newest reading first",
    query: labelsQuery,
    answers: { 200: json("Labels.", pageOf(label)) },
  },
  {
    method: "get",
    path: "/labels/counts",
    tag: "Labels",
    summary: "How many labels each group has",
    query: noQuery,
    answers: { 200: json("All groups.", itemsOf(labelCount)) },
  },
];
