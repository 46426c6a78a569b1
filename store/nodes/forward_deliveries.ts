/**
 * Changes of webhooks, and deliveries that a person asks for, at the node that delivers: as orders to its lease.
 *
 * @module
 */
import { type Deliveries, DeliveryError } from "../../actors/alerts/delivery.ts";
import type { OrderDesk } from "./order_desk.ts";
import { ORDER_WAIT_MS, type Orders } from "./orders.ts";

/** Whom these orders are for: no partition is called so. */
const UPKEEP = "lease:upkeep";
/** Longest wait, ms: one attempt takes up to 10 s. */
const WAIT_MS = ORDER_WAIT_MS + 5_000;

/** What the node that delivers is to do. */
type DeliveryOrder =
  | { readonly verb: "add"; readonly endpoint: Parameters<Deliveries["add"]>[0] }
  | { readonly verb: "retry"; readonly name: string; readonly number: number }
  | { readonly verb: "remove" | "stop" | "resume" | "test"; readonly name: string };

function carryOut(here: Deliveries, order: DeliveryOrder): Promise<unknown> {
  if (order.verb === "add") return here.add(order.endpoint);
  return order.verb === "retry" ? here.retry(order.name, order.number) : here[order.verb](order.name);
}

/** Deliveries of which any node takes changes: what it refuses as another one's is handed on to that one. */
export function forwardDeliveries(here: Deliveries, orders: Pick<Orders, "send">): Deliveries {
  const ask = async <T>(order: DeliveryOrder): Promise<T> => {
    let elsewhere: DeliveryError;
    try {
      return await carryOut(here, order) as T;
    } catch (error) {
      if (!(error instanceof DeliveryError) || error.kind !== "elsewhere") throw error;
      elsewhere = error;
    }
    const outcome = await orders.send(UPKEEP, order, WAIT_MS);
    if ("done" in outcome) return outcome.done as T; // what the same method gave
    if ("refused" in outcome) throw new DeliveryError(outcome.refused as DeliveryError["kind"], outcome.message);
    const known = outcome.not === "taken" ? "nothing was changed" : "look whether it was done";
    throw new DeliveryError("elsewhere", `${elsewhere.message}, which has not answered: ${known}`);
  };
  return {
    list: () => here.list(),
    endpoint: (name) => here.endpoint(name),
    attempts: (name) => here.attempts(name),
    dead: (name) => here.dead(name),
    discard: (name, number) => here.discard(name, number),
    add: (endpoint) => ask({ verb: "add", endpoint }),
    remove: (name) => ask({ verb: "remove", name }),
    stop: (name) => ask({ verb: "stop", name }),
    resume: (name) => ask({ verb: "resume", name }),
    test: (name) => ask({ verb: "test", name }),
    retry: (name, number) => ask({ verb: "retry", name, number }),
  };
}

/** Takes these orders where deliveries are made. One that was taken before is not done again: it may have been done. */
export function deliveryDesk(here: Deliveries, isHeld: () => boolean): OrderDesk {
  return {
    isHere: (to) => to === UPKEEP && isHeld(),
    take: async (_to, _id, order, before) => {
      if (before !== undefined) {
        return { refused: "elsewhere", message: `${before} had taken it and did not finish: look whether it was done` };
      }
      try {
        return { done: await carryOut(here, order as DeliveryOrder) };
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        return { refused: error.kind, message: error.message };
      }
    },
  };
}
