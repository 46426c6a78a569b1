/**
 * A registry that reads each version's bytes once: they never change, and are asked for again by every partition that
 * shares them, or for every request where partitions are taken over for each.
 *
 * @module
 */
import { KvModelRegistry } from "./registry.ts";

/** Versions whose bytes are kept; the oldest goes first. */
const KEPT = 64;

/** The registry, with bytes in memory. */
export class CachedModelRegistry extends KvModelRegistry {
  readonly #bytes = new Map<string, Promise<Uint8Array>>();

  override bytes(name: string, version: number): Promise<Uint8Array> {
    const key = `${version}\n${name}`, known = this.#bytes.get(key);
    if (known) return known;
    const bytes = super.bytes(name, version);
    this.#bytes.set(key, bytes);
    bytes.catch(() => this.#bytes.delete(key)); // asked for again
    for (const oldest of this.#bytes.keys()) {
      if (this.#bytes.size <= KEPT) break;
      this.#bytes.delete(oldest);
    }
    return bytes;
  }
}
