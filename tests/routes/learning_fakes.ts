/**
 * What an app has of learning, with one of everything: a group that has had a round, evaluations, agreement.
 *
 * @module
 */
import { agreementViews } from "../../actors/agreement_view.ts";
import { evaluatePart, joinParts } from "../../actors/evaluation/batch.ts";
import { evaluationId } from "../../actors/evaluation/port.ts";
import { type ScoredReading, StreamingEvaluation } from "../../actors/evaluation/streaming.ts";
import { networkModel } from "../../actors/federation/group.ts";
import { encodeWeights } from "../../actors/federation/weights.ts";
import type { ModelServer } from "../../actors/model_server.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { cutWrites, KvEvaluations } from "../../store/evaluations.ts";
import { KvFederationStore } from "../../store/federation.ts";
import { KvLabelStore } from "../../store/labels.ts";
import { MemoryKv } from "../memory_kv.ts";
import { type FakeClock, NOON } from "./fakes.ts";

const EVALUATED = { model: "parts", version: 1, data: "file" };
/** Ids of the evaluations. */
export const EVALUATIONS = {
  batch: evaluationId({ ...EVALUATED, kind: "batch" }),
  streaming: evaluationId({ ...EVALUATED, kind: "streaming" }),
} as const;

const READINGS: readonly ScoredReading[] = [0, 1, 2].map((position) => ({
  position,
  sensor: "a",
  time: NOON + position * 3_600_000,
  version: 1,
  loss: position,
  flagged: position > 0,
  label: position > 1 ? 1 : 0,
}));

/** Stores of learning in a database of their own; the group's network is registered with the models. */
export async function learningDeps(models: ModelServer, clock: FakeClock) {
  const kv = new MemoryKv(), options = { clock };
  const federation = new KvFederationStore(kv, options), evaluations = new KvEvaluations(kv, options);
  const weights = Float32Array.of(0.5, -1);
  await models.register(networkModel("room"), {
    kind: "network",
    scope: "global",
    lineage: { data: "made by hand", rows: 0, configuration: {}, seed: 0 },
    metrics: {},
    bytes: encodeWeights({ group: "room", round: 1, shapes: [[2]], form: { inputs: ["t"] }, weights }),
  });
  await federation.putRound({
    group: "room",
    round: 1,
    time: NOON,
    method: "fedavg",
    participants: [{ id: "a", kind: "sensor", readings: 7, loss: 0.5, norm: 1, distance: 0 }],
    participant_count: 1,
    readings: 7,
    loss: 0.5,
    left_out: 0,
    model: networkModel("room"),
    version: 1,
    norm: 1,
    moved: 1,
    validation_loss: 0.5,
    local_loss: 0.25,
  });
  await evaluations.putBatch(EVALUATED, joinParts([evaluatePart(READINGS, 1)]));
  const streaming = new StreamingEvaluation(), atomic = kv.atomic();
  streaming.add(READINGS.slice(0, 2));
  for (const { key, value } of cutWrites({ ...EVALUATED, part: "p", started: NOON }, streaming.cut(2))) {
    atomic.set(key, value);
  }
  await atomic.commit();
  const table = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  return {
    federation,
    evaluations,
    labels: new KvLabelStore(kv, options),
    agreement: () => agreementViews(new Map([["room", table]])),
    drift: () =>
      Promise.resolve({
        models: [{ model: "forest:p/room", version: 3, index: 0.4, feature: "temperature value", status: "drifted" }],
        channels: [{ sensor: "r1", channel: "temperature", status: "drifted", index: 0.3, since: 1_700_000_000_000 }],
        steady: 4,
        learning: 2,
      }),
  } satisfies Partial<AppDeps>;
}
