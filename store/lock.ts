/**
 * The data directory is one process's at a time: an operating-system lock on a file in it.
 *
 * A KV file opens twice without an error, so the lock is what keeps two processes from writing one. The system lets go
 * of it when the process ends, however it ends: a kill leaves no stale lock, and the file itself stays where it is.
 * (On a network file system the lock is only as good as that system's own.)
 *
 * @module
 */
import { join } from "../std/path.ts";

/** Name of the locked file in the data directory. */
export const LOCK_FILE = "lock";

/** The data directory cannot be had; the message is one sentence for a person. */
export class DataDirError extends Error {
  override name = "DataDirError";
}

/** The data directory, held. */
export interface DataDirLock {
  /** Lets go. The second time does nothing. */
  release(): void;
}

/** Whether a data directory is held: `absent` if it does not exist or was never used. */
export type LockState = "held" | "free" | "absent";

/** Times that taking the lock is tried: somebody who only looks whether it is held ({@linkcode lockState}) has it for an instant. */
const ATTEMPTS = 5;
const ATTEMPT_MS = 20;

/**
 * Makes the data directory if need be, and holds it.
 *
 * @throws {DataDirError} if another process holds it, or the path is no folder
 * @throws {Deno.errors.NotCapable} without permission to read and write it
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  const file = await openLockFile(dataDir);
  for (let attempt = 1; !await file.tryLock(true); attempt++) {
    if (attempt === ATTEMPTS) {
      file.close();
      throw new DataDirError(
        `the data directory ${dataDir} is in use by another Sensorium: stop that one (deno task stop --data-dir ` +
          `${dataDir}), or choose another directory with --data-dir`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
  }
  let held = true;
  return {
    release() {
      if (held) file.close(); // closing the file gives the lock back
      held = false;
    },
  };
}

async function openLockFile(dataDir: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dataDir, { recursive: true });
    return await Deno.open(join(dataDir, LOCK_FILE), { read: true, write: true, create: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
      throw new DataDirError(`the data directory ${dataDir} must be a folder, not a file`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new DataDirError(`the system does not allow writing to the data directory ${dataDir}`);
    }
    throw error;
  }
}

/**
 * Looks whether a data directory is held, without holding it and without making it.
 *
 * @throws {Deno.errors.NotCapable} without permission to read it
 */
export async function lockState(dataDir: string): Promise<LockState> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(join(dataDir, LOCK_FILE), { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return "absent";
    throw error;
  }
  try {
    return await file.tryLock(false) ? "free" : "held"; // shared: several may look at once
  } finally {
    file.close();
  }
}
