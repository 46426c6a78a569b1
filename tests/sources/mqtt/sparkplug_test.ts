import fc from "fast-check";
import sparkplug from "sparkplug-payload";
import { isRefusal } from "../../../actors/reading.ts";
import { systemClock } from "../../../commands/process/clock.ts";
import { MqttConnection } from "../../../sources/mqtt/connection.ts";
import { SparkplugReader } from "../../../sources/mqtt/sparkplug.ts";
import { decodeSparkplug, numberOf, rebirthOrder, SparkplugError } from "../../../sources/mqtt/sparkplug_payload.ts";
import { assert, assertEquals, assertMatch } from "../../../std/assert.ts";
import { until } from "../../process.ts";
import { publish, withBrokers, World } from "./brokers.ts";

/** Eclipse Tahu's own encoder and decoder. */
const tahu = sparkplug.get("spBv1.0");
type TahuPayload = Parameters<NonNullable<typeof tahu>["encodePayload"]>[0];
const encode = (payload: unknown): Uint8Array => {
  if (!tahu) throw new Error("sparkplug-payload has no spBv1.0");
  return tahu.encodePayload(payload as TahuPayload);
};
const NOW = 1_790_000_000_000;

/** Types by their number, as a birth says them. */
const TYPES = {
  Int8: 1,
  Int16: 2,
  Int32: 3,
  UInt8: 5,
  UInt16: 6,
  UInt32: 7,
  Float: 9,
  Double: 10,
  Boolean: 11,
} as const;

const metric = fc.oneof(
  fc.record({ type: fc.constant("Int8"), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant("Int16"), value: fc.integer({ min: -32_768, max: 32_767 }) }),
  fc.record({ type: fc.constant("Int32"), value: fc.integer() }),
  fc.record({ type: fc.constant("UInt8"), value: fc.nat(255) }),
  fc.record({ type: fc.constant("UInt16"), value: fc.nat(65_535) }),
  fc.record({ type: fc.constant("UInt32"), value: fc.nat(4_294_967_295) }),
  fc.record({ type: fc.constant("Float"), value: fc.float({ noNaN: true, noDefaultInfinity: true }) }),
  fc.record({ type: fc.constant("Double"), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  fc.record({ type: fc.constant("Boolean"), value: fc.boolean() }),
) as fc.Arbitrary<{ type: keyof typeof TYPES; value: number | boolean }>;

Deno.test("decodeSparkplug() reads what Eclipse Tahu's encoder writes", () => {
  fc.assert(fc.property(fc.array(metric, { maxLength: 8 }), fc.nat(255), (metrics, seq) => {
    const named = metrics.map((one, i) => ({ name: `m${i}`, alias: i + 1, timestamp: NOW + i, ...one }));
    const { time, seq: read, metrics: found } = decodeSparkplug(encode({ timestamp: NOW, seq, metrics: named }));
    assertEquals([time, read], [NOW, seq]);
    assertEquals(
      found.map((one) => [one.name, one.alias, one.time, one.type, numberOf(one, one.type ?? 0)]),
      named.map(({ name, alias, timestamp, type, value }) => [name, alias, timestamp, TYPES[type], Number(value) + 0]),
    );
  }));
});

Deno.test("numberOf() knows numbers of 64 bits, DateTime, null, quality and what is no number", () => {
  const properties = (value: number) => ({ Quality: { type: "Int32", value } });
  const metrics = [
    { name: "a", type: "Int64", value: -5 },
    { name: "b", type: "UInt64", value: 9_007_199_254_740_991 },
    { name: "c", type: "DateTime", value: NOW },
    { name: "d", type: "Double", value: null },
    { name: "e", type: "Double", value: 7, properties: properties(192) },
    { name: "f", type: "Double", value: 7, properties: properties(0) },
    { name: "g", type: "String", value: "on" },
    { name: "h", type: "Bytes", value: new Uint8Array([1]) },
    { name: "i", type: "UUID", value: "x" },
    { name: "j", type: "Text", value: "y" },
  ];
  const { metrics: found } = decodeSparkplug(encode({ timestamp: NOW, seq: 0, metrics }));
  assertEquals(
    found.map((one) => numberOf(one, one.type ?? 0)),
    [-5, 9_007_199_254_740_991, NOW, null, 7, null, undefined, undefined, undefined, undefined],
  );
});

Deno.test("decodeSparkplug() says no to whatever is no payload, and to nothing else than with a SparkplugError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
    try {
      decodeSparkplug(bytes);
    } catch (error) {
      assert(error instanceof SparkplugError, String(error));
    }
  }));
});

Deno.test("rebirthOrder() is read by Eclipse Tahu's decoder", () => {
  const decoded = tahu?.decodePayload(rebirthOrder(NOW));
  assertEquals(Number(decoded?.timestamp), NOW);
  assertEquals(decoded?.metrics?.map(({ name, type, value }) => ({ name, type, value })), [
    { name: "Node Control/Rebirth", type: "Boolean", value: true },
  ]);
});

/** A node with a device `d`, as it would speak. */
class Gateway {
  seq = 0;
  bdSeq = 3;

  constructor(readonly prefix = "spBv1.0/plant", readonly node = "gate") {}

  message(type: string, metrics: unknown[], device?: string) {
    const seq = type === "NDEATH" ? undefined : type === "NBIRTH" ? this.seq = 0 : this.seq = (this.seq + 1) % 256;
    const all = /^N(BIRTH|DEATH)$/.test(type)
      ? [{ name: "bdSeq", type: "UInt64", value: this.bdSeq }, ...metrics]
      : metrics;
    const topic = `${this.prefix}/${type}/${this.node}${device === undefined ? "" : `/${device}`}`;
    return { topic, payload: encode({ timestamp: NOW, ...(seq === undefined ? {} : { seq }), metrics: all }) };
  }

  /** Both births. */
  births() {
    return [
      this.message("NBIRTH", [
        { name: "Node Control/Rebirth", type: "Boolean", value: false },
        { name: "load", alias: 1, type: "Double", value: 0.5 },
      ]),
      this.message("DBIRTH", [
        { name: "temp", alias: 2, type: "Float", value: 20 },
        { name: "count", alias: 3, type: "Int32", value: -1 },
        { name: "state", alias: 4, type: "String", value: "on" },
      ], "d"),
    ];
  }
}

const take = (reader: SparkplugReader, { topic, payload }: { topic: string; payload: Uint8Array }, now = NOW) =>
  reader.read(topic, payload, now);
/** Metrics by alias alone, as data have them. */
const data = (values: Record<number, number | null>, timestamp = NOW + 1000) =>
  Object.entries(values).map(([alias, value]) => ({
    alias: Number(alias),
    timestamp,
    type: alias === "2" ? "Float" : alias === "3" ? "Int32" : "Double",
    value,
  }));

Deno.test("SparkplugReader.read() makes readings of births and data, by alias, one for each time", () => {
  const reader = new SparkplugReader(), gate = new Gateway(), [node, device] = gate.births();
  assertEquals(take(reader, node), {
    items: [{ sensor: "plant/gate", location: "plant", time: NOW, values: { load: 0.5 } }],
  });
  assertEquals(take(reader, device), {
    items: [{ sensor: "plant/gate/d", location: "plant/gate", time: NOW, values: { temp: 20, count: -1 } }],
  });
  assertEquals(reader.counts, { gaps: 0, rebirths: 0, leftOut: 1 });
  const both = gate.message("DDATA", [...data({ 2: 21.5, 3: -7 }, NOW + 5), ...data({ 2: null }, NOW + 6)], "d");
  assertEquals(take(reader, both).items, [
    { sensor: "plant/gate/d", location: "plant/gate", time: NOW + 5, values: { temp: 21.5, count: -7 } },
    { sensor: "plant/gate/d", location: "plant/gate", time: NOW + 6, values: { temp: null } },
  ]);
  assertEquals(reader.counts.gaps, 0);
});

Deno.test("SparkplugReader.read() counts gaps and asks for births: not more often than every 10 s", () => {
  const reader = new SparkplugReader(), gate = new Gateway();
  const early = take(reader, gate.message("DDATA", data({ 2: 1 }), "d"));
  assertEquals(early.order?.topic, "spBv1.0/plant/NCMD/gate");
  const [item] = early.items;
  assert("errors" in item && isRefusal(item));
  assertMatch(item.errors[0].message, /1 metrics came before the birth.*spBv1\.0\/plant\/DDATA\/gate\/d/);
  assertEquals(take(reader, gate.message("DDATA", data({ 2: 1 }), "d"), NOW + 9_000).order, undefined);
  assert(take(reader, gate.message("DDATA", data({ 2: 1 }), "d"), NOW + 10_000).order);
  for (const birth of gate.births()) take(reader, birth);
  gate.seq += 2; // two messages that nobody has seen
  const after = take(reader, gate.message("DDATA", data({ 2: 9 }), "d"), NOW + 11_000);
  assertEquals([after.items.length, after.order?.topic], [1, "spBv1.0/plant/NCMD/gate"]);
  assertEquals(reader.counts, { gaps: 1, rebirths: 3, leftOut: 1 });
  gate.seq = 255;
  take(reader, gate.message("NDATA", []));
  assertEquals(reader.counts.gaps, 2, "0 follows 255, not this one");
  gate.seq = 255;
  assertEquals(take(reader, gate.message("NDATA", data({ 1: 1 }))).items.length, 1);
});

Deno.test("SparkplugReader.read() makes farewells of deaths, but not of a death that a new birth has overtaken", () => {
  const reader = new SparkplugReader(), gate = new Gateway();
  for (const birth of gate.births()) take(reader, birth);
  assertEquals(take(reader, gate.message("DDEATH", [], "d")).items, [{ farewell: "plant/gate/d", time: NOW }]);
  const [, device] = gate.births();
  gate.bdSeq++;
  for (const birth of gate.births()) take(reader, birth);
  take(reader, device);
  gate.bdSeq--;
  assertEquals(take(reader, gate.message("NDEATH", [])).items, []);
  gate.bdSeq++;
  assertEquals(take(reader, gate.message("NDEATH", []), NOW + 9).items, [
    { farewell: "plant/gate", time: NOW + 9 },
    { farewell: "plant/gate/d", time: NOW + 9 },
  ]);
});

Deno.test("SparkplugReader.read() leaves alone what no sensor says, and refuses what is no payload", () => {
  const reader = new SparkplugReader(), bytes = new Uint8Array([0xff]);
  for (const topic of ["spBv1.0/plant/NCMD/gate", "spBv1.0/STATE/host", "spBv1.0/plant/DDATA/gate", "spBv1.0"]) {
    assertEquals(reader.read(topic, bytes, NOW), { items: [] });
  }
  const [item] = reader.read("spBv1.0/plant/NDATA/gate", bytes, NOW).items;
  assert("errors" in item);
  assertMatch(item.errors[0].message, /no payload of Sparkplug: .* \(topic spBv1\.0\/plant\/NDATA\/gate\)/);
});

withBrokers("MqttIntake takes Sparkplug in, sends orders for births, and writes deaths into the log", async (at) => {
  const group = `g${crypto.randomUUID().slice(0, 8)}`, gate = new Gateway(`spBv1.0/${group}`);
  await using world = await World.open(at, { topics: [`spBv1.0/${group}/#`] });
  await world.start();
  const orders: string[] = [],
    ear = await MqttConnection.open({
      broker: at.broker,
      clock: systemClock,
      clientId: `${group}ear`,
      sessionSeconds: 0,
      keepAliveSeconds: 30,
      signal: new AbortController().signal,
    });
  const subscribed = ear.subscribe([`spBv1.0/${group}/NCMD/+`], false);
  const hearing = (async () => {
    for await (const messages of ear.messages()) for (const { topic } of messages) orders.push(topic);
  })();
  await subscribed;
  await publish(at, [gate.message("DDATA", data({ 2: 1 }), "d")]);
  await until("the order", () => orders.length > 0);
  assertEquals(orders, [`spBv1.0/${group}/NCMD/gate`]);
  await publish(at, [...gate.births(), gate.message("DDATA", data({ 2: 21 }), "d"), gate.message("NDEATH", [])]);
  const lines = await world.written(6);
  assert("errors" in lines[0]);
  assertEquals(lines.slice(1, 4).map(({ sensor, values }) => [sensor, values]), [
    [`${group}/gate`, { load: 0.5 }],
    [`${group}/gate/d`, { temp: 20, count: -1 }],
    [`${group}/gate/d`, { temp: 21 }],
  ]);
  assertEquals(lines.slice(4).map(({ farewell }) => farewell), [`${group}/gate`, `${group}/gate/d`]);
  await ear.close();
  await hearing;
});
