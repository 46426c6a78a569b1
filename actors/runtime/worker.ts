/**
 * The program of a shard's worker.
 *
 * @module
 */
import { answerMessages } from "./worker_loop.ts";

declare const self: DedicatedWorkerGlobalScope;

answerMessages(self);
