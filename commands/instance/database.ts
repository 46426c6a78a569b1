/**
 * Opening the database that `--kv` names: a file, or KV servers by their URLs.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { join } from "../../std/path.ts";
import { FleetKv } from "../../store/nodes/fleet.ts";
import type { HoldOptions } from "../../store/nodes/hold.ts";
import type { KvPort } from "../../store/kv.ts";
import { LateKv } from "../../store/nodes/late_kv.ts";
import { TimedKv } from "../../store/nodes/timed_kv.ts";
import { CommandError } from "../process/errors.ts";
import { troubleOf } from "../../store/trouble.ts";

/** Name of the KV file in the data directory. */
export const KV_FILE = "sensorium.kv";
/** Longest wait for an answer of a KV server, ms: its partitions wait then, and go on by themselves. */
const SERVER_DEADLINE_MS = 5_000;

/** Longest wait for an answer of a KV server where a command changes what belongs to partitions, ms. */
const COMMAND_DEADLINE_MS = 30_000;

/** How a command holds partitions, and moves them. */
export function holdOptions(clock: Clock): HoldOptions {
  return { clock, freshId: () => crypto.randomUUID(), deadlineMs: COMMAND_DEADLINE_MS };
}

/** The URLs that a setting names, or none if it is a file. */
export function serverUrls(kv: string | undefined): string[] {
  return kv !== undefined && /^https?:/i.test(kv) ? kv.split(",").map((url) => url.trim()) : [];
}

/**
 * The servers of these URLs as one database.
 *
 * @param deadlineMs longest wait for an answer
 * @throws {CommandError} for a URL that is none
 * @throws {StoreAwayError} if none of them answers, or not all at the very first start
 */
export async function openFleet(
  urls: readonly string[],
  clock: Clock,
  deadlineMs = SERVER_DEADLINE_MS,
): Promise<FleetKv> {
  const servers: TimedKv[] = [];
  for (const url of urls) {
    if (!URL.canParse(url)) {
      throw new CommandError(`--kv must be a path, or http:// URLs with commas between, not ${url}`);
    }
    const connect = () => openKv(url);
    const server = await connect().catch((error) => late(error, connect));
    servers.push(new TimedKv(server, new URL(url).host, clock, deadlineMs, connect));
  }
  return await FleetKv.open(servers, () => crypto.randomUUID());
}

/** A server that is away when it is to be opened is opened when it is there. */
function late(error: unknown, connect: () => Promise<Deno.Kv>): LateKv {
  if (error instanceof CommandError) return new LateKv(connect);
  throw error;
}

/** The database of a command that does one thing: see {@linkcode openFleet}; without a setting the file in the data directory. */
export async function openDatabase(dataDir: string, kv: string | undefined, clock: Clock): Promise<KvPort> {
  const urls = serverUrls(kv);
  return urls.length > 0 ? await openFleet(urls, clock) : await openKv(kv ?? join(dataDir, KV_FILE));
}

/** A file or one server. @throws {CommandError} if it cannot be opened */
export async function openKv(path: string): Promise<Deno.Kv> {
  try {
    return await Deno.openKv(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const trouble = troubleOf(error);
    throw new CommandError(`cannot open the KV ${path}: ${trouble instanceof Error ? trouble.message : trouble}`, {
      cause: error,
    });
  }
}
