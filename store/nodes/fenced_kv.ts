/**
 * A database as the holder of a lease sees it: every write checks that it still is.
 *
 * @module
 */
import type { KvAtomic, KvPort } from "../kv.ts";
import type { Lease } from "./lease.ts";

/** The same database; its writes fail (`ok: false`) once somebody else holds the lease. */
export function fencedKv(kv: KvPort, lease: Pick<Lease, "check">): KvPort {
  return {
    get: (key) => kv.get(key),
    getMany: (keys) => kv.getMany(keys),
    list: (selector, options) => kv.list(selector, options),
    atomic: (): KvAtomic => kv.atomic().check(lease.check),
    close: () => kv.close(),
  };
}
