/**
 * Lines of a text file, also of a compressed one, in constant memory.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

/** Longest line, characters: beyond it the file is not one of lines. */
const LINE_GREATEST = 4_096;

/**
 * Lines of a file without their newlines; a name that ends in `.gz` is decompressed, also of several members, which
 * `DecompressionStream` does not know.
 *
 * @throws if it cannot be read, is damaged, or has a line of more than 4,096 characters
 */
export async function* textLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path), decoder = new TextDecoder();
  let pieces: AsyncIterable<Uint8Array> = file;
  if (path.endsWith(".gz")) {
    const gunzip = createGunzip();
    pipeline(file, gunzip, () => {}); // its error comes out of the loop below
    pieces = gunzip;
  }
  let rest = "";
  try {
    for await (const piece of pieces) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_GREATEST) throw new Error(`a line is longer than ${LINE_GREATEST} characters`);
      yield* lines;
    }
    rest += decoder.decode();
    if (rest !== "") yield rest;
  } finally {
    file.destroy();
  }
}
