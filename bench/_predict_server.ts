/**
 * The servers of `bench/predict.ts`, as a worker: the product's app, and a handler that answers a constant. Posts their
 * ports once both listen.
 *
 * @module
 */
import { ModelServer } from "../actors/model_server.ts";
import type { Clock } from "../actors/ports.ts";
import { ensurePartsModel } from "../commands/train_model.ts";
import { makeApp } from "../routes/app.ts";
import type { AppDeps } from "../routes/deps.ts";
import { serve } from "../routes/serve.ts";
import { KvModelRegistry } from "../store/registry.ts";

/** The app with nothing behind it but models. */
async function makePredictApp() {
  const clock: Clock = { now: () => Date.now(), sleep: () => new Promise(() => {}) };
  const registry = new KvModelRegistry(await Deno.openKv(":memory:"), { clock, freshId: () => crypto.randomUUID() });
  await ensurePartsModel(registry, 42);
  const nobody = () => Promise.reject(new Error("not asked here"));
  const deps: AppDeps = {
    queries: {
      summary: nobody,
      sensors: nobody,
      sensor: nobody,
      readings: nobody,
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

const app = serve(await makePredictApp(), { hostname: "127.0.0.1", port: 0 });
const answer = JSON.stringify({ prediction: 0 }), headers = { "content-type": "application/json" };
const constant = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
  await request.arrayBuffer();
  return new Response(answer, { headers });
});
self.postMessage([app.addr.port, constant.addr.port]);
