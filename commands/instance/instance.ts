/**
 * The running instance of a data directory: a small file that tells other commands where it answers.
 *
 * Only its owner may read the file (mode 0600), for it holds the token that the administrative routes ask for. A file
 * that a killed process left behind says nothing: what counts is whether the data directory is held
 * (`store/lock.ts`).
 *
 * @module
 */
import { z } from "zod";
import { encodeBase64Url } from "../../std/base64url.ts";
import { join } from "../../std/path.ts";
import { type DataDirLock, lockDataDir } from "../../store/lock.ts";
import { CommandError } from "../process/errors.ts";

/** Name of the file in the data directory. */
export const INSTANCE_FILE = "instance.json";

const instanceSchema = z.object({
  pid: z.number().int().min(1),
  url: z.url({ protocol: /^https?$/ }),
  token: z.string().min(32).max(256),
  started: z.iso.datetime(),
});

/** A running instance. */
export interface Instance {
  /** Process id. */
  readonly pid: number;
  /** Where it answers from this machine, without a path: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** What `Authorization: Bearer` needs for the administrative routes; new at each start. */
  readonly token: string;
  /** ISO 8601. */
  readonly started: string;
}

/**
 * Holds the data directory, and takes away what a killed instance left in it.
 *
 * @throws {DataDirError} if another process holds it, or it cannot be one
 */
export async function takeDataDir(dataDir: string): Promise<DataDirLock> {
  const lock = await lockDataDir(dataDir);
  await forgetInstance(dataDir);
  return lock;
}

/** Bytes of randomness in a token. */
const TOKEN_BYTES = 32;

/** A token that nobody can guess: 43 letters of base64url. */
export function makeToken(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
}

/**
 * The address under which this machine itself reaches a server that listens on `hostname`.
 *
 * @param hostname as `Deno.serve` reports it; `0.0.0.0` and `::` stand for every address
 */
export function localUrl(hostname: string, port: number): string {
  if (hostname === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (hostname === "::" || hostname === "[::]") return `http://[::1]:${port}`;
  return hostname.includes(":") && !hostname.startsWith("[")
    ? `http://[${hostname}]:${port}`
    : `http://${hostname}:${port}`;
}

/**
 * Writes the file, whole or not at all. The caller holds the data directory.
 *
 * @returns takes the file away; to be called before the lock is let go of
 */
export async function announceInstance(dataDir: string, instance: Instance): Promise<() => Promise<void>> {
  const path = join(dataDir, INSTANCE_FILE);
  const fresh = `${path}.new`;
  await removeIfThere(fresh); // one that a kill left behind would keep its old mode
  await Deno.writeTextFile(fresh, `${JSON.stringify(instance, null, 2)}\n`, { createNew: true, mode: 0o600 });
  await Deno.rename(fresh, path);
  return () => removeIfThere(path);
}

/** The instance that the file names, running or not; undefined if there is none, or none that can be read. */
export async function readInstance(dataDir: string): Promise<Instance | undefined> {
  try {
    const result = instanceSchema.safeParse(JSON.parse(await Deno.readTextFile(join(dataDir, INSTANCE_FILE))));
    return result.success ? result.data : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The instance that holds the data directory, to be asked over HTTP.
 *
 * @throws {CommandError} if whoever holds it serves nothing
 */
export async function servingInstance(dataDir: string): Promise<Instance> {
  const instance = await readInstance(dataDir);
  if (instance !== undefined) return instance;
  throw new CommandError(
    `the data directory ${dataDir} is held by a command that serves no address, such as a replay: wait for its end`,
  );
}

/** Takes away the file of an instance that no longer runs. */
export async function forgetInstance(dataDir: string): Promise<void> {
  await removeIfThere(join(dataDir, INSTANCE_FILE));
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
