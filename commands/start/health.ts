/**
 * How a running instance is, for `/readyz`.
 *
 * @module
 */
import type { Health } from "../../routes/deps.ts";
import { KEYS } from "../../store/keys.ts";
import type { KvPort } from "../../store/kv.ts";
import type { Engine } from "../instance/engine.ts";

/** Partitions that have failed, each with its reason. */
export function failures(engine: Engine): string[] {
  return engine.supervisor.partitions().filter(({ state }) => state === "failed")
    .map(({ partition, error }) => `partition ${partition} has failed: ${error}`);
}

/** Partitions whose store is away, or that another process had taken, each with its reason. */
function waits(engine: Engine): string[] {
  return engine.supervisor.partitions().filter(({ state }) => state === "waiting")
    .map(({ partition, error }) => `partition ${partition} waits: ${error}`);
}

/** Bytes that are written to see whether there is room again: as much as one entry may take. */
const PROBE_BYTES = 60_000;

/** Writes something large, and takes it away: nobody else may have anything to write. */
async function tryDisk(kv: KvPort): Promise<void> {
  try {
    await kv.atomic().set(KEYS.probe(), new Uint8Array(PROBE_BYTES)).commit();
    await kv.atomic().delete(KEYS.probe()).commit();
  } catch {
    // It is known to the gate.
  }
}

/**
 * How the instance is.
 *
 * @param problems what else keeps it from being ready, a sentence each
 */
export async function healthOf(engine: Engine, problems: readonly string[] = []): Promise<Health> {
  const partitions = engine.supervisor.partitions(),
    reasons = [
      ...failures(engine),
      ...waits(engine),
      ...problems,
    ];
  if (engine.fleet) {
    // Its heads are followed: who does not answer is known without a question that waits for it.
    const away = engine.fleet.problems(), { lease } = engine;
    return {
      ready: reasons.length + away.length === 0,
      reasons: [...reasons, ...away],
      partitions,
      lock: true,
      kv: away.length === 0,
      ...(lease ? { upkeep: { held: lease.isHeld, holder: lease.holder } } : {}),
    };
  }
  let kv = true;
  if (engine.kv.trouble) {
    await tryDisk(engine.kv);
    if (engine.kv.trouble) reasons.push(engine.kv.trouble.message);
  }
  try {
    await engine.kv.get(["meta", "format"]);
  } catch {
    kv = false;
    reasons.push("the key-value store does not answer");
  }
  return { ready: reasons.length === 0, reasons, partitions, lock: true, kv };
}
