/**
 * What the document says of how models learn: the federation, labels, evaluations, and machine learning against rules.
 *
 * @module
 */
import { z } from "zod";
import type { ChannelDriftView, DriftsView } from "../../actors/drift_view.ts";
import { COMPARED } from "../../actors/agreement_view.ts";
import type { AgreementView, FindingsView } from "../../actors/agreement_view.ts";
import type { CellView } from "../../actors/evaluation/cell.ts";
import type { EvaluationRecord } from "../../actors/evaluation/port.ts";
import type { RoundRecord } from "../../actors/federation/port.ts";
import type { Label } from "../../actors/labels.ts";
import { agreementQuery } from "../analytics.ts";
import { compareQuery, evaluationsQuery } from "../evaluations.ts";
import { federationModelQuery, federationRoundsQuery } from "../federation.ts";
import { updateBody } from "../federation_updates.ts";
import { labelBody, labelsQuery } from "../labels.ts";
import { type Answer, type Content, type Operation, UNCHANGED } from "../openapi.ts";
import { noQuery } from "./observe.ts";
import { countSchema as count, documents, pageOf, timeSchema as time } from "./parts.ts";
import type { Wire } from "../wire.ts";

const json = (description: string, schema: Content): Answer => ({
  description,
  content: { "application/json": schema },
});
const itemsOf = (item: z.ZodType) => z.object({ items: z.array(item) });

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

const cell = z.object({
  count: count.describe("Readings"),
  mean_loss: z.number().optional(),
  greatest_loss: z.number().optional(),
  clipped: count.describe("Losses that were no numbers, or too great"),
  flagged: count,
  labelled: count,
  true_positive: count,
  false_positive: count,
  false_negative: count,
  true_negative: count,
  precision: z.number().optional(),
  recall: z.number().optional(),
});
documents<CellView>()(cell);
const evaluation = documents<Wire<EvaluationRecord, "started" | "from" | "to">>()(z.object({
  id: z.string(),
  kind: z.enum(["batch", "streaming"]),
  model: z.string(),
  version: count,
  data: z.string(),
  started: time,
  from: time,
  to: time,
  devices: count,
  late: count,
  overall: cell,
}));
const wholeEvaluation = evaluation.extend({
  by_hour: z.array(cell.extend({ hour: z.number().int().min(0).max(23).describe("UTC") })),
  by_device: z.array(cell.extend({
    device: z.string().optional(),
    others: z.literal(true).optional().describe("All devices that are not counted one by one"),
  })),
});
const comparison = z.object({
  batch: evaluation,
  streaming: evaluation,
  same_version: z.boolean(),
  same_data: z.boolean(),
  equal: z.boolean(),
  cells: count,
  different: count,
  differences: z.array(z.object({
    device: z.string().optional(),
    hour: count,
    field: z.string(),
    batch: z.number(),
    streaming: z.number(),
  })),
});

const share = z.number().min(0).max(1).optional();
const findings = documents<FindingsView>()(z.object({
  rate: share,
  precision: share,
  recall: share,
  f1: share,
  stretches: count.optional().describe("Labelled stretches of anomalies"),
  found_stretches: count.optional(),
  mean_delay_ms: z.number().optional().describe("Of those found"),
  found_alone: count,
}));
const agreement = documents<AgreementView>()(z.object({
  detector: z.enum(COMPARED).optional(),
  group: z.string().optional().describe("Absent for all groups together"),
  readings: count,
  both: count,
  only_machine_learning: count,
  only_rules: count,
  neither: count,
  agreement: share,
  overlap: share,
  kappa: z.number().min(-1).max(1).optional(),
  labelled: count,
  anomalies: count,
  missed: count,
  machine_learning: findings,
  rules: findings,
}));

const federation: readonly Operation[] = [
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

const labelling: readonly Operation[] = [
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

const evaluating: readonly Operation[] = [
  {
    method: "get",
    path: "/evaluations",
    tag: "Evaluations",
    summary: "How great the models' errors are, newest version first",
    query: evaluationsQuery,
    answers: { 200: json("Evaluations.", itemsOf(evaluation)) },
  },
  {
    method: "get",
    path: "/evaluations/compare",
    tag: "Evaluations",
    summary: "Whether a batch and a streaming evaluation agree, and where they do not",
    query: compareQuery,
    answers: { 200: json("The comparison.", comparison) },
    problems: [404],
  },
  {
    method: "get",
    path: "/evaluations/{evaluation}",
    tag: "Evaluations",
    summary: "One evaluation, by device and by hour of the day",
    params: { evaluation: "The evaluation's id" },
    query: noQuery,
    answers: { 200: json("The evaluation.", wholeEvaluation) },
  },
  {
    method: "get",
    path: "/analytics/agreement",
    tag: "Evaluations",
    summary: "Machine learning against rules, on their flags",
    query: agreementQuery,
    answers: { 200: json("All groups together, then each.", itemsOf(agreement)) },
  },
];

const drifts = documents<
  Omit<DriftsView, "channels"> & { readonly channels: readonly Wire<ChannelDriftView, "since" | "adapted_at">[] }
>()(
  z.object({
    models: z.array(z.object({
      model: z.string(),
      version: count,
      index: z.number().describe("Population stability index of the feature that differs most"),
      feature: z.string(),
      status: z.enum(["steady", "drifted"]),
    })),
    channels: z.array(z.object({
      sensor: z.string(),
      channel: z.string(),
      status: z.enum(["learning", "steady", "drifted", "adapting"]),
      index: z.number(),
      since: z.iso.datetime().optional(),
      adapted_at: z.iso.datetime().optional(),
    })),
    steady: count,
    learning: count,
  }),
);

const drifting: readonly Operation[] = [{
  method: "get",
  path: "/drift",
  tag: "Evaluations",
  summary: "Channels and models that are not what they were when they were learnt",
  query: noQuery,
  answers: { 200: json("What has drifted.", drifts) },
}];

/** How models learn, and how good they are. */
export const learning: readonly Operation[] = [...federation, ...labelling, ...evaluating, ...drifting];
