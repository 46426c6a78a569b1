import fc from "fast-check";
import type { MqttVersion } from "../../../sources/mqtt/address.ts";
import { MqttError } from "../../../sources/mqtt/errors.ts";
import { type Incoming, PacketCutter, publishPacket } from "../../../sources/mqtt/packets.ts";
import { Reader, Writer } from "../../../sources/mqtt/wire.ts";
import { assert, assertEquals, assertThrows } from "../../../std/assert.ts";

const message = fc.record({
  topic: fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" }),
  payload: fc.uint8Array({ maxLength: 400 }),
  id: fc.integer({ min: 0, max: 65_535 }),
  retain: fc.boolean(),
});

Deno.test("PacketCutter.cut() gives back what publishPacket() made, wherever the bytes are cut", () => {
  fc.assert(fc.property(
    fc.array(message, { minLength: 1, maxLength: 6 }),
    fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 }),
    fc.constantFrom<MqttVersion>("5", "3.1.1"),
    (messages, sizes, version) => {
      const writer = new Writer();
      for (const { id, topic, payload, retain } of messages) {
        writer.raw(publishPacket(version, id, topic, payload, retain));
      }
      const { bytes } = writer, cutter = new PacketCutter(version, 10_000), found: Incoming[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length];
        // payloads are views of what was read: kept here by a copy
        for (const one of cutter.cut(bytes.slice(at, at + size))) found.push(structuredClone(one));
        at += size;
      }
      assertEquals(
        found.map((one) => one.kind === "publish" && { ...one, payload: [...one.payload] }),
        messages.map(({ payload, id, ...others }) => ({
          kind: "publish" as const,
          ...others,
          id,
          payload: [...payload],
          qos: id === 0 ? 0 : 1,
          dup: false,
        })),
      );
    },
  ));
});

Deno.test("PacketCutter.cut() says no to whatever is no MQTT, and to nothing else than with an MqttError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom<MqttVersion>("5", "3.1.1"), (bytes, version) => {
      try {
        new PacketCutter(version, 1_000).cut(bytes);
      } catch (error) {
        assert(error instanceof MqttError, String(error));
      }
    }),
  );
});

Deno.test("PacketCutter.cut() takes no packet that is larger than allowed, before it is there", () => {
  const cutter = new PacketCutter("5", 100);
  assertThrows(() => cutter.cut(new Uint8Array([0x30, 0xff, 0xff, 0x7f])), MqttError, "at most 100 are taken");
});

Deno.test("PacketCutter.cut() reads what a broker of version 5 says beside its answer", () => {
  const properties = new Writer()
    .byte(0x21).word(20) // receive maximum
    .byte(0x13).word(60) // server keep alive
    .byte(0x12).text("assigned")
    .byte(0x24).byte(1)
    .byte(0x26).text("name").text("value")
    .byte(0x1f).text("because").bytes;
  const body = new Writer().byte(1).byte(0x87).variable(properties.length).raw(properties).bytes;
  const [answer] = new PacketCutter("5", 1_000).cut(new Writer().byte(0x20).variable(body.length).raw(body).bytes);
  assertEquals(answer, {
    kind: "connack",
    code: 0x87,
    isSessionPresent: true,
    receiveMaximum: 20,
    keepAliveSeconds: 60,
    reason: "because",
  });
});

Deno.test("Writer.variable() is read back by Reader.variable() up to its greatest value", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 268_435_455 }), (value) => {
    assertEquals(new Reader(new Writer().variable(value).bytes).variable(), value);
  }));
});
