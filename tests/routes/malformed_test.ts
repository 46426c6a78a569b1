import { HttpIngest } from "../../sources/http_ingest.ts";
import { Random } from "../../models/random.ts";
import { makeApp } from "../../routes/app.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { isReading, linesFrom } from "../fuzz/malformed.ts";
import { MemoryKv } from "../memory_kv.ts";
import { scaled } from "./api_fakes.ts";
import { fakeDeps } from "./fakes.ts";

Deno.test("POST /readings accepts or refuses each of many malformed readings, as the schema judges, and loses none", async () => {
  const deps = fakeDeps(), { clock } = deps, random = new Random(7), bodies = scaled(20), each = 1_000;
  const log = await ReadingLog.open(new MemoryKv(), { clock }), ingest = new HttpIngest({ log, clock });
  const app = makeApp({ ...deps, ingest });
  let accepted = 0, rejected = 0, good = 0;
  for (let body = 0; body < bodies; body++) {
    const { lines, body: bytes } = linesFrom(random, body * each, each);
    good += lines.filter(isReading).length;
    const stream = new Blob([new Uint8Array(bytes)]).stream();
    const headers = { "content-type": "application/x-ndjson" };
    const answer = await (await app.request("/readings", { method: "POST", body: stream, headers })).json();
    accepted += answer.accepted;
    rejected += answer.rejected;
    assertEquals(answer.errors.length, Math.min(answer.rejected, 100));
  }
  assertEquals([accepted, accepted + rejected, deps.reported], [good, bodies * each, []]);
  assert(good > bodies * each / 10 && rejected > bodies * each / 10);
});
