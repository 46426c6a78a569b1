/**
 * Opening the store of an instance, and refusing one that it cannot run on.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { join } from "../../std/path.ts";
import { StoreError } from "../../store/checkpoint/chain.ts";
import { KvCheckpointStore } from "../../store/checkpoint/store.ts";
import { within } from "../../store/deadline.ts";
import { FleetKv } from "../../store/nodes/fleet.ts";
import { checkFormat } from "../../store/format.ts";
import { GatedKv } from "../../store/gate.ts";
import { KEYS } from "../../store/keys.ts";
import type { KvPort } from "../../store/kv.ts";
import { checkImported } from "../../store/savepoint/savepoint.ts";
import { SavepointError } from "../../store/savepoint/reader.ts";
import type { Written } from "../../store/retention/written.ts";
import { KV_FILE, openFleet, openKv, serverUrls } from "./database.ts";
import type { EngineOptions } from "./engine_options.ts";
import { CommandError } from "../process/errors.ts";

/** Longest wait for the database, ms. */
export const KV_DEADLINE_MS = 30_000;
/** Chunks of 64 readings that are kept of each sensor: about 10,000 readings. */
export const HISTORY_CHUNKS = 160;

/**
 * Opens it: a file, or KV servers, which are the fleet, too.
 *
 * @throws {CommandError} if it cannot be opened
 */
export async function openStore(
  { dataDir, kv, fresh, kvDeadlineMs, clock }: Pick<
    EngineOptions,
    "dataDir" | "kv" | "fresh" | "kvDeadlineMs" | "clock"
  >,
): Promise<{ readonly kv: GatedKv; readonly fleet: FleetKv | undefined }> {
  if (fresh) await removeKv(dataDir);
  const urls = serverUrls(kv), fleet = urls.length > 0 ? await openServers(urls, clock, kvDeadlineMs) : undefined;
  const gated = new GatedKv(fleet ?? await openKv(kv ?? join(dataDir, KV_FILE)));
  await checkStore(fleet ?? gated, clock, kv ?? dataDir);
  return { kv: gated, fleet };
}

/** Takes away what earlier runs left; only what Sensorium made. */
async function removeKv(dataDir: string): Promise<void> {
  for (const ending of ["", "-shm", "-wal"]) {
    try {
      await Deno.remove(join(dataDir, KV_FILE + ending));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** The KV servers. @throws {CommandError} if they cannot be used */
async function openServers(urls: readonly string[], clock: Clock, deadlineMs?: number): Promise<FleetKv> {
  try {
    return await openFleet(urls, clock, deadlineMs);
  } catch (error) {
    const known = error instanceof StoreAwayError || error instanceof StoreError;
    throw known ? new CommandError(`cannot use the KV servers: ${error.message}`, { cause: error }) : error;
  }
}

/** Refuses a store that does not answer, or is not one that can be run on. */
export async function checkStore(kv: KvPort, clock: Clock, where: string): Promise<void> {
  try {
    if (!(kv instanceof FleetKv)) await within(clock, KV_DEADLINE_MS, checkFormat(kv)); // there each server's was looked at
    await checkImported(kv);
  } catch (error) {
    kv.close();
    const known = error instanceof StoreAwayError || error instanceof SavepointError || error instanceof StoreError;
    throw known ? new CommandError(`cannot use the store ${where}: ${error.message}`, { cause: error }) : error;
  }
}

/** Partitions that are stored; those of a server that is away are left out, where there are several. */
export async function partitionsOf(servers: readonly KvPort[]): Promise<Set<string>> {
  const partitions = new Set<string>();
  for (const kv of servers) {
    try {
      for await (const { key } of kv.list({ prefix: KEYS.partitions() })) partitions.add(String(key[1]));
    } catch (error) {
      if (!(error instanceof StoreAwayError) || servers.length === 1) throw error;
    }
  }
  return partitions;
}

/** The checkpoints of an instance, over its store. */
export function openCheckpoints(
  { clock, kvDeadlineMs = KV_DEADLINE_MS, node, guards }: EngineOptions,
  kv: KvPort,
  fleet: FleetKv | undefined,
  parts: { readonly freshId: () => string; readonly written: Written },
): KvCheckpointStore {
  return new KvCheckpointStore(kv, {
    ...parts,
    clock,
    deadlineMs: kvDeadlineMs,
    historyChunks: HISTORY_CHUNKS,
    ...(node === undefined ? {} : { owner: node }),
    ...(guards ? { guards } : {}),
    ...(fleet ? { fleet } : {}),
  });
}
