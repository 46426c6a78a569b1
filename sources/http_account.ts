/**
 * The account of one request: what was accepted and refused so far, what is waiting to be logged, and whether this is the
 * body that an idempotency key stands for.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { RECORD_ERRORS, type RecordError } from "../actors/ingest.ts";
import type { Piece, RequestRecord } from "../actors/log.ts";
import { type NamesTaken, underId } from "../actors/names.ts";
import { checkReading, isRefusal, parseReading, type Reading, type Refusal, refusal } from "../actors/reading.ts";
import { LogPieces } from "./log_pieces.ts";

/** Bytes of errors (as JSON) that an account holds: they are stored with the request's record, in one value. */
const ERROR_BYTES = 40 * 1024;
/** Characters of an error's field and message. */
const FIELD_LENGTH = 128, MESSAGE_LENGTH = 256;

/** Another body than the one that this idempotency key was used with. */
export class MismatchError extends Error {
  override name = "MismatchError";
}

/** What an account is opened for. */
export interface AccountOptions {
  /** Partitions of the log. */
  readonly partitions: number;
  /** Greatest piece, bytes. */
  readonly pieceBytes: number;
  /** When the request came, epoch ms. */
  readonly created: number;
  /** How far earlier attempts have come. */
  readonly earlier?: RequestRecord;
  /** Whether the body must be recognised again. */
  readonly isKeyed: boolean;
  /** Hash of the whole body where it is known beforehand; else the records are hashed as they come. */
  readonly bodyHash?: string;
  /** Names of sensors, under whose ids their readings are logged; absent: there are none. */
  readonly names?: NamesTaken;
  /** Judges a reading's sensor: undefined if it may come in, else why not. */
  readonly admit?: (sensor: string) => string | undefined;
}

const encoder = new TextEncoder();
const NEWLINE = encoder.encode("\n");

/** One request's account. */
export class Account {
  /** Readings accepted, refused records and their errors, earlier attempts included. */
  accepted: number;
  rejected: number;
  readonly errors: RecordError[];
  readonly #options: AccountOptions;
  readonly #hash = createHash("sha256");
  readonly #pieces: LogPieces;
  /** Records seen in this attempt. */
  #seen = 0;
  #errorBytes = 0;

  constructor(options: AccountOptions) {
    const { earlier } = options;
    this.#options = options;
    this.#pieces = new LogPieces(options.partitions, options.pieceBytes);
    this.accepted = earlier?.accepted ?? 0;
    this.rejected = earlier?.rejected ?? 0;
    this.errors = [...earlier?.errors ?? []];
    for (const error of this.errors) this.#errorBytes += sizeOf(error);
  }

  /** Bytes that wait to be logged. */
  get waiting(): number {
    return this.#pieces.bytes;
  }

  /** Whether an earlier attempt came to the end. */
  get isDone(): boolean {
    return this.#options.earlier?.isDone ?? false;
  }

  /**
   * Counts a record, and tells whether it is new.
   *
   * @param raw its bytes; absent where there are none worth remembering
   * @returns its line, from 1; undefined if an earlier attempt has dealt with it
   * @throws {MismatchError} if earlier attempts were of another body
   */
  next(raw?: Uint8Array): number | undefined {
    const { earlier, isKeyed } = this.#options;
    this.#seen++;
    if (isKeyed && this.#options.bodyHash === undefined) this.#hash.update(raw ?? NEWLINE).update(NEWLINE);
    if (earlier === undefined) return this.#seen;
    if (this.#seen === earlier.lines && this.#hashed() !== earlier.hash) throw mismatch();
    if (this.#seen > earlier.lines && earlier.isDone) throw mismatch();
    return this.#seen > earlier.lines ? this.#seen : undefined;
  }

  /**
   * Marks the end of the body.
   *
   * @throws {MismatchError} if it comes before what earlier attempts saw of it
   */
  end(): void {
    if (this.#seen < (this.#options.earlier?.lines ?? 0)) throw mismatch();
  }

  /** Accepts or refuses one parsed record. */
  judge(record: unknown, line: number): void {
    const read = parsed(record, line);
    if (isRefusal(read)) return this.refuse(read, line);
    const item = underId(read, this.#options.names);
    const why = this.#options.admit?.(item.sensor);
    if (why !== undefined) return this.refuse(refusal([{ field: "sensor", message: `sensor ${why}` }], ""), line);
    const bytes = encoder.encode(`${JSON.stringify(item)}\n`);
    const { pieceBytes } = this.#options;
    if (bytes.length > pieceBytes) {
      const message = `a reading must have at most ${pieceBytes} bytes as compact JSON, not ${bytes.length}`;
      return this.refuse(refusal([{ field: "", message }], ""), line);
    }
    this.#pieces.add(item.sensor, bytes);
    this.accepted++;
  }

  /** Refuses one record. */
  refuse({ errors }: Refusal, line: number): void {
    this.rejected++;
    for (const { field, message } of errors) {
      if (this.errors.length >= RECORD_ERRORS || this.#errorBytes >= ERROR_BYTES) return;
      const error = { line, field: short(field, FIELD_LENGTH), message: short(message, MESSAGE_LENGTH) };
      this.#errorBytes += sizeOf(error);
      this.errors.push(error);
    }
  }

  /** Hands over what waits, as pieces. */
  takePieces(): Piece[] {
    return this.#pieces.take();
  }

  /** How far the request has come; to be written with the pieces. */
  record(isDone: boolean): RequestRecord {
    return {
      created: this.#options.earlier?.created ?? this.#options.created,
      lines: this.#seen,
      hash: this.#hashed(),
      accepted: this.accepted,
      rejected: this.rejected,
      errors: this.errors,
      isDone,
    };
  }

  /** Hash of the records so far. */
  #hashed(): string {
    return this.#options.bodyHash ?? this.#hash.copy().digest("hex");
  }
}

/** A record judged; one that is nested too deeply for a message about it is refused without. */
function parsed(record: unknown, line: number): Reading | Refusal {
  try {
    // Quickly where it is good; with the schema where there is something to rewrite or to explain.
    const checked = typeof record === "object" && record !== null ? checkReading(record) : undefined;
    return checked ?? parseReading(record, line);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refusal(
      [{ field: "", message: "a reading must be an object of known shape, not something deeply nested" }],
      "",
    );
  }
}

function mismatch(): MismatchError {
  return new MismatchError("This idempotency key was used with another body.");
}

function short(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}

function sizeOf(error: RecordError): number {
  return encoder.encode(JSON.stringify(error)).length;
}
