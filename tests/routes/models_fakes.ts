/**
 * Models for the tests of the routes: a server over a registry in memory, with small models that are trained at once.
 *
 * @module
 */
import type { NewModel } from "../../actors/model_registry.ts";
import { ModelServer } from "../../actors/model_server.ts";
import { writeForest } from "../../models/forest_bytes.ts";
import { trainForest } from "../../models/forest_train.ts";
import { LogisticModel } from "../../models/logistic/model.ts";
import { Random } from "../../models/random.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { MemoryKv } from "../memory_kv.ts";
import { type FakeDeps, fakeDeps } from "./fakes.ts";

/** A model of the parts' three inputs that calls what is hot abnormal; the intercept tells versions apart. */
export function partsModel(intercept = -4): LogisticModel {
  const scale = (name: string, mean: number, deviation: number, low: number, high: number) => ({
    name,
    mean,
    deviation,
    low,
    high,
  });
  return new LogisticModel({
    format: "sensorium.logistic",
    version: 1,
    features: [
      scale("temperature", 30, 3, -273.15, 475),
      scale("humidity", 70, 5, 0, 100),
      scale("sound_volume", 65, 4, 0, 656),
    ],
    terms: [
      { of: [0], mean: 0, deviation: 1, coefficient: 2 },
      { of: [0, 2], mean: 0, deviation: 1, coefficient: -1 },
    ],
    intercept,
    threshold: 0.4,
  });
}

/** That model, to be registered. */
export function newParts(intercept?: number): NewModel {
  return {
    kind: "logistic",
    scope: "global",
    lineage: { data: "made by hand", rows: 0, configuration: {}, seed: 0 },
    metrics: { roc_auc: 0.9 },
    bytes: partsModel(intercept).toBytes(),
  };
}

/** A forest on two features, to be registered. */
export function newForest(): NewModel {
  const random = new Random(1), samples = Float64Array.from({ length: 600 }, () => random.normal());
  const forest = trainForest({ features: ["a", "b"], samples, seed: 1, trees: 20 });
  return { ...newParts(), kind: "forest", scope: "local", bytes: writeForest(forest) };
}

/** Dependencies with models, and the server itself. */
export interface ModelDeps extends FakeDeps {
  readonly models: ModelServer;
  readonly kv: MemoryKv;
}

/** Fakes with a registry that holds version 1 of `parts` and of the forest `room a/b`. */
export async function modelDeps(kv = new MemoryKv()): Promise<ModelDeps> {
  let ids = 0;
  const deps = fakeDeps({ token: "a-token-of-the-tests" }), { clock, reported } = deps;
  const registry = new KvModelRegistry(kv, { clock, freshId: () => `write-${++ids}` });
  const models = new ModelServer({ registry, clock, report: (error) => reported.push(error) });
  await models.register("parts", newParts());
  await models.register("room a/b", newForest());
  return Object.assign(deps, { models, kv });
}

/** A request with a JSON body. */
export function post(body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method: "POST", body: text, headers: { "content-type": "application/json", ...headers } };
}
