/**
 * Lines of a text file, also of a compressed one, in constant memory.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";

/** Lines of a file without their newlines; a name that ends in `.gz` is decompressed, also of several members. */
export async function* textLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path), decoder = new TextDecoder();
  const pieces: AsyncIterable<Uint8Array> = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  let rest = "";
  try {
    for await (const piece of pieces) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
    if (rest !== "") yield rest;
  } finally {
    file.destroy();
  }
}
