/**
 * A file that is there whole or not at all: it stands as `PATH.part` until it is finished.
 *
 * @module
 */
import { dirname } from "../../std/path.ts";
import { CommandError } from "../process/errors.ts";

/** A file being written. */
export interface Output {
  /** Appends text or bytes; resolves once they are handed to the system. */
  write(content: string | Uint8Array): Promise<void>;
  /** Puts the file in its place. */
  finish(): Promise<void>;
}

/**
 * Opens a file and the folders above it.
 *
 * @throws {CommandError} if it cannot be written
 */
export async function openOutput(path: string): Promise<Output> {
  const part = `${path}.part`, encoder = new TextEncoder();
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    file = await Deno.open(part, { write: true, create: true, truncate: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error; // says which flag is missing
    throw new CommandError(`cannot write ${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  return {
    async write(content) {
      const bytes = typeof content === "string" ? encoder.encode(content) : content;
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    },
    async finish() {
      file.close();
      await Deno.rename(part, path);
    },
  };
}
