import fc from "fast-check";
import type { Clock } from "../../../actors/ports.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../std/assert.ts";
import { KEYS } from "../../../store/keys.ts";
import type { KvPort } from "../../../store/kv.ts";
import { fromPlain, toPlain } from "../../../store/plain.ts";
import {
  checkImported,
  exportSavepoint,
  importSavepoint,
  verifySavepoint,
} from "../../../store/savepoint/savepoint.ts";
import { SavepointError } from "../../../store/savepoint/reader.ts";
import { MemoryKv } from "../../memory_kv.ts";

const never: Clock = { now: () => 1_700_000_000_000, sleep: () => new Promise(() => {}) };
type Bytes = Uint8Array<ArrayBuffer>;

async function bytesOf(stream: ReadableStream<Bytes>): Promise<Bytes> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function streamOf(bytes: Bytes, size = 1_000): ReadableStream<Bytes> {
  let at = 0;
  return new ReadableStream({
    pull(out) {
      if (at < bytes.length) out.enqueue(bytes.slice(at, at += size));
      else out.close();
    },
  });
}

async function gzip(text: string): Promise<Bytes> {
  return await bytesOf(streamOf(new TextEncoder().encode(text)).pipeThrough(new CompressionStream("gzip")));
}

async function gunzip(bytes: Bytes): Promise<string> {
  return await new Response(streamOf(bytes).pipeThrough(new DecompressionStream("gzip"))).text();
}

async function entriesOf(kv: KvPort): Promise<unknown[]> {
  const entries: unknown[] = [];
  for await (const { key, value } of kv.list({ prefix: [] })) entries.push([key, value]);
  return entries;
}

/** One entry of every kind that is stored, and some that only look dangerous. */
async function filled(count = 1_500): Promise<MemoryKv> {
  const kv = new MemoryKv();
  const values: unknown[] = [
    null,
    -0,
    Infinity,
    2n ** 70n,
    "ü\n\u2028\ud800",
    { type: undefined, revision: 0, channels: ["t"], statistics: Float64Array.of(1, -0, NaN, 1e300) },
    { $: ["bigint", "1"], list: [{ $: 1 }, undefined, [new Map([[1, new Set([new Date(5)])]])]] },
    Uint8Array.from({ length: 60_000 }, (_, i) => i % 251),
  ];
  for (const [i, value] of values.entries()) await kv.atomic().set(["odd", i], value).commit();
  for (let i = 0; i < count; i++) {
    await kv.atomic().set(KEYS.window(`s${i % 9}`, 60_000, 60_000, 60_000 * i), { statistics: Float64Array.of(i) })
      .commit();
  }
  return kv;
}

Deno.test("toPlain() and fromPlain() bring every value back exactly", () => {
  const leaf = fc.oneof(
    fc.anything({ maxDepth: 0, withBigInt: true, withTypedArray: true, withDate: true, withMap: true, withSet: true }),
    fc.constantFrom(-0, NaN, undefined, "$"),
    fc.uint8Array(),
    fc.float64Array(),
  );
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.constant("$"), fc.constant("__proto__"), fc.string()), tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(tree.filter((value) => structured(value)), (value) => {
      const wire = JSON.parse(JSON.stringify(toPlain(structuredClone(value))));
      assertEquals(sameBits(fromPlain(wire)), sameBits(structuredClone(value)));
    }),
    { numRuns: 500 },
  );
  assertThrows(() => toPlain(/x/), TypeError, "RegExp");
  assertThrows(() => fromPlain({ $: ["RegExp", "x"] }), TypeError, "no kind of value");
});

/** Whether a value can be stored at all. */
function structured(value: unknown): boolean {
  try {
    structuredClone(value);
    toPlain(value);
    return true;
  } catch {
    return false;
  }
}

/** A value with what assertEquals takes for the same made different. */
function sameBits(value: unknown): unknown {
  if (Object.is(value, -0)) return "minus zero";
  if (value === undefined) return "nothing";
  if (value instanceof Float64Array) return ["f64", ...new BigUint64Array(value.slice().buffer)];
  if (Array.isArray(value)) return value.map(sameBits);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.entries(value).map(([name, inner]) => [name, sameBits(inner)]);
  }
  return value;
}

Deno.test("exportSavepoint() and importSavepoint() bring a whole store elsewhere, exactly", async () => {
  const kv = await filled(), copy = new MemoryKv();
  const bytes = await bytesOf(exportSavepoint(kv, { clock: never }));
  const counts: number[] = [];
  const savepoint = await importSavepoint(copy, streamOf(bytes, 777), { wrote: (entries) => counts.push(entries) });
  assertEquals(sameBits(await entriesOf(copy)), sameBits(await entriesOf(kv)));
  const whole = { created: never.now(), entries: 1_508, kinds: { odd: 8, window: 1_500 } };
  assertEquals(savepoint, { ...whole, leftOut: 0 });
  assertEquals([counts.length > 1, counts.at(-1)], [true, 1_508]); // in several writes
  assertEquals(await verifySavepoint(streamOf(bytes)), whole);
  await checkImported(copy);
});

Deno.test("exportSavepoint() and importSavepoint() agree with Deno KV itself", async () => {
  const kv = await Deno.openKv(":memory:"), copy = await Deno.openKv(":memory:");
  try {
    const key: Deno.KvKey = ["k", -0, 1.5, 2n ** 70n, true, Uint8Array.of(0, 255), ""];
    await kv.set(key, { a: Float64Array.of(-0, NaN), b: undefined, c: 1n });
    await kv.set(["count"], new Deno.KvU64(7n));
    await importSavepoint(copy, exportSavepoint(kv, { clock: never }));
    assertEquals(sameBits(await entriesOf(copy)), sameBits(await entriesOf(kv)));
    assertEquals((await copy.get(key)).value, (await kv.get(key)).value);
  } finally {
    kv.close();
    copy.close();
  }
});

Deno.test("importSavepoint() refuses a file that is cut off or changed anywhere, and leaves nothing", async () => {
  const bytes = await bytesOf(exportSavepoint(await filled(20), { clock: never })), text = await gunzip(bytes);
  const lines = text.trimEnd().split("\n"), copy = new MemoryKv();
  const refused: [string, Bytes][] = [
    ["this is no savepoint", await gzip('{"sensorium":"something"}\n')],
    ["of version 1 can be read, not of 2", await gzip(text.replace('"version":1', '"version":2'))],
    ["its end is missing", await gzip(lines.slice(0, -1).join("\n") + "\n")],
    ["its end is missing", await gzip("")],
    ["its last line is not whole", await gzip(text.slice(0, -1))],
    ["SHA-256 is another", await gzip([...lines.slice(0, 5), ...lines.slice(6)].join("\n") + "\n")],
    ["SHA-256 is another", await gzip(text.replace('"odd",0', '"odd",9'))],
    ["something follows", await gzip(`${text}${lines[3]}\n`)],
    ["no entry", await gzip(text.replace(lines[3], '{"a":1}'))],
    ["no JSON", await gzip(text.replace(lines[3], "{"))],
    ["cannot be decompressed", new TextEncoder().encode("plain text")],
    ["too long", await gzip(`${lines[0]}\n["${"x".repeat(2_000_000)}"]\n`)],
  ];
  for (const [why, wrong] of refused) {
    await assertRejects(() => importSavepoint(copy, streamOf(wrong)), SavepointError, why);
    assertEquals(copy.entries.size, 0, why);
  }
  for (let length = 0; length < bytes.length; length += 1 + (length >> 3)) {
    await assertRejects(() => importSavepoint(copy, streamOf(bytes.slice(0, length))), SavepointError);
    assertEquals(copy.entries.size, 0);
  }
});

Deno.test("importSavepoint() reads into an empty store only, or over an import that was interrupted", async () => {
  const bytes = await bytesOf(exportSavepoint(await filled(2_000), { clock: never })), used = new MemoryKv();
  await used.atomic().set(KEYS.source("facility"), {}).commit();
  await assertRejects(
    () => importSavepoint(used, streamOf(bytes)),
    SavepointError,
    'this one holds ["source","facility"]',
  );
  assertEquals(used.entries.size, 1);

  class Dying extends MemoryKv {
    writes = 0;
    override commit(write: Parameters<MemoryKv["commit"]>[0]) {
      return ++this.writes > 2 ? Promise.reject(new Error("died")) : super.commit(write);
    }
  }
  const torn = new Dying();
  await assertRejects(() => importSavepoint(torn, streamOf(bytes)), Error, "died");
  assert(torn.entries.size > 1);
  await assertRejects(() => checkImported(torn), SavepointError, "was interrupted");
  await assertRejects(() => bytesOf(exportSavepoint(torn, { clock: never })), Error);
  torn.writes = -1_000_000;
  await importSavepoint(torn, streamOf(bytes));
  await checkImported(torn);
  assertEquals(torn.entries.size, 2_008);

  const stopped = new AbortController(), empty = new MemoryKv();
  const importing = importSavepoint(empty, streamOf(bytes), {
    signal: stopped.signal,
    wrote: () => stopped.abort(new Error("stopped by a test")),
  });
  await assertRejects(() => importing, Error, "stopped by a test");
  assertEquals(empty.entries.size, 0);
});

Deno.test("exportSavepoint() holds the store until everything is read, and not for a reader who has gone", async () => {
  const kv = await filled(3_000), held: string[] = [], over = Promise.withResolvers<void>();
  const paused = async (work: () => Promise<void>) => {
    held.push("held");
    await work();
    held.push("let go");
    over.resolve();
  };
  await bytesOf(exportSavepoint(kv, { clock: never, paused }));
  await over.promise;
  assertEquals(held, ["held", "let go"]);

  let stall = () => {};
  const clock: Clock = {
    now: never.now,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        stall = resolve;
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
  const gone = Promise.withResolvers<void>();
  const random = new MemoryKv(); // nothing that gzip could make small
  for (let i = 0; i < 40; i++) {
    await random.atomic().set(["r", i], crypto.getRandomValues(new Uint8Array(60_000))).commit();
  }
  const stream = exportSavepoint(random, { clock, paused: (work) => work().finally(gone.resolve), stallMs: 5_000 });
  const reader = stream.getReader();
  await reader.read();
  for (let turn = 0; turn < 100; turn++) await Promise.resolve(stall());
  await assertRejects(
    async () => {
      for (let i = 0; i < 1_000 && !(await reader.read()).done; i++);
    },
    SavepointError,
    "nobody has read on for 5 s",
  );
  await gone.promise;

  const left = Promise.withResolvers<void>();
  const cancelled = exportSavepoint(random, { clock: never, paused: (work) => work().finally(left.resolve) })
    .getReader();
  await cancelled.read();
  await cancelled.cancel();
  await left.promise;

  const unread = exportSavepoint(random, { clock: never, paused: () => Promise.reject(new Error("held")) });
  await unread.cancel(); // nobody was held up

  const stop = new AbortController();
  stop.abort(new Error("ending"));
  await assertRejects(() => bytesOf(exportSavepoint(kv, { clock: never, signal: stop.signal })), Error, "ending");
});
