/**
 * The servers of `bench/predict.ts`, as a worker: the product's app, and a handler that answers a constant. Posts their
 * ports once both listen.
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";
import { serve } from "../routes/serve.ts";
import { KvModelRegistry } from "../store/registry.ts";
import { makePredictApp } from "./_predict_app.ts";

const clock: Clock = { now: () => Date.now(), sleep: () => new Promise(() => {}) };
const registry = new KvModelRegistry(await Deno.openKv(":memory:"), { clock, freshId: () => crypto.randomUUID() });
const app = serve(await makePredictApp(registry, clock), { hostname: "127.0.0.1", port: 0 });
const answer = JSON.stringify({ prediction: 0 }), headers = { "content-type": "application/json" };
const constant = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
  await request.arrayBuffer();
  return new Response(answer, { headers });
});
self.postMessage([app.addr.port, constant.addr.port]);
