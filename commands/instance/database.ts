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
import { CommandError, UsageError } from "../process/errors.ts";
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
 * @throws {UsageError} for a URL that is none
 * @throws {TokenError} if a server wants another token
 * @throws {StoreAwayError} if none of them answers, or not all at the very first start
 */
export async function openFleet(
  urls: readonly string[],
  clock: Clock,
  deadlineMs = SERVER_DEADLINE_MS,
): Promise<FleetKv> {
  const servers: TimedKv[] = [];
  for (const url of urls) {
    if (!URL.canParse(url)) throw new UsageError(`--kv: ${url} is no URL; that of a KV server is http://host:port`);
    const connect = () => openKv(url);
    const server = await connect().catch((error) => late(error, connect));
    servers.push(new TimedKv(server, new URL(url).host, clock, deadlineMs, connect));
  }
  return await FleetKv.open(servers, () => crypto.randomUUID());
}

/** A server that is away when it is to be opened is opened when it is there; one that wants another token never is. */
function late(error: unknown, connect: () => Promise<Deno.Kv>): LateKv {
  if (error instanceof CommandError && !(error instanceof TokenError)) return new LateKv(connect);
  throw error;
}

/** The database of a command that does one thing: see {@linkcode openFleet}; without a setting the file in the data directory. */
export async function openDatabase(dataDir: string, kv: string | undefined, clock: Clock): Promise<KvPort> {
  const urls = serverUrls(kv);
  return urls.length > 0 ? await openFleet(urls, clock) : await openKv(kv ?? join(dataDir, KV_FILE));
}

/** A KV server refuses the token, or there is none. */
class TokenError extends CommandError {
  override name = "TokenError";
}

/** A file or one server. @throws {CommandError} if it cannot be opened */
export async function openKv(path: string): Promise<Deno.Kv> {
  try {
    return await Deno.openKv(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const trouble = troubleOf(error), why = trouble instanceof Error ? trouble.message : String(trouble);
    const token = TOKEN_TROUBLES.find(([words]) => words.test(why))?.[1];
    if (token !== undefined) throw new TokenError(`cannot open the KV server ${path}: ${token}`, { cause: error });
    throw new CommandError(`cannot open the KV ${path}: ${why.match(NOT_REACHED)?.[1] ?? why}`, { cause: error });
  }
}

/** Deno's words, and ours. */
const TOKEN_TROUBLES: readonly (readonly [RegExp, string])[] = [
  [/Missing DENO_KV_ACCESS_TOKEN/, "set the variable DENO_KV_ACCESS_TOKEN to its access token"],
  [/status 40[13]/, "it refuses the access token in the variable DENO_KV_ACCESS_TOKEN"],
];
/** Of all that Deno says of a server that it does not reach, the last is why. */
const NOT_REACHED = /failed to connect to .*: ([^:]+)$/;
