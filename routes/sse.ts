/**
 * Server-sent events: frames out to one client, with a heartbeat, a bounded buffer and an end.
 *
 * A client's buffer holds {@linkcode BUFFER_BYTES}; while it is full nothing more is asked of the feed. A client that
 * takes nothing for a whole heartbeat period with a full buffer is cut off: its connection is reset and its memory freed.
 *
 * @module
 */
import type { Context } from "hono";
import type { Clock } from "../actors/ports.ts";
import { Waiters } from "../actors/waiters.ts";

/** Time between two comments that keep the connection open, ms. */
export const HEARTBEAT_MS = 15_000;
/** After so long a client comes again, ms; sent as `retry`. */
export const RETRY_MS = 2_000;
/** Bytes that wait for one client at most, and one frame more. */
const BUFFER_BYTES = 64 * 1024;

/** A client took nothing and its connection is reset: no failure of the instance, so nobody is told. */
export class CutOffError extends Error {
  override name = "CutOffError";
}

/** One event, or an id alone: where the client stands before it has had an event. */
export interface Frame {
  /** Cursor, sent back by the client as `Last-Event-ID`. */
  readonly id: string;
  readonly event?: string;
  /** Without data a client notes the id and tells nobody of an event. */
  readonly data?: string;
}

/** What a stream needs beside its frames. */
export interface SseOptions {
  readonly clock: Clock;
  /** Aborted when the instance goes down: the stream ends in order. */
  readonly signal: AbortSignal;
  /** Told of an error of the frames that is not the client's lag. */
  report?(error: unknown): void;
  /** Asked at each heartbeat: whether the client may still have it. Else the stream ends. */
  stillMay?(): boolean;
  /** Told once, when it is over. */
  ended?(): void;
}

/**
 * A frame as text. Line ends in the data start a new `data:` line, those in id and event are left out, so that no
 * content can make up a frame of its own.
 */
function frameText({ id, event, data }: Frame): string {
  if (data === undefined) return `id: ${oneLine(id)}\n\n`;
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return `id: ${oneLine(id)}\nevent: ${oneLine(event ?? "message")}\n${lines}\n`;
}

// deno-lint-ignore no-control-regex -- U+0000 in an id makes a client ignore it
const BREAKS = /[\r\n\u0000]/g;

function oneLine(text: string): string {
  return text.replace(BREAKS, "");
}

const encoder = new TextEncoder();
const COMMENT = encoder.encode(":\n\n");

const NO_BYTES = new Uint8Array(0);
/** The last frame written: thousands of clients get the same, one after the other. */
const last: { frame: Frame; bytes: Uint8Array } = { frame: { id: "" }, bytes: NO_BYTES };

/** A frame's bytes, made once for all who get it at the same time; nobody changes them. */
function frameBytes(frame: Frame): Uint8Array {
  const { id, event, data } = last.frame;
  if (last.bytes === NO_BYTES || frame.id !== id || frame.event !== event || frame.data !== data) {
    Object.assign(last, { frame, bytes: encoder.encode(frameText(frame)) });
  }
  return last.bytes;
}

/** Answers with the frames until they end, the client leaves or the instance goes down. */
export function sse(
  c: Context,
  frames: (signal: AbortSignal) => AsyncIterable<Frame>,
  options: SseOptions,
): Response {
  const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
  if (c.req.raw.method === "HEAD") {
    options.ended?.();
    return c.body(null, 200, headers);
  }
  return c.body(new Connection(frames, options).stream, 200, headers);
}

/** One client's stream. */
class Connection {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #options: SseOptions;
  readonly #stop = new AbortController();
  readonly #room = new Waiters();
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** How often the client has asked for more. */
  #pulls = 0;
  #over = false;

  constructor(frames: (signal: AbortSignal) => AsyncIterable<Frame>, options: SseOptions) {
    this.#options = options;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => {
        this.#pulls++;
        this.#room.wake();
      },
      cancel: () => this.#end(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES }));
    options.signal.addEventListener("abort", this.#shutdown);
    this.#controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
    void this.#pump(frames);
    void this.#beat();
  }

  get #isFull(): boolean {
    return (this.#controller.desiredSize ?? 0) <= 0;
  }

  async #pump(frames: (signal: AbortSignal) => AsyncIterable<Frame>): Promise<void> {
    const { signal } = this.#stop;
    try {
      if (this.#options.signal.aborted) return;
      for await (const frame of frames(signal)) {
        while (!signal.aborted && this.#isFull) await this.#room.wait(signal);
        if (signal.aborted) break;
        this.#controller.enqueue(frameBytes(frame));
      }
    } catch (error) {
      // A lag is the client's: it comes again with its last id and goes on or is told to resync.
      if (!(error instanceof Error && error.name === "LagError")) this.#options.report?.(error);
    } finally {
      this.#close();
    }
  }

  /** Comments while the client takes them; the end for one that takes nothing. */
  async #beat(): Promise<void> {
    const { signal } = this.#stop;
    let pulls = -1;
    try {
      while (!signal.aborted) {
        await this.#options.clock.sleep(HEARTBEAT_MS, signal);
        if (this.#options.stillMay?.() === false) return this.#close();
        if (!this.#isFull) this.#controller.enqueue(COMMENT);
        else if (this.#pulls === pulls) return this.#cut("The client takes nothing.");
        pulls = this.#pulls;
      }
    } catch (error) {
      if (!signal.aborted) this.#options.report?.(error);
    }
  }

  readonly #shutdown = () => this.#close();

  /** Ends in order; one whose buffer is full would keep the connection open for ever, so it is reset. */
  #close(): void {
    if (this.#over) return;
    if (this.#isFull) return this.#cut("The stream ended before the client took it.");
    this.#end();
    this.#controller.close();
  }

  #cut(reason: string): void {
    if (this.#over) return;
    this.#end();
    this.#controller.error(new CutOffError(reason));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.signal.removeEventListener("abort", this.#shutdown);
    this.#stop.abort();
    this.#options.ended?.();
  }
}
