/**
 * What the document says of evaluations of models, machine learning against rules, and drift.
 *
 * @module
 */
import { z } from "zod";
import { type AgreementView, COMPARED, type FindingsView } from "../../actors/agreement_view.ts";
import type { ChannelDriftView, DriftsView } from "../../actors/drift_view.ts";
import type { CellView } from "../../actors/evaluation/cell.ts";
import type { EvaluationRecord } from "../../actors/evaluation/port.ts";
import { agreementQuery } from "../analytics.ts";
import { compareQuery, evaluationsQuery } from "../evaluations.ts";
import type { Operation } from "../openapi.ts";
import type { Wire } from "../wire.ts";
import { noQuery } from "./observe.ts";
import { countSchema as count, documents, itemsOf, json, timeSchema as time } from "./parts.ts";

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

/** How good models are, and what has drifted since they were learnt. */
export const evaluating: readonly Operation[] = [
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
  {
    method: "get",
    path: "/drift",
    tag: "Evaluations",
    summary: "Channels and models that are not what they were when they were learnt",
    query: noQuery,
    answers: { 200: json("What has drifted.", drifts) },
  },
];
