/**
 * The program of a shard's worker in a process that exports traces.
 *
 * @module
 */
import { answerMessages } from "../../actors/runtime/worker_loop.ts";
import { openTelemetry } from "./telemetry.ts";

declare const self: DedicatedWorkerGlobalScope;

// Messages that come before the API is loaded wait in the worker's queue for whoever listens first.
const early: MessageEvent[] = [];
self.onmessage = (event) => early.push(event);
answerMessages(self, await openTelemetry(0));
for (const event of early) self.onmessage?.(event);
