/**
 * The digest of a run: one line that two runs share only if all their verdicts, windows, alerts and states are the same.
 *
 * @module
 */
import type { SensorDigest } from "./batch.ts";
import type { PartitionCounts } from "./router.ts";

/**
 * SHA-256 over what every sensor and partition adds, in order of name: it does not depend on shards, batches or speed.
 *
 * @returns `sha256:` and 64 hexadecimal digits
 */
export async function runDigest(
  sensors: readonly SensorDigest[],
  partitions: readonly { readonly partition: string; readonly counts: PartitionCounts }[],
): Promise<string> {
  const lines = [
    ...partitions.map(({ partition, counts }) =>
      JSON.stringify([partition, counts.readings, counts.refused, counts.refusedHash, counts.future, counts.foreign])
    ).sort(),
    ...sensors.map(({ name, lanes }) => JSON.stringify([name, ...lanes])).sort(),
  ];
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines.join("\n")));
  return "sha256:" + [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
