/**
 * The databases that a suite runs over.
 *
 * @module
 */
import type { KvPort } from "../../store/kv.ts";
import { MemoryKv } from "../memory_kv.ts";

/** One database. */
export interface Database {
  readonly name: string;
  /** Opens an empty one. */
  readonly open: () => Promise<KvPort & Disposable>;
  /** Whether every write waits for a disk. */
  readonly slow: boolean;
}

/** Calls `suite` for the database in memory that tests use, for Deno KV in memory, and for Deno KV in a file. */
export function eachDatabase(suite: (database: Database) => void): void {
  suite({ name: "MemoryKv", open: () => Promise.resolve(new MemoryKvHandle()), slow: false });
  suite({ name: "Deno.Kv in memory", open: () => openKv(":memory:"), slow: false });
  suite({ name: "Deno.Kv in a file", open: openFile, slow: true });
}

/** The database in memory, held like the others. */
class MemoryKvHandle extends MemoryKv {
  [Symbol.dispose](): void {}
}

async function openKv(path: string): Promise<KvPort & Disposable> {
  return await Deno.openKv(path);
}

async function openFile(): Promise<KvPort & Disposable> {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-kv-" });
  const kv = await Deno.openKv(`${folder}/kv`);
  const port: KvPort & Disposable = {
    get: (key) => kv.get(key),
    getMany: (keys) => kv.getMany<unknown[]>([...keys]),
    list: (selector, options) => kv.list(selector, options),
    atomic: () => kv.atomic(),
    close: () => kv.close(),
    [Symbol.dispose]: () => {
      kv.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
  return port;
}
