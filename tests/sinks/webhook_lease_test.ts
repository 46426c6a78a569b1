/**
 * Two processes over one store that deliver by a lease: each event comes from one of them, whoever has it.
 *
 * @module
 */
import { DeliveryError, endpointSchema } from "../../actors/alerts/delivery.ts";
import { Webhooks } from "../../sinks/webhook/webhooks.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { deliveryDesk, forwardDeliveries } from "../../store/nodes/forward_deliveries.ts";
import { Lease, LEASE_MS } from "../../store/nodes/lease.ts";
import type { OrderOutcome } from "../../store/nodes/orders.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, settle } from "../routes/fakes.ts";
import { Receiver, step, Steps } from "./webhook_receiver.ts";

/** A node as `start` puts it together. */
function makeNode(name: string, kv: MemoryKv, feed: Steps) {
  const clock = new FakeClock(), ending = new AbortController();
  const lease = new Lease(kv, { clock, name: "upkeep", node: name, id: name });
  const book = new KvDeliveryBook(kv, clock, () => lease.fence);
  const webhooks = new Webhooks({
    book,
    elsewhere: () => lease.isHeld ? undefined : lease.holder ?? "no node yet",
    feed,
    clock,
    chance: () => 1,
    base: `http://${name}.test`,
    allowed: ["127.0.0.1"],
    resolve: () => Promise.resolve(["127.0.0.1"]),
    random: (bytes) => crypto.getRandomValues(bytes),
  });
  const running = lease.run(ending.signal, (held) => webhooks.run(held));
  return {
    webhooks,
    clock,
    lease,
    book,
    async end() {
      ending.abort();
      await running;
    },
  };
}

Deno.test("Webhooks of two nodes send each event once, from the one that has the lease, and go on where it had come", async () => {
  await using receiver = new Receiver();
  const kv = new MemoryKv(), feed = new Steps();
  const first = makeNode("first", kv, feed);
  await settle(5);
  const second = makeNode("second", kv, feed), both = [first, second];
  await settle(5);
  await first.webhooks.add(endpointSchema.parse({ name: "plant", url: receiver.url }));
  const delivered = async (count: number) => {
    await receiver.came(count);
    while ((await second.webhooks.endpoint("plant"))?.delivered !== count) await settle(1);
  };
  feed.push(step(1), step(2), step(3));
  await delivered(3);
  for (let third = 0; third < 6; third++) for (const { clock } of both) await clock.advance(LEASE_MS / 3);
  assertEquals([first.lease.isHeld, second.lease.holder], [true, "first"]);

  // What only the deliverer can do is refused elsewhere, with its name.
  const refused = await assertRejects(() => second.webhooks.stop("plant"), DeliveryError, "at first");
  assertEquals(refused.kind, "elsewhere");
  assertEquals((await second.webhooks.attempts("plant")).length, 3);

  // So it is handed on to the deliverer, as an order; one that another had taken is not done again.
  const desk = deliveryDesk(first.webhooks, () => first.lease.isHeld);
  const before: string[] = [];
  const send = async (to: string, order: unknown): Promise<OrderOutcome> => {
    assert(desk.isHere(to) && !deliveryDesk(second.webhooks, () => second.lease.isHeld).isHere(to));
    return await desk.take(to, "id", order, before[0]) ?? { not: "taken", owner: "first" };
  };
  const anywhere = forwardDeliveries(second.webhooks, { send });
  assertEquals((await anywhere.stop("plant")).state, "stopped");
  assertEquals((await anywhere.resume("plant")).state, "active");
  assertEquals((await assertRejects(() => anywhere.test("another"), DeliveryError)).kind, "unknown");
  before.push("a node that is gone");
  await assertRejects(() => anywhere.stop("plant"), DeliveryError, "look whether it was done");
  assertEquals((await first.webhooks.endpoint("plant"))?.state, "active");

  // The first one stops where it stands; the second one goes on behind what was delivered.
  feed.push(step(4));
  await delivered(4);
  for (let third = 0; third < 4; third++) await second.clock.advance(LEASE_MS / 3);
  assertEquals([second.lease.isHeld, second.lease.fence], [true, 2]);
  const stale = await first.book.progress("plant");
  assert(stale !== undefined);
  for (let third = 0; third < 3; third++) for (const { clock } of both) await clock.advance(LEASE_MS / 3); // it wakes
  feed.push(step(5), step(6));
  await delivered(6);
  assertEquals([first.lease.isHeld, first.lease.holder], [false, "second"]);
  await assertRejects(() => first.book.write("plant", stale), Error, "another node's now: nothing was written");

  // The second one ends: the first one has it back at once, by its next look.
  await second.end();
  await first.clock.advance(LEASE_MS / 3);
  assertEquals(first.lease.fence, 3);
  feed.push(step(7));
  await receiver.came(7);
  await first.end();
  const events = receiver.received.map(({ headers, body }) => [
    headers.get("webhook-id"),
    new URL(JSON.parse(body).source).hostname.split(".")[0],
  ]);
  const from = ["first", "first", "first", "first", "second", "second", "first"];
  assertEquals(events, feed.all.map(({ id }, i) => [id, from[i]]));
});
