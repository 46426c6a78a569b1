/**
 * Reading a partition of a log: entry by entry, then waiting for those that come.
 *
 * @module
 */
import type { LogEntry } from "../../actors/log.ts";
import { type Clock, SourceError } from "../../actors/ports.ts";
import type { Waiters } from "../../actors/waiters.ts";
import { within } from "../deadline.ts";
import type { KvPort } from "../kv.ts";
import { LOG_KEYS, type LogValue } from "./layout.ts";

/** A partition as its reader sees it. */
export interface ReadablePartition {
  readonly partition: number;
  readonly clock: Clock;
  /** How long a call to the database may take, ms. */
  readonly deadlineMs: number;
  /** Position of the first record that is there. */
  least(): number;
  /** Position behind the last record. */
  end(): number;
  /** Woken when the end has moved. */
  readonly written: Waiters;
}

/** An entry where it lies. */
interface Placed {
  readonly position: number;
  readonly value: LogValue;
}

/** Times that a read is tried; the waits between them grow from 50 ms to 800 ms. */
const TRIES = 6;

/**
 * Entries from the record at `from` on (the first may be a part of one), until `signal` is aborted. One at a time is
 * read, when it is asked for.
 *
 * @throws {SourceError} if `from` is released or was never written, or an entry is missing
 */
export async function* readLog(
  kv: KvPort,
  log: ReadablePartition,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  let next = from;
  if (signal.aborted) return;
  let found = await first(kv, log, from, signal);
  while (found !== undefined && !signal.aborted) {
    const entry = entryOf(found, next);
    next = found.position + found.value.count;
    yield entry;
    if (signal.aborted) return;
    found = await at(kv, log, next, signal);
  }
}

/** The entry that holds the record at `from`; waits for it where it is the next to come. */
async function first(kv: KvPort, log: ReadablePartition, from: number, signal: AbortSignal) {
  const { partition } = log, least = log.least(), end = log.end();
  if (from < least) {
    throw new SourceError(`The log's partition ${partition} begins at ${least}; ${from} can no longer be read.`);
  }
  if (from > end) {
    throw new SourceError(`The log's partition ${partition} ends at ${end}; ${from} was never written: another log?`);
  }
  if (from === end) return at(kv, log, from, signal);
  const range = { start: LOG_KEYS.entry(partition, 0), end: LOG_KEYS.entry(partition, from + 1) };
  const found = await patiently(log, async () => {
    for await (const { key, value } of kv.list<LogValue>(range, { reverse: true, limit: 1 })) {
      return { position: Number(key[key.length - 1]), value };
    }
    return undefined;
  });
  if (found === undefined || found.position + found.value.count <= from) throw gap(partition, from);
  return found;
}

/** The entry that begins at `position`, once it is written; undefined when `signal` is aborted first. */
async function at(
  kv: KvPort,
  log: ReadablePartition,
  position: number,
  signal: AbortSignal,
): Promise<Placed | undefined> {
  while (position >= log.end()) {
    await log.written.wait(signal);
    if (signal.aborted) return undefined;
  }
  const { value } = await patiently(log, () => kv.get<LogValue>(LOG_KEYS.entry(log.partition, position)));
  if (value === null) throw gap(log.partition, position);
  return { position, value };
}

/** Asks again when the database fails: a moment without it must not end a partition. */
async function patiently<T>({ clock, deadlineMs }: ReadablePartition, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await within(clock, deadlineMs, ask());
    } catch (error) {
      if (tries === TRIES) throw new SourceError("The log cannot be read: the database fails.", { cause: error });
      await clock.sleep(50 * 2 ** (tries - 1));
    }
  }
}

function gap(partition: number, position: number): SourceError {
  return new SourceError(
    `The log's partition ${partition} has no record ${position}, though it should: it is damaged.`,
  );
}

/** An entry from the record at `from` on, which lies in it. */
function entryOf({ position, value: { lines, count, arrived, tick = 0, traces } }: Placed, from: number): LogEntry {
  if (lines === undefined) return { kind: "tick", position, time: tick };
  let start = 0;
  for (let record = position; record < from; record++) start = lines.indexOf(10, start) + 1;
  const entry = { position: from, count: position + count - from, bytes: lines.subarray(start), arrived };
  const traced = traces?.map(([at, parent]) => ({ position: position + at, parent }));
  return { kind: "lines", ...entry, ...(traced ? { traces: traced } : {}) };
}
