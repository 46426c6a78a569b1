/**
 * The few things that sinks do with files, each of which happens wholly, partly or not at all when the process dies.
 *
 * A port, so that a test can let it die between any two of them, or in the middle of one.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";
import { dirname } from "../std/path.ts";

/** Files, as sinks use them. */
export interface Disk {
  /** Makes a folder with everything above it; nothing if it is there. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder, sorted; none if it is not there. */
  list(folder: string): Promise<string[]>;
  /** A whole file; undefined if it is not there. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Size and time of the last change (epoch ms); undefined if it is not there. */
  look(path: string): Promise<{ readonly size: number; readonly changed: number } | undefined>;
  /**
   * Writes pieces from `offset` on, cuts off what stood behind them, and waits until the disk has it. Makes the file.
   *
   * @throws {StoreAwayError} if there is no room on the disk
   */
  write(path: string, offset: number, pieces: readonly Uint8Array[]): Promise<void>;
  /** Puts a file in the place of another, durably: at any time one of both is there, whole. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, if it is there. */
  remove(path: string): Promise<void>;
}

/** The system's files. */
export const systemDisk: Disk = {
  makeFolder: (path) => Deno.mkdir(path, { recursive: true }),

  async list(folder) {
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(folder)) names.push(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return names.sort();
  },

  read: (path) => orNothing(Deno.readFile(path)),

  async look(path) {
    const info = await orNothing(Deno.stat(path));
    return info && { size: info.size, changed: info.mtime?.getTime() ?? 0 };
  },

  async write(path, offset, pieces) {
    try {
      await writePieces(path, offset, pieces);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      throw new StoreAwayError(`there is no room to write ${path}: make room, then it goes on by itself`, {
        cause: error,
      });
    }
  },

  async rename(from, to) {
    await Deno.rename(from, to);
    await syncFolder(dirname(to));
  },

  async remove(path) {
    await orNothing(Deno.remove(path));
  },
};

async function writePieces(path: string, offset: number, pieces: readonly Uint8Array[]): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  await file.seek(offset, Deno.SeekMode.Start);
  let end = offset;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) at += await file.write(at === 0 ? piece : piece.subarray(at));
    end += piece.length;
  }
  if ((await file.stat()).size !== end) await file.truncate(end);
  await file.sync();
}

/** A new name is durable once its folder is. Not every system lets a folder be opened: there the rename has to do. */
async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
  }
}

async function orNothing<T>(done: Promise<T>): Promise<T | undefined> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A sink cannot go on; the message is one sentence for a person. */
export class SinkError extends Error {
  override name = "SinkError";
}
