/**
 * What sources recorded, in the key-value store.
 *
 * @module
 */
import type { Json, SourceMemory } from "../actors/ports.ts";
import { KEYS } from "./keys.ts";
import type { KvPort } from "./kv.ts";

/** The memory of the source of that name. */
export function sourceMemory(kv: KvPort, name: string): SourceMemory {
  return {
    load: async () => (await kv.get<Json>(KEYS.source(name))).value ?? undefined,
    save: async (record) => {
      await kv.atomic().set(KEYS.source(name), record).commit();
    },
  };
}
