/**
 * The one who writes a log: appends that wait at the same time go into one atomic write, one write after the other.
 *
 * Every write checks the log's head and sets it under a fresh id. When an answer is ambiguous (an error, no answer in
 * time, `ok: false`, which after a lost reply may be the echo of a success) the head is read: under this write's id it
 * succeeded; unchanged, the same write is sent again, and whichever copy comes first makes the others fail; changed by
 * another, an entry at this write's place tells whether it came in between. So an append is never lost once it is
 * acknowledged, and never there twice.
 *
 * @module
 */
import { LogError, type Piece, RequestConflictError, type RequestRecord, type RequestState } from "../../actors/log.ts";
import type { Clock } from "../../actors/ports.ts";
import { Waiters } from "../../actors/waiters.ts";
import { within } from "../deadline.ts";
import { KV_LIMITS, type KvAtomic, type KvPort } from "../kv.ts";
import { DiskError } from "../trouble.ts";
import {
  emptyHead,
  encodeRequest,
  layOut,
  LOG_KEYS,
  type LogHead,
  type LogRequest,
  type LogValue,
  type PlannedEntry,
  TICK_BYTES,
  type TickPiece,
} from "./layout.ts";

/** Keyed requests in one write: with the head's they make 9 checks, a self-hosted KV server takes 10. */
const KEYED_MAX = 8;
/** Writes of one group, before it is given up; waits between them grow from 10 ms to 320 ms. */
const TRIES = 6;

/** What a writer is made with. */
export interface WriterOptions {
  readonly clock: Clock;
  /** A fresh id at each call. */
  readonly freshId: () => string;
  /** How long a call to the database may take, ms. */
  readonly deadlineMs: number;
  readonly partitions: number;
  readonly pieceBytes: number;
}

/** How far a request has come, to be noted with its pieces. */
export interface RequestNote {
  readonly state: RequestState;
  readonly record: RequestRecord;
}

interface Waiting {
  readonly pieces: readonly (Piece | TickPiece)[];
  readonly note?: RequestNote & { readonly bytes: Uint8Array };
  readonly size: number;
  done(version: string): void;
  failed(error: unknown): void;
}

/** A head with its version; null where there is none yet. */
interface Versioned {
  readonly value: LogHead;
  readonly versionstamp: string | null;
}

/** Writes a log. */
export class LogWriter {
  /** Woken after each write. */
  readonly written = new Waiters();
  readonly #kv: KvPort;
  readonly #options: WriterOptions;
  readonly #queue: Waiting[] = [];
  #isRunning = false;
  /** The last head that is known. */
  #head: Versioned;
  /** Why the last try failed, where an error said so. */
  #cause?: unknown;

  private constructor(kv: KvPort, options: WriterOptions, head: Versioned) {
    this.#kv = kv;
    this.#options = options;
    this.#head = head;
  }

  /**
   * Learns where the log ends.
   *
   * @throws {DeadlineError} if the database does not answer
   */
  static async open(kv: KvPort, options: WriterOptions): Promise<LogWriter> {
    const found = await within(options.clock, options.deadlineMs, kv.get<LogHead>(LOG_KEYS.head()));
    const value = found.value ?? emptyHead(options.partitions);
    return new LogWriter(kv, options, { value, versionstamp: found.versionstamp });
  }

  /** Where the log ends, as far as is known. */
  get head(): LogHead {
    return this.#head.value;
  }

  /**
   * Appends pieces and notes a request's progress, both or neither.
   *
   * @returns the version of the write, which is that of the request's record
   * @throws {LogError} if it could not be written, {@linkcode RequestConflictError} if the request's record has changed
   */
  append(pieces: readonly (Piece | TickPiece)[], note?: RequestNote): Promise<string> {
    const bytes = note === undefined ? undefined : encodeRequest(note.record);
    let size = bytes?.length ?? 0;
    for (const piece of pieces) size += "tick" in piece ? TICK_BYTES : piece.bytes.length;
    if (size > KV_LIMITS.atomicBytes) {
      throw new RangeError(`one append takes at most ${KV_LIMITS.atomicBytes} bytes, not ${size}`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const noted = note === undefined || bytes === undefined ? undefined : { ...note, bytes };
    this.#queue.push({ pieces, note: noted, size, done: resolve, failed: reject });
    void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#write(group);
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
    }
    this.#isRunning = false;
  }

  /** As many as go into one atomic write, in order of their coming. */
  #takeGroup(): Waiting[] {
    let size = 0, keyed = 0, count = 0;
    for (const waiting of this.#queue) {
      size += waiting.size;
      if (waiting.note !== undefined) keyed++;
      if (count > 0 && (size > KV_LIMITS.atomicBytes || keyed > KEYED_MAX)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #write(group: Waiting[]): Promise<void> {
    const { clock, freshId, pieceBytes } = this.#options;
    let id = freshId();
    for (let tries = 0; tries < TRIES && group.length > 0; tries++) {
      const head = this.#head, pieces = group.flatMap((waiting) => waiting.pieces);
      const plan = layOut(pieces, head.value, id, clock.now(), pieceBytes);
      const version = await this.#commit(group, head, plan);
      if (version !== undefined) {
        for (const { done } of group.splice(0)) done(version);
        this.written.wake();
        return;
      }
      const isUnchanged = this.#head.versionstamp === head.versionstamp;
      const isSame = isUnchanged && !await this.#refuseConflicts(group, id);
      if (!isSame) id = freshId(); // what was sent before can no longer succeed: its head or a record has moved on
      await clock.sleep(10 * 2 ** tries);
    }
    if (group.length === 0) return;
    const cause = this.#cause, why = cause instanceof DiskError ? `: ${cause.message}` : ` in ${TRIES} tries`;
    throw new LogError(`The log did not take a write${why}.`, { cause });
  }

  /**
   * Sends a write and finds out what became of it.
   *
   * @returns its version; undefined if it is not there (it may still come, unless the head has changed)
   */
  async #commit(
    group: readonly Waiting[],
    head: Versioned,
    plan: { entries: PlannedEntry[]; head: LogHead },
  ): Promise<string | undefined> {
    try {
      const result = await this.#call(this.#prepare(group, head, plan).commit());
      if (result.ok) {
        this.#head = { value: plan.head, versionstamp: result.versionstamp };
        return result.versionstamp;
      }
      this.#cause = undefined;
    } catch (error) {
      this.#cause = error; // ambiguous, as `ok: false` is: what is there tells
    }
    try {
      return await this.#find(group, plan);
    } catch {
      return undefined; // not known either: the same write is sent again
    }
  }

  async #find(
    group: readonly Waiting[],
    plan: { entries: PlannedEntry[]; head: LogHead },
  ): Promise<string | undefined> {
    const { append } = plan.head;
    const found = await this.#call(this.#kv.get<LogHead>(LOG_KEYS.head()));
    if (found.versionstamp === this.#head.versionstamp) return undefined;
    if (found.value === null) throw new LogError("The log's head has disappeared.");
    if (found.value.append === append) {
      this.#head = found;
      return found.versionstamp;
    }
    // Another writer was here: had this write come in before it?
    const [entry] = plan.entries, key = group.find((waiting) => waiting.note)?.note?.state.key;
    const place = entry !== undefined
      ? LOG_KEYS.entry(entry.partition, entry.position)
      : key !== undefined
      ? LOG_KEYS.request(key)
      : undefined;
    const trace = place === undefined ? undefined : await this.#call(this.#kv.get<LogValue | LogRequest>(place));
    this.#head = found;
    return trace?.value?.append === append ? trace.versionstamp ?? undefined : undefined;
  }

  #prepare(group: readonly Waiting[], head: Versioned, plan: { entries: PlannedEntry[]; head: LogHead }): KvAtomic {
    const key = LOG_KEYS.head();
    let write = this.#kv.atomic().check({ key, versionstamp: head.versionstamp }).set(key, plan.head);
    for (const { partition, position, value } of plan.entries) {
      write = write.set(LOG_KEYS.entry(partition, position), value);
    }
    for (const { note } of group) {
      if (note === undefined) continue;
      const { state, record, bytes } = note;
      const value: LogRequest = { append: plan.head.append, record: bytes };
      write = write.check({ key: LOG_KEYS.request(state.key), versionstamp: state.version })
        .set(LOG_KEYS.request(state.key), value);
      if (state.record === undefined) write = write.set(LOG_KEYS.expiry(record.created, state.key), 1);
    }
    return write;
  }

  /**
   * Takes out of the group, and refuses, those whose record another one has written.
   *
   * @param id of the write that was sent: a record that carries it is this write's own, which has come late
   * @returns whether there were any
   */
  async #refuseConflicts(group: Waiting[], id: string): Promise<boolean> {
    let isAny = false;
    for (const waiting of [...group]) {
      if (waiting.note === undefined) continue;
      const { key, version } = waiting.note.state;
      let found: Deno.KvEntryMaybe<LogRequest>;
      try {
        found = await this.#call(this.#kv.get<LogRequest>(LOG_KEYS.request(key)));
      } catch {
        continue; // the write tells
      }
      if (found.versionstamp === version || found.value?.append === id) continue;
      isAny = true;
      group.splice(group.indexOf(waiting), 1);
      waiting.failed(new RequestConflictError("Another request with this idempotency key is being taken."));
    }
    return isAny;
  }

  #call<T>(answer: Promise<T>): Promise<T> {
    return within(this.#options.clock, this.#options.deadlineMs, answer);
  }
}
