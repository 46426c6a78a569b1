import { webhooks } from "../../routes/webhooks.ts";
import { answerProblem, problemOf } from "../../routes/problem.ts";
import { Webhooks } from "../../sinks/webhook/webhooks.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, settle } from "./fakes.ts";
import { Receiver, step, Steps } from "../sinks/webhook_receiver.ts";

function makeApp() {
  const clock = new FakeClock(), feed = new Steps(), ending = new AbortController();
  const deliveries = new Webhooks({
    book: new KvDeliveryBook(new MemoryKv(), clock),
    feed,
    clock,
    chance: () => 0,
    base: "http://plant.test",
    allowed: ["127.0.0.1"],
    resolve: () => Promise.resolve(["10.0.0.1"]),
    random: (bytes) => bytes.fill(1),
  });
  const running = deliveries.run(ending.signal), app = webhooks({ deliveries });
  app.onError((error, c) => answerProblem(c, problemOf(error)));
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await app.request(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.status, body: answer.status === 204 ? undefined : await answer.json() };
  };
  return {
    feed,
    ask,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

Deno.test("/webhooks adds, shows, tests, stops, resumes and removes an endpoint; its secret is shown once", async () => {
  await using receiver = new Receiver();
  await using app = makeApp();
  const added = await app.ask("POST", "/webhooks", { name: "plant", url: receiver.url });
  assertEquals([added.status, added.body.state, added.body.created_at], [201, "active", "2026-01-31T12:00:00.000Z"]);
  assert(added.body.secret.startsWith("whsec_"));
  const { secret: _, ...shown } = added.body;
  assertEquals((await app.ask("GET", "/webhooks")).body, { items: [shown] });
  assertEquals((await app.ask("GET", "/webhooks/plant")).body, shown);
  assertEquals((await app.ask("POST", "/webhooks/plant/test")).body.outcome, "delivered");
  assertEquals((await app.ask("GET", "/webhooks/plant/attempts")).body.items.length, 1);
  assertEquals((await app.ask("POST", "/webhooks/plant/stop")).body.state, "stopped");
  assertEquals((await app.ask("POST", "/webhooks/plant/resume")).body.state, "active");
  assertEquals((await app.ask("DELETE", "/webhooks/plant")).status, 204);
  assertEquals((await app.ask("GET", "/webhooks/plant")).status, 404);
});

Deno.test("/webhooks/{name}/dead keeps what was refused until it is sent again or thrown away", async () => {
  await using receiver = new Receiver();
  receiver.answers = [
    () => new Response("", { status: 400 }),
    () => new Response("", { status: 400 }),
    () => new Response(""),
  ];
  await using app = makeApp();
  await app.ask("POST", "/webhooks", { name: "plant", url: receiver.url });
  app.feed.push(step(1), step(2));
  const dead = async () => (await app.ask("GET", "/webhooks/plant/dead")).body.items;
  while ((await dead()).length < 2) await settle(1);
  assertEquals((await dead())[0].event, step(1).id);
  assertEquals((await app.ask("POST", "/webhooks/plant/dead/0/retry")).body.outcome, "delivered");
  assertEquals((await app.ask("DELETE", "/webhooks/plant/dead/1")).status, 204);
  assertEquals(await dead(), []);
  for (const number of ["0", "x", "9"]) {
    assertEquals((await app.ask("DELETE", `/webhooks/plant/dead/${number}`)).status, 404);
    assertEquals((await app.ask("POST", `/webhooks/plant/dead/${number}/retry`)).status, 404);
  }
});

Deno.test("/webhooks refuses what it must not take", async () => {
  await using app = makeApp();
  const url = "http://127.0.0.1/";
  for (
    const [method, path, body, status] of [
      ["POST", "/webhooks", { name: "plant" }, 400],
      ["POST", "/webhooks", { name: "plant", url, more: 1 }, 400],
      ["POST", "/webhooks", { name: "plant", url: "http://inside.test/" }, 422],
      ["POST", "/webhooks", { name: "plant", url: "http://169.254.169.254/latest" }, 422],
      ["POST", "/webhooks", { name: "plant", url }, 201],
      ["POST", "/webhooks", { name: "plant", url }, 409],
      ["POST", "/webhooks/none/stop", undefined, 404],
      ["GET", "/webhooks/none/attempts", undefined, 404],
      ["GET", "/webhooks/plant?secret=1", undefined, 400],
      ["PUT", "/webhooks/plant", {}, 405],
    ] as const
  ) assertEquals((await app.ask(method, path, body)).status, status, `${method} ${path} ${JSON.stringify(body)}`);
});
