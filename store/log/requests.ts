/**
 * Forgetting idempotency keys: after 24 hours, or when there are too many.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { within } from "../deadline.ts";
import type { KvPort } from "../kv.ts";
import { decodeRequest, LOG_KEYS, type LogRequest } from "./layout.ts";

/** How long a request's record is kept, ms. */
export const REQUEST_KEPT_MS = 24 * 3_600_000;

/** What {@linkcode forgetRequests} needs. */
export interface ForgetOptions {
  readonly clock: Clock;
  /** Records that stay at most; the oldest go first. */
  readonly requestsMax: number;
  readonly deadlineMs: number;
}

/**
 * Deletes the records of requests that began more than 24 hours ago, and the oldest beyond the greatest number.
 *
 * A key that was used again meanwhile stays.
 *
 * @returns how many were deleted
 */
export async function forgetRequests(kv: KvPort, options: ForgetOptions): Promise<number> {
  const { clock, requestsMax, deadlineMs } = options;
  const created: { time: number; key: string }[] = [];
  for await (const { key } of kv.list({ prefix: LOG_KEYS.expiries() }, { batchSize: 500 })) {
    created.push({ time: Number(key[2]), key: String(key[3]) });
  }
  const old = clock.now() - REQUEST_KEPT_MS, over = created.length - requestsMax;
  let deleted = 0;
  for (const [i, { time, key }] of created.entries()) {
    if (time > old && i >= over) break; // in order of time: none of the others is old
    const found = await within(clock, deadlineMs, kv.get<LogRequest>(LOG_KEYS.request(key)));
    let write = kv.atomic().check(found).delete(LOG_KEYS.expiry(time, key));
    const isStill = found.value !== null && decodeRequest(found.value).created === time;
    if (isStill) write = write.delete(LOG_KEYS.request(key));
    const result = await within(clock, deadlineMs, write.commit());
    if (result.ok && isStill) deleted++;
  }
  return deleted;
}
