/**
 * The program of a shard's worker: a shard, fed by messages.
 *
 * @module
 */
import { Shard } from "../shard.ts";
import { type FromWorker, type ToWorker, transferable } from "./worker_host.ts";

declare const self: DedicatedWorkerGlobalScope;

let shard: Shard | undefined;

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("options" in data) {
    shard = new Shard(data.options);
    return;
  }
  try {
    if (!shard) throw new Error("a message came before the options");
    const reply: ReturnType<Shard["handle"]> = shard.handle(data.message);
    self.postMessage({ reply } satisfies FromWorker, transferable(reply));
  } catch (error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    self.postMessage({ error: text } satisfies FromWorker);
  }
};
