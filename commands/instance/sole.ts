/**
 * One process at a time takes readings over HTTP into a store: two would take the same partitions from each other for
 * ever. The data directory's lock sees to that for its own file; for a store that `--kv` names, a lease does.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../../actors/ports.ts";
import type { KvPort } from "../../store/kv.ts";
import { Lease, LEASE_MS, leaseKey } from "../../store/nodes/lease.ts";
import { CommandError } from "../process/errors.ts";

/** What is leased. */
const NAME = "readings over HTTP";
/** A holder that lives has renewed it within so long, ms. */
const LOOK_MS = LEASE_MS / 3 + 2_000;
const LOOK_EVERY_MS = 500;

const heldSchema = z.object({ owner: z.string(), node: z.string(), until: z.number().positive() });

/** What the look is made with. */
export interface SoleOptions {
  readonly clock: Clock;
  /** Name of this process. */
  readonly node: string;
  /** As `--kv` names the store. */
  readonly where: string;
  /** Told a sentence where it takes a while to see whether the last one still runs. */
  readonly say: (sentence: string) => void;
}

/**
 * Makes sure that no other process takes readings over HTTP here, and keeps others from beginning to.
 *
 * @returns keeps them from it until the signal
 * @throws {CommandError} if one does
 */
export async function takeAlone(
  kv: KvPort,
  { clock, node, where, say }: SoleOptions,
): Promise<(signal: AbortSignal) => Promise<void>> {
  const key = leaseKey(NAME), id = crypto.randomUUID(), lease = new Lease(kv, { clock, name: NAME, node, id });
  let before = await kv.get(key);
  const last = heldSchema.safeParse(before.value).data;
  if (last) say(`${last.node} ran on this store and did not end there: looking whether it still runs.`);
  for (let waited = 0; last && waited < LOOK_MS; waited += LOOK_EVERY_MS) {
    await clock.sleep(LOOK_EVERY_MS);
    const now = await kv.get(key), held = heldSchema.safeParse(now.value).data;
    if (held !== undefined && now.versionstamp !== before.versionstamp) throw another(held.node, where);
    before = now;
    if (held === undefined) break; // it has just ended
  }
  if (!await lease.takeOver(before)) {
    const held = heldSchema.safeParse((await kv.get(key)).value).data;
    if (held && held.owner !== id) throw another(held.node, where); // both began at the same time
  }
  return (signal) =>
    lease.run(signal, async (held) => {
      if (!held.aborted) await new Promise((resolve) => held.addEventListener("abort", resolve, { once: true }));
    });
}

function another(node: string, where: string): CommandError {
  return new CommandError(
    `another instance (${node}) takes readings over HTTP on ${where}, and two would take the same partitions ` +
      "from each other: end that one, give this one a --kv of its own, or start both as nodes of a group " +
      "(--source kafka --group NAME)",
  );
}
