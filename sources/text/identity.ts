/**
 * What makes a file the one that was read before: its size and the SHA-256 of its first 64 KiB.
 *
 * @module
 */
import { openFile } from "./bytes.ts";

/** A file as it was when it was first read. */
export interface FileIdentity {
  /** Bytes on the disk, compressed where it is. */
  readonly size: number;
  /** SHA-256 of the first {@linkcode IDENTITY_BYTES} bytes on the disk, in hexadecimal digits. */
  readonly sha256: string;
}

/** Bytes at a file's beginning that its identity covers. */
const IDENTITY_BYTES = 65_536;

/**
 * The identity of a file.
 *
 * @throws {SourceError} if there is no such file
 */
export async function identify(path: string): Promise<FileIdentity> {
  const file = await openFile(path);
  try {
    const head = new Uint8Array(IDENTITY_BYTES);
    let length = 0;
    while (length < head.length) {
      const count = await file.read(head.subarray(length));
      if (count === null) break;
      length += count;
    }
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", head.subarray(0, length)));
    return { size: (await file.stat()).size, sha256: hash.toHex() };
  } finally {
    file.close();
  }
}
