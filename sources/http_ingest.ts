/**
 * Readings over HTTP: bodies become entries of the log, and are answered for once they are in it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Ingest, IngestEnd, IngestOutcome, IngestRequest } from "../actors/ingest.ts";
import { LogError, type LogIntake, type Piece, RequestConflictError, type RequestState } from "../actors/log.ts";
import type { NamesTaken } from "../actors/names.ts";
import type { Clock } from "../actors/ports.ts";
import { refusal } from "../actors/reading.ts";
import { Shares } from "../actors/shares.ts";
import { Account, MismatchError } from "./http_account.ts";
import { Body, BrokenError, IdleError, LineCutter, TOO_LONG, wholeBody } from "./http_body.ts";

/** Greatest JSON body, bytes. */
export const JSON_BYTES = 1024 * 1024;
/** Longest line of NDJSON, bytes. */
export const LINE_BYTES = 64 * 1024;
/** So many bytes of readings go into one write, when they come fast. */
const WRITE_BYTES = 256 * 1024;
/** When nothing comes for so long, what is there is written, ms. */
const QUIET_MS = 200;
/** Seconds after which to come again when the log is full. */
const RETRY_AFTER = 5;

/** What an ingest is made with. */
export interface IngestOptions {
  readonly log: LogIntake;
  readonly clock: Clock;
  /** Names of sensors, under which readings may come too. */
  readonly names?: NamesTaken;
  /** Longest time without a byte of a body, ms. Default 60 s. */
  readonly idleMs?: number;
  /** Bytes a second of one body. Default no limit. */
  readonly bytesPerSecond?: number;
  /** Bodies taken at the same time, half of them from one client, each with up to about 1 MiB of memory. Default 256. */
  readonly requestsMax?: number;
}

/** Everything settled but names, which there may be none of. */
type IngestSettings = Required<Omit<IngestOptions, "names">> & Pick<IngestOptions, "names">;

/** Takes bodies into a log. */
export class HttpIngest implements Ingest {
  readonly #options: IngestSettings;
  readonly #closing = new AbortController();
  /** Keys of the requests that are being taken. */
  readonly #keys = new Set<string>();
  readonly #bodies: Shares;
  #why = "";

  constructor(options: IngestOptions) {
    this.#options = { idleMs: 60_000, bytesPerSecond: Infinity, requestsMax: 256, ...options };
    this.#bodies = new Shares(this.#options.requestsMax);
  }

  /** Bodies that are being taken. */
  get open(): number {
    return this.#bodies.taken;
  }

  /** Takes nothing more; bodies under way end with what is durable so far. @param why one sentence for who comes later */
  close(why = "The instance is going down."): void {
    if (!this.#closing.signal.aborted) this.#why = why;
    this.#closing.abort();
  }

  async take(stream: ReadableStream<Uint8Array>, request: IngestRequest): Promise<IngestOutcome> {
    const { clock, idleMs, bytesPerSecond } = this.#options;
    const { idempotencyKey: key, client = "" } = request;
    if (this.#closing.signal.aborted) return refused("closing", this.#why, 2);
    if (key !== undefined && this.#keys.has(key)) {
      return refused("in_progress", "A request with this idempotency key is being taken.", 1);
    }
    const full = this.#bodies.enter(client);
    if (full !== undefined) return refused("busy", `Of bodies that are being taken ${full}.`, 1);
    const { signal } = this.#closing;
    const body = new Body(stream, { clock, idleMs, bytesPerSecond, signal });
    if (key !== undefined) this.#keys.add(key);
    try {
      const state = key === undefined ? undefined : await this.#options.log.request(key);
      if (this.#options.log.isFull && !state?.record?.isDone) {
        return refused("busy", "Readings come faster than they are dealt with.", RETRY_AFTER);
      }
      return await new Taking(this.#options, signal, state, request).run(body);
    } catch (error) {
      if (error instanceof LogError) return refused("busy", "The log does not answer.", RETRY_AFTER);
      throw error;
    } finally {
      this.#bodies.leave(client);
      if (key !== undefined) this.#keys.delete(key);
      await body.close();
    }
  }
}

function refused(end: IngestEnd, detail: string, retryAfter: number): IngestOutcome {
  return { end, accepted: 0, rejected: 0, errors: [], detail, retryAfter };
}

/** The taking of one body. */
class Taking {
  readonly #options: IngestSettings;
  /** Aborted when the instance goes down. */
  readonly #closing: AbortSignal;
  #state: RequestState | undefined;
  #account: Account;
  /** Readings that are durable. */
  #durable: number;
  #isTraced = false;

  constructor(
    options: IngestSettings,
    closing: AbortSignal,
    state: RequestState | undefined,
    private readonly request: IngestRequest,
  ) {
    this.#options = options;
    this.#closing = closing;
    this.#state = state;
    this.#durable = state?.record?.accepted ?? 0;
    this.#account = this.#openAccount();
  }

  async run(body: Body): Promise<IngestOutcome> {
    try {
      const isWhole = this.request.format === "json" ? await this.#takeJson(body) : await this.#takeLines(body);
      if (isWhole !== true) return isWhole;
      this.#account.end();
      await this.#write(true);
      return this.#outcome("taken");
    } catch (error) {
      if (error instanceof MismatchError) return this.#outcome("mismatch", error.message);
      if (error instanceof RequestConflictError) return this.#outcome("in_progress", error.message, 1);
      if (error instanceof LogError) return this.#outcome("busy", error.message, RETRY_AFTER);
      if (!(error instanceof IdleError || error instanceof BrokenError || this.#closing.aborted)) throw error;
      await this.#save();
      if (error instanceof IdleError) return this.#outcome("idle", error.message);
      if (this.#closing.aborted) return this.#outcome("closing", "The instance is going down.", 2);
      return this.#outcome("broken", "The connection ended before the body did.");
    }
  }

  async #takeJson(body: Body): Promise<true | IngestOutcome> {
    const bytes = await wholeBody(body, JSON_BYTES);
    if (bytes === undefined) {
      return this.#outcome("too_large", "A JSON body has at most 1 MiB; send more as application/x-ndjson.");
    }
    let value: unknown;
    try {
      value = JSON.parse(decoder.decode(bytes));
    } catch (error) {
      return this.#outcome("malformed", `The body is not JSON: ${short(error)}.`);
    }
    if (this.#state !== undefined) this.#account = this.#openAccount(createHash("sha256").update(bytes).digest("hex"));
    for (const record of Array.isArray(value) ? value : [value]) {
      const line = this.#account.next();
      if (line !== undefined) this.#account.judge(record, line);
      if (this.#account.waiting >= WRITE_BYTES) await this.#write(false);
    }
    return true;
  }

  async #takeLines(body: Body): Promise<true> {
    const cutter = new LineCutter(LINE_BYTES);
    for (;;) {
      let piece = await body.next(this.#account.waiting > 0 ? QUIET_MS : undefined);
      if (piece === "quiet") {
        await this.#write(false);
        piece = await body.next();
      }
      if (piece === "quiet") continue;
      for (const line of piece === undefined ? cutter.end() : cutter.cut(piece)) {
        this.#takeLine(line);
        if (this.#account.waiting >= WRITE_BYTES) await this.#write(false);
      }
      if (piece === undefined) return true;
    }
  }

  #takeLine(raw: Uint8Array | typeof TOO_LONG): void {
    const line = this.#account.next(raw === TOO_LONG ? undefined : raw);
    if (line === undefined) return;
    const refuse = (message: string) => this.#account.refuse(refusal([{ field: "", message }], ""), line);
    if (raw === TOO_LONG) return refuse(`a line must have at most ${LINE_BYTES} bytes`);
    let record: unknown;
    try {
      const text = decoder.decode(raw);
      if (text.trim() === "") return;
      record = JSON.parse(text);
    } catch (error) {
      return refuse(`a line must be JSON in UTF-8: ${short(error)}`);
    }
    this.#account.judge(record, line);
  }

  /** Makes durable what waits; waits itself while the log is full, so that the body is not read meanwhile. */
  async #write(isDone: boolean): Promise<void> {
    const { log } = this.#options, account = this.#account;
    if (account.isDone) return;
    if (account.waiting > 0 && log.isFull) {
      await log.room(this.#closing);
      this.#closing.throwIfAborted();
    }
    const pieces = this.#traced(account.takePieces());
    if (this.#state === undefined) {
      if (pieces.length > 0) await log.append(pieces);
    } else {
      const record = account.record(isDone);
      const version = await log.append(pieces, { state: this.#state, record });
      this.#state = { key: this.#state.key, record, version };
    }
    this.#durable = account.accepted;
  }

  /** The request's trace goes with its first reading. */
  #traced(pieces: Piece[]): Piece[] {
    const { trace } = this.request, [first, ...others] = pieces;
    if (trace === undefined || first === undefined || this.#isTraced) return pieces;
    this.#isTraced = true;
    return [{ ...first, trace }, ...others];
  }

  /** Whole records that came before the end of the connection stay, if the log has room for them. */
  async #save(): Promise<void> {
    if (this.#account.waiting === 0 || this.#options.log.isFull) return;
    try {
      await this.#write(false);
    } catch {
      // They were not answered for; the client sends them again.
    }
  }

  #openAccount(bodyHash?: string): Account {
    const { log: { partitions, pieceBytes }, clock, names } = this.#options;
    const isKeyed = this.#state !== undefined, earlier = this.#state?.record;
    return new Account({
      partitions,
      pieceBytes,
      created: clock.now(),
      isKeyed,
      earlier,
      bodyHash,
      names,
      admit: this.request.admit,
    });
  }

  #outcome(end: IngestEnd, detail?: string, retryAfter?: number): IngestOutcome {
    const { rejected, errors } = this.#account;
    return { end, accepted: this.#durable, rejected, errors, detail, retryAfter };
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A parser's message, short enough for an answer. */
function short(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
