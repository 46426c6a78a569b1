/**
 * The real routes and the real page over a fake plant, on a port of their own.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { makeApp } from "../../routes/app.ts";
import { assets } from "../../routes/assets.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { KvLabelStore } from "../../store/labels.ts";
import { MemoryKv } from "../memory_kv.ts";
import type { FakePlant } from "./fake.ts";

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimeout(resolve, Math.max(0, ms));
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      }, { once: true });
    }),
};

/** A running server. */
export interface PageServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends streams and connections, as a kill would. */
  stop(): Promise<void>;
}

/** Serves a plant on 127.0.0.1. @param port 0 for any free one @param more such as models, see `learning.ts` */
export function servePlant(plant: FakePlant, port = 0, more: Partial<AppDeps> = {}): PageServer {
  const down = new AbortController();
  const app = makeApp({
    labels: new KvLabelStore(new MemoryKv(), { clock }),
    floods: { list: () => [] },
    ...more,
    queries: plant,
    feed: plant.feed,
    clock,
    health: () => ({ ready: true, reasons: [], partitions: [], lock: true, kv: true }),
    version: "0.0.0",
    signal: down.signal,
  }, assets());
  const server = Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {} }, app.fetch);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    port: server.addr.port,
    async stop() {
      down.abort();
      await server.shutdown();
    },
  };
}
