/**
 * How a log lies in the KV: its keys, and the shapes of its values.
 *
 * | key | value |
 * |---|---|
 * | `log, meta` | version and number of partitions |
 * | `log, head` | where each partition ends, and the id of the write that made it so |
 * | `log, entry, partition, position` | an entry; `position` is that of its first record |
 * | `log, released, partition` | how far a partition is deleted |
 * | `log, request, key` | how far the request with an idempotency key has been taken |
 * | `log, expiry, created, key` | the same keys in order of time |
 *
 * @module
 */
import type { Piece, RequestRecord } from "../../actors/log.ts";
import { joinBytes } from "../bytes.ts";

/** Keys of the log. */
export const LOG_KEYS = {
  meta: (): Deno.KvKey => ["log", "meta"],
  head: (): Deno.KvKey => ["log", "head"],
  entries: (partition: number): Deno.KvKey => ["log", "entry", partition],
  entry: (partition: number, position: number): Deno.KvKey => ["log", "entry", partition, position],
  released: (partition: number): Deno.KvKey => ["log", "released", partition],
  request: (key: string): Deno.KvKey => ["log", "request", key],
  expiries: (): Deno.KvKey => ["log", "expiry"],
  expiry: (created: number, key: string): Deno.KvKey => ["log", "expiry", created, key],
} as const;

/** Version of this layout; another one is refused. */
export const LOG_VERSION = 1;

/** Value of `log, meta`. */
export interface LogMeta {
  readonly version: number;
  readonly partitions: number;
}

/** Value of `log, head`. Every write of entries checks it and replaces it, so writes are one after the other. */
export interface LogHead {
  /** Id of the write; fresh for each. */
  readonly append: string;
  /** By partition the position of the next record. */
  readonly next: readonly number[];
  /** By partition the bytes ever written. */
  readonly bytes: readonly number[];
  /** When the last write was, epoch ms; never steps back. */
  readonly arrived: number;
  /** By partition when its last readings came, epoch ms; absent in heads of earlier versions. */
  readonly busy?: readonly number[];
}

/** Value of `log, entry, …`: lines with their arrival, or a tick with its time. */
export interface LogValue {
  /** Id of the write that it came with. */
  readonly append: string;
  /** Records in it. */
  readonly count: number;
  readonly arrived: number;
  /** Absent in a tick. */
  readonly lines?: Uint8Array;
  /** Source time of a tick. */
  readonly tick?: number;
  /** Records that came with a trace of their own: which of the entry, from 0, and the trace's context. */
  readonly traces?: readonly (readonly [number, string])[];
}

/** Value of `log, released, partition`. */
export interface LogReleased {
  /** Position of the first record that is still there. */
  readonly position: number;
  /** Bytes ever deleted. */
  readonly bytes: number;
}

/** Value of `log, request, key`; the record as JSON in UTF-8, whose size is known before it is stored. */
export interface LogRequest {
  /** Id of the write that it came with. */
  readonly append: string;
  readonly record: Uint8Array;
}

/** A tick to be written. */
export interface TickPiece {
  readonly partition: number;
  /** Source time. */
  readonly tick: number;
}

/** An entry of a write. */
export interface PlannedEntry {
  readonly partition: number;
  readonly position: number;
  readonly value: LogValue;
}

/** Bytes that a tick counts for in the backlog: about what its key and value take. */
export const TICK_BYTES = 128;

/** Bytes that an entry counts for in the backlog. */
export function entryBytes(value: LogValue): number {
  return value.lines === undefined ? TICK_BYTES : value.lines.length;
}

/** The head of an empty log. */
export function emptyHead(partitions: number): LogHead {
  const zeros = new Array<number>(partitions).fill(0);
  return { append: "", next: zeros, bytes: zeros, arrived: 0 };
}

/**
 * Lays pieces out as entries behind `head`: neighbours of one partition share an entry up to `pieceBytes`.
 *
 * @returns the entries, and the head once they are written
 */
export function layOut(
  pieces: readonly (Piece | TickPiece)[],
  head: LogHead,
  append: string,
  now: number,
  pieceBytes: number,
): { entries: PlannedEntry[]; head: LogHead } {
  const arrived = Math.max(now, head.arrived);
  const next = [...head.next], bytes = [...head.bytes], busy = [...head.busy ?? head.next.map(() => head.arrived)];
  const entries: PlannedEntry[] = [];
  const open = new Map<number, Piece[]>();
  const put = (partition: number, value: LogValue) => {
    entries.push({ partition, position: next[partition], value });
    next[partition] += value.count;
    bytes[partition] += entryBytes(value);
  };
  const close = (partition: number) => {
    const parts = open.get(partition);
    if (parts === undefined) return;
    open.delete(partition);
    const count = parts.reduce((sum, part) => sum + part.count, 0);
    busy[partition] = arrived;
    const lines = joinBytes(parts.map((part) => part.bytes)), traces = tracesOf(parts);
    put(partition, { append, count, arrived, lines, ...(traces.length > 0 ? { traces } : {}) });
  };
  for (const piece of pieces) {
    const { partition } = piece;
    if ("tick" in piece) {
      close(partition);
      put(partition, { append, count: 1, arrived, tick: piece.tick });
      continue;
    }
    const parts = open.get(partition);
    const size = parts?.reduce((sum, part) => sum + part.bytes.length, 0) ?? 0;
    if (parts !== undefined && size + piece.bytes.length <= pieceBytes) parts.push(piece);
    else {
      close(partition);
      open.set(partition, [piece]);
    }
  }
  for (const partition of [...open.keys()]) close(partition);
  return { entries, head: { append, next, bytes, arrived, busy } };
}

/** Which records of an entry came with a trace. */
function tracesOf(parts: readonly Piece[]): (readonly [number, string])[] {
  const traces: (readonly [number, string])[] = [];
  let at = 0;
  for (const { trace, count } of parts) {
    if (trace !== undefined) traces.push([at, trace]);
    at += count;
  }
  return traces;
}

/** A request's record as it is stored. */
export function encodeRequest(record: RequestRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

/** A stored request's record. */
export function decodeRequest(value: LogRequest): RequestRecord {
  return JSON.parse(new TextDecoder().decode(value.record)) as RequestRecord;
}
