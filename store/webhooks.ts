/**
 * Endpoints of deliveries in the key-value store, with how far each is, its last attempts and its dead letters.
 *
 * | key | value |
 * |---|---|
 * | `webhook, name` | the endpoint, its secret included: a signature cannot be made from a hash |
 * | `webhook_progress, name` | cursor, counts, state; the fence of who delivers, where several processes might |
 * | `webhook_attempt, name, number` | one attempt |
 * | `webhook_dead, name, number` | an event that could not be delivered |
 *
 * @module
 */
import {
  type AttemptView,
  type DeadLetter,
  DELIVERY_LIMITS,
  type DeliveryBook,
  type DeliveryProgress,
  type Endpoint,
} from "../actors/alerts/delivery.ts";
import type { Clock } from "../actors/ports.ts";
import { StoreError } from "./checkpoint/chain.ts";
import { within } from "./deadline.ts";
import type { KvAtomic, KvPort } from "./kv.ts";

/** Keys of deliveries. */
const WEBHOOK_KEYS = {
  endpoints: (): Deno.KvKey => ["webhook"],
  endpoint: (name: string): Deno.KvKey => ["webhook", name],
  progress: (name: string): Deno.KvKey => ["webhook_progress", name],
  attempts: (name: string): Deno.KvKey => ["webhook_attempt", name],
  attempt: (name: string, number: number): Deno.KvKey => ["webhook_attempt", name, number],
  deadAll: (name: string): Deno.KvKey => ["webhook_dead", name],
  dead: (name: string, number: number): Deno.KvKey => ["webhook_dead", name, number],
} as const;

const DEADLINE_MS = 30_000, REMOVED_AT_ONCE = 500;

/** Progress as several processes over one store keep it. */
type FencedProgress = DeliveryProgress & { readonly fence?: number };

/** Deliveries in a key-value store. */
export class KvDeliveryBook implements DeliveryBook {
  /**
   * @param fence that of the lease under which this process delivers: progress that was written under a greater one
   *   stays; absent where no other process delivers
   */
  constructor(private readonly kv: KvPort, private readonly clock: Clock, private readonly fence?: () => number) {}

  async endpoints(): Promise<Endpoint[]> {
    const all: Endpoint[] = [];
    for await (const { value } of this.kv.list<Endpoint>({ prefix: WEBHOOK_KEYS.endpoints() })) all.push(value);
    return all;
  }

  async add(endpoint: Endpoint, progress: DeliveryProgress): Promise<boolean> {
    const { name } = endpoint, key = WEBHOOK_KEYS.endpoint(name);
    const write = this.kv.atomic().check({ key, versionstamp: null }).set(key, endpoint)
      .set(WEBHOOK_KEYS.progress(name), progress);
    const ok = await this.ask(write.commit()).then((result) => result.ok, () => false);
    if (ok) return true;
    // An answer may be lost on its way: what is there tells whether it was this one.
    const { value } = await this.ask(this.kv.get<Endpoint>(key));
    if (value === null) throw new StoreError(`the webhook ${name} could not be written`);
    return value.secret === endpoint.secret && value.created_at === endpoint.created_at;
  }

  async remove(name: string): Promise<boolean> {
    const key = WEBHOOK_KEYS.endpoint(name), entry = await this.ask(this.kv.get<Endpoint>(key));
    if (entry.value === null) return false;
    // The endpoint first: from then on nothing of it is written any more.
    await this.ask(this.kv.atomic().delete(key).delete(WEBHOOK_KEYS.progress(name)).commit());
    for (const prefix of [WEBHOOK_KEYS.attempts(name), WEBHOOK_KEYS.deadAll(name)]) {
      const keys: Deno.KvKey[] = [];
      for await (const { key } of this.kv.list({ prefix })) keys.push(key);
      for (let at = 0; at < keys.length; at += REMOVED_AT_ONCE) {
        let write: KvAtomic = this.kv.atomic();
        for (const key of keys.slice(at, at + REMOVED_AT_ONCE)) write = write.delete(key);
        await this.ask(write.commit());
      }
    }
    return true;
  }

  async progress(name: string): Promise<DeliveryProgress | undefined> {
    const { value } = await this.ask(this.kv.get<FencedProgress>(WEBHOOK_KEYS.progress(name)));
    if (value === null) return undefined;
    const { fence: _, ...progress } = value;
    return progress;
  }

  async write(name: string, progress: DeliveryProgress, attempt?: AttemptView, dead?: DeadLetter): Promise<void> {
    const endpoint = await this.ask(this.kv.get(WEBHOOK_KEYS.endpoint(name)));
    if (endpoint.versionstamp === null) return;
    let write = this.kv.atomic().check(endpoint);
    if (this.fence === undefined) write = write.set(WEBHOOK_KEYS.progress(name), progress);
    else {
      const fence = this.fence(), before = await this.ask(this.kv.get<FencedProgress>(WEBHOOK_KEYS.progress(name)));
      if ((before.value?.fence ?? 0) > fence) {
        throw new StoreError(`the progress of the webhook ${name} is another node's now: nothing was written`);
      }
      write = write.check(before).set(WEBHOOK_KEYS.progress(name), { ...progress, fence });
    }
    if (attempt !== undefined) {
      const number = progress.tried - 1;
      write = write.set(WEBHOOK_KEYS.attempt(name, number), attempt)
        .delete(WEBHOOK_KEYS.attempt(name, number - DELIVERY_LIMITS.log));
    }
    if (dead !== undefined) {
      write = write.set(WEBHOOK_KEYS.dead(name, dead.number), dead)
        .delete(WEBHOOK_KEYS.dead(name, dead.number - DELIVERY_LIMITS.dead));
    }
    const { ok } = await this.ask(write.commit());
    if (!ok && (await this.ask(this.kv.get(WEBHOOK_KEYS.endpoint(name)))).versionstamp !== null) {
      throw new StoreError(`the progress of the webhook ${name} could not be written: somebody changed it`);
    }
  }

  async attempts(name: string): Promise<AttemptView[]> {
    const all: AttemptView[] = [];
    const options = { reverse: true, limit: DELIVERY_LIMITS.log };
    for await (const { value } of this.kv.list<AttemptView>({ prefix: WEBHOOK_KEYS.attempts(name) }, options)) {
      all.push(value);
    }
    return all;
  }

  async dead(name: string): Promise<DeadLetter[]> {
    const all: DeadLetter[] = [];
    for await (const { value } of this.kv.list<DeadLetter>({ prefix: WEBHOOK_KEYS.deadAll(name) })) all.push(value);
    return all;
  }

  async discard(name: string, number: number): Promise<boolean> {
    const entry = await this.ask(this.kv.get(WEBHOOK_KEYS.dead(name, number)));
    if (entry.versionstamp === null) return false;
    return (await this.ask(this.kv.atomic().check(entry).delete(entry.key).commit())).ok;
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.clock, DEADLINE_MS, answer);
  }
}
