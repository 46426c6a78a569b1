/**
 * Alerts as they stand after the steps of a checkpoint: what is stored of them, and the steps folded onto it.
 *
 * A step that is in an alert already changes nothing, so a checkpoint that comes again after a crash gives the same.
 *
 * @module
 */
import { type AlertRecord, foldAlert } from "../actors/alerts/fold.ts";
import type { AlertStep } from "../actors/alerts/words.ts";
import { KEYS } from "./keys.ts";
import { KV_LIMITS, type KvPort } from "./kv.ts";

/** The alerts that these steps, in order of position, belong to, by id; one whose beginning retention took is left out. */
export async function foldAlerts(kv: KvPort, steps: readonly AlertStep[]): Promise<Map<string, AlertRecord>> {
  const ids = [...new Set(steps.map(({ alert }) => alert))], alerts = new Map<string, AlertRecord>();
  for (let i = 0; i < ids.length; i += KV_LIMITS.getMany) {
    const some = ids.slice(i, i + KV_LIMITS.getMany);
    const times = await kv.getMany(some.map((id) => KEYS.alert(id)));
    const known = some.flatMap((id, k) => typeof times[k].value === "number" ? [KEYS.alertAt(times[k].value, id)] : []);
    if (known.length === 0) continue;
    for (const { value } of await kv.getMany(known)) {
      if (value !== null) alerts.set((value as AlertRecord).id, value as AlertRecord);
    }
  }
  for (const step of steps) {
    const alert = foldAlert(alerts.get(step.alert), step);
    if (alert) alerts.set(step.alert, alert);
  }
  return alerts;
}
