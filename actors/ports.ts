/**
 * The ports: what the actors need of the world, implemented by `sources`, `store` and `sinks`, and wired by `main.ts`.
 *
 * @module
 */
import type { Reading, Refusal } from "./reading.ts";
import type { TracedRecord } from "./tracing.ts";

/** JSON, as it is stored. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Time as the world sees it. Passed in, so that a test can own it. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after `ms`, at once for 0 or less; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * A piece of a partition, in order.
 *
 * A position is an integer below 2^53 that grows with every record. `next` is the position at which reading goes on
 * after this piece; a piece may be empty and only move `next`.
 */
export type Chunk = ReadingsChunk | LinesChunk | TickChunk | FarewellChunk;

/** Readings that the source has parsed and judged. */
export interface ReadingsChunk {
  readonly kind: "readings";
  /** A reading, or why there is none, for each record. */
  readonly items: readonly (Reading | Refusal)[];
  /** Where each record starts; strictly increasing, as long as `items`. */
  readonly positions: readonly number[];
  readonly next: number;
  /** When the records arrived, epoch ms, where the source recorded it (HTTP log, Kafka); else absent. */
  readonly arrived?: number;
  /** The same of each record, where they differ, instead of one for all; NaN of one that nobody recorded. */
  readonly arrivals?: readonly number[];
  /** Done between 0 and 1, where it is known (a file); for the progress bar. */
  readonly progress?: number;
  /** Records that came with a trace of their own. */
  readonly traces?: readonly TracedRecord[];
}

/**
 * Whole lines of canonical NDJSON, as bytes: the fast way for bulk text.
 *
 * The position of a line is `position` plus its offset in `bytes`.
 */
export interface LinesChunk {
  readonly kind: "lines";
  /** Ends with a newline, except at the end of the input. Handed over: the source does not touch it again. */
  readonly bytes: Uint8Array;
  readonly position: number;
  readonly next: number;
  /** 1-based number of the first line. */
  readonly row: number;
  readonly arrived?: number;
  readonly progress?: number;
  readonly traces?: readonly TracedRecord[];
}

/** Time passing in a live partition without readings; recorded by the source like a reading. */
export interface TickChunk {
  readonly kind: "tick";
  /** Source time, epoch ms. */
  readonly time: number;
  readonly position: number;
  readonly next: number;
}

/**
 * A sensor, or the gateway that speaks for it, has said that it falls silent: it is silent from here on, until it is heard
 * again. Of a sensor that nobody has heard of, nothing comes.
 */
export interface FarewellChunk {
  readonly kind: "farewell";
  readonly sensor: string;
  /** When it fell silent, epoch ms. */
  readonly time: number;
  readonly position: number;
  readonly next: number;
}

/**
 * An ordered part of a source: the unit of order, ownership and checkpoint.
 *
 * The same position gives the same records, however often it is read; a live partition goes on where they end.
 */
export interface SourcePartition {
  /** Stable name, part of every id: letters, digits, `-`, `_` and `.`. */
  readonly id: string;
  /**
   * Chunks from `from` on, until the end or until `signal` is aborted (then it returns, without an error).
   *
   * The caller asks for the next chunk when it has room: that is the backpressure. An implementation holds at most
   * one chunk ahead.
   *
   * @param memory what a live partition records of itself (ticks): its owner's alone, nobody else's writes reach it
   * @throws {SourceError} if the records at `from` can no longer be read, or are not those that were read before
   */
  read(from: number, signal: AbortSignal, memory?: SourceMemory): AsyncIterable<Chunk>;
  /** Records that are there behind `position` and wait to be read, where the source knows. */
  waiting?(position: number): number | undefined;
  /** Told once everything before `position` will never be read again (a log may be cut there). */
  released?(position: number): Promise<void>;
}

/** A change of what is to be read by this process. */
export type Assignment =
  /** To be read from now on, from their checkpoints. */
  | { readonly kind: "assign"; readonly partitions: readonly SourcePartition[] }
  /** To be given up: stop reading, make a last checkpoint, then call `done`. Somebody waits for it, though not for ever. */
  | { readonly kind: "revoke"; readonly ids: readonly string[]; readonly done: () => void };

/** Where readings come from. */
export interface Source {
  /** Stable name: `replay`, `facility`, `http`. */
  readonly name: string;
  /** Partitions are shared out with other processes, which may take so long, ms; absent where they are not. */
  readonly sharedWithinMs?: number;
  /**
   * Opens the partitions.
   *
   * @param memory what this source recorded in earlier runs: anchors, shifts of loops, the identity of a file
   * @throws {SourceError} if it cannot be opened or is not what it was
   */
  open(memory: SourceMemory): Promise<readonly SourcePartition[]>;
  /**
   * Partitions that come and go from then on, until the signal; for one taker. Absent where all are there at once.
   *
   * @throws {SourceError} if it cannot take part in the sharing out
   */
  assignments?(signal: AbortSignal): AsyncIterable<Assignment>;
  /** Lets go of files and connections. */
  close(): Promise<void>;
}

/** A small durable record that belongs to one source. Written before what depends on it is handed out. */
export interface SourceMemory {
  /** What was saved last; undefined at the first run. */
  load(): Promise<Json | undefined>;
  /** Replaces the record, durably. */
  save(record: Json): Promise<void>;
}

/** A source cannot go on; the message is one sentence for a person. */
export class SourceError extends Error {
  override name = "SourceError";
}
