/**
 * What a run has stored, brought into a form that can be compared with another run's.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import { KV_FILE } from "../../commands/instance/database.ts";
import { KEYS } from "../../store/keys.ts";
import { OUTPUT_KINDS, withoutAttempt } from "../output_kinds.ts";

/** Number of entries and a hash over keys and values, by kind. */
export type Stored = Readonly<Record<typeof OUTPUT_KINDS[number], { readonly count: number; readonly hash: string }>>;

/** Reads a data directory that no process holds any more. */
export async function storedOutputs(dataDir: string): Promise<Stored> {
  using kv = await Deno.openKv(join(dataDir, KV_FILE));
  const stored = await Promise.all(OUTPUT_KINDS.map(async (kind) => {
    const texts: string[] = [];
    for await (const { key, value } of kv.list({ prefix: [kind] }, { batchSize: 500 })) {
      texts.push(text([key, withoutAttempt(kind, value)]));
    }
    const bytes = new TextEncoder().encode(texts.join("\n"));
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [kind, { count: texts.length, hash: hash.toHex() }] as const;
  }));
  return Object.fromEntries(stored) as Stored;
}

/** Position up to which a partition is known to be done; −1 if nothing is. May be asked while a process runs. */
export async function positionOf(dataDir: string, partition: string): Promise<number> {
  try {
    await Deno.stat(join(dataDir, KV_FILE)); // opening would make it
  } catch {
    return -1;
  }
  using kv = await Deno.openKv(join(dataDir, KV_FILE));
  const { value } = await kv.get<{ readonly cut: number }>(KEYS.outputs(partition));
  return value?.cut ?? -1;
}

/** Values of every kind that the store holds, numbers to the last bit. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (part instanceof Float64Array) return Array.from(new BigUint64Array(part.slice().buffer), (bits) => `${bits}`);
    if (part instanceof Uint8Array) return part.toHex();
    if (typeof part === "number" && !Number.isFinite(part)) return String(part);
    return part;
  });
}
