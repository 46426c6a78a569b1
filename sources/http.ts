/**
 * Readings that came over HTTP, as a source: they are read from the log that they were written to.
 *
 * Partition `http-N` is the log's partition N; a position counts its records. The source is live: it waits where its log
 * ends, and while nothing comes the log gets ticks.
 *
 * @module
 */
import type { LogEntry, LogPort } from "../actors/log.ts";
import { type Chunk, type Source, SourceError, type SourcePartition } from "../actors/ports.ts";
import type { Reading, Refusal } from "../actors/reading.ts";

/** A log as a source. The log is its caller's to close. */
export class HttpSource implements Source {
  readonly name = "http";
  readonly #log: LogPort;
  readonly #closing = new AbortController();
  #keeping: Promise<void> = Promise.resolve();

  constructor(log: LogPort) {
    this.#log = log;
  }

  /** Opens the partitions, and begins to write ticks into idle ones. The log remembers what there is to remember. */
  open(): Promise<readonly SourcePartition[]> {
    this.#keeping = this.#log.keep(this.#closing.signal);
    const log = this.#log;
    return Promise.resolve(Array.from({ length: log.partitions }, (_, partition) => ({
      id: logPartition(partition),
      read: (from: number, signal: AbortSignal) => readChunks(log, partition, from, signal),
      waiting: (position: number) => Math.max(0, log.end(partition) - position),
      released: (position: number) => log.released(partition, position),
    })));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#keeping;
  }
}

/** Id of the log's partition with this number. */
export function logPartition(partition: number): string {
  return `http-${partition}`;
}

async function* readChunks(
  log: LogPort,
  partition: number,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  for await (const entry of log.read(partition, from, signal)) yield* chunksOf(entry, partition);
}

const decoder = new TextDecoder();

/** What a line of the log holds: a reading, why a message holds none, or a farewell. */
export type LogRecord = Reading | Refusal | Farewell;

/** A sensor that has said that it falls silent, as it stands in the log. */
export interface Farewell {
  /** The sensor. */
  readonly farewell: string;
  /** When, epoch ms. */
  readonly time: number;
}

/** An entry's records. They were judged before they were written, so they are trusted. */
export function chunksOf(entry: LogEntry, partition: number): Chunk[] {
  const { position } = entry;
  if (entry.kind === "tick") return [{ kind: "tick", time: entry.time, position, next: position + 1 }];
  const { count, bytes, arrived, traces } = entry, chunks: Chunk[] = [], traced = traces ? { traces } : {};
  let items: (Reading | Refusal)[] = [], next = position;
  const close = () => {
    if (items.length === 0) return;
    const first = next - items.length;
    chunks.push({ kind: "readings", items, positions: items.map((_, i) => first + i), next, arrived, ...traced });
    items = [];
  };
  for (const line of decoder.decode(bytes).split("\n", count)) {
    const record = parse(line, partition, next);
    if ("farewell" in record) {
      close();
      const { farewell: sensor, time } = record;
      chunks.push({ kind: "farewell", sensor, time, position: next, next: next + 1 });
    } else items.push(record);
    next++;
  }
  close();
  return chunks;
}

function parse(line: string, partition: number, position: number): LogRecord {
  try {
    return JSON.parse(line) as LogRecord;
  } catch (cause) {
    throw new SourceError(`The log's partition ${partition} is damaged at ${position}: not JSON.`, { cause });
  }
}
