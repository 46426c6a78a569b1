/**
 * What a shard's worker does: answers messages in order, and makes spans for batches that are followed.
 *
 * @module
 */
import type { ShardMessage } from "../batch.ts";
import { Shard } from "../shard.ts";
import type { Tracer } from "../tracing.ts";
import { type FromWorker, type ToWorker, transferable } from "./worker_host.ts";

/** What a worker's global object is to this. */
export interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

/** Answers everything that is sent from now on: first come the options, then messages. */
export function answerMessages(scope: WorkerScope, tracer?: Tracer): void {
  let shard: Shard | undefined;
  scope.onmessage = ({ data }) => {
    if ("options" in data) {
      shard = new Shard(data.options);
      return;
    }
    try {
      if (!shard) throw new Error("a message came before the options");
      const reply = handleTraced(shard, data.message, tracer);
      scope.postMessage({ reply } satisfies FromWorker, transferable(reply));
    } catch (error) {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      scope.postMessage({ error: text } satisfies FromWorker);
    }
  };
}

/** A shard's answer, with a span for each trace that the message belongs to. */
export function handleTraced(shard: Shard, message: ShardMessage, tracer?: Tracer): ReturnType<Shard["handle"]> {
  if (!tracer || message.kind !== "batch" || !message.traces) return shard.handle(message);
  const attributes = { "sensorium.readings": message.count };
  const spans = message.traces.map((parent) => tracer.begin("shard", attributes, parent));
  try {
    return shard.handle(message);
  } finally {
    for (const span of spans) span.end();
  }
}
