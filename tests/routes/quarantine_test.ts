/**
 * The quarantine over HTTP, with the real log of readings behind it.
 *
 * @module
 */
import type { QuarantineView } from "../../actors/views.ts";
import { makeApp } from "../../routes/app.ts";
import { HttpIngest } from "../../sources/http_ingest.ts";
import { assertEquals } from "../../std/assert.ts";
import { KEYS } from "../../store/keys.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { KvQuarantine } from "../../store/quarantine.ts";
import { Written } from "../../store/retention/written.ts";
import { MemoryKv } from "../memory_kv.ts";
import { accessOf, TOKEN } from "./api_fakes.ts";
import { fakeDeps, NOON } from "./fakes.ts";

const GOOD = { sensor: "a", time: NOON, values: { t: 1 } }, ID = encodeURIComponent("http-0/1");

async function opened(sample: string) {
  const kv = new MemoryKv(), deps = fakeDeps(), access = await accessOf(deps.clock);
  const log = await ReadingLog.open(kv, { clock: deps.clock }), ingest = new HttpIngest({ log, clock: deps.clock });
  const item: QuarantineView = {
    id: "http-0/1",
    partition: "http-0",
    position: 1,
    reason: "future",
    errors: [],
    sample,
  };
  await kv.atomic().set(KEYS.quarantine("http-0", 1, "future"), item).commit();
  await kv.atomic().set(KEYS.outputs("http-0"), { cut: 2 }).commit();
  const quarantine = new KvQuarantine(kv, new Written());
  const app = makeApp({ ...deps, ingest, quarantine, access, token: TOKEN });
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  const ask = async (method: string, path: string, body?: string) => {
    const response = await app.request(`/quarantine${path}`, { method, body, headers });
    return [response.status, response.status === 204 ? "" : await response.json()] as const;
  };
  const taken = async () => (await Array.fromAsync(kv.list({ prefix: ["log"] }))).length;
  return { ask, quarantine, access, taken, kv };
}

Deno.test("POST /quarantine/{id}/retry takes the reading in as it was, through the log, and writes it down", async () => {
  const { ask, quarantine, access, kv } = await opened(JSON.stringify(GOOD));
  assertEquals((await ask("GET", `/${ID}`))[1].reason, "future");
  assertEquals(await ask("POST", `/${ID}/retry`), [202, { accepted: 1, rejected: 0, errors: [] }]);
  assertEquals((await ask("POST", `/${ID}/retry`))[0], 404, "it is gone");
  assertEquals((await ask("GET", "/counts"))[1].items, await quarantine.counts());
  assertEquals((await quarantine.counts())[0], {
    partition: "http-0",
    kept: {},
    gone: { future: 1 },
    retried: 1,
    discarded: 0,
  });
  const [entry] = (await access.audit.list(1)).items;
  assertEquals(entry.detail, '{"retried":"http-0/1","reason":"future","corrected":false}');
  const stored = await Array.fromAsync(kv.list({ prefix: [] }));
  assertEquals(stored.some(({ key }) => key[0] === "quarantine"), false);
});

Deno.test("POST /quarantine/{id}/retry takes a corrected reading, on any number of lines", async () => {
  const { ask } = await opened("not a reading");
  assertEquals((await ask("POST", `/${ID}/retry`))[0], 400, "as it was it is none");
  for (const body of ["{}", "[]", "1", JSON.stringify([GOOD]), `${JSON.stringify(GOOD)}\n${JSON.stringify(GOOD)}`]) {
    assertEquals((await ask("POST", `/${ID}/retry`, body))[0], 400, body);
  }
  assertEquals((await ask("GET", `/${ID}`))[0], 200, "it stays where it was");
  assertEquals((await ask("POST", `/${ID}/retry`, JSON.stringify(GOOD, null, 2)))[0], 202);
});

Deno.test("POST /quarantine/{id}/retry wants the reading where only its beginning is kept", async () => {
  const { ask } = await opened(JSON.stringify({ ...GOOD, comment: "x".repeat(300) }).slice(0, 256));
  assertEquals((await ask("POST", `/${ID}/retry`))[0], 422);
});

Deno.test("DELETE /quarantine/{id} gives a record up, once, and not while it may come again", async () => {
  const { ask, kv, access } = await opened("{}");
  await kv.atomic().set(KEYS.outputs("http-0"), { cut: 1 }).commit();
  assertEquals((await ask("DELETE", `/${ID}`))[0], 503);
  await kv.atomic().set(KEYS.outputs("http-0"), { cut: 2 }).commit();
  assertEquals([(await ask("DELETE", `/${ID}`))[0], (await ask("DELETE", `/${ID}`))[0]], [204, 404]);
  assertEquals((await access.audit.list(1)).items[0].detail, '{"discarded":"http-0/1","reason":"future"}');
});
