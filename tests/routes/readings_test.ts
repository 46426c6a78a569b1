import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import { makeApp } from "../../routes/app.ts";
import { serve } from "../../routes/serve.ts";
import { HttpIngest, type IngestOptions } from "../../sources/http_ingest.ts";
import { type LogOptions, ReadingLog } from "../../store/log/log.ts";
import { FaultyKv } from "../store/faulty_kv.ts";
import { type FakeDeps, fakeDeps, NOON, until } from "./fakes.ts";

/** What a test of `POST /readings` holds on to. */
interface Setup {
  readonly url: string;
  readonly log: ReadingLog;
  readonly kv: FaultyKv;
  readonly deps: FakeDeps;
  readonly ingest: HttpIngest;
  post(body: BodyInit, headers?: Record<string, string>): Promise<Response>;
}

/** Serves an app over a log in memory. */
async function serving(run: (setup: Setup) => Promise<void>, options: Partial<IngestOptions & LogOptions> = {}) {
  const { clock } = fakeDeps(), kv = new FaultyKv();
  const log = await ReadingLog.open(kv, { clock, ...options });
  const ingest = new HttpIngest({ log, clock, ...options });
  const deps = { ...fakeDeps({ ingest }), clock };
  const server = serve(makeApp(deps), { hostname: "127.0.0.1", port: 0, report: deps.report });
  const url = `http://127.0.0.1:${server.addr.port}/readings`;
  const post = (body: BodyInit, headers: Record<string, string> = {}) =>
    fetch(url, { method: "POST", body, headers: { "content-type": "application/x-ndjson", ...headers } });
  try {
    await run({ url, log, kv, deps, ingest, post });
  } finally {
    ingest.close();
    await server.shutdown();
  }
  assertEquals(deps.reported, []);
  assertEquals(ingest.open, 0);
}

/** So long an ingest that holds lines waits for more of a body before it logs them, ms. */
const QUIET_MS = 200;
const json = { "content-type": "application/json" };
const one = (i: number, sensor = "a") => JSON.stringify({ sensor, time: NOON + i, values: { t: i } });

async function problem(response: Response, status: number) {
  assertEquals(response.status, status);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  return await response.json();
}

Deno.test("POST /readings takes an object, an array and lines, and answers 202 once they are in the log", () =>
  serving(async ({ post, log }) => {
    const bodies: [string, Record<string, string>, number][] = [
      [one(1), json, 1],
      [`[${one(2)},${one(3)}]`, { "content-type": "application/json; charset=utf-8" }, 2],
      [`${one(4)}\n${one(5)}\n${one(6)}`, {}, 3],
      ["[]", json, 0],
      ["", {}, 0],
    ];
    for (const [body, headers, accepted] of bodies) {
      const response = await post(body, headers);
      assertEquals([response.status, await response.json()], [202, { accepted, rejected: 0, errors: [] }]);
    }
    assertEquals(log.end(0), 6);
  }));

Deno.test("POST /readings answers 202 with the errors by line where some are refused, 400 where all are", () =>
  serving(async ({ post }) => {
    const some = await post(`${one(1)}\n{"sensor":"a"}\nnonsense`);
    const account = await some.json();
    assertEquals([some.status, account.accepted, account.rejected], [202, 1, 2]);
    assertEquals(account.errors.map(({ line }: { line: number }) => line), [2, 2, 3]);
    const single = await problem(await post('{"sensor":"a","time":"2026-01-31T12:00","values":{"t":1}}', json), 400);
    assertEquals([single.accepted, single.rejected], [0, 1]);
    assertEquals([single.errors[0].line, single.errors[0].field], [1, "time"]);
    assertMatch(single.errors[0].message, /zone/);
    assertEquals((await problem(await post("x\ny"), 400)).rejected, 2);
    assertMatch((await problem(await post("{", json), 400)).detail, /not JSON/);
  }));

Deno.test("POST /readings answers 415 to other content types and codings, and says which it takes", () =>
  serving(async ({ post, url }) => {
    const csv = await post("a,b", { "content-type": "text/csv" });
    assertMatch(csv.headers.get("accept") ?? "", /application\/x-ndjson/);
    await problem(csv, 415);
    const zipped = await post(one(1), { "content-encoding": "gzip" });
    assertEquals(zipped.headers.get("accept-encoding"), "identity");
    await problem(zipped, 415);
    await problem(await fetch(url, { method: "POST", body: new Blob([one(1)]).stream() }), 415);
    await problem(await post(one(1), { "content-type": "__proto__" }), 415);
  }));

Deno.test("POST /readings answers 413 to JSON over 1 MiB, with a length and without", () =>
  serving(async ({ post, log }) => {
    const large = `[${Array.from({ length: 30_000 }, (_, i) => one(i)).join()}]`;
    assert(large.length > 1024 * 1024);
    await problem(await post(large, json), 413);
    await problem(await post(ReadableStream.from([new TextEncoder().encode(large)]), json), 413);
    assertEquals(log.end(0), 0);
  }));

Deno.test("POST /readings takes lines of any length as a stream", () =>
  serving(async ({ post, log }) => {
    const encoder = new TextEncoder();
    const lines = encoder.encode(Array.from({ length: 1_000 }, (_, i) => `${one(i)}\n`).join(""));
    const response = await post(ReadableStream.from(Array.from({ length: 100 }, () => lines)));
    assertEquals([response.status, (await response.json()).accepted, log.end(0)], [202, 100_000, 100_000]);
  }));

Deno.test("POST /readings honours Idempotency-Key: the same answer, 422 to another body, 400 to no key", () =>
  serving(async ({ post, log }) => {
    const key = { "idempotency-key": '"0f-1"' };
    const first = await (await post(`${one(1)}\nx`, key)).json();
    const again = await post(`${one(1)}\nx`, { "idempotency-key": "0f-1" });
    assertEquals([again.status, await again.json()], [202, first]);
    await problem(await post(`${one(2)}\nx`, key), 422);
    assertEquals(log.end(0), 1);
    for (const bad of ["", "a b", "x".repeat(256)]) {
      const { errors } = await problem(await post(one(1), { "idempotency-key": bad }), 400);
      assertEquals(errors[0].field, "Idempotency-Key");
    }
  }));

Deno.test("POST /readings answers 409 while another request has the key", () =>
  serving(async ({ post, log, deps }) => {
    const body = new TransformStream<Uint8Array, Uint8Array>(), writer = body.writable.getWriter();
    const first = post(body.readable, { "idempotency-key": "k" });
    await writer.write(new TextEncoder().encode(`${one(1)}\n`));
    await until(() => deps.clock.sleepers > 0);
    const second = await post(one(1), { "idempotency-key": "k" });
    assertEquals(second.headers.get("retry-after"), "1");
    await problem(second, 409);
    await writer.close();
    assertEquals([(await (await first).json()).accepted, log.end(0)], [1, 1]);
  }));

Deno.test("POST /readings answers 503 with Retry-After where the log is full or fails", () =>
  serving(async ({ post, log, kv, deps }) => {
    assertEquals((await post(one(1))).status, 202);
    const full = await post(one(2));
    assertEquals(full.headers.get("retry-after"), "5");
    await problem(full, 503);
    await log.released(0, 1);
    kv.faults = Array.from({ length: 6 }, () => "lost");
    let isAnswered = false;
    const pending = post(one(2)).finally(() => isAnswered = true);
    while (!isAnswered) await deps.clock.advance(1_000);
    const failed = await pending;
    assertEquals(failed.headers.get("retry-after"), "5");
    assertEquals((await problem(failed, 503)).accepted, 0);
    assertEquals((await post(one(2))).status, 202);
  }, { backlogBytes: 20 }));

Deno.test("POST /readings keeps whole lines of a client that goes away in the middle", () =>
  serving(async ({ url, log, deps, ingest }) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
    const head = "POST /readings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n" +
      "Content-Length: 100000\r\n\r\n";
    await connection.write(new TextEncoder().encode(`${head}${one(1)}\n${one(2)}\n{"sen`));
    await until(() => deps.clock.untilNext === QUIET_MS); // the lines have come
    connection.close();
    await until(() => ingest.open === 0);
    assertEquals(log.end(0), 2);
  }));

Deno.test("POST /readings answers 408 to a body that falls silent", () =>
  serving(async ({ post, deps }) => {
    const body = new TransformStream<Uint8Array, Uint8Array>(), writer = body.writable.getWriter();
    const response = post(body.readable);
    await writer.write(new TextEncoder().encode(`${one(1)}\n`));
    await until(() => deps.clock.untilNext === QUIET_MS); // the line has come
    await deps.clock.advance(QUIET_MS);
    await deps.clock.advance(60_000);
    const { accepted } = await problem(await response, 408);
    assertEquals(accepted, 1);
    await writer.close().catch(() => {});
  }));

Deno.test("POST /readings is refused where an instance takes none", async () => {
  assertEquals((await makeApp(fakeDeps()).request("/readings", { method: "POST" })).status, 405);
});
