/**
 * Carrying out orders of other processes: see `orders.ts`.
 *
 * An order stays until it is answered. Whoever runs what it is for takes it only as it was listed, and only once nobody
 * else can answer it any more; so one that is answered in the same atomic write with which it is carried out (a command
 * is) is carried out once, whoever dies when.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import type { FleetKv } from "./fleet.ts";
import { KEYS } from "../keys.ts";
import type { OrderAnswer, OrderValue } from "./orders.ts";
import type { TimedKv } from "./timed_kv.ts";

/** Who carries orders out. */
export interface OrderDesk {
  /** Whether what is for `to` is carried out here, and nobody else answers it any more. */
  isHere(to: string): boolean;
  /**
   * Carries one out. Resolves to the answer, or to undefined where that was written with it; rejects if the order stays.
   *
   * @param before who had taken it before, perhaps another process; undefined if nobody had
   */
  take(to: string, id: string, order: unknown, before: string | undefined): Promise<OrderAnswer | undefined>;
}

/** Who follows orders. */
export interface FollowOptions {
  readonly clock: Clock;
  /** What this process is called. */
  readonly node: string;
  /** Asked in this order. */
  readonly desks: readonly OrderDesk[];
}

/** Time between two looks for orders that no watch has told of, ms. */
const LOOK_MS = 2_000;
/** Orders that are carried out at the same time: their answers fit an atomic write. */
const TOGETHER = 100;
/** An answer that nobody has fetched goes after so long, ms. */
const ANSWER_MS = 60_000;

/** Carries out what comes for the desks, until the signal. */
export async function followOrders(
  fleet: Pick<FleetKv, "servers" | "of">,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(fleet.servers.map((server) => new Orderly(fleet, server, options, signal).run()));
}

/** The orders on one server. */
class Orderly {
  /** Those that are being carried out here. */
  private readonly busy = new Set<string>();
  /** When an answer was seen first. */
  private answered = new Map<string, number>();
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly fleet: Pick<FleetKv, "of">,
    private readonly server: TimedKv,
    private readonly options: FollowOptions,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    await Promise.all([this.watch(), this.again()]);
  }

  private async watch(): Promise<void> {
    while (!this.signal.aborted) {
      try {
        for await (const _ of this.server.changes([KEYS.lastOrder()], this.signal)) await this.look();
      } catch {
        // The server is shown as away.
      }
      await this.pause();
    }
  }

  private async again(): Promise<void> {
    while (!this.signal.aborted) {
      await this.look();
      await this.pause();
    }
  }

  private pause(): Promise<void> {
    return this.options.clock.sleep(LOOK_MS, this.signal).catch(() => {}); // aborted
  }

  /** One look after the other; what fails in one, as where the server is away, is tried again in the next. */
  private look(): Promise<void> {
    return this.last = this.last.then(() => this.lookNow()).catch(() => {});
  }

  private async lookNow(): Promise<void> {
    const answered = new Map<string, number>(), now = this.options.clock.now();
    for await (const entry of this.server.list<OrderValue>({ prefix: KEYS.orders() })) {
      const { key, value } = entry, to = String(key[1]), id = String(key[2]);
      const desk = this.options.desks.find((desk) => desk.isHere(to));
      // What is left of a partition that was moved away is not its orders any more.
      if (!desk || this.fleet.of(to) !== this.server) continue;
      if (!value.answer) {
        if (this.busy.size < TOGETHER && !this.busy.has(id)) await this.take(desk, to, id, entry);
        continue;
      }
      const since = this.answered.get(id) ?? now;
      if (now - since < ANSWER_MS) answered.set(id, since);
      else await this.server.atomic().delete(key).commit();
    }
    this.answered = answered;
  }

  private async take(desk: OrderDesk, to: string, id: string, entry: Deno.KvEntry<OrderValue>): Promise<void> {
    const { key, value: { order, taken: before }, versionstamp } = entry, taken = this.options.node;
    const result = await this.server.atomic().check({ key, versionstamp }).set(key, { order, taken }).commit();
    if (!result.ok) return; // withdrawn, or answered meanwhile
    this.busy.add(id);
    const carryOut = async () => {
      const answer = await desk.take(to, id, order, before);
      if (!answer) return;
      const check = { key, versionstamp: result.versionstamp }, value: OrderValue = { taken, answer };
      await this.server.atomic().check(check).set(key, value).commit();
    };
    void carryOut().catch(() => {}).finally(() => this.busy.delete(id)); // it stays for a later look
  }
}
