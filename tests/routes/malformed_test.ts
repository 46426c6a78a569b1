import { HttpIngest } from "../../sources/http_ingest.ts";
import { isRefusal, parseReading } from "../../actors/reading.ts";
import { Random } from "../../models/random.ts";
import { makeApp } from "../../routes/app.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { ReadingLog } from "../../store/log.ts";
import { MemoryKv } from "../memory_kv.ts";
import { scaled } from "./api_fakes.ts";
import { fakeDeps } from "./fakes.ts";

const encoder = new TextEncoder(), NEWLINE = 10;
const WILD = [
  "null",
  "[]",
  "{}",
  '"x"',
  "1e400",
  "-1",
  "NaN",
  "true",
  '"__proto__"',
  '"\\ud800"',
  "[[[[",
  '"2026-13-99"',
];

/** A line that is nearly a reading: whole, cut off, with bytes changed, or with another value in a field's place. */
function line(random: Random, at: number): Uint8Array {
  const pick = (most: number) => Math.floor(random.uniform() * most);
  let text = `{"sensor":"s${at % 50}","time":${1e12 + at},"values":{"t":${pick(100)},"h":null},"label":${pick(2)}}`;
  const kind = pick(5);
  if (kind === 1) text = text.slice(0, 1 + pick(text.length - 1));
  if (kind === 2) {
    text = text.replace(/:("\w+"|\d+|null)/g, (was) => random.uniform() < 0.4 ? `:${WILD[pick(WILD.length)]}` : was);
  }
  if (kind === 3) {
    text = text.replace(/"(sensor|time|values|t|label)"/, () => `"${["x", "__proto__", "", "time"][pick(4)]}"`);
  }
  const bytes = encoder.encode(text);
  if (kind === 4) { for (let i = 0; i <= pick(4); i++) bytes[pick(bytes.length)] = pick(256); }
  return bytes.map((byte) => byte === NEWLINE || byte === 13 ? 63 : byte); // a line stays one line
}

/** Whether a line is a reading, by the definition alone. */
function isReading(bytes: Uint8Array): boolean {
  try {
    return !isRefusal(parseReading(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))));
  } catch {
    return false;
  }
}

Deno.test("POST /readings accepts or refuses each of many malformed readings, as the schema judges, and loses none", async () => {
  const deps = fakeDeps(), { clock } = deps, random = new Random(7), bodies = scaled(20), each = 1_000;
  const log = await ReadingLog.open(new MemoryKv(), { clock }), ingest = new HttpIngest({ log, clock });
  const app = makeApp({ ...deps, ingest });
  let accepted = 0, rejected = 0, good = 0;
  for (let body = 0; body < bodies; body++) {
    const lines = Array.from({ length: each }, (_, i) => line(random, body * each + i));
    good += lines.filter(isReading).length;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const one of lines) for (const piece of [one, Uint8Array.of(NEWLINE)]) controller.enqueue(piece);
        controller.close();
      },
    });
    const headers = { "content-type": "application/x-ndjson" };
    const answer = await (await app.request("/readings", { method: "POST", body: stream, headers })).json();
    accepted += answer.accepted;
    rejected += answer.rejected;
    assertEquals(answer.errors.length, Math.min(answer.rejected, 100));
  }
  assertEquals([accepted, accepted + rejected, deps.reported], [good, bodies * each, []]);
  assert(good > bodies * each / 10 && rejected > bodies * each / 10);
});
