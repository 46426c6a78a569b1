import type { AttemptView, DeadLetter, DeliveryProgress, Endpoint } from "../../actors/alerts/delivery.ts";
import { DELIVERY_LIMITS } from "../../actors/alerts/delivery.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { StoreError } from "../../store/checkpoint/chain.ts";
import { exportSavepoint, importSavepoint } from "../../store/savepoint/savepoint.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock } from "../routes/fakes.ts";
import { eachDatabase } from "./databases.ts";
import { FaultyKv } from "./faulty_kv.ts";

const NONE: DeliveryProgress = { state: "active", attempts: 0, delivered: 0, dead: 0, gaps: 0, tried: 0 };

function endpoint(name: string, secret = "whsec_a"): Endpoint {
  return { name, url: "https://hooks.test/", format: "cloudevents", filter: {}, secret, created_at: 1 };
}

function attempt(number: number): AttemptView {
  return { event: `e${number}`, time: number, attempt: 1, duration_ms: 1, outcome: "dead" };
}

function letter(number: number): DeadLetter {
  return { number, event: `e${number}`, time: number, attempts: 1, error: "no", body: "{}" };
}

eachDatabase(({ name, open }) => {
  Deno.test(`KvDeliveryBook over ${name} keeps endpoints, progress, and a bounded number of attempts and dead letters`, async () => {
    using kv = await open();
    const book = new KvDeliveryBook(kv, new FakeClock());
    assert(await book.add(endpoint("b"), NONE) && await book.add(endpoint("a"), NONE));
    assert(!await book.add(endpoint("a", "whsec_b"), NONE), "the name is taken");
    assertEquals((await book.endpoints()).map((one) => one.name), ["a", "b"]);
    const many = DELIVERY_LIMITS.log + 3;
    for (let n = 0; n < many; n++) {
      await book.write("a", { ...NONE, tried: n + 1, dead: n + 1 }, attempt(n), letter(n));
    }
    const attempts = await book.attempts("a"), dead = await book.dead("a");
    assertEquals([attempts.length, attempts[0].event, attempts.at(-1)?.event], [200, `e${many - 1}`, "e3"]);
    assertEquals([dead.length, dead[0].number], [many, 0]);
    await book.write("a", { ...NONE, tried: many, dead: 1001 }, undefined, letter(1000));
    assertEquals((await book.dead("a"))[0].number, 1);
    assertEquals([await book.discard("a", 5), await book.discard("a", 5)], [true, false]);
    assertEquals((await book.progress("a"))?.tried, many);
    assert(await book.remove("a") && !await book.remove("a"));
    await book.write("a", NONE, attempt(1), letter(1));
    assertEquals([await book.progress("a"), await book.attempts("a"), await book.dead("a")], [undefined, [], []]);
    assertEquals(await book.progress("b"), NONE);
  });
});

Deno.test("KvDeliveryBook.add() knows its own write when the answer was lost", async () => {
  const kv = new FaultyKv(), book = new KvDeliveryBook(kv, new FakeClock());
  kv.faults = ["unanswered"];
  assert(await book.add(endpoint("a"), NONE));
  kv.faults = ["lost"];
  await assertRejects(() => book.add(endpoint("b"), NONE), StoreError, "the webhook b could not be written");
});

Deno.test("KvDeliveryBook comes through a savepoint", async () => {
  const clock = new FakeClock(), from = new MemoryKv(), to = new MemoryKv();
  const book = new KvDeliveryBook(from, clock);
  await book.add(endpoint("a"), NONE);
  await book.write("a", { ...NONE, tried: 1, dead: 1, cursor: "c" }, attempt(0), letter(0));
  await importSavepoint(to, exportSavepoint(from, { clock }));
  assertEquals([...to.entries.keys()].filter((key) => key.includes("webhook")).length, 4);
  assertEquals(await new KvDeliveryBook(to, clock).dead("a"), await book.dead("a"));
});
