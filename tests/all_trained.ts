/**
 * Whether the models that partitions share are trained as far as these have come.
 *
 * @module
 */
import type { EpochProgress } from "../actors/training/epoch_schedule.ts";
import { KEYS } from "../store/keys.ts";
import type { KvPort } from "../store/kv.ts";

/** True once every epoch was trained that a partition has ended. */
export async function isAllTrained(kv: KvPort): Promise<boolean> {
  const through = new Map<string, number>();
  for await (const { key } of kv.list({ prefix: KEYS.epochs() })) {
    const family = String(key[2]);
    if (!through.has(family)) {
      through.set(family, (await kv.get<EpochProgress>(KEYS.shared(family))).value?.through ?? -1);
    }
    if (Number(key[3]) > (through.get(family) ?? -1)) return false;
  }
  return true;
}
