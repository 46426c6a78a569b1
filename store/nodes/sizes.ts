/**
 * How much is stored of each partition.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { serialize } from "node:v8";
import { keySize } from "../bytes.ts";
import type { FleetKv } from "./fleet.ts";
import { learnSensors } from "./hold.ts";

/** How much is stored. */
export interface Size {
  readonly keys: number;
  /** Of keys and values as the database serialises them. */
  readonly bytes: number;
}

/**
 * Reads everything, and adds it up by partition; what belongs to none under the empty text.
 *
 * @throws {StoreAwayError} if a server does not answer
 */
export async function sizesByPartition(fleet: FleetKv): Promise<Map<string, Size>> {
  await learnSensors(fleet);
  const sizes = new Map<string, Size>();
  for await (const { key, value } of fleet.list({ prefix: [] }, { batchSize: 100 })) {
    const partition = fleet.partitionOfKey(key) ?? "", { keys, bytes } = sizes.get(partition) ?? { keys: 0, bytes: 0 };
    const size = value instanceof Uint8Array ? value.length : Buffer.byteLength(serialize(value));
    sizes.set(partition, { keys: keys + 1, bytes: bytes + keySize(key) + size });
  }
  return sizes;
}
