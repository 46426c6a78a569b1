/**
 * An append-only log of readings in the KV, for sources that cannot be read again.
 *
 * What comes over HTTP is answered once it is here, and read from here, as often as recovery needs it. Positions count
 * records in each partition; an entry of up to {@linkcode PIECE_BYTES} carries as many as came together. The backlog is
 * bounded: where it is full, `isFull` says so and nobody should append. One process writes a log at a time (the lock of
 * the data directory sees to it); a second one would do no harm, but its readers would not notice what the first writes.
 *
 * @module
 */
import {
  type LogEntry,
  LogError,
  type LogPort,
  type Piece,
  type RequestRecord,
  type RequestState,
} from "../../actors/log.ts";
import type { Clock } from "../../actors/ports.ts";
import { Waiters } from "../../actors/waiters.ts";
import { within } from "../deadline.ts";
import type { KvPort } from "../kv.ts";
import {
  decodeRequest,
  emptyHead,
  entryBytes,
  LOG_KEYS,
  LOG_VERSION,
  type LogHead,
  type LogMeta,
  type LogReleased,
  type LogRequest,
  type LogValue,
} from "./layout.ts";
import { readLog } from "./reader.ts";
import { forgetRequests, REQUEST_KEPT_MS } from "./requests.ts";
import { LogWriter } from "./writer.ts";

/** Lines of one entry, bytes: the KV takes values of 64 KiB. */
export const PIECE_BYTES = 60 * 1024;
/** Partitions of a log at most: all of them stand in its head. */
export const PARTITIONS_MAX = 64;
/** Entries read and deleted at a time. */
const RELEASE_BATCH = 20;

/** What a log is opened with. */
export interface LogOptions {
  readonly clock: Clock;
  /** Partitions, 1 to 64; fixed when the log is first opened. Default 1. */
  readonly partitions?: number;
  /** Bytes written and not yet released, at which the log is full. Default 256 MiB. */
  readonly backlogBytes?: number;
  /** An idle partition gets a tick so often, at multiples of it, ms. Default 10 s. */
  readonly tickMs?: number;
  /** Idempotency keys remembered at most; beyond that the oldest are forgotten early. Default 100,000. */
  readonly requestsMax?: number;
  /** How long a call to the database may take, ms. Default 10 s. */
  readonly deadlineMs?: number;
  /** A fresh id at each call; a test's are its own. Default random. */
  readonly freshId?: () => string;
  /** Told of what went wrong in the background. */
  report?(error: unknown): void;
  /** Where others write and let go, too, and nobody does in the background: has what is in the log dealt with. */
  makeRoom?(): Promise<void>;
}

/** Options with the defaults filled in. */
type Settled = Required<Omit<LogOptions, "report" | "makeRoom" | "freshId">> & Pick<LogOptions, "report" | "makeRoom">;

/** How often old requests are looked for, in ticks. */
const FORGET_EVERY = 60;

/** A log in the KV. */
export class ReadingLog implements LogPort {
  readonly partitions: number;
  readonly pieceBytes: number = PIECE_BYTES;
  readonly #kv: KvPort;
  readonly #writer: LogWriter;
  readonly #released: LogReleased[];
  readonly #options: Settled;
  readonly #roomier = new Waiters();
  /** Releases go one after the other. */
  #releasing: Promise<void> = Promise.resolve();

  private constructor(kv: KvPort, writer: LogWriter, released: LogReleased[], options: Settled) {
    this.#kv = kv;
    this.#writer = writer;
    this.#released = released;
    this.#options = options;
    this.partitions = options.partitions;
  }

  /**
   * Opens the log in `kv`, or makes an empty one.
   *
   * @throws {LogError} if it was made with another number of partitions or by another version
   * @throws {RangeError} for a number of partitions that cannot be
   */
  static async open(kv: KvPort, options: LogOptions): Promise<ReadingLog> {
    const { clock, partitions = 1, deadlineMs = 10_000 } = options;
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX) {
      throw new RangeError(`A log has 1 to ${PARTITIONS_MAX} partitions, not ${partitions}.`);
    }
    await claim(kv, options, partitions, deadlineMs);
    const freshId = options.freshId ?? (() => crypto.randomUUID());
    const writer = await LogWriter.open(kv, { clock, freshId, deadlineMs, partitions, pieceBytes: PIECE_BYTES });
    const released: LogReleased[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const found = await within(clock, deadlineMs, kv.get<LogReleased>(LOG_KEYS.released(partition)));
      released.push(found.value ?? { position: 0, bytes: 0 });
    }
    return new ReadingLog(kv, writer, released, {
      clock,
      partitions,
      deadlineMs,
      backlogBytes: options.backlogBytes ?? 256 * 1024 * 1024,
      tickMs: options.tickMs ?? 10_000,
      requestsMax: options.requestsMax ?? 100_000,
      report: options.report,
      makeRoom: options.makeRoom,
    });
  }

  /** Bytes written and not yet released. */
  get backlogBytes(): number {
    return this.#writer.head.bytes.reduce((sum, bytes, partition) => sum + bytes - this.#released[partition].bytes, 0);
  }

  end(partition: number): number {
    return this.#writer.head.next[partition];
  }

  least(partition: number): number {
    return this.#released[partition].position;
  }

  get isFull(): boolean {
    return this.backlogBytes >= this.#options.backlogBytes;
  }

  async room(signal: AbortSignal): Promise<void> {
    const { makeRoom } = this.#options;
    while (this.isFull && !signal.aborted) {
      if (makeRoom === undefined) await this.#roomier.wait(signal);
      else {
        await makeRoom();
        await this.#lookAtReleased();
        if (this.isFull) throw new LogError("The log is full, and what is in it cannot be dealt with now.");
      }
    }
  }

  async request(key: string): Promise<RequestState> {
    const found = await this.#call(this.#kv.get<LogRequest>(LOG_KEYS.request(key))).catch((error) => {
      throw new LogError("The log does not answer.", { cause: error });
    });
    if (found.value === null) return { key, version: null };
    const record = decodeRequest(found.value);
    const isOver = record.created + REQUEST_KEPT_MS <= this.#options.clock.now();
    return isOver ? { key, version: found.versionstamp } : { key, record, version: found.versionstamp };
  }

  async append(
    pieces: readonly Piece[],
    request?: { state: RequestState; record: RequestRecord },
  ): Promise<string | null> {
    for (const { partition, bytes } of pieces) {
      if (!(partition >= 0 && partition < this.partitions)) {
        throw new RangeError(`The log has ${this.partitions} partitions, there is no partition ${partition}.`);
      }
      if (bytes.length > PIECE_BYTES) throw new RangeError(`A piece has at most ${PIECE_BYTES} bytes.`);
    }
    if (pieces.length === 0 && request === undefined) return null;
    const version = await this.#writer.append(pieces, request);
    return request === undefined ? null : version;
  }

  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogEntry> {
    const { clock, deadlineMs } = this.#options;
    return readLog(
      this.#kv,
      {
        clock,
        deadlineMs,
        partition,
        least: () => this.#released[partition].position,
        end: () => this.end(partition),
        written: this.#writer.written,
      },
      from,
      signal,
    );
  }

  /** Where each partition ends now, whoever has written to it. */
  async ends(): Promise<readonly number[]> {
    const { value } = await this.#call(this.#kv.get<LogHead>(LOG_KEYS.head()));
    return value?.next ?? emptyHead(this.partitions).next;
  }

  /**
   * Entries from the record at `from` on, up to where the partition ends now, whoever has written them; waits for none.
   *
   * @throws {SourceError} if the record at `from` is released, or was never written
   */
  async *tail(partition: number, from: number): AsyncGenerator<LogEntry> {
    const { clock, deadlineMs } = this.#options,
      [ends, released] = await Promise.all([
        this.ends(),
        this.#call(this.#kv.get<LogReleased>(LOG_KEYS.released(partition))),
      ]);
    const end = ends[partition], least = released.value?.position ?? 0;
    if (from >= end) return;
    const part = { clock, deadlineMs, partition, least: () => least, end: () => end, written: this.#writer.written };
    for await (const entry of readLog(this.#kv, part, from, new AbortController().signal)) {
      yield entry;
      if (entry.position + (entry.kind === "tick" ? 1 : entry.count) >= end) return;
    }
  }

  released(partition: number, position: number): Promise<void> {
    const released = this.#releasing.then(() => this.#release(partition, position));
    this.#releasing = released.catch(() => {});
    return released;
  }

  async keep(signal: AbortSignal): Promise<void> {
    const { clock, tickMs, report } = this.#options;
    for (let ticks = 0; !signal.aborted; ticks++) {
      await clock.sleep(tickMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.tick();
        if (ticks % FORGET_EVERY === 0) await this.forget();
      } catch (error) {
        report?.(error);
      }
    }
  }

  /** Forgets requests with idempotency keys that are old enough. */
  async forget(): Promise<void> {
    const { clock, requestsMax, deadlineMs } = this.#options;
    await forgetRequests(this.#kv, { clock, requestsMax, deadlineMs });
  }

  /** Writes ticks into partitions that have had readings and no longer get any, whoever has written them. */
  async tick(): Promise<void> {
    const { clock, tickMs } = this.#options, now = clock.now();
    if (this.isFull) await this.#lookAtReleased();
    if (this.isFull) return;
    const { value } = await this.#call(this.#kv.get<LogHead>(LOG_KEYS.head()));
    if (!value) return;
    const { next, busy, arrived } = value;
    const idle = next.keys().filter((partition) =>
      next[partition] > 0 && now - (busy?.[partition] ?? arrived) >= tickMs
    );
    const tick = Math.floor(Math.max(now, arrived) / tickMs) * tickMs;
    const pieces = [...idle].map((partition) => ({ partition, tick }));
    if (pieces.length > 0) await this.#writer.append(pieces);
  }

  /** Learns how much others have deleted. */
  async #lookAtReleased(): Promise<void> {
    for (let partition = 0; partition < this.partitions; partition++) {
      const { value } = await this.#call(this.#kv.get<LogReleased>(LOG_KEYS.released(partition)));
      if (value !== null) this.#released[partition] = value;
    }
  }

  /** Deletes entries that lie wholly before `position`, some at a time; what was deleted is counted with it. */
  async #release(partition: number, position: number): Promise<void> {
    const key = LOG_KEYS.released(partition);
    for (;;) {
      const old = await this.#call(this.#kv.get<LogReleased>(key));
      let { position: least, bytes } = old.value ?? { position: 0, bytes: 0 };
      this.#released[partition] = { position: least, bytes };
      this.#roomier.wake();
      if (least >= position) return;
      const range = { start: LOG_KEYS.entry(partition, least), end: LOG_KEYS.entry(partition, position) };
      let write = this.#kv.atomic().check(old), deleted = 0;
      for await (const entry of this.#kv.list<LogValue>(range, { limit: RELEASE_BATCH, batchSize: RELEASE_BATCH })) {
        const behind = Number(entry.key[entry.key.length - 1]) + entry.value.count;
        if (behind > position) break;
        write = write.delete(entry.key);
        least = behind;
        bytes += entryBytes(entry.value);
        deleted++;
      }
      if (deleted === 0) return;
      const result = await this.#call(write.set(key, { position: least, bytes }).commit());
      if (!result.ok) continue; // another one, or this one's lost reply: what is there tells
      this.#released[partition] = { position: least, bytes };
      this.#roomier.wake();
      if (deleted < RELEASE_BATCH) return;
    }
  }

  #call<T>(answer: Promise<T>): Promise<T> {
    return within(this.#options.clock, this.#options.deadlineMs, answer);
  }
}

/** Notes the number of partitions at the first time, and insists on it later: a sensor's partition depends on it. */
async function claim(kv: KvPort, options: LogOptions, partitions: number, deadlineMs: number): Promise<void> {
  const { clock } = options, key = LOG_KEYS.meta();
  for (let tries = 0; tries < 3; tries++) {
    const found = await within(clock, deadlineMs, kv.get<LogMeta>(key));
    if (found.value === null) {
      const mine: LogMeta = { version: LOG_VERSION, partitions };
      await within(clock, deadlineMs, kv.atomic().check(found).set(key, mine).commit());
      continue; // read what is there, whoever wrote it
    }
    const { version, partitions: made } = found.value;
    if (version !== LOG_VERSION) {
      throw new LogError(`The log is of version ${version}, this program knows ${LOG_VERSION}.`);
    }
    if (made !== partitions) {
      throw new LogError(
        `the log of readings in this store was made with ${made} partitions and cannot be opened with ${partitions}: ` +
          "start and a deployment each need a store of their own, and a deployment its SENSORIUM_LOG_PARTITIONS",
      );
    }
    return;
  }
  throw new LogError("The log could not be made: the database does not keep what is written.");
}
