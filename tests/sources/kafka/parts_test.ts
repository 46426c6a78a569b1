/**
 * The parts of the Kafka source that need no broker.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { isKafkaUrl, parseKafkaUrl } from "../../../sources/kafka/address.ts";
import { type Batch, messagesOf } from "../../../sources/kafka/batches.ts";
import { chunksOf } from "../../../sources/kafka/chunks.ts";
import { MessageParser, type RawMessage } from "../../../sources/kafka/messages.ts";
import { murmur2, partitionOfKey } from "../../../sources/kafka/partitioner.ts";
import {
  itemsOf,
  MESSAGE_READINGS,
  OFFSET_MOST,
  OFFSET_STEP,
  offsetOf,
  positionOf,
  safeOffset,
} from "../../../sources/kafka/positions.ts";
import { withTicks } from "../../../sources/kafka/ticks.ts";
import { SourceError } from "../../../actors/ports.ts";
import { isRefusal } from "../../../actors/reading.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../../std/assert.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("murmur2() gives the values of the Java clients' own tests", () => {
  // org.apache.kafka.common.utils.UtilsTest.testMurmur2
  const expected: Readonly<Record<string, number>> = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
  };
  assertEquals(Object.fromEntries(Object.keys(expected).map((text) => [text, murmur2(bytes(text))])), expected);
});

Deno.test("partitionOfKey() is one of the partitions", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1000 }), (key, count) => {
    const partition = partitionOfKey(key, count);
    assert(Number.isInteger(partition) && partition >= 0 && partition < count);
  }));
});

Deno.test("positionOf(), itemsOf() and offsetOf() agree for every offset, and stay safe", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: OFFSET_MOST - 1 }), fc.nat(MESSAGE_READINGS - 1), (offset, item) => {
    const position = itemsOf(offset) + item;
    assert(Number.isSafeInteger(position) && position >= positionOf(offset) && position < positionOf(offset + 1));
    assertEquals(offsetOf(position), offset);
    assertEquals(safeOffset(BigInt(offset)), offset);
  }));
  assertThrows(() => safeOffset(BigInt(OFFSET_MOST)), SourceError);
});

Deno.test("parseKafkaUrl() takes hosts, topics, a login and TLS apart", () => {
  assertEquals(parseKafkaUrl("kafka://a:1,b/t1,t2"), { brokers: ["a:1", "b:9092"], topics: ["t1", "t2"], tls: false });
  assertEquals(parseKafkaUrl("kafkas://me:p%40ss@[::1]:9094"), {
    brokers: ["[::1]:9094"],
    topics: [],
    tls: true,
    user: "me",
    password: "p@ss",
  });
  assert(isKafkaUrl("KAFKA://x") && !isKafkaUrl("kafka.csv"));
});

Deno.test("parseKafkaUrl() refuses anything else, without the password", () => {
  for (
    const url of [
      "kafka:",
      "kafka://",
      "kafka://u:secret@/t",
      "kafka://h:99999/t",
      "kafka://u:secret@h/a b",
      "kafka://h/../x",
      "kafka://:secret@h/t",
    ]
  ) {
    const error = assertThrows(() => parseKafkaUrl(url), SourceError);
    assert(!error.message.includes("secret"), error.message);
  }
});

let offset = 0;
const message = (value: unknown, key?: string, timestamp = 5): RawMessage => ({
  offset: offset++,
  key: key === undefined ? null : bytes(key),
  value: value === null
    ? null
    : value instanceof Uint8Array
    ? value
    : bytes(typeof value === "string" ? value : JSON.stringify(value)),
  timestamp,
});

Deno.test("MessageParser.parse() refuses what it cannot read, with topic, partition, offset and reason", () => {
  const parser = new MessageParser("t", 3);
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["{", /is not JSON/],
    [null, /has no value/],
    [[], /is an empty array/],
    [new Uint8Array([0xff, 0xfe]), /is not UTF-8/],
    [Array.from({ length: MESSAGE_READINGS + 1 }, () => 1), /holds 4097 readings, at most 4096/],
    ["7", /must be an object/],
    [{ sensor: "s", values: { x: 1 } }, /time must be/],
    [{ x: 1, time: "2026-01-01T00:00:00Z" }, /no field of the record names its sensor/],
    [{ sensor: "s", time: "2026-01-01T00:00:00", x: 1 }, /have no zone/],
  ];
  for (const [value, expected] of cases) {
    const given = message(value), items = parser.parse(given);
    assert(items.length === 1 && isRefusal(items[0]), JSON.stringify(items));
    const [{ message: said }] = items[0].errors;
    assert(expected.test(said), said);
    assertStringIncludes(said, `t, partition 3, offset ${given.offset}`);
    assertEquals(items[0].row, 1);
  }
});

Deno.test("MessageParser.parse() gives the same for a message, whatever came before it", () => {
  const stamps = fc.constantFrom(1_790_000_000, 1_790_000_000_000, "2026-01-01T00:00:00Z", "2026-01-01 00:00:00", 7);
  const record = fc.record({
    sensor_id: fc.constantFrom("a", "b"),
    ts: stamps,
    x: fc.constantFrom<unknown>(1, null, "text", "2"),
    extra: fc.constantFrom<unknown>(true, 5, "note"),
  }, { requiredKeys: ["ts"] });
  fc.assert(
    fc.property(fc.array(fc.tuple(record, fc.option(fc.constantFrom("k1", "k2"))), { maxLength: 12 }), (given) => {
      const together = new MessageParser("t", 0);
      for (const [value, key] of given) {
        const one = message(value, key ?? undefined);
        assertEquals(together.parse(one), new MessageParser("t", 0).parse(one));
      }
    }),
  );
});

const batch = (first: number, count: number, rest: Partial<Batch> = {}): Batch => ({
  firstOffset: BigInt(first),
  lastOffsetDelta: count - 1,
  attributes: 0,
  firstTimestamp: 100n,
  maxTimestamp: 900n,
  producerId: -1n,
  records: Array.from({ length: count }, (_, i) => ({
    offsetDelta: i,
    timestampDelta: BigInt(i),
    key: null,
    value: Buffer.from(String(first + i)),
    headers: [],
  })),
  ...rest,
});
const marker = (at: number, producerId: bigint, kind: 0 | 1): Batch =>
  batch(at, 1, {
    attributes: 0x30,
    producerId,
    records: [{ offsetDelta: 0, timestampDelta: 0n, key: Buffer.from([0, 0, 0, kind]), value: null, headers: [] }],
  });

Deno.test("messagesOf() begins at the offset, and leaves out markers and what was aborted", () => {
  const transactional = (first: number, count: number, producerId: bigint) =>
    batch(first, count, { attributes: 0x10, producerId });
  const batches = [
    batch(0, 5),
    transactional(5, 2, 7n),
    transactional(7, 1, 8n),
    marker(8, 7n, 0),
    transactional(9, 1, 7n),
    marker(10, 7n, 1),
  ];
  const { messages, next } = messagesOf(batches, [{ producerId: 7n, firstOffset: 5n }], 3);
  assertEquals(messages.map(({ offset }) => offset), [3, 4, 7, 9]);
  assertEquals([next, messages[0].timestamp], [11, 103]);
});

Deno.test("messagesOf() takes the broker's time where the topic says so, and moves on where compaction left nothing", () => {
  const { messages } = messagesOf([batch(0, 2, { attributes: 0x08 })], [], 0);
  assertEquals(messages.map(({ timestamp }) => timestamp), [900, 900]);
  assertEquals(messagesOf([batch(4, 3, { records: [] })], [], 5), { messages: [], next: 7 });
});

Deno.test("chunksOf() says of each reading when it arrived, and cuts arrays where reading goes on", () => {
  offset = 10;
  const reading = (x: number) => ({ sensor: "s", time: x, values: { x } });
  const messages = [
    message(reading(1), "s", 1),
    message([reading(2), reading(3)], "s", 1),
    message(reading(4), "s", 2),
  ];
  const parser = new MessageParser("t", 0), chunks = [...chunksOf(messages, parser, positionOf(10), 13)];
  assertEquals(chunks.map(({ arrivals, items, next }) => [arrivals, items.length, next]), [
    [[1, 1, 1, 2], 4, positionOf(13)],
  ]);
  const [rest] = chunksOf(messages.slice(1, 2), parser, itemsOf(11) + 1, 12);
  assertEquals([rest.positions, rest.items], [[itemsOf(11) + 1], [reading(3)]]);
  assertEquals([...chunksOf([], parser, positionOf(5), 7)].map(({ items, next }) => [items.length, next]), [[
    0,
    7 * OFFSET_STEP,
  ]]);
});

Deno.test("withTicks() puts ticks where they were, and loses nothing, however chunks are cut", () => {
  const place = fc.uniqueArray(fc.nat(60), { maxLength: 30 });
  fc.assert(fc.property(place, fc.array(fc.nat(60), { maxLength: 5 }), (places, cuts) => {
    const all = [...places].sort((a, b) => a - b), ticks = all.filter((at) => at % 3 === 0);
    const positions = all.filter((at) => at % 3 !== 0), ends = [...new Set([...cuts, 61])].sort((a, b) => a - b);
    const chunks = ends.map((next, i) => {
      const own = positions.filter((at) => at < next && at >= (ends[i - 1] ?? 0));
      return {
        kind: "readings" as const,
        items: own.map((at) => ({ sensor: "s", time: at, values: { x: at } })),
        positions: own,
        next,
      };
    });
    const past = ticks.map((at) => [at, at] as const), seen: number[] = [];
    let next = 0;
    for (const chunk of withTicks(chunks, past)) {
      seen.push(...chunk.kind === "tick" ? [chunk.position] : chunk.positions);
      assert(chunk.next >= next && chunk.next > (seen.at(-1) ?? -1));
      next = chunk.next;
    }
    assertEquals([seen, past], [all, []]);
  }));
});
