/**
 * How a running instance is, for `/readyz`.
 *
 * @module
 */
import type { Health } from "../routes/deps.ts";
import type { Engine } from "./engine.ts";

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
      ...engine.fleet?.problems() ?? [],
      ...problems,
    ];
  let kv = true;
  try {
    await engine.kv.get(["meta", "format"]);
  } catch {
    kv = false;
    reasons.push("the key-value store does not answer");
  }
  return { ready: reasons.length === 0, reasons, partitions, lock: true, kv };
}
