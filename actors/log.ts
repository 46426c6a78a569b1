/**
 * The port of a log: readings that cannot be read again are kept in it until they are no longer needed.
 *
 * A log has partitions; in each, records have consecutive positions from 0. A record is a reading, or a tick.
 *
 * @module
 */
import type { RecordError } from "./ingest.ts";
import type { TracedRecord } from "./tracing.ts";

/** Consecutive readings of one partition, as canonical NDJSON. */
export interface Piece {
  /** From 0. */
  readonly partition: number;
  /** Whole lines, each with its newline; at most the log's `pieceBytes`. Handed over. */
  readonly bytes: Uint8Array;
  /** Lines in it. */
  readonly count: number;
  /** Context of the trace that its first line belongs to. */
  readonly trace?: string;
}

/** How far a request with an idempotency key has been taken; kept for 24 hours. */
export interface RequestRecord {
  /** When it began, epoch ms. */
  readonly created: number;
  /** Records of the body that are dealt with, blank lines included. */
  readonly lines: number;
  /** SHA-256 of those records, in hexadecimal: another body with the same key is recognised by it. */
  readonly hash: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: readonly RecordError[];
  /** Whether the body was taken to its end. */
  readonly isDone: boolean;
}

/** A request's record as it was read: what an append of this request replaces. */
export interface RequestState {
  readonly key: string;
  /** Absent for a key that is new. */
  readonly record?: RequestRecord;
  /** Changes with every write; null where there is none. */
  readonly version: string | null;
}

/** A stretch of a partition. */
export type LogEntry =
  | {
    readonly kind: "lines";
    /** Position of the first line. */
    readonly position: number;
    readonly count: number;
    readonly bytes: Uint8Array;
    /** When they were written, epoch ms; never steps back within a log. */
    readonly arrived: number;
    readonly traces?: readonly TracedRecord[];
  }
  | { readonly kind: "tick"; readonly position: number; readonly time: number };

/** What readings that come in are put into. */
export interface LogIntake {
  /** How many partitions; the same for the whole life of a log. */
  readonly partitions: number;
  /** Greatest piece, bytes. */
  readonly pieceBytes: number;
  /** Whether the backlog is at its greatest: nothing should be appended now. */
  readonly isFull: boolean;
  /** Resolves when the log is not full, or `signal` is aborted. Rejects where it is, and nobody deals with it. */
  room(signal: AbortSignal): Promise<void>;
  /**
   * How far the request with this key has come.
   *
   * @throws {LogError} if the store does not answer
   */
  request(key: string): Promise<RequestState>;
  /**
   * Appends pieces, and with them notes how far their request has come: both or neither, durably.
   *
   * @returns the version of the request's record; null without one
   * @throws {LogError} if they could not be written; whether they were is then not known, but they come at most once
   * @throws {RequestConflictError} if the request's record is not what it was: another one is taking the same body
   */
  append(pieces: readonly Piece[], request?: { state: RequestState; record: RequestRecord }): Promise<string | null>;
}

/** An append-only log with bounded backlog. */
export interface LogPort extends LogIntake {
  /**
   * Entries from the record at `from` on (the first may be a part of one), then those that come; until `signal` is
   * aborted.
   *
   * @throws {SourceError} if the record at `from` is released, or was never written
   */
  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogEntry>;
  /** Position behind the last record of a partition. */
  end(partition: number): number;
  /** Position of the first record of a partition that is still there. */
  least(partition: number): number;
  /** Lets go of what lies before `position`. */
  released(partition: number, position: number): Promise<void>;
  /** Writes ticks into idle partitions and forgets old requests, until `signal` is aborted. */
  keep(signal: AbortSignal): Promise<void>;
}

/** The log cannot be written or read now. */
export class LogError extends Error {
  override name = "LogError";
}

/** Two requests with one idempotency key at the same time. */
export class RequestConflictError extends Error {
  override name = "RequestConflictError";
}
