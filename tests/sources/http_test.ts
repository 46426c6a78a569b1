import fc from "fast-check";
import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import type { IngestFormat, IngestOutcome } from "../../actors/ingest.ts";
import type { Reading } from "../../actors/reading.ts";
import { HttpSource } from "../../sources/http.ts";
import { partitionOf } from "../../sources/log_pieces.ts";
import { HttpIngest, type IngestOptions } from "../../sources/http_ingest.ts";
import { type LogOptions, ReadingLog } from "../../store/log/log.ts";
import { FakeClock, NOON, settle, until } from "../routes/fakes.ts";
import { FaultyKv } from "../store/faulty_kv.ts";
import { sourceConformance } from "./conformance.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();
const never = new AbortController().signal;

/** A log with an ingest over it, in memory. */
interface Setup {
  readonly kv: FaultyKv;
  readonly clock: FakeClock;
  readonly log: ReadingLog;
  readonly ingest: HttpIngest;
}

async function setup(options: Partial<IngestOptions & LogOptions> = {}): Promise<Setup> {
  const kv = new FaultyKv(), clock = new FakeClock();
  const log = await ReadingLog.open(kv, { clock, ...options });
  return { kv, clock, log, ingest: new HttpIngest({ log, clock, ...options }) };
}

function reading(i: number, sensor = `s${i % 3}`): Reading {
  return { sensor, time: NOON + i, values: { temperature: i } };
}

function streamOf(...pieces: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces.map((piece) => typeof piece === "string" ? encoder.encode(piece) : piece));
}

/** A body that a test sends bit by bit. */
class Pushed {
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** How often more was asked for. */
  pulls = 0;

  constructor() {
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      pull: () => void this.pulls++,
    }, { highWaterMark: 0 });
  }

  push(text: string): void {
    this.#controller.enqueue(encoder.encode(text));
  }

  end(): void {
    this.#controller.close();
  }

  break(): void {
    this.#controller.error(new Error("the connection was reset"));
  }
}

function take(
  { ingest }: Setup,
  body: ReadableStream<Uint8Array>,
  format: IngestFormat = "ndjson",
  idempotencyKey?: string,
): Promise<IngestOutcome> {
  return ingest.take(body, { format, idempotencyKey });
}

/** Everything in the log, partition by partition. */
async function logged({ log }: { log: ReadingLog }): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (let partition = 0; partition < log.partitions; partition++) {
    if (log.end(partition) === 0) continue;
    for await (const entry of log.read(partition, 0, never)) {
      if (entry.kind === "lines") {
        const lines = decoder.decode(entry.bytes).split("\n").slice(0, -1);
        readings.push(...lines.map((line) => JSON.parse(line) as Reading));
        if (entry.position + entry.count === log.end(partition)) break;
      } else if (entry.position + 1 === log.end(partition)) break;
    }
  }
  return readings;
}

const ndjson = (readings: readonly unknown[]) => readings.map((one) => `${JSON.stringify(one)}\n`).join("");
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

sourceConformance("HttpSource", async () => {
  const it = await setup({ partitions: 2 });
  for (let i = 0; i < 20; i++) {
    const body = ndjson(range(5).map((k) => reading(i * 5 + k, `sensor ${i * 5 + k}`)));
    assertEquals((await take(it, streamOf(body))).end, "taken");
  }
  const keep = new AbortController();
  const keeping = it.log.keep(keep.signal);
  await it.clock.advance(30_000); // ticks, too
  keep.abort();
  await keeping;
  return new HttpSource(it.log);
}, { take: 40 });

Deno.test("HttpIngest.take() accepts an object, an array and lines; the log has them in canonical form", async () => {
  const it = await setup();
  const zoned = { time: "2026-01-31T13:00:00+01:00", sensor: "a", values: { t: 1, h: null }, label: 1, comment: "ü" };
  assertEquals(await take(it, streamOf(JSON.stringify(zoned)), "json"), {
    end: "taken",
    accepted: 1,
    rejected: 0,
    errors: [],
    detail: undefined,
    retryAfter: undefined,
  });
  assertEquals((await take(it, streamOf(JSON.stringify([reading(1), reading(2)])), "json")).accepted, 2);
  assertEquals(
    (await take(it, streamOf(`\ufeff${ndjson([reading(3)])}\r\n\n`, JSON.stringify(reading(4))))).accepted,
    2,
  );
  assertEquals((await take(it, streamOf("[]"), "json")).accepted, 0);
  assertEquals(await logged(it), [{ ...zoned, time: NOON } as Reading, ...[1, 2, 3, 4].map((i) => reading(i))]);
});

Deno.test("HttpIngest.take() logs a reading that came under a sensor's name under its id, and asks for the id's right", async () => {
  const { clock, log } = await setup(), asked: string[] = [];
  const names = { idOf: (name: string) => name === "Boiler" ? "pump-7" : name };
  const ingest = new HttpIngest({ log, clock, names });
  const admit = (sensor: string) => void asked.push(sensor);
  const body = ndjson([reading(1, "Boiler"), reading(2, "pump-7"), reading(3, "fan")]);
  assertEquals((await ingest.take(streamOf(body), { format: "ndjson", admit })).accepted, 3);
  assertEquals(asked, ["pump-7", "pump-7", "fan"]);
  assertEquals(await logged({ log }), [reading(1, "pump-7"), reading(2, "pump-7"), reading(3, "fan")]);
});

Deno.test("HttpIngest.take() refuses record by record, with line, field, and what is allowed", async () => {
  const it = await setup();
  const bad = [
    ndjson([reading(1)]),
    "{not json}\n",
    ndjson([{ sensor: "", time: "2026-01-31T12:00:00", values: { t: "x" } }]),
    "\n",
    "42\n",
    `${"[".repeat(30_000)}${"]".repeat(30_000)}\n`,
    ndjson([reading(7)]),
  ];
  const outcome = await take(it, streamOf(...bad));
  assertEquals([outcome.end, outcome.accepted, outcome.rejected], ["taken", 2, 4]);
  const where = outcome.errors.map(({ line, field }) => `${line} ${field}`);
  assertEquals(where, ["2 ", "3 sensor", "3 time", "3 values.t", "5 ", "6 "]);
  assertMatch(outcome.errors[2].message, /with a zone/);
  assertEquals((await logged(it)).length, 2);
});

Deno.test("HttpIngest.take() refuses a line that is too long and goes on behind it; a long piece is cut anywhere", async () => {
  const long = JSON.stringify({ ...reading(2), comment: "x".repeat(70_000) });
  const text = ndjson([reading(1)]) + long + "\n" + ndjson([reading(3)]) + long;
  for (const size of [1_000, 65_536, text.length]) {
    const it = await setup();
    const pieces = range(Math.ceil(text.length / size)).map((i) => text.slice(i * size, (i + 1) * size));
    const outcome = await take(it, streamOf(...pieces));
    assertEquals([outcome.accepted, outcome.rejected], [2, 2]);
    assertEquals(outcome.errors.map(({ line }) => line), [2, 4]);
    assertMatch(outcome.errors[0].message, /at most 65536 bytes/);
  }
});

Deno.test("HttpIngest.take() keeps the first 100 errors, fewer where they are long, and counts all", async () => {
  const it = await setup();
  const short = await take(it, streamOf(ndjson(range(1_000))));
  assertEquals([short.rejected, short.errors.length, short.errors[99].line], [1_000, 100, 100]);
  const names = Object.fromEntries(range(40).map((i) => [`${"名".repeat(200)}${i}`, 1]));
  const long = await take(it, streamOf(ndjson(range(20).map(() => ({ ...reading(1), values: names })))), "ndjson", "k");
  assertEquals(long.rejected, 20);
  assert(long.errors.every(({ field, message }) => field.length <= 128 && message.length <= 256));
  assertEquals(
    await take(it, streamOf(ndjson(range(20).map(() => ({ ...reading(1), values: names })))), "ndjson", "k"),
    long,
  );
});

Deno.test("HttpIngest.take() refuses JSON that is none or is over 1 MiB", async () => {
  const it = await setup();
  for (const text of ["", "{", "nonsense"]) {
    assertEquals((await take(it, streamOf(text), "json")).end, "malformed", text);
  }
  assertEquals((await take(it, streamOf(new Uint8Array([0x22, 0xff, 0x22])), "json")).end, "malformed");
  const half = " ".repeat(600 * 1024);
  assertEquals((await take(it, streamOf(half, half, "[]"), "json")).end, "too_large");
  const deep = "[".repeat(400_000) + "]".repeat(400_000);
  assertEquals((await take(it, streamOf(deep), "json")).rejected, 1);
  assertEquals(await logged(it), []);
});

Deno.test("HttpIngest.take() logs what a body that goes on and on has sent, when it is quiet for a moment", async () => {
  const it = await setup(), body = new Pushed();
  const taking = take(it, body.stream);
  body.push(ndjson([reading(1)]) + '{"sensor":');
  await settle(3);
  assertEquals(it.log.end(0), 0);
  await it.clock.advance(200);
  assertEquals(it.log.end(0), 1);
  body.push('"a","time":0,"values":{"t":1}}\n');
  await settle(3);
  await it.clock.advance(200);
  assertEquals(it.log.end(0), 2);
  body.end();
  assertEquals((await taking).accepted, 2);
});

Deno.test("HttpIngest.take() gives up on a body that is silent, keeps whole lines of it, and of one that breaks off", async () => {
  const it = await setup({ idleMs: 5_000 });
  const silent = new Pushed(), broken = new Pushed();
  const first = take(it, silent.stream);
  silent.push(ndjson([reading(1)]) + '{"sensor":');
  await settle(3);
  await it.clock.advance(5_200);
  assertEquals([(await first).end, (await first).accepted], ["idle", 1]);
  const second = take(it, broken.stream);
  broken.push(ndjson([reading(2)]) + '{"sensor":');
  await settle(2);
  broken.break();
  assertEquals([(await second).end, (await second).accepted], ["broken", 1]);
  assertEquals(await logged(it), [reading(1), reading(2)]);
});

Deno.test("HttpIngest.take() is busy before the first record where the log is full; later it stops reading", async () => {
  const it = await setup({ backlogBytes: 300_000 });
  const body = new Pushed();
  const taking = take(it, body.stream);
  const part = ndjson(range(2_000).map((i) => reading(i)));
  let sent = 0;
  for (; sent < 50; sent++) {
    const before = body.pulls;
    body.push(part);
    await it.clock.advance(200);
    await settle(3);
    if (body.pulls === before) break;
  }
  assert(sent < 10, "it stopped reading");
  assert(it.log.isFull);
  const other = await take(it, streamOf(ndjson([reading(0)])));
  assertEquals([other.end, other.retryAfter, other.accepted], ["busy", 5, 0]);
  await it.log.released(0, it.log.end(0));
  body.end();
  const outcome = await taking;
  assertEquals([outcome.end, outcome.accepted], ["taken", (sent + 1) * 2_000]);
  assertEquals((await take(it, streamOf(ndjson([reading(0)])))).end, "taken");
});

Deno.test("HttpIngest.take() takes at most so many bytes a second", async () => {
  const it = await setup({ bytesPerSecond: 1_000 });
  const body = new Pushed();
  const taking = take(it, body.stream);
  const line = ndjson([{ ...reading(1), comment: "x".repeat(400) }]);
  for (let i = 0; i < 20; i++) body.push(line);
  body.end();
  await it.clock.advance(4_000);
  const seconds = line.length * 20 / 1_000;
  assert(it.log.end(0) * line.length <= 5_500, `${it.log.end(0)} lines in 4 s`);
  await it.clock.advance(seconds * 1_000);
  assertEquals((await taking).accepted, 20);
});

Deno.test("HttpIngest.take() takes so many bodies at a time, and none once it is closed", async () => {
  const it = await setup({ requestsMax: 4 });
  const bodies = range(2).map(() => new Pushed()), other = range(2).map(() => new Pushed());
  const format = "ndjson", taking = bodies.map((body) => it.ingest.take(body.stream, { format, client: "slow" }));
  const half = await it.ingest.take(streamOf(""), { format, client: "slow" });
  assertEquals([half.end, half.detail], ["busy", "Of bodies that are being taken one client may have 2."]);
  taking.push(...other.map((body, i) => it.ingest.take(body.stream, { format, client: `other ${i}` })));
  assertEquals((await take(it, streamOf("[]"), "json")).end, "busy");
  bodies[0].push(ndjson([reading(1)]));
  await settle(2);
  it.ingest.close();
  const [first, ...others] = await Promise.all(taking);
  assertEquals([first.end, first.accepted, ...others.map(({ end }) => end)], [
    "closing",
    1,
    ...range(3).map(() => "closing"),
  ]);
  assertEquals((await take(it, streamOf("[]"), "json")).end, "closing");
  assertEquals(it.ingest.open, 0);
});

Deno.test("HttpIngest.take() with a key takes a body once, and answers the same again", async () => {
  for (const format of ["json", "ndjson"] as const) {
    const it = await setup();
    const body = () => streamOf(format === "json" ? JSON.stringify([reading(1), 2]) : ndjson([reading(1), 2]));
    const first = await take(it, body(), format, "k");
    assertEquals([first.accepted, first.rejected], [1, 1]);
    assertEquals(await take(it, body(), format, "k"), first);
    assertEquals((await take(it, body(), format, "other")).accepted, 1);
    assertEquals((await logged(it)).length, 2);
  }
});

Deno.test("HttpIngest.take() refuses a key with another body: longer, shorter, other, empty", async () => {
  for (const format of ["json", "ndjson"] as const) {
    const it = await setup();
    const text = (readings: Reading[]) => streamOf(format === "json" ? JSON.stringify(readings) : ndjson(readings));
    await take(it, text([reading(1), reading(2)]), format, "k");
    const others = [[reading(1)], [reading(1), reading(2), reading(3)], [reading(1), reading(9)], []];
    for (const other of others) assertEquals((await take(it, text(other), format, "k")).end, "mismatch");
    assertEquals((await logged(it)).length, 2);
  }
});

Deno.test("HttpIngest.take() takes one request of a key at a time", async () => {
  const it = await setup(), body = new Pushed();
  const taking = take(it, body.stream, "ndjson", "k");
  const other = await take(it, streamOf(ndjson([reading(1)])), "ndjson", "k");
  assertEquals([other.end, other.retryAfter], ["in_progress", 1]);
  body.push(ndjson([reading(1)]));
  body.end();
  assertEquals((await taking).accepted, 1);
});

Deno.test("HttpIngest.take() with a key, broken off anywhere and sent again, has each reading once", async () => {
  const readings = range(6_000).map((i) => i % 7 === 3 ? { bad: i } : reading(i));
  const good = readings.filter((one) => "sensor" in one) as Reading[];
  const text = encoder.encode(ndjson(readings));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 4 }), async (cuts) => {
      const it = await setup();
      for (const cut of cuts) {
        const body = new Pushed();
        const taking = take(it, body.stream, "ndjson", "k");
        for (let at = 0; at < cut; at += 65_536) {
          body.push(decoder.decode(text.subarray(at, Math.min(at + 65_536, cut))));
        }
        await settle(2);
        body.break();
        assertEquals((await taking).end, "broken");
      }
      const outcome = await take(it, streamOf(text), "ndjson", "k");
      assertEquals([outcome.end, outcome.accepted, outcome.rejected], [
        "taken",
        good.length,
        readings.length - good.length,
      ]);
      assertEquals(outcome.errors.length, 100);
      assertEquals(await logged(it), good);
    }),
    { numRuns: 20 },
  );
});

Deno.test("HttpIngest.take() says that it is busy when the log fails, and sending again with the key heals it", async () => {
  const it = await setup();
  it.kv.faults = Array.from({ length: 6 }, () => "unanswered");
  it.kv.failingReads = 100;
  const failed = take(it, streamOf(ndjson([reading(1), reading(2)])), "ndjson", "k");
  for (let i = 0; i < 20; i++) await it.clock.advance(1_000);
  assertEquals((await failed).end, "busy");
  it.kv.faults = [];
  it.kv.failingReads = 0;
  const healed = take(it, streamOf(ndjson([reading(1), reading(2)])), "ndjson", "k");
  await it.clock.advance(1_000);
  assertEquals([(await healed).end, (await healed).accepted], ["taken", 2]);
  assertEquals(await logged(it), [reading(1), reading(2)]);
});

Deno.test("partitionOf() spreads sensors, and keeps one sensor's readings in order in one partition", async () => {
  const it = await setup({ partitions: 4 });
  const readings = range(400).map((i) => reading(i, `sensor ${i % 20}`));
  assertEquals((await take(it, streamOf(ndjson(readings)))).accepted, 400);
  const ends = range(4).map((partition) => it.log.end(partition));
  assert(ends.every((end) => end > 0), String(ends));
  const back = await logged(it);
  for (let s = 0; s < 20; s++) {
    const mine = ({ sensor }: Reading) => sensor === `sensor ${s}`;
    assertEquals(back.filter(mine), readings.filter(mine));
    assertEquals(partitionOf(`sensor ${s}`, 4), partitionOf(`sensor ${s}`, 4));
  }
});

Deno.test("HttpSource gives what was posted, with its time of arrival, and waits for what comes", async () => {
  const it = await setup();
  const source = new HttpSource(it.log);
  const [partition] = await source.open();
  const stop = new AbortController();
  const got: string[] = [];
  const reading_ = (async () => {
    for await (const chunk of partition.read(0, stop.signal)) {
      if (chunk.kind === "readings") got.push(`${chunk.positions} at ${chunk.arrived! - NOON}`);
      if (chunk.kind === "tick") got.push(`tick ${chunk.time - NOON}`);
    }
  })();
  await it.clock.advance(1_500);
  await take(it, streamOf(ndjson([reading(1), reading(2)])));
  await it.clock.advance(20_000);
  await until(() => got.length === 2);
  assertEquals(got, ["0,1 at 1500", "tick 20000"]);
  stop.abort();
  await reading_;
  await source.close();
});
