/**
 * Everything that is stored of a sensor which was deleted, but its snapshot: that goes with the snapshots, so that a stretch
 * which is read again before then finds it.
 *
 * Windows, histories and labels lie under the sensor's name. Alerts and their steps do not, and are looked for among all of
 * them: O(all) for each deletion. What was quarantined stays, for as long as retention keeps it.
 *
 * @module
 */
import type { AlertRecord } from "../../actors/alerts/fold.ts";
import type { AlertTransition } from "../../actors/views.ts";
import { keyBytes } from "../bytes.ts";
import type { Mutation } from "../checkpoint/chain.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";

/**
 * What removes it, in order: what others are found by goes last, so that a crash in between leaves nothing that cannot be found.
 *
 * @param position where it was deleted: steps of alerts at and behind it stay
 */
export async function forgetSensor(
  kv: KvPort,
  sensor: string,
  partition: string,
  position: number,
): Promise<Mutation[]> {
  const bytes = keyBytes(sensor + partition), gone: Deno.KvKey[] = [];
  for await (const { key } of kv.list({ prefix: KEYS.windowsOf(sensor) }, { batchSize: 500 })) {
    const [, , lengthMs, hopMs, start] = key.map(Number);
    gone.push(KEYS.windowAt(lengthMs, start, sensor, hopMs), key);
  }
  for await (const { key } of kv.list({ prefix: KEYS.readings(sensor) }, { batchSize: 100 })) gone.push(key);
  for await (const { key, value } of kv.list<AlertRecord>({ prefix: KEYS.alertTimes() }, { batchSize: 500 })) {
    if (value.sensor === sensor) gone.push(KEYS.alert(value.id), key);
  }
  for await (const { key, value } of kv.list<AlertTransition>({ prefix: KEYS.transitions(partition) })) {
    if (value.sensor === sensor && value.position < position) gone.push(key);
  }
  return gone.map((key) => ({ key, bytes }));
}
