/**
 * The version of the store's layout.
 *
 * @module
 */
import { StoreError } from "./chain.ts";
import { KEYS } from "./keys.ts";
import type { KvPort } from "./kv.ts";

/** The version that this program writes and reads. */
export const FORMAT = 1;

/**
 * Notes the version in an empty store.
 *
 * @throws {StoreError} if the store is of another version
 */
export async function checkFormat(kv: KvPort): Promise<void> {
  const found = await kv.get<number>(KEYS.format());
  if (found.value === null) await kv.atomic().check(found).set(KEYS.format(), FORMAT).commit();
  else if (found.value !== FORMAT) {
    throw new StoreError(`its layout is version ${found.value}, this program knows version ${FORMAT} only`);
  }
}
