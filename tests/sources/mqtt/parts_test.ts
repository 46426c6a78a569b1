import { isRefusal, type Reading, type Refusal } from "../../../actors/reading.ts";
import { SourceError } from "../../../actors/ports.ts";
import type { MqttBroker } from "../../../sources/mqtt/address.ts";
import { parseMqttUrl } from "../../../sources/mqtt/address.ts";
import { explainMqtt, refusedBy } from "../../../sources/mqtt/errors.ts";
import { Joiner } from "../../../sources/mqtt/join.ts";
import { MessageReader } from "../../../sources/mqtt/messages.ts";
import { fieldsOf, parseTopic } from "../../../sources/mqtt/topics.ts";
import type { Mapping } from "../../../sources/mapping.ts";
import { mappingSchema } from "../../../sources/mapping.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../../../std/assert.ts";

const encoder = new TextEncoder();
const NOW = 1_790_000_000_000;

function read(patterns: string[], topic: string, payload: string | Uint8Array, mapping?: Mapping) {
  const reader = new MessageReader(patterns.map(parseTopic), mapping === undefined ? {} : { mapping });
  return reader.read(topic, typeof payload === "string" ? encoder.encode(payload) : payload, NOW);
}

function why(items: readonly (Reading | Refusal)[]): string {
  const [item] = items;
  assert(isRefusal(item), JSON.stringify(item));
  return item.errors.map(({ message }) => message).join("; ");
}

Deno.test("parseMqttUrl() cuts a URL, and refuses others without showing a password", () => {
  assertEquals(parseMqttUrl("mqtt://broker"), { host: "broker", port: 1883, tls: false, path: "" });
  assertEquals(parseMqttUrl("mqtts://u%40x:p%2Fw@[::1]:99/a/b"), {
    host: "::1",
    port: 99,
    tls: true,
    path: "a/b",
    user: "u@x",
    password: "p/w",
  });
  for (const bad of ["mqtt://", "http://x", "mqtt://x:99999", "mqtt://u:secret@", "mqtt://a:secret@b:0/x?y"]) {
    const error = assertThrows(() => parseMqttUrl(bad), SourceError);
    assert(!error.message.includes("secret"), error.message);
  }
});

Deno.test("parseTopic() makes the broker's filter, and says why a pattern cannot be", () => {
  assertEquals(parseTopic("plant/{location}/{sensor}/+/{channel}").filter, "plant/+/+/+/+");
  assertEquals(parseTopic("spBv1.0/#").isSparkplug, true);
  for (
    const [bad, sentence] of [
      ["", /1 to 1024 characters/],
      ["a/#/b", /last part/],
      ["a/b+", /parts of their own/],
      ["a/{site}", /must be \{sensor\}/],
      ["{sensor}/{sensor}", /twice/],
      ["$SYS/#", /broker's own/],
      ["spBv1.0/{location}/#", /say themselves/],
    ] as const
  ) assertMatch(assertThrows(() => parseTopic(bad), SourceError).message, sentence);
});

Deno.test("fieldsOf() takes from a topic what its pattern names, and nothing from others", () => {
  const pattern = parseTopic("plant/{location}/{sensor}/#");
  assertEquals(fieldsOf(pattern, "plant/hall/pump/a/b"), { location: "hall", sensor: "pump" });
  assertEquals(fieldsOf(pattern, "plant/hall/pump"), { location: "hall", sensor: "pump" });
  for (const other of ["plant/hall", "plants/hall/pump", "plant"]) assertEquals(fieldsOf(pattern, other), undefined);
  assertEquals(fieldsOf(parseTopic("a/+/{sensor}"), "a/x/y/z"), undefined);
});

Deno.test("MessageReader.read() makes a value of a bare number, by the topic's channel", () => {
  const expected = { sensor: "pump", location: "hall", time: NOW };
  for (const [text, value] of [["21.5", 21.5], [" +5 ", 5], [".5", 0.5], ["-1e3", -1000], ["null", null]] as const) {
    assertEquals(read(["p/{location}/{sensor}/{channel}"], "p/hall/pump/temp", text), [
      { ...expected, values: { temp: value } },
    ]);
  }
  assertEquals(read(["p/{location}/{sensor}"], "p/hall/pump", "1"), [{ ...expected, values: { value: 1 } }]);
});

Deno.test("MessageReader.read() reads JSON: a reading, fields by their names, a single value of the topic's channel", () => {
  const topics = ["p/{location}/{sensor}"], topic = "p/hall/pump";
  const whole = { sensor: "other", time: 5, values: { a: 1 }, type: "t" };
  assertEquals(read(topics, topic, JSON.stringify(whole)), [{ ...whole, location: "hall" }]);
  assertEquals(read(topics, topic, `{"values": {"a": 1}, "time": "2026-01-01T00:00:00Z"}`), [
    { sensor: "pump", location: "hall", time: Date.UTC(2026, 0, 1), values: { a: 1 } },
  ]);
  assertEquals(read(topics, topic, `{"temperature": 20, "humidity": 40}`), [
    { sensor: "pump", location: "hall", time: NOW, values: { temperature: 20, humidity: 40 } },
  ]);
  assertEquals(read(topics, topic, `[{"values": {"a": 1}, "time": 1}, {"values": {"a": 2}, "time": 2}]`).length, 2);
  assertEquals(read(["p/{sensor}/{channel}"], "p/pump/temp", `{"value": 3, "timestamp": ${NOW - 5}}`), [
    { sensor: "pump", time: NOW - 5, values: { temp: 3 } },
  ]);
});

Deno.test("MessageReader.read() reads by a mapping, with the sensor of the topic where no field names it", () => {
  const mapping = mappingSchema.parse({
    sensor: { fileName: true },
    time: { field: "ts", format: "epoch_s" },
    channels: { t: "temperature" },
  });
  assertEquals(read(["p/{location}/{sensor}"], "p/hall/pump", `{"ts": 100, "t": 7, "x": "y"}`, mapping), [
    { sensor: "pump", location: "hall", time: 100_000, values: { temperature: 7 } },
  ]);
  assertMatch(why(read(["p/{sensor}"], "p/pump", `{"t": 7}`, mapping)), /seconds since 1970.*\(topic p\/pump\)/);
});

Deno.test("MessageReader.read() refuses what it cannot read, with topic and reason", () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["on", /no number and no JSON/],
    ["", /empty/],
    ["[]", /empty array/],
    [`"on"`, /topic p\/a/],
    [`{"values": {}}`, /1 to 50 channels/],
    [new Uint8Array([0xff, 0xfe]), /not UTF-8/],
    [JSON.stringify(Array(4_097).fill(1)), /at most 4096/],
    ["1e200", /-1e100 to 1e100/],
  ];
  for (const [payload, sentence] of cases) {
    const said = why(read(["p/{sensor}"], "p/a", payload));
    assertMatch(said, sentence);
    assertMatch(said, /\(topic p\/a\)/);
  }
  assertMatch(why(read(["p/{sensor}"], "q/a", "1")), /no pattern reads this topic/);
  assertMatch(why(read(["p/{location}"], "p/a", "1")), /sensor must be/);
});

Deno.test("MessageReader.read() gives values of one topic without a time times of their own", () => {
  const reader = new MessageReader([parseTopic("{sensor}")]), payload = encoder.encode("1");
  const times = [NOW, NOW, NOW - 10, NOW + 50].flatMap((now) => reader.read("a", payload, now))
    .map((item) => isRefusal(item) ? NaN : item.time);
  assertEquals(times, [NOW, NOW + 1, NOW + 2, NOW + 50]);
  assertEquals(reader.read("b", payload, NOW), [{ sensor: "b", time: NOW, values: { value: 1 } }]);
});

Deno.test("Joiner.take() joins channels that are close in time, and gives them once another reading begins", () => {
  const joiner = new Joiner(10),
    of = (time: number, channel: string): Reading => ({ sensor: "a", time, values: { [channel]: time } });
  assertEquals(joiner.take(of(100, "x"), 0, 0), []);
  assertEquals(joiner.take(of(105, "y"), 1, 5), []);
  assertEquals(joiner.oldest, 0);
  assertEquals(joiner.take(of(106, "x"), 2, 6), [{ sensor: "a", time: 100, values: { x: 100, y: 105 } }]);
  assertEquals(joiner.take(of(117, "y"), 3, 7), [{ sensor: "a", time: 106, values: { x: 106 } }]);
  assertEquals(joiner.due(7 + joiner.holdMs - 1), []);
  assertEquals(joiner.due(7 + joiner.holdMs), [{ sensor: "a", time: 117, values: { y: 117 } }]);
  assertEquals(joiner.oldest, undefined);
});

Deno.test("explainMqtt() says what and where in one sentence, without the password", () => {
  const broker: MqttBroker = { host: "b", port: 1, version: "5", login: { user: "ann", password: "hunter2" } };
  const cases: [unknown, RegExp][] = [
    [refusedBy(5), /cannot connect to MQTT at b:1: the user "ann" is refused: .*wrong name, password or certificate/],
    [refusedBy(0x86), /wrong name or password/],
    [refusedBy(0x84), /--mqtt-version/],
    [refusedBy(0x8e), /another client.*--mqtt-client/],
    [refusedBy(0x83, "not today"), /code 131.*|not today/],
    [new Deno.errors.ConnectionRefused("Connection refused (os error 111)"), /nothing listens there/],
    [new Error("failed to lookup address information: Name or service not known"), /no host of that name/],
    [new Deno.errors.InvalidData("invalid peer certificate: UnknownIssuer"), /not trusted.*--mqtt-ca/],
    [new Error("odd hunter2"), /odd \*\*\*/],
  ];
  for (const [error, sentence] of cases) {
    const { message } = explainMqtt(error, broker, "connect to");
    assertMatch(message, sentence);
    assert(!message.includes("hunter2"), message);
  }
});
