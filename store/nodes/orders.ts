/**
 * Orders: what one process wants another one to do, through the KV servers that they share.
 *
 * Whoever asks writes the order under whom it is for (a partition, or a lease); whoever runs that sees it, takes it, and
 * puts the answer in its place (`order_desk.ts`). As long as nobody has taken it, who asked may withdraw it: so it is
 * known what came of it, but for a server that does not answer.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { isMoved, ownerIn } from "../checkpoint/chain.ts";
import type { FleetKv } from "./fleet.ts";
import { KEYS } from "../keys.ts";

/** What came of an order. */
export type OrderAnswer =
  | { readonly done: unknown }
  /** It was not done and will not be: a word for a program, and a sentence for a person. */
  | { readonly refused: string; readonly message: string };

/** What is stored of an order. */
export interface OrderValue {
  readonly order?: unknown;
  /** Who has taken it: from then on it cannot be withdrawn. */
  readonly taken?: string;
  readonly answer?: OrderAnswer;
}

/** What is known of an order in the end; the owner is who runs what it is for, as far as that is known. */
export type OrderOutcome =
  | OrderAnswer
  /** Nobody has taken it, and nobody will. */
  | { readonly not: "taken"; readonly owner: string }
  /** It is carried out yet, or was: that is not known. */
  | { readonly not: "answered"; readonly owner: string };

/** What orders are made with. */
export interface OrdersOptions {
  readonly clock: Clock;
  /** An id that nobody else has. */
  readonly freshId: () => string;
}

/** Longest wait for an answer, ms. */
export const ORDER_WAIT_MS = 10_000;
/** Before an order is looked for again where its partition has moved, or its watch has ended, ms. */
const AGAIN_MS = 200;
/** Tries of writing an order where others write theirs, too. */
const TRIES = 20;

/** Orders over KV servers. */
export class Orders {
  constructor(
    private readonly fleet: Pick<FleetKv, "servers" | "of">,
    private readonly options: OrdersOptions,
  ) {}

  /**
   * Has something done by whoever runs `to`.
   *
   * @param waitMs how long it may take; what is not taken by then is withdrawn
   */
  async send(to: string, order: unknown, waitMs: number = ORDER_WAIT_MS): Promise<OrderOutcome> {
    const id = this.options.freshId(), ended = new AbortController();
    const late = this.options.clock.sleep(waitMs, ended.signal).then(() => ended.abort(), () => {});
    try {
      if (!await this.write(to, id, order)) return { not: "taken", owner: "" };
      return await this.answer(to, id, ended.signal) ?? await this.withdraw(to, id);
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error;
      return { not: "answered", owner: "" };
    } finally {
      ended.abort();
      await late;
    }
  }

  /**
   * Writes an order; false if it is not there. The check of the last one's id lets it be written once only, though a
   * client sends a write again and the first one comes late.
   */
  private async write(to: string, id: string, order: unknown): Promise<boolean> {
    const key = KEYS.order(to, id), value: OrderValue = { order };
    for (let tries = 0; tries < TRIES; tries++) {
      const server = this.fleet.of(to);
      const [last, fence, mine] = await server.getMany([KEYS.lastOrder(), KEYS.fence(to), key]);
      if (mine.value !== null) return true; // the answer to the last try was lost
      if (!isMoved(fence.value)) {
        const write = server.atomic().check(last).check(fence).set(key, value).set(KEYS.lastOrder(), id);
        if ((await write.commit()).ok) return true;
      } else await this.options.clock.sleep(AGAIN_MS);
    }
    return false;
  }

  /** Waits for the answer, on whichever server it comes; undefined if it does not come before the signal. */
  private async answer(to: string, id: string, signal: AbortSignal): Promise<OrderAnswer | undefined> {
    const key = KEYS.order(to, id);
    while (!signal.aborted) {
      const server = this.fleet.of(to);
      for await (const [{ value }] of server.changes([key], signal)) {
        const { answer } = value as OrderValue | null ?? {};
        if (answer) {
          await server.atomic().delete(key).commit().catch(() => {}); // it goes by itself, later
          return answer;
        }
        if (value === null) break; // its partition was moved
      }
      await this.options.clock.sleep(AGAIN_MS, signal).catch(() => {}); // aborted
    }
    return undefined;
  }

  /** Takes an order back that nobody has taken. */
  private async withdraw(to: string, id: string): Promise<OrderOutcome> {
    const server = this.fleet.of(to);
    const [entry, fence] = await server.getMany([KEYS.order(to, id), KEYS.fence(to)]);
    const { answer, taken } = entry.value as OrderValue | null ?? {};
    const owner = taken ?? ownerIn(String(fence.value ?? ""));
    if (answer) return answer;
    if (isMoved(fence.value) || entry.value === null || taken !== undefined) return { not: "answered", owner };
    const gone = await server.atomic().check(entry).check(fence).delete(entry.key).commit();
    return { not: gone.ok ? "taken" : "answered", owner };
  }
}
