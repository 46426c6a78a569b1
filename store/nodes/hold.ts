/**
 * One cut of several KV servers: while it is read, an export holds every partition.
 *
 * It raises their fences in the name of {@linkcode HELD}, so that no owner can write and none can take over, renews them
 * until it has read everything, and lets them go; their owners then begin again at their checkpoints. What is read of a
 * partition is so what a process that was killed at one instant would have left. Fences of an export that has died are
 * not renewed: owners take over by themselves. Keys that belong to no partition (labels, webhooks, the log of readings)
 * are read while others may write them, and after the partitions stood still: what a partition counts on is there.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import {
  ALL_GUARDS,
  Chain,
  type ChainOptions,
  HELD,
  HOLD_RENEWED_MS,
  MOVED,
  ownerIn,
  RELEASED,
} from "../checkpoint/chain.ts";
import type { FleetKv } from "./fleet.ts";
import { KEYS } from "../keys.ts";
import { lookAtAll, partitionsByServer } from "./move.ts";
import type { TimedKv } from "./timed_kv.ts";

/** How partitions are held. */
export type HoldOptions = Pick<ChainOptions, "clock" | "freshId" | "deadlineMs">;

/** Times that a fence is written before the server counts as away. */
const TRIES = 5;

/**
 * Does the work while every partition is held.
 *
 * @throws {StoreAwayError} if a server does not answer, or a partition was taken, moved or begun meanwhile: what the work
 *   has read is then of no use
 */
export async function whileHeld(fleet: FleetKv, options: HoldOptions, work: () => Promise<void>): Promise<void> {
  await lookAtAll(fleet, options);
  const holds: Hold[] = [],
    done = new AbortController(),
    lost = Promise.withResolvers<never>(),
    { version } = fleet.map;
  lost.promise.catch(() => {});
  const renewing = renew(holds, options, done.signal).catch(lost.reject);
  try {
    for (const { partition, id, fence } of await partitionsByServer(fleet)) {
      holds.push(await Hold.take(fleet.server(id), partition, ownerIn(fence) === MOVED, options));
    }
    await Promise.race([work(), lost.promise]);
  } finally {
    done.abort();
    await renewing;
    const ends = await Promise.allSettled(holds.map((hold) => hold.write(RELEASED)));
    for (const end of ends) if (end.status === "rejected") lost.reject(end.reason);
  }
  await lookAtAll(fleet, options);
  const fresh = (await partitionsByServer(fleet)).find((one) =>
    !holds.some((hold) => hold.partition === one.partition)
  );
  if (fresh) lost.reject(new StoreAwayError(`partition ${fresh.partition} began while everything was read: try again`));
  if (fleet.map.version !== version) lost.reject(new StoreAwayError("a partition was moved meanwhile: try again"));
  await Promise.race([lost.promise, undefined]);
}

/** Learns which partition each sensor is in, so that a listing leaves out what a move has not removed yet. */
export async function learnSensors(fleet: FleetKv): Promise<void> {
  const partitions = new Map<string, string>();
  for (const { partition, id } of await partitionsByServer(fleet)) {
    for await (const { key } of fleet.server(id).list({ prefix: KEYS.sensorsOf(partition) }, { batchSize: 500 })) {
      partitions.set(String(key[2]), partition);
    }
  }
  fleet.partitionOf = (sensor) => partitions.get(sensor);
}

async function renew(holds: readonly Hold[], { clock }: HoldOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(HOLD_RENEWED_MS, signal).catch(() => {});
    if (!signal.aborted) await Promise.all(holds.map((hold) => hold.write(HELD)));
  }
}

/** A partition that is held. */
class Hold {
  private constructor(
    readonly server: TimedKv,
    readonly partition: string,
    private entry: Deno.KvEntryMaybe<unknown>,
    private readonly options: HoldOptions,
  ) {}

  /** @param isMoved whether a move holds it already: then it is only seen to that this stays so */
  static async take(server: TimedKv, partition: string, isMoved: boolean, options: HoldOptions): Promise<Hold> {
    if (!isMoved) await Chain.claim(server, partition, { ...options, guards: ALL_GUARDS, owner: HELD });
    return new Hold(server, partition, await server.get(KEYS.fence(partition)), options);
  }

  /**
   * Writes the fence in this name, if it is as it was left.
   *
   * @throws {StoreAwayError} if somebody else has written it
   */
  async write(name: string): Promise<void> {
    const { server, partition, entry } = this, key = KEYS.fence(partition);
    const isMoved = ownerIn(String(entry.value)) === MOVED, value = `${name} ${this.options.freshId()}`;
    for (let tries = 0; tries < TRIES; tries++) {
      if (!isMoved) await server.atomic().check(entry).set(key, value).commit().catch(() => {}); // read below
      const now = await server.get(key);
      if (isMoved ? now.versionstamp === entry.versionstamp : now.value === value) return void (this.entry = now);
      if (now.versionstamp !== entry.versionstamp) break;
    }
    throw new StoreAwayError(`partition ${partition} did not stay as it was while everything was read: try again`);
  }
}
