/**
 * The product's app with nothing behind it but models: for what measures `POST /predict`.
 *
 * @module
 */
import type { Hono } from "hono";
import { ModelServer } from "../actors/model_server.ts";
import type { Clock } from "../actors/ports.ts";
import { ensurePartsModel } from "../commands/train/model.ts";
import { makeApp } from "../routes/app.ts";
import type { AppDeps } from "../routes/deps.ts";
import type { KvModelRegistry } from "../store/registry.ts";

/** The app over a registry, in which the model of a first start is trained if it is not there. */
export async function makePredictApp(registry: KvModelRegistry, clock: Clock): Promise<Hono> {
  await ensurePartsModel(registry, 42);
  const nobody = () => Promise.reject(new Error("not asked here"));
  const deps: AppDeps = {
    queries: {
      summary: nobody,
      sensors: nobody,
      sensor: nobody,
      readings: nobody,
      latestReadings: nobody,
      windows: nobody,
      alerts: nobody,
      alert: nobody,
      quarantine: nobody,
    },
    feed: { alerts: nothing, readings: nothing },
    models: new ModelServer({ registry, clock }),
    clock,
    health: () => ({ ready: true, reasons: [], partitions: [], lock: true, kv: true }),
    version: "0.0.0",
    signal: new AbortController().signal,
    hosts: ["127.0.0.1", "localhost"],
  };
  return makeApp(deps);
}

async function* nothing<T>(): AsyncGenerator<T> {}
