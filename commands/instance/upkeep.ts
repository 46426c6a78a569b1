/**
 * What one of several nodes does for all, by a lease: webhooks, and retention of what belongs to no partition.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { KvPort } from "../../store/kv.ts";
import { Lease } from "../../store/nodes/lease.ts";

/** What the lease is made with. */
export interface UpkeepOptions {
  readonly clock: Clock;
  /** Name of this node. */
  readonly node?: string;
  /** Told when it was taken, or lost. */
  readonly leased?: (line: string) => void;
}

/**
 * The lease.
 *
 * @param kv not through the gate, which an export closes for longer than a lease lasts
 * @param id one that no other process has: two nodes may have the same name by mistake
 */
export function upkeepLease(kv: KvPort, { clock, node = "unnamed", leased }: UpkeepOptions, id: string): Lease {
  return new Lease(kv, { clock, name: "upkeep", node, id, ...(leased ? { report: leased } : {}) });
}

/** Whether retention sweeps it here: a partition's own where it runs; where nobody runs it, and what is none's, by lease. */
export function isSweptHere(
  supervisor: Pick<Supervisor, "partitions">,
  lease: Pick<Lease, "isHeld">,
): (partition: string | undefined) => boolean {
  return (partition) => {
    const state = partition && supervisor.partitions().find((one) => one.partition === partition)?.state;
    return state === "running" || (state !== "elsewhere" && lease.isHeld);
  };
}
