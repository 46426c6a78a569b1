/**
 * A shard in a Web Worker. Columns and snapshots are handed over, not copied; text is in memory that all workers see.
 *
 * @module
 */
import type { ShardMessage, ShardReply } from "../batch.ts";
import type { ShardOptions } from "../shard.ts";
import { MAILBOX_CAPACITY, type ShardHost } from "./host.ts";

/** What a worker is sent: first the options, then messages. */
export type ToWorker = { readonly options: ShardOptions } | { readonly message: ShardMessage };
/** What a worker sends back, one for each message. */
export type FromWorker = { readonly reply: unknown } | { readonly error: string };

/** One message under way. */
interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/** A shard in a worker of its own. */
export class WorkerHost implements ShardHost {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];
  private readonly roomWaiters: (() => void)[] = [];
  private failure?: Error;

  /** @param program of the worker; it answers as `worker_loop.ts` has it */
  constructor(options: ShardOptions, program: URL = new URL("./worker.ts", import.meta.url)) {
    this.worker = new Worker(program, { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      const waiting = this.waiting.shift();
      if ("error" in data) waiting?.reject(new Error(data.error));
      else waiting?.resolve(data.reply);
      for (const wake of this.roomWaiters.splice(0)) wake();
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.fail(new Error(`a shard's worker failed: ${event.message}`));
    };
    this.post({ options }, []);
  }

  get depth(): number {
    return this.waiting.length;
  }

  async room(): Promise<void> {
    while (this.waiting.length >= MAILBOX_CAPACITY && !this.failure) {
      await new Promise<void>((resolve) => this.roomWaiters.push(resolve));
    }
  }

  send<M extends ShardMessage>(message: M): Promise<ShardReply<M>> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const apart = message.kind === "batch" && message.text ? { ...message, text: shared(message.text) } : message;
      // Models go to every shard: each gets a copy.
      this.post({ message: apart }, transferable("models" in apart ? { ...apart, models: [] } : apart));
      this.waiting.push({ resolve: (reply) => resolve(reply as ShardReply<M>), reject });
    });
  }

  close(): void {
    this.worker.terminate();
    this.fail(new Error("the shard was closed"));
  }

  private post(data: ToWorker, transfer: Transferable[]): void {
    this.worker.postMessage(data, transfer);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const waiting of this.waiting.splice(0)) waiting.reject(this.failure);
    for (const wake of this.roomWaiters.splice(0)) wake();
  }
}

/** Copies of texts that workers see, as long as the texts themselves are held: the batches of all shards have the same. */
const copies = new WeakMap<ArrayBufferLike, { readonly from: number; readonly bytes: Uint8Array }>();

/** The same text in shared memory, copied once for all shards. */
function shared(text: Uint8Array): Uint8Array {
  if (text.buffer instanceof SharedArrayBuffer) return text;
  const known = copies.get(text.buffer);
  if (known?.from === text.byteOffset && known.bytes.length === text.length) return known.bytes;
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length));
  bytes.set(text);
  copies.set(text.buffer, { from: text.byteOffset, bytes });
  return bytes;
}

/** The buffers of typed arrays in an object and one level of arrays below it. */
export function transferable(value: object): Transferable[] {
  const buffers = new Set<ArrayBuffer>();
  const visit = (item: unknown) => {
    if (ArrayBuffer.isView(item)) {
      if (item.buffer instanceof ArrayBuffer && item.byteLength === item.buffer.byteLength) buffers.add(item.buffer);
    }
  };
  for (const item of Object.values(value)) {
    visit(item);
    if (Array.isArray(item)) {
      for (const inner of item) if (typeof inner === "object" && inner !== null) Object.values(inner).forEach(visit);
    }
  }
  return [...buffers];
}
