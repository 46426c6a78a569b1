import { type Endpoint, endpointSchema } from "../../actors/alerts/delivery.ts";
import { RETRY } from "../../sinks/webhook/retry.ts";
import { signatureError } from "../../sinks/webhook/sign.ts";
import { Webhooks, type WebhooksOptions } from "../../sinks/webhook/webhooks.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { KvDeliveryBook } from "../../store/webhooks.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, settle, until } from "../routes/fakes.ts";
import { Receiver, step, Steps } from "./webhook_receiver.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/** Deliveries over a clock that stands still, run until disposed of. */
function makeRun(more: Partial<WebhooksOptions> = {}, kv = new MemoryKv(), feed = new Steps()) {
  const clock = new FakeClock(), said: string[] = [], ending = new AbortController();
  const webhooks = new Webhooks({
    book: new KvDeliveryBook(kv, clock),
    feed,
    clock,
    chance: () => 1,
    base: "http://sensorium.test",
    allowed: ["127.0.0.1"],
    resolve: () => Promise.resolve(["93.184.216.34"]),
    random: (bytes) => crypto.getRandomValues(bytes),
    report: (line) => said.push(line),
    ...more,
  });
  const running = webhooks.run(ending.signal);
  return {
    webhooks,
    clock,
    feed,
    kv,
    said,
    add: (url: string, endpoint: object = {}) =>
      webhooks.add(endpointSchema.parse({ name: "plant", url, secret: SECRET, ...endpoint })),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

/** Moves time on as often as somebody sleeps, until it holds. */
async function pass(clock: FakeClock, ms: number, holds: () => boolean): Promise<void> {
  await until(() => holds() || clock.sleepers > 0);
  while (!holds()) {
    await clock.advance(ms);
    await settle(1);
  }
}

Deno.test("Webhooks delivers steps in order, signed, as CloudEvents", async () => {
  await using receiver = new Receiver();
  await using run = makeRun();
  const { secret, endpoint } = await run.add(receiver.url);
  assertEquals([secret, endpoint.state, "secret" in endpoint], [SECRET, "active", false]);
  run.feed.push(step(1), step(2), step(3, { transition: "cleared" }));
  const received = await receiver.came(3);
  assertEquals(received.map(({ headers }) => headers.get("webhook-id")), run.feed.all.map(({ id }) => id));
  for (const { headers, body, path } of received) {
    assertEquals(signatureError(SECRET, headers, body, run.clock.now()), undefined);
    assertEquals(headers.get("content-type"), "application/cloudevents+json; charset=utf-8");
    assertEquals(path, "/hook?token=hush");
  }
  const event = JSON.parse(received[0].body);
  assertEquals([event.specversion, event.id, event.type, event.time], [
    "1.0",
    "http-00:1:pump:limit:temperature/raised",
    "io.sensorium.alert.raised",
    "2026-01-31T11:00:01.000Z",
  ]);
  await untilView(run, ({ delivered }) => delivered === 3);
  assertEquals((await run.webhooks.attempts("plant")).map(({ outcome, status }) => [outcome, status]), [
    ["delivered", 200],
    ["delivered", 200],
    ["delivered", 200],
  ]);
});

type Run = ReturnType<typeof makeRun>;
type View = Awaited<ReturnType<Run["webhooks"]["list"]>>[number];

async function untilView(run: Run, holds: (view: View) => boolean): Promise<View> {
  for (;;) {
    const [view] = await run.webhooks.list();
    if (holds(view)) return view;
    await settle(1);
  }
}

Deno.test("Webhooks tries again after the backoff, and waits as long as Retry-After says", async () => {
  await using receiver = new Receiver();
  receiver.answers = [
    () => new Response("", { status: 500 }),
    () => new Response("", { status: 429, headers: { "retry-after": "90" } }),
    () => new Response("ok"),
  ];
  await using run = makeRun();
  await run.add(receiver.url);
  run.feed.push(step(1));
  await untilView(run, ({ state }) => state === "failing");
  assertEquals((await run.webhooks.list())[0].next_attempt_at, run.clock.now() + 1000);
  await until(() => run.clock.sleepers === 1);
  await run.clock.advance(999);
  assertEquals(receiver.received.length, 1);
  await run.clock.advance(1);
  await untilView(run, ({ next_attempt_at }) => next_attempt_at === run.clock.now() + 90_000);
  await until(() => run.clock.sleepers === 1);
  await run.clock.advance(89_999);
  assertEquals(receiver.received.length, 2);
  await run.clock.advance(1);
  const view = await untilView(run, ({ delivered }) => delivered === 1);
  assertEquals([view.state, view.reason, view.next_attempt_at], ["active", undefined, undefined]);
  const ids = receiver.received.map(({ headers }) => headers.get("webhook-id"));
  assertEquals(new Set(ids).size, 1, "every attempt has the same id");
  assertEquals(new Set(receiver.received.map(({ body }) => body)).size, 1);
});

Deno.test("Webhooks keeps what it cannot deliver, goes on with the next, and sends it again when asked", async () => {
  await using receiver = new Receiver();
  receiver.answers = [() => new Response("", { status: 422 }), () => new Response("ok")];
  await using run = makeRun();
  await run.add(receiver.url);
  run.feed.push(step(1), step(2));
  const view = await untilView(run, ({ delivered }) => delivered === 1);
  assertEquals([view.dead, receiver.received.length], [1, 2]);
  const [letter] = await run.webhooks.dead("plant");
  assertEquals([letter.event, letter.attempts, letter.error], [step(1).id, 1, "the receiver answered 422"]);
  assertEquals(letter.body, receiver.received[0].body);
  assertEquals((await run.webhooks.retry("plant", letter.number)).outcome, "delivered");
  assertEquals(await run.webhooks.dead("plant"), []);
  assertEquals(receiver.received[2].body, letter.body);
  await assertRejects(() => run.webhooks.retry("plant", 0), Error, "no dead letter 0");
});

Deno.test("Webhooks gives an event up after all attempts", async () => {
  await using receiver = new Receiver();
  receiver.answers = [() => new Response("", { status: 503 })];
  await using run = makeRun({ policy: { ...RETRY, attempts: 4 } });
  await run.add(receiver.url);
  run.feed.push(step(1));
  let dead = 0;
  await pass(run.clock, 60_000, () => {
    run.webhooks.list().then(([view]) => dead = view.dead);
    return dead === 1;
  });
  assertEquals(receiver.received.length, 4);
  assertEquals((await run.webhooks.attempts("plant")).map(({ outcome, attempt }) => `${outcome} ${attempt}`), [
    "dead 4",
    "retry 3",
    "retry 2",
    "retry 1",
  ]);
});

Deno.test("Webhooks stops at 410 Gone, and a resumed endpoint gets what it missed", async () => {
  await using receiver = new Receiver();
  receiver.answers = [() => new Response("", { status: 410 }), () => new Response("ok")];
  await using run = makeRun();
  await run.add(receiver.url);
  run.feed.push(step(1), step(2));
  const view = await untilView(run, ({ state }) => state === "stopped");
  assertEquals([view.reason, receiver.received.length], ["the receiver answered 410 Gone", 1]);
  await run.webhooks.resume("plant");
  await untilView(run, ({ delivered }) => delivered === 2);
  assertEquals(
    receiver.received.map(({ headers }) => headers.get("webhook-id")),
    [step(1), step(1), step(2)].map(({ id }) => id),
  );
});

Deno.test("Webhooks never follows a redirect", async () => {
  await using inside = new Receiver();
  await using receiver = new Receiver();
  receiver.answers = [301, 302, 303, 307, 308].map((status) => () =>
    new Response(null, { status, headers: { location: inside.url } })
  );
  await using run = makeRun();
  await run.add(receiver.url);
  run.feed.push(...[1, 2, 3, 4, 5].map((position) => step(position)));
  await untilView(run, ({ dead }) => dead === 5);
  assertEquals([receiver.received.length, inside.received.length], [5, 0]);
});

Deno.test("Webhooks refuses addresses that are not public, at once and at every attempt", async () => {
  await using receiver = new Receiver();
  let addresses = ["93.184.216.34"];
  await using run = makeRun({ allowed: [], resolve: () => Promise.resolve(addresses) });
  for (const host of ["127.0.0.1", "[::1]", "169.254.169.254", "0x7f.1", "2130706433", "[::ffff:10.0.0.1]"]) {
    await assertRejects(() => run.add(`http://${host}:${receiver.port}/`), Error, "is not a public address");
  }
  await run.add(`http://hooks.test:${receiver.port}/`);
  addresses = ["93.184.216.34", "127.0.0.1"]; // bound to another address since it was judged
  run.feed.push(step(1));
  const view = await untilView(run, ({ state }) => state === "failing");
  assert(view.reason?.startsWith("hooks.test is not a public address"), view.reason);
  assertEquals(receiver.received.length, 0);
});

Deno.test("Webhooks goes on from its cursor after a restart, with the backoff that it had", async () => {
  await using receiver = new Receiver();
  receiver.answers = [() => new Response("ok"), () => new Response("", { status: 503 }), () => new Response("ok")];
  const kv = new MemoryKv(), feed = new Steps();
  {
    await using run = makeRun({}, kv, feed);
    await run.add(receiver.url);
    feed.push(step(1), step(2));
    await untilView(run, ({ state }) => state === "failing");
  }
  feed.push(step(3));
  await using run = makeRun({}, kv, feed);
  await until(() => run.clock.sleepers === 1);
  assertEquals(receiver.received.length, 2, "it waits on");
  await run.clock.advance(1000);
  await untilView(run, ({ delivered }) => delivered === 3);
  assertEquals(receiver.received.map(({ headers }) => headers.get("webhook-id")), [1, 2, 2, 3].map((n) => step(n).id));
});

Deno.test("Webhooks counts a gap when the store no longer keeps what it had not sent", async () => {
  await using receiver = new Receiver();
  const kv = new MemoryKv(), feed = new Steps();
  {
    await using run = makeRun({}, kv, feed);
    await run.add(receiver.url);
  }
  feed.push(step(1), step(2));
  feed.oldest = 2;
  await using run = makeRun({}, kv, feed);
  await untilView(run, ({ gaps }) => gaps === 1);
  feed.push(step(3));
  await untilView(run, ({ delivered }) => delivered === 1);
  assertEquals(receiver.received.map(({ headers }) => headers.get("webhook-id")), [step(3).id]);
  assertEquals(run.said.length, 1);
});

Deno.test("Webhooks delivers nothing that the filter leaves out, and tests when asked", async () => {
  await using receiver = new Receiver();
  await using run = makeRun();
  await run.add(receiver.url, { filter: { locations: ["hall"], priority: "high" } });
  run.feed.push(
    step(1, { location: "roof" }),
    step(2, { location: undefined }),
    step(3, { priority: "medium" }),
    step(4, { notify: false }),
    step(5, { notify: false, transition: "cleared" }),
    step(6),
  );
  const received = await receiver.came(2);
  assertEquals(received.map(({ headers }) => headers.get("webhook-id")), [
    "http-00:5:pump:limit:temperature/cleared",
    step(6).id,
  ]);
  const tested = await run.webhooks.test("plant");
  assertEquals([tested.outcome, JSON.parse(receiver.received[2].body).type], ["delivered", "io.sensorium.test"]);
});

Deno.test("Webhooks says no secret in what it reports, lists or logs", async () => {
  await using receiver = new Receiver();
  receiver.answers = [() => new Response("", { status: 400 }), () => new Response("", { status: 410 })];
  await using run = makeRun();
  await run.add(receiver.url);
  run.feed.push(step(1), step(2));
  await untilView(run, ({ state }) => state === "stopped");
  const told = JSON.stringify([run.said, await run.webhooks.attempts("plant"), await run.webhooks.dead("plant")]);
  assert(!told.includes("hush") && !told.includes(SECRET) && run.said.length === 2);
  assert(!JSON.stringify(await run.webhooks.list()).includes(SECRET));
  await using other = makeRun();
  const { secret } = await other.add(receiver.url, { secret: undefined });
  assert(/^whsec_[A-Za-z0-9+/]{43}=$/.test(secret));
});

Deno.test("Webhooks is removed with everything of it, and its name is free again", async () => {
  await using receiver = new Receiver();
  receiver.answers = [() => new Response("", { status: 400 })];
  await using run = makeRun();
  await run.add(receiver.url);
  await assertRejects(() => run.add(receiver.url), Error, "there is a webhook named plant already");
  run.feed.push(step(1));
  await untilView(run, ({ dead }) => dead === 1);
  assert(await run.webhooks.remove("plant"));
  assertEquals([run.kv.entries.size, await run.webhooks.remove("plant")], [0, false]);
  await assertRejects(() => run.webhooks.attempts("plant"), Error, "no webhook named plant");
  await run.add(receiver.url);
});

Deno.test("endpointSchema refuses names, addresses and secrets that are none", () => {
  const fine: Partial<Endpoint> = { name: "a", url: "https://hooks.test/x?y=z" };
  const refused = (more: object) => !endpointSchema.safeParse({ ...fine, ...more }).success;
  assert(!refused({}) && !refused({ secret: SECRET }));
  for (const url of ["ftp://a.b/", "file:///etc/passwd", "http://u:p@a.b/", "https://a.b/#x", "a", "http://"]) {
    assert(refused({ url }), url);
  }
  for (
    const secret of ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", `whsec_${"A".repeat(100)}`]
  ) {
    assert(refused({ secret }), secret);
  }
  for (const name of ["", "A", "-a", "a/b", "a".repeat(65)]) assert(refused({ name }), name);
});
