/**
 * A request's body as it comes: with an idle time-out, a rate limit, and an end when somebody gives up.
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";

/** Nothing came for too long. */
export class IdleError extends Error {
  override name = "IdleError";
}

/** The connection ended before the body did. */
export class BrokenError extends Error {
  override name = "BrokenError";
}

/** How a body is read. */
export interface BodyOptions {
  readonly clock: Clock;
  /** Longest time without a byte, ms. */
  readonly idleMs: number;
  /** Bytes a second in the long run, one second's worth at once; Infinity for no limit. */
  readonly bytesPerSecond: number;
  /** Ends the reading: the client is gone, or the instance goes down. */
  readonly signal: AbortSignal;
}

/** Reads a body piece by piece; a piece is asked for only when the one before is dealt with. */
export class Body {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #options: BodyOptions;
  /** A read that was asked for and has not been answered. */
  #pending?: Promise<ReadableStreamReadResult<Uint8Array>>;
  /** When the bytes so far would be through at the greatest rate. */
  #paidAt = -Infinity;
  /** Ends the wait that is under way. */
  #waiting?: AbortController;
  readonly #giveUp = () => this.#waiting?.abort(this.#options.signal.reason);

  constructor(body: ReadableStream<Uint8Array>, options: BodyOptions) {
    this.#reader = body.getReader();
    this.#options = options;
    options.signal.addEventListener("abort", this.#giveUp);
  }

  /**
   * The next piece; undefined at the end; "quiet" when none comes within `quietMs` (it may be asked for again).
   *
   * @throws {IdleError} when nothing comes for too long, {@linkcode BrokenError} when the connection ends; the signal's
   * reason when it is aborted
   */
  async next(quietMs = Infinity): Promise<Uint8Array | "quiet" | undefined> {
    const { clock, idleMs, signal } = this.#options;
    signal.throwIfAborted();
    this.#pending ??= this.#reader.read();
    const waiting = this.#waiting = new AbortController();
    const waitMs = Math.min(quietMs, idleMs);
    const quiet = clock.sleep(waitMs, waiting.signal).then((): "quiet" => {
      if (waitMs === idleMs) throw new IdleError(`Nothing came for ${idleMs / 1000} s.`);
      return "quiet";
    });
    quiet.catch(() => {});
    try {
      const read = this.#pending.catch((cause) => {
        throw new BrokenError("The connection ended before the body did.", { cause });
      });
      const result = await Promise.race([read, quiet]);
      if (result === "quiet") return result;
      this.#pending = undefined;
      if (result.done) return undefined;
      await this.#pace(result.value.length);
      return result.value;
    } finally {
      waiting.abort();
    }
  }

  /** Lets go of the body; what has not been read is not wanted. */
  async close(): Promise<void> {
    this.#options.signal.removeEventListener("abort", this.#giveUp);
    this.#pending?.catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }

  async #pace(bytes: number): Promise<void> {
    const { clock, bytesPerSecond, signal } = this.#options;
    if (bytesPerSecond === Infinity) return;
    const now = clock.now();
    this.#paidAt = Math.max(now, this.#paidAt) + bytes / bytesPerSecond * 1000;
    await clock.sleep(this.#paidAt - now - 1000, signal);
  }
}

/**
 * The whole body, up to `bytesMax`.
 *
 * @returns undefined if it is longer
 */
export async function wholeBody(body: Body, bytesMax: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let part = await body.next(); part !== undefined; part = await body.next()) {
    if (part === "quiet") continue;
    length += part.length;
    if (length > bytesMax) return undefined;
    parts.push(part);
  }
  return join(parts, length);
}

/** Stands for a line that was longer than allowed, and is not kept. */
export const TOO_LONG = Symbol("a line that is too long");

/** Cuts pieces of bytes into lines, holding at most one unfinished line of the greatest length. */
export class LineCutter {
  readonly #bytesMax: number;
  #rest: Uint8Array = new Uint8Array(0);
  #isSkipping = false;

  /** @param bytesMax greatest length of a line without its end */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in this piece, without `\n` and `\r\n`. */
  cut(piece: Uint8Array): (Uint8Array | typeof TOO_LONG)[] {
    const lines: (Uint8Array | typeof TOO_LONG)[] = [];
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      lines.push(this.#finish(piece.subarray(from, end)));
      from = end + 1;
    }
    this.#keep(piece.subarray(from));
    return lines;
  }

  /** What is left when the body ends without a newline: one line or none. */
  end(): (Uint8Array | typeof TOO_LONG)[] {
    return this.#rest.length > 0 || this.#isSkipping ? [this.#finish(new Uint8Array(0))] : [];
  }

  #finish(tail: Uint8Array): Uint8Array | typeof TOO_LONG {
    this.#keep(tail);
    const line = this.#isSkipping ? TOO_LONG : this.#rest;
    this.#rest = new Uint8Array(0);
    this.#isSkipping = false;
    return line !== TOO_LONG && line.at(-1) === 13 ? line.subarray(0, -1) : line;
  }

  #keep(tail: Uint8Array): void {
    const length = this.#rest.length + tail.length;
    if (length > this.#bytesMax + 1) this.#isSkipping = true; // one more for a `\r`
    if (this.#isSkipping) this.#rest = new Uint8Array(0);
    else if (tail.length > 0) this.#rest = this.#rest.length === 0 ? tail.slice() : join([this.#rest, tail], length);
  }
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
