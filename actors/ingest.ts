/**
 * The port behind `POST /readings`: a request's body goes in, an account of what became of it comes out.
 *
 * @module
 */

/** One thing wrong with one record of a body. */
export interface RecordError {
  /** 1-based line of NDJSON, or element of an array; 1 for a single object. */
  readonly line: number;
  /** Path of the field, such as `values.temperature`; empty for the record as a whole. */
  readonly field: string;
  /** What was seen and what is allowed, in one sentence. */
  readonly message: string;
}

/**
 * How taking a body ended.
 *
 * | end | meaning |
 * |---|---|
 * | `taken` | read to its end; what is accepted is in the log, durably |
 * | `malformed` | not JSON at all |
 * | `too_large` | more bytes of JSON than allowed |
 * | `busy` | the log is full or cannot be written, or too many requests are under way: come again |
 * | `closing` | the instance is going down: come again |
 * | `in_progress` | another request with the same idempotency key is being taken |
 * | `mismatch` | the idempotency key was used with another body |
 * | `idle` | nothing came for too long |
 * | `broken` | the connection ended before the body did |
 */
export type IngestEnd =
  | "taken"
  | "malformed"
  | "too_large"
  | "busy"
  | "closing"
  | "in_progress"
  | "mismatch"
  | "idle"
  | "broken";

/** An account of one body. What it counts as accepted is in the log, whatever the end was. */
export interface IngestOutcome {
  readonly end: IngestEnd;
  /** Readings that are in the log; with an idempotency key those of earlier attempts included. */
  readonly accepted: number;
  /** Records that were refused. */
  readonly rejected: number;
  /** The first errors, at most {@linkcode RECORD_ERRORS}, fewer where they are long. */
  readonly errors: readonly RecordError[];
  /** One sentence, where it did not end well. */
  readonly detail?: string;
  /** Seconds after which to come again. */
  readonly retryAfter?: number;
}

/** Errors of single records that an account holds at most. */
export const RECORD_ERRORS = 100;

/** How a body is spelt: one JSON object or array, or a reading a line. */
export type IngestFormat = "json" | "ndjson";

/** What belongs to a request beside its body. */
export interface IngestRequest {
  readonly format: IngestFormat;
  /** With the same key a body is taken once, however often it is sent; 1 to 255 visible ASCII characters. */
  readonly idempotencyKey?: string;
  /** Who sends it: half of the bodies that are taken at once may be one client's. Absent: one of those that nobody knows. */
  readonly client?: string;
  /** Judges a reading's sensor: undefined if it may come in, else why not, to follow "sensor". */
  readonly admit?: (sensor: string) => string | undefined;
  /** Context of the trace that it belongs to; absent: its readings are not followed for its sake. */
  readonly trace?: string;
}

/** Takes bodies of readings. */
export interface Ingest {
  /**
   * Takes one body; resolves when all that is accepted is durable. Never rejects for what a client did.
   *
   * Reads the body only as fast as the log takes it. `busy` and `closing` come before the first record where they can.
   */
  take(body: ReadableStream<Uint8Array>, request: IngestRequest): Promise<IngestOutcome>;
}
