/**
 * Webhooks without a process that goes on running: whoever is there delivers, under a lease, until nothing is owed or its
 * time is over; what is left is for the next request that raises an alert, or the minute's cron.
 *
 * @module
 */
import {
  type AttemptView,
  type DeadLetter,
  type Deliveries,
  DeliveryError,
  type DeliveryProgress,
  type EndpointView,
} from "../../actors/alerts/delivery.ts";
import type { Clock } from "../../actors/ports.ts";
import { Webhooks } from "../../sinks/webhook/webhooks.ts";
import type { AlertFeed } from "../../store/alert_feed.ts";
import type { KvPort } from "../../store/kv.ts";
import { Lease } from "../../store/nodes/lease.ts";
import type { StoreQueries } from "../../store/queries.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { webhookWorld } from "../instance/alerting.ts";

/** Time of the lease, ms: short, as whoever has it keeps it for seconds. */
const LEASE_MS = 6_000;
/** Looks whether everything is delivered, ms. */
const LOOK_MS = 20;
/** A person's change waits so long for whoever delivers, ms. */
const CHANGE_MS = 20_000;

/** What it is wired to. */
export interface DeployWebhooksOptions {
  readonly kv: KvPort;
  readonly alerts: AlertFeed;
  readonly queries: StoreQueries;
  readonly clock: Clock;
  /** Id of this process, which no other one has. */
  readonly id: string;
  /** Address under which people reach this app, for links. */
  readonly base: string;
  /** Hosts that may be reached though they are not public. */
  readonly allowed: readonly string[];
  /** Told a sentence when a delivery fails. */
  readonly report: (sentence: string) => void;
}

/** The webhooks of a process among others. */
export class DeployWebhooks implements Deliveries {
  private readonly lease: Lease;
  private readonly book: KvDeliveryBook;
  private readonly webhooks: Webhooks;
  /** One after the other within the process. */
  private last: Promise<unknown> = Promise.resolve();
  /** The delivery that waits for its turn: it serves everybody who asks until it begins. */
  private next?: Promise<void>;

  constructor(private readonly options: DeployWebhooksOptions) {
    const { kv, alerts, queries, clock, id, base, allowed, report } = options;
    const lease = this.lease = new Lease(kv, { clock, name: "webhooks", node: "another process", id, ms: LEASE_MS });
    this.book = new KvDeliveryBook(kv, clock, () => lease.fence);
    this.webhooks = new Webhooks({
      book: this.book,
      elsewhere: () => lease.isHeld ? undefined : "another process",
      feed: { alerts: (cursor, signal) => alerts.follow(cursor, signal), alertsCursor: () => alerts.cursor },
      clock,
      base,
      allowed,
      ...webhookWorld(queries),
      report,
    });
  }

  /** Delivers what is owed, for so long at most; at once done where nothing is. Rejects if the store does not answer. */
  async deliver(ms: number): Promise<void> {
    if (!await this.isOwed()) return;
    await (this.next ??= this.inTurn(async () => {
      this.next = undefined;
      if (await this.isOwed()) await this.hold(ms, (held) => this.drained(held));
    }));
  }

  /** The same, each minute: open alerts are posted again where their receiver would take them for resolved. */
  async minute(ms: number): Promise<void> {
    const isRepeated = (await this.book.endpoints()).some(({ format }) => format === "alertmanager_api");
    if (!isRepeated) return await this.deliver(ms);
    await this.held(ms, async (held) => {
      await this.webhooks.reached(); // they are known by then
      await this.webhooks.repost(held);
      await this.drained(held);
    });
  }

  private async drained(held: AbortSignal): Promise<void> {
    while (!held.aborted && (await this.webhooks.reached()).some((progress) => this.owes(progress))) {
      await this.options.clock.sleep(LOOK_MS, held).catch(() => {}); // the time is over
    }
  }

  /** Whether there is something to be sent now, by what is stored. */
  private async isOwed(): Promise<boolean> {
    for (const { name } of await this.book.endpoints()) {
      const progress = await this.book.progress(name);
      if (progress && this.owes(progress)) return true;
    }
    return false;
  }

  private owes({ state, cursor, next_attempt_at = 0 }: DeliveryProgress): boolean {
    const { alerts, clock } = this.options;
    return state !== "stopped" && cursor !== undefined && next_attempt_at <= clock.now() && !alerts.isAtEnd(cursor);
  }

  /** Does `work` while this process delivers; false if it could not within so long. */
  private held(ms: number, work: (held: AbortSignal) => Promise<void>): Promise<boolean> {
    return this.inTurn(() => this.hold(ms, work));
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => {});
    return mine;
  }

  private async hold(ms: number, work: (held: AbortSignal) => Promise<void>): Promise<boolean> {
    const done = new AbortController(), { clock } = this.options;
    let isDone = false, failure: unknown;
    clock.sleep(ms, done.signal).then(() => done.abort(), () => {}); // done before
    await this.lease.run(done.signal, async (held) => {
      const ended = new AbortController(), delivering = this.webhooks.run(AbortSignal.any([held, ended.signal]));
      try {
        await work(held);
        isDone = true;
      } catch (error) {
        failure = error;
      }
      ended.abort();
      await delivering.catch((error) => failure ??= error);
      done.abort();
    });
    if (failure !== undefined) throw failure;
    return isDone;
  }

  /** Changes something while nobody else delivers. */
  private async change<T>(work: () => Promise<T>): Promise<T> {
    let result: { readonly value: T } | undefined;
    await this.held(CHANGE_MS, async () => {
      result = { value: await work() };
    });
    if (result !== undefined) return result.value;
    throw new DeliveryError("elsewhere", "another process is delivering webhooks: try again in some seconds");
  }

  list(): Promise<readonly EndpointView[]> {
    return this.webhooks.list();
  }
  endpoint(name: string): Promise<EndpointView | undefined> {
    return this.webhooks.endpoint(name);
  }
  attempts(name: string): Promise<readonly AttemptView[]> {
    return this.webhooks.attempts(name);
  }
  dead(name: string): Promise<readonly DeadLetter[]> {
    return this.webhooks.dead(name);
  }
  discard(name: string, number: number): Promise<boolean> {
    return this.webhooks.discard(name, number);
  }
  add(endpoint: Parameters<Deliveries["add"]>[0]): ReturnType<Deliveries["add"]> {
    return this.change(() => this.webhooks.add(endpoint));
  }
  remove(name: string): Promise<boolean> {
    return this.change(() => this.webhooks.remove(name));
  }
  stop(name: string): Promise<EndpointView> {
    return this.change(() => this.webhooks.stop(name));
  }
  resume(name: string): Promise<EndpointView> {
    return this.change(() => this.webhooks.resume(name));
  }
  test(name: string): Promise<AttemptView> {
    return this.change(() => this.webhooks.test(name));
  }
  retry(name: string, number: number): Promise<AttemptView> {
    return this.change(() => this.webhooks.retry(name, number));
  }
}
