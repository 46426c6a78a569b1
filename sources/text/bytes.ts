/**
 * The bytes of a file from an offset in its decompressed text on, piece by piece, on demand.
 *
 * `.gz` goes through `node:zlib`, because `DecompressionStream` fails at the second member of a file made of several
 * (and is half as fast). A compressed file cannot be entered in the middle: what is before the offset is decompressed
 * and dropped.
 *
 * @module
 */
import { createGunzip, type Gunzip } from "node:zlib";
import { Buffer } from "node:buffer";
import { SourceError } from "../../actors/ports.ts";

/** Bytes that one piece of a plain file has; one of a compressed file has at most as many. */
export const PIECE_BYTES = 1 << 20;

const COMPRESSED_BYTES = 1 << 16;
const NOTHING = new Uint8Array(0);

/** Bytes on demand, in order. */
export interface ByteReader {
  /**
   * The next piece behind `carry`, in memory that the caller owns.
   *
   * @param carry what the caller could not use yet of the piece before; it is copied to the front
   * @returns null at the end of the text, where nothing follows the carry
   * @throws {SourceError} if the file is cut off or broken
   */
  read(carry?: Uint8Array): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Part of the file that was taken in, 0..1. */
  done(): number;
  /** Lets go of the file. May be called at any time, also twice. */
  close(): void;
}

/** Whether a file of this name is decompressed while it is read. */
function isCompressed(path: string): boolean {
  return path.toLowerCase().endsWith(".gz");
}

/**
 * Opens a file at an offset in its (decompressed) text.
 *
 * @param pieceBytes bytes of a piece, at least 1
 * @throws {SourceError} if there is no such file
 */
export async function openBytes(path: string, from = 0, pieceBytes = PIECE_BYTES): Promise<ByteReader> {
  const file = await openFile(path);
  const size = (await file.stat()).size;
  if (isCompressed(path)) return new GunzipReader(path, file, size, from, pieceBytes);
  if (from > 0) await file.seek(from, Deno.SeekMode.Start);
  return new PlainReader(path, file, size, from, pieceBytes);
}

/** Opens a file to be read; a missing one is said in a sentence. */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    const file = await Deno.open(path);
    if ((await file.stat()).isFile) return file;
    file.close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new SourceError(`cannot read ${path}: there is no such file`);
    throw error;
  }
  throw new SourceError(`cannot read ${path}: it is not a file`);
}

function join(carry: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(carry.length + bytes.length);
  joined.set(carry);
  joined.set(bytes, carry.length);
  return joined;
}

class PlainReader implements ByteReader {
  #closed = false;

  constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    private readonly size: number,
    private at: number,
    private readonly pieceBytes: number,
  ) {}

  async read(carry = NOTHING): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#closed) return null;
    // Read behind the carry, so that the piece itself is never copied. What was appended after opening is not read:
    // the file's identity is that of its size then.
    const wanted = Math.min(this.pieceBytes, this.size - this.at);
    if (wanted <= 0) return null;
    const buffer = new Uint8Array(carry.length + wanted);
    buffer.set(carry);
    const count = await this.file.read(buffer.subarray(carry.length));
    if (count === null) throw new SourceError(`cannot read ${this.path} on: it became shorter while it was read`);
    this.at += count;
    return count === wanted ? buffer : buffer.subarray(0, carry.length + count);
  }

  done(): number {
    return this.size === 0 ? 1 : Math.min(1, this.at / this.size);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.file.close();
  }
}

class GunzipReader implements ByteReader {
  readonly #gunzip: Gunzip;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #taken = 0;
  #closed = false;
  #drop: number;

  constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    private readonly size: number,
    from: number,
    pieceBytes: number,
  ) {
    this.#drop = from;
    // One piece ahead of the reader at most: that is the stream's buffer.
    this.#gunzip = createGunzip({ chunkSize: Math.max(64, pieceBytes), readableHighWaterMark: 1 } as object);
    this.#pieces = this.#gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#pump().catch((error) => this.#gunzip.destroy(error));
  }

  async #pump(): Promise<void> {
    while (!this.#closed) {
      const buffer = new Uint8Array(COMPRESSED_BYTES);
      const count = await this.file.read(buffer).catch((error) => {
        if (this.#closed) return null;
        throw error;
      });
      if (this.#closed) return;
      if (count === null) {
        this.#gunzip.end();
        return;
      }
      this.#taken += count;
      // The callback comes once this input is used up, that is when its output was asked for.
      await new Promise<void>((resolve) => {
        this.#gunzip.once("close", resolve);
        this.#gunzip.write(Buffer.from(buffer.buffer, 0, count), () => {
          this.#gunzip.removeListener("close", resolve);
          resolve();
        });
      });
    }
  }

  async read(carry = NOTHING): Promise<Uint8Array<ArrayBuffer> | null> {
    while (!this.#closed) {
      const piece = await this.#next();
      if (piece === null) return null;
      if (piece.length <= this.#drop) {
        this.#drop -= piece.length;
        continue;
      }
      const rest = piece.subarray(this.#drop);
      this.#drop = 0;
      return join(carry, rest);
    }
    return null;
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const result = await this.#pieces.next();
      return result.done ? null : result.value;
    } catch (error) {
      if (this.#closed) return null;
      const why = error instanceof Error ? error.message : String(error);
      throw new SourceError(`cannot decompress ${this.path}: ${why}; is the file whole?`);
    }
  }

  done(): number {
    return this.size === 0 ? 1 : Math.min(1, this.#taken / this.size);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#gunzip.destroy();
    this.file.close();
  }
}
