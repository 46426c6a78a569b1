/**
 * Where a shard runs. A host takes messages in order and answers each, in the same order; one in the main thread does so
 * at once, one in a worker when it gets there.
 *
 * @module
 */
import type { ShardMessage, ShardReply } from "../batch.ts";
import { Shard, type ShardOptions } from "../shard.ts";
import type { Tracer } from "../tracing.ts";
import { handleTraced } from "./worker_loop.ts";

/** A shard's mailbox and its answers. */
export interface ShardHost {
  /** Messages that wait in the mailbox. */
  readonly depth: number;
  /** Sends a message. Replies come in the order of the messages. Rejects once the shard has failed as a whole. */
  send<M extends ShardMessage>(message: M): Promise<ShardReply<M>>;
  /** Resolves when the mailbox has room: fewer than {@linkcode MAILBOX_CAPACITY} messages wait in it. */
  room(): Promise<void>;
  /** Ends the shard; what was not answered is rejected. */
  close(): void;
}

/** Messages that a mailbox holds before its sender waits. */
export const MAILBOX_CAPACITY = 4;

/** A shard in the main thread: it has done its work when `send` returns. */
export class InlineHost implements ShardHost {
  readonly depth = 0;
  private readonly shard: Shard;

  /** @param fault see {@linkcode Shard} */
  constructor(
    options: ShardOptions,
    fault?: (sensor: string, position: number) => void,
    private readonly tracer?: Tracer,
  ) {
    this.shard = new Shard(options, fault);
  }

  send<M extends ShardMessage>(message: M): Promise<ShardReply<M>> {
    try {
      return Promise.resolve(handleTraced(this.shard, message, this.tracer) as ShardReply<M>);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}
