/**
 * Traces of readings: which of them are followed, and that the spans of one are those of its way, whatever the shards.
 *
 * @module
 */
import { judgingSchema } from "../../actors/config.ts";
import { Directory } from "../../actors/directory.ts";
import { Followed } from "../../actors/followed.ts";
import type { Chunk, ReadingsChunk, Source } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { isSampled, TraceBook, type Tracing } from "../../actors/tracing.ts";
import { Deliveries } from "../../sinks/delivery/deliveries.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { KvOutbox } from "../../store/outbox/outbox.ts";
import { OutboxSink } from "../../store/outbox/sink.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeSink } from "../sinks/delivery/fake_sink.ts";
import { PATIENT, type RunOptions, runSource } from "./harness.ts";

const START = 1_700_000_000_000;
const judging = judgingSchema.parse({
  types: { pump: { channels: { a: { low: 0, high: 50 } } } },
  alerts: { rules: { limit: { raise: 1, of: 1 } } },
  detectors: "rules",
});
const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

interface Span {
  readonly name: string;
  readonly parent?: string;
  readonly attributes: Record<string, unknown>;
  readonly context: string;
  ended: number;
  error?: string;
}

/** A tracer that keeps its spans. */
function recorder(every: number): Tracing & { spans: Span[] } {
  const spans: Span[] = [];
  return {
    spans,
    book: new TraceBook(),
    tracer: {
      every,
      begin(name, attributes, parent) {
        const span: Span = { name, parent, attributes: { ...attributes }, context: `span ${spans.length}`, ended: 0 };
        spans.push(span);
        return { context: span.context, end: (_, error) => void (span.ended++, span.error = error) };
      },
    },
  };
}

/** Readings of ten sensors in chunks; number 55 breaks a limit. */
function plant(traces: ReadingsChunk["traces"] = [], count = 100, together = 25): Source {
  const items: Reading[] = Array.from({ length: count }, (_, i) => ({
    sensor: `s${i % 10}`,
    time: START + 1_000 * i,
    values: { a: i === 55 ? 60 : 20 + i % 7 },
    type: "pump",
  }));
  async function* read(from: number): AsyncGenerator<Chunk> {
    for (let at = from; at < count; at += together) {
      const positions = items.slice(at, at + together).map((_, i) => at + i);
      const chunk = {
        kind: "readings",
        items: items.slice(at, at + together),
        positions,
        next: at + together,
      } as const;
      yield await Promise.resolve({ ...chunk, traces: traces.filter(({ position }) => positions.includes(position)) });
    }
  }
  return {
    name: "plant",
    open: () => Promise.resolve([{ id: "plant-0", read }]),
    close: () => Promise.resolve(),
  };
}

async function traced(source: Source, every: number, options: RunOptions = {}) {
  const tracing = recorder(every);
  await runSource(source, { judging, tracing, checkpointReadings: 30, ...options });
  return tracing;
}

Deno.test("Followed makes the spans of a reading's way: batch and shard, checkpoint, alert", async () => {
  for (const options of [{}, { shards: 3 }, { batchSize: 7 }]) {
    const { spans, book } = await traced(plant([{ position: 55, parent: PARENT }]), 0, options);
    const named = (name: string) => spans.filter((span) => span.name === name);
    const [[reading], [batch], [shard], [checkpoint], [alert]] = ["reading", "batch", "shard", "checkpoint", "alert"]
      .map(named);
    assertEquals(spans.length, 5, JSON.stringify(spans));
    assertEquals(reading.parent, PARENT);
    assertEquals([batch.parent, checkpoint.parent, alert.parent], [reading.context, reading.context, reading.context]);
    assertEquals(shard.parent, batch.context);
    assertEquals(spans.map(({ ended }) => ended), [1, 1, 1, 1, 1]);
    assertEquals(reading.attributes, {
      "sensorium.partition": "plant-0",
      "sensorium.position": 55,
      "sensorium.sensor": "s5",
    });
    assertEquals([alert.attributes["sensorium.step"], alert.attributes["sensorium.condition"]], ["raised", "limit"]);
    assertEquals(book.of("plant-0", 55), reading.context);
  }
});

Deno.test("Delivery makes a span below the reading's for each sink that gets it and its alert", async () => {
  const kv = new MemoryKv(), outbox = new KvOutbox(kv, { clock: PATIENT, deadlineMs: 1_000 }), tracing = recorder(0);
  const deliveries = new Deliveries(outbox, [new FakeSink("table", ["readings", "alerts"], 64)], {
    clock: PATIENT,
    partitions: () => ["plant-0"],
    tracing,
  });
  const { kinds } = deliveries, stop = new AbortController(), running = deliveries.run(stop.signal);
  const sinks = (partition: string) => [new OutboxSink({ outbox, partition, kinds })];
  await runSource(plant([{ position: 55, parent: PARENT }]), { judging, kv, tracing, sinks, checkpointReadings: 30 });
  await deliveries.drained(stop.signal);
  stop.abort();
  await running;
  const reading = tracing.spans.find(({ name }) => name === "reading");
  const delivered = tracing.spans.filter(({ name }) => name.startsWith("deliver"));
  assertEquals(delivered.map(({ name }) => name).sort(), ["deliver alerts", "deliver readings"]);
  for (const { parent, attributes, ended } of delivered) {
    assertEquals([parent, attributes["sensorium.sink"], ended], [reading?.context, "table", 1]);
  }
});

Deno.test("Followed takes one reading in so many, and nobody for 0", async () => {
  const positions = ({ spans }: { spans: Span[] }) =>
    spans.filter(({ name }) => name === "reading").map(({ attributes }) => attributes["sensorium.position"]);
  assertEquals(positions(await traced(plant(), 1)), [0, 25, 50, 75], "the first record of each stretch at the most");
  assertEquals(positions(await traced(plant(), 40)), [0, 50]);
  assertEquals(positions(await traced(plant(), 1_000)), [0]);
  assertEquals(positions(await traced(plant(), 0)), []);
});

Deno.test("Followed takes at most 100 readings between two checkpoints, however many bring a trace", async () => {
  const many = Array.from({ length: 150 }, (_, position) => ({ position, parent: PARENT }));
  for (const together of [30, 75, 150]) {
    const { spans } = await traced(plant(many, 150, together), 1, { checkpointReadings: 1_000_000 });
    assertEquals(spans.filter(({ name }) => name === "reading").length, 100);
    assert(spans.every(({ ended }) => ended === 1));
  }
});

Deno.test("Followed forgets a reading that was not accepted: its sensor's next batch is another one's", () => {
  const tracing = recorder(0), directory = new Directory(1), followed = new Followed("p", { ...tracing, directory });
  const item = { sensor: "s", time: START, values: { a: 1 } }, traces = [{ position: 0, parent: PARENT }];
  followed.routedOf({ kind: "readings", items: [item], positions: [0], next: 1, traces }, 0, 1, 0);
  followed.cut()?.stored([]);
  directory.of("s", "p"); // by a reading that nobody follows
  assertEquals(followed.sent(0), undefined);
});

Deno.test("Followed ends its spans with the error where a checkpoint fails", async () => {
  const sinks = () => [{
    name: "broken",
    recover: () => Promise.resolve(),
    cut: () => () => Promise.reject(new Error("the disk is full")),
    close: () => Promise.resolve(),
  }];
  const tracing = recorder(1);
  await runSource(plant(), { judging, tracing, sinks, checkpointReadings: 30 }).catch(() => {});
  const kept = tracing.spans.filter(({ name }) => name === "reading" || name === "checkpoint");
  assert(kept.some(({ error }) => error === "the disk is full"), JSON.stringify(kept));
});

Deno.test("isSampled() takes what W3C Trace Context calls valid and recorded, and nothing else", () => {
  assert(isSampled(PARENT));
  for (
    const header of [
      undefined,
      "",
      PARENT.replace("-01", "-00"),
      PARENT.replace("00-", "ff-"),
      PARENT.toUpperCase(),
      `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
      `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01`,
      `${PARENT}-x`,
      ` ${PARENT}`,
    ]
  ) assertEquals(isSampled(header), false, String(header));
});

Deno.test("TraceBook forgets the oldest beyond what it keeps", () => {
  const book = new TraceBook(3);
  for (let i = 0; i < 5; i++) book.note("p", i, `c${i}`);
  assertEquals([0, 1, 2, 3, 4].map((i) => book.of("p", i)), [undefined, undefined, "c2", "c3", "c4"]);
});
