import { addressOf } from "../../sinks/webhook/address.ts";
import { makePost, type PostOptions } from "../../sinks/webhook/post.ts";
import { resolveHost } from "../../sinks/webhook/resolve.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { freePort } from "../process.ts";
import { Receiver } from "./webhook_receiver.ts";

const HERE: PostOptions = {
  allowed: ["127.0.0.1", "hooks.test", "other.test"],
  resolve: () => Promise.resolve(["127.0.0.1"]),
  deadlineMs: 20_000,
};
const never = new AbortController().signal;

function fixture(name: string): string {
  return Deno.readTextFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
}

/** Answers one connection with these bytes, as they are. */
async function answering(bytes: string, work: (url: string) => Promise<void>): Promise<string> {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async () => {
    using connection = await listener.accept();
    const buffer = new Uint8Array(4096), read = await connection.read(buffer) ?? 0;
    await connection.write(new TextEncoder().encode(bytes));
    return new TextDecoder().decode(buffer.subarray(0, read));
  })();
  await work(`http://127.0.0.1:${listener.addr.port}/hook?token=hush`);
  return await serving;
}

Deno.test("makePost() connects to the judged address under the receiver's name", async () => {
  await using receiver = new Receiver();
  const resolve = () => Promise.resolve(["127.0.0.1"]);
  const post = makePost({ allowed: ["hooks.test"], resolve, deadlineMs: 20_000 });
  const url = `http://hooks.test:${receiver.port}/x`;
  const answer = await post({ url, headers: { "x-a": "b" }, body: "é" }, new AbortController().signal);
  assertEquals(answer, { status: 200 });
  const { headers, body } = receiver.received[0];
  assertEquals([headers.get("host"), headers.get("x-a"), body], [`hooks.test:${receiver.port}`, "b", "é"]);
  await assertRejects(
    () => addressOf(new URL("http://hooks.test/"), ["hooks.test:8080"], resolve),
    Error,
    "not a public",
  );
});

Deno.test("makePost() has a deadline, reads a little of an answer, and says what went wrong", async () => {
  await using receiver = new Receiver();
  const signal = new AbortController().signal, held = Promise.withResolvers<Response>();
  const resolve = () => Promise.resolve(["127.0.0.1"]);
  const letter = { url: receiver.url, headers: {}, body: "{}" };
  receiver.answers = [() => held.promise];
  const hurried = makePost({ allowed: ["127.0.0.1"], resolve, deadlineMs: 50 });
  assertEquals(await hurried(letter, signal), { error: "no answer within 0.05 s" });
  held.resolve(new Response("late"));
  const post = makePost({ allowed: ["127.0.0.1"], resolve, deadlineMs: 20_000 });
  let sent = 0;
  receiver.answers = [() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          sent++;
          controller.enqueue(new Uint8Array(8192));
        },
      }),
    )];
  assertEquals(await post(letter, signal), { status: 200 });
  assert(sent < 1000, "an answer without end is not read to its end");
  const refused = await post({ ...letter, url: `http://127.0.0.1:${freePort()}/hook?token=hush` }, signal);
  assert(refused.status === undefined && refused.error !== undefined && !refused.error.includes("hush"), refused.error);
  const ended = await post(letter, AbortSignal.abort(new Error("going down")));
  assertEquals(ended, { error: "going down" });
});

Deno.test("makePost() verifies the receiver's certificate against its name", async () => {
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    cert: fixture("hooks.test.pem"),
    key: fixture("hooks.test.key.pem"),
    onListen() {},
  }, () => new Response("ok"));
  const letter = (host: string) => ({ url: `https://${host}:${server.addr.port}/`, headers: {}, body: "{}" });
  const trusting = makePost({ ...HERE, authorities: [fixture("ca.pem")] });
  assertEquals(await trusting(letter("hooks.test"), never), { status: 200 });
  assert((await trusting(letter("other.test"), never)).error?.includes("certificate"));
  assert((await makePost(HERE)(letter("hooks.test"), never)).error?.includes("certificate"));
  await server.shutdown();
});

Deno.test("makePost() writes one request of HTTP/1.1 and reads the head of its answer", async () => {
  const post = makePost(HERE);
  const letter = { headers: { "x-a": "b" }, body: "{}" };
  const request = await answering(
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After:  7 \r\n\r\n",
    async (url) => {
      assertEquals(await post({ ...letter, url }, never), {
        status: 429,
        retryAfter: "7",
        error: "the receiver answered 429",
      });
    },
  );
  const [head, body] = request.split("\r\n\r\n");
  assertEquals([head.split("\r\n")[0], body], ["POST /hook?token=hush HTTP/1.1", "{}"]);
  assert(/\r\nconnection: close\r\ncontent-length: 2\r\nx-a: b$/.test(head), head);
  for (
    const [answer, error] of [
      ["", "the connection was closed without an answer"],
      ["HTTP/1.1 200 OK\r\n", "the connection was closed without an answer"],
      ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "the receiver does not speak HTTP/1.1"],
      ["HTTP/1.1 2000 OK\r\n\r\n", "the receiver does not speak HTTP/1.1"],
      [`HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}`, "the head of the answer has more than 16384 bytes"],
    ]
  ) {
    await answering(answer, async (url) => assertEquals(await post({ ...letter, url }, never), { error }));
  }
});

Deno.test("makePost() lets nothing into a request that would be another line of it", async () => {
  await using receiver = new Receiver();
  const post = makePost(HERE), letter = { url: receiver.url, headers: { "webhook-id": "a\r\nx-evil: 1" }, body: "" };
  assertEquals(await post(letter, never), { error: "the header webhook-id must be printable ASCII" });
  await post({ ...letter, url: `${receiver.url}\r\nx-evil: 1`, headers: {} }, never);
  assertEquals([receiver.received.length, receiver.received[0].headers.get("x-evil")], [1, null]);
});

Deno.test("resolveHost() gives addresses of names, and fails for those that are none", async () => {
  assert((await resolveHost("localhost")).some((address) => address === "127.0.0.1" || address === "::1"));
  await assertRejects(() => resolveHost("there.is.no.such.name.invalid"), Error);
});
