/**
 * The version of the store's layout.
 *
 * It goes up when a program of before could not read what is written now, or would misread it; then the program of now
 * brings what is older to the new layout when it opens it, in writes that may come again. A newer layout than its own a
 * program refuses: it cannot know what it would destroy. What is only added (a key of a new kind, a field that may be
 * absent) leaves the version as it is. Snapshots of sensors, models, savepoints and the log of readings have versions of
 * their own under the same rule; a snapshot is brought to the new version when its sensor is next written.
 *
 * @module
 */
import { StoreError } from "./checkpoint/chain.ts";
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
    throw new StoreError(
      `its layout is version ${found.value}, this program knows version ${FORMAT}: use the newer program that wrote it`,
    );
  }
}
