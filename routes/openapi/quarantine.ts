/**
 * What the document says of the quarantine.
 *
 * @module
 */
import { z } from "zod";
import type { QuarantineCounts } from "../../actors/quarantine.ts";
import { readingSchema } from "../../actors/reading.ts";
import type { Operation } from "../openapi.ts";
import { noQuery } from "./observe.ts";
import { countSchema as count, documents, pageOf } from "./parts.ts";
import { ingestedSchema, quarantineSchema } from "./schemas.ts";
import { quarantineQuery } from "../quarantine.ts";

const params = { id: "The record's id, percent-encoded" };
const byReason = z.record(z.string(), count).describe("By reason");
const counts = documents<QuarantineCounts>()(z.object({
  partition: z.string(),
  kept: byReason,
  gone: byReason.describe("By reason: settled by a person, or more than are kept"),
  retried: count,
  discarded: count,
}));

/** What was not accepted, and what becomes of it. */
export const quarantining: readonly Operation[] = [
  {
    method: "get",
    path: "/quarantine",
    tag: "Quarantine",
    summary: "What was not accepted and why, newest first",
    query: quarantineQuery,
    answers: {
      200: {
        description: "A page of what was not accepted.",
        content: { "application/json": pageOf(quarantineSchema) },
      },
    },
  },
  {
    method: "get",
    path: "/quarantine/counts",
    tag: "Quarantine",
    summary: "How many records were not accepted, and how many of them are gone",
    query: noQuery,
    answers: { 200: { description: "By partition.", content: { "application/json": pageOf(counts) } } },
  },
  {
    method: "get",
    path: "/quarantine/{id}",
    tag: "Quarantine",
    summary: "One record that was not accepted",
    params,
    query: noQuery,
    answers: { 200: { description: "The record.", content: { "application/json": quarantineSchema } } },
  },
  {
    method: "delete",
    path: "/quarantine/{id}",
    tag: "Quarantine",
    summary: "Give a record up",
    params,
    query: noQuery,
    answers: { 204: { description: "It is gone, and counted." } },
  },
  {
    method: "post",
    path: "/quarantine/{id}/retry",
    tag: "Quarantine",
    summary: "Take a record in again",
    description:
      "As it was, where all of it is kept, or as the reading in the body. Sent again it is not taken twice. " +
      "What is still no reading is refused and stays where it was.",
    params,
    query: noQuery,
    body: { "application/json": readingSchema },
    bodyOptional: true,
    answers: {
      202: { description: "It is in the log of readings.", content: { "application/json": ingestedSchema } },
    },
    problems: [422],
  },
];
