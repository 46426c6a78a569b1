/**
 * What learns and is learnt, in memory: models, rounds of a federation, evaluations, labels and agreement, behind the
 * real stores, for tests of the views that show them.
 *
 * @module
 */
import { agreementViews } from "../../actors/agreement_view.ts";
import { driftsOf } from "../../actors/drift_view.ts";
import type { FloodView } from "../../actors/alerts/flood.ts";
import { evaluatePart, joinParts } from "../../actors/evaluation/batch.ts";
import { type ScoredReading, StreamingEvaluation } from "../../actors/evaluation/streaming.ts";
import { networkModel } from "../../actors/federation/group.ts";
import type { RoundRecord } from "../../actors/federation/port.ts";
import { encodeWeights } from "../../actors/federation/weights.ts";
import { AGREEMENT_DOUBLES, agreementCount } from "../../models/agreement.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { cutWrites, KvEvaluations } from "../../store/evaluations.ts";
import { KvFederationStore } from "../../store/federation.ts";
import type { DeliveryView } from "../../sinks/delivery/view.ts";
import { KvLabelStore } from "../../store/labels.ts";
import type { FakePlant } from "./fake.ts";
import { fixedStatistics } from "./statistics.ts";
import { modelDeps } from "../routes/models_fakes.ts";

/** The group that learns together. */
export const GROUP = "temperature";
/** Rounds that it has had. */
export const ROUNDS = 3;
const HALF_HOUR_MS = 1_800_000;

function record(round: number, now: number): RoundRecord {
  return {
    group: GROUP,
    round,
    time: now - (ROUNDS - round) * HALF_HOUR_MS,
    method: "fedavg",
    participants: ["office", "warehouse"].map((place, at) => ({
      id: `${place}-${GROUP}`,
      kind: "sensor",
      readings: 900 - at,
      loss: (0.2 + at / 10) / round,
      norm: 3 + at,
      distance: 0.1 + at / 5,
    })),
    participant_count: 2,
    readings: 1_799,
    loss: 0.25 / round,
    left_out: 0,
    model: networkModel(GROUP),
    version: round,
    norm: 3,
    validation_loss: 0.3 / round,
    local_loss: 0.35 / round,
  };
}

function flood(now: number): FloodView {
  const began_at = now - 8 * 60_000;
  const members = Array.from({ length: 12 }, (_, at) => `main:${at}:sensor:limit`);
  return {
    id: "main:9:flood:office",
    state: "active",
    partition: "main",
    location: "office",
    began_at,
    count: 12,
    members,
  };
}

function sinks(now: number): DeliveryView[] {
  const quiet = { backlog_items: 0, backlog_age_ms: 0, delivered: 1_204, set_aside: 0, missed: 0, retries: 0 };
  return [
    { sink: "archive", state: "ok", ...quiet, last_delivery: now },
    { sink: "webhook", state: "failing", ...quiet, error: "answered 502", backlog_items: 31, backlog_age_ms: 240_000 },
  ];
}

/** Everything of it, and what is told of the plant beside its sensors: drift, a flood, sinks. The last round is now. */
export async function learningDeps(plant: FakePlant): Promise<Partial<AppDeps>> {
  const { now } = plant;
  const { models, kv, clock } = await modelDeps();
  const federation = new KvFederationStore(kv, { clock }), evaluations = new KvEvaluations(kv, { clock });
  for (let round = 1; round <= ROUNDS; round++) {
    await models.register(networkModel(GROUP), {
      kind: "network",
      scope: "global",
      lineage: { data: "networks of temperature", rows: 1_799, configuration: {}, seed: 0 },
      metrics: { validation_loss: 0.3 / round },
      bytes: encodeWeights({
        group: GROUP,
        round,
        shapes: [[2, 1], [1]],
        form: { hidden: 1 },
        weights: Float32Array.of(round, 1, 2),
      }),
      version: round,
    });
    await federation.putRound(record(round, now));
  }
  const readings: ScoredReading[] = Array.from({ length: 40 }, (_, position) => ({
    position,
    sensor: `${position % 2 === 0 ? "office" : "warehouse"}-${GROUP}`,
    time: now - (40 - position) * 60_000,
    version: ROUNDS,
    loss: position / 40,
    flagged: position > 36,
  }));
  const place = { model: networkModel(GROUP), version: ROUNDS, data: "facility" };
  await evaluations.putBatch(place, joinParts([evaluatePart(readings, ROUNDS)]));
  const streaming = new StreamingEvaluation(), atomic = kv.atomic();
  streaming.add(readings);
  for (const { key, value } of cutWrites({ ...place, part: "p", started: now }, streaming.cut(40))) {
    atomic.set(key, value);
  }
  await atomic.commit();
  const table = new Float64Array(AGREEMENT_DOUBLES);
  for (let n = 0; n < 1_000; n++) agreementCount(table, 0, n % 20 === 0, n % 25 === 0, n % 25 === 0 ? 1 : 0);
  return {
    models,
    federation,
    evaluations,
    labels: new KvLabelStore(kv, { clock }),
    agreement: (detector = "forest") => {
      const tables = new Map(detector === "logistic" ? [] : [[GROUP, table]]);
      return agreementViews(tables).map((view) => ({ ...view, detector }));
    },
    drift: () => driftsOf(plant, [{ model: `forest:${GROUP}`, version: 3, index: 0.31, feature: "temperature rate" }]),
    floods: { list: () => [flood(now)] },
    sinks: () => sinks(now),
    analytics: fixedStatistics(now),
  };
}
