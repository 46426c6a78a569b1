/**
 * Looking up the addresses of a receiver's name, as this machine does it.
 *
 * @module
 */
import { lookup } from "node:dns/promises";

/**
 * All addresses of a name, in the system's order (its hosts file included). Needs the permission `net` alone.
 *
 * @throws {Error} for a name that is not known
 */
export async function resolveHost(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}
