/**
 * What the document says of the federation: what many sensors learn together.
 *
 * @module
 */
import { z } from "zod";
import type { RoundRecord } from "../../actors/federation/port.ts";
import { federationModelQuery, federationRoundsQuery } from "../federation.ts";
import { updateBody } from "../federation_updates.ts";
import { type Operation, UNCHANGED } from "../openapi.ts";
import type { Wire } from "../wire.ts";
import { noQuery } from "./observe.ts";
import { countSchema as count, documents, itemsOf, json, pageOf, timeSchema as time } from "./parts.ts";

const round = documents<Wire<RoundRecord, "time">>()(z.object({
  group: z.string(),
  round: count,
  time,
  method: z.enum(["fedavg", "median", "trimmed"]),
  participants: z.array(z.object({
    id: z.string(),
    kind: z.enum(["sensor", "device"]),
    readings: count,
    loss: z.number().optional(),
    norm: z.number(),
    distance: z.number().describe("From the global weights that came out"),
  })).describe("Those of most readings; all are counted"),
  participant_count: count,
  readings: count,
  loss: z.number().optional(),
  left_out: count,
  model: z.string(),
  version: count,
  norm: z.number(),
  moved: z.number().optional().describe("How far the global weights moved"),
  validation_loss: z.number().optional().describe(
    "Of the global network, on readings that the round did not learn from",
  ),
  local_loss: z.number().optional().describe("Of the participants' own networks, on the same readings"),
}));
const group = z.object({
  group: z.string(),
  round: count,
  time: time.optional(),
  devices: count.describe("Outside devices that are remembered"),
  waiting: count.describe("Updates that wait for the next round"),
  devices_most: count,
  model: z.string().describe("Its name under /models"),
  version: count.optional(),
  latest: count.optional(),
  pinned: z.boolean().optional(),
});
const network = z.object({
  group: z.string(),
  model: z.string(),
  version: count,
  created: time,
  round: count,
  shapes: z.array(z.array(count)),
  form: z.unknown(),
  weights: z.array(z.number()).describe("All tensors, one behind the other"),
});
const update = z.object({
  device: z.string(),
  group: z.string(),
  round: count,
  status: z.enum(["accepted", "known"]),
});

/** Groups, rounds, their networks, and what devices outside send. */
export const federating: readonly Operation[] = [
  {
    method: "get",
    path: "/federation/groups",
    tag: "Federation",
    summary: "Groups of sensors that learn together",
    query: noQuery,
    answers: { 200: json("All groups.", itemsOf(group)) },
  },
  {
    method: "get",
    path: "/federation/rounds",
    tag: "Federation",
    summary: "What each round of a group came to, newest first",
    query: federationRoundsQuery,
    answers: { 200: json("Rounds.", pageOf(round)) },
    problems: [404],
  },
  {
    method: "get",
    path: "/federation/model",
    tag: "Federation",
    summary: "A group's network in use, as JSON or as bytes",
    query: federationModelQuery,
    answers: {
      200: {
        description: "The network; the bytes are described in docs/how-to/federation.md.",
        content: { "application/json": network, "application/octet-stream": "binary" },
      },
      304: UNCHANGED,
    },
    problems: [404],
  },
  {
    method: "post",
    path: "/federation/updates",
    tag: "Federation",
    summary: "Send what a device outside has learnt, for the next round",
    body: { "application/json": updateBody },
    answers: { 200: json("It was known.", update), 202: json("It waits for the next round.", update) },
    problems: [404, 409, 422, 503],
  },
];
