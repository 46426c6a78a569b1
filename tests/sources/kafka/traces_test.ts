/** @module */
import { assertEquals } from "../../../std/assert.ts";
import { chunksOf } from "../../../sources/kafka/chunks.ts";
import { MessageParser, type RawMessage } from "../../../sources/kafka/messages.ts";
import { itemsOf } from "../../../sources/kafka/positions.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

Deno.test("chunksOf() hands on the trace of a message's header, at its first reading, if somebody records it", () => {
  const encoder = new TextEncoder();
  const message = (offset: number, header?: string): RawMessage => ({
    offset,
    key: null,
    value: encoder.encode(
      JSON.stringify([1, 2].map((a) => ({ sensor: "s", time: 1_000 * offset + a, values: { a } }))),
    ),
    timestamp: 1_700_000_000_000,
    headers: header === undefined ? [] : [[encoder.encode("other"), null], [
      encoder.encode("traceparent"),
      encoder.encode(header),
    ]],
  });
  const messages = [message(0), message(1, PARENT), message(2, PARENT.replace(/1$/, "0")), message(3, "nonsense")];
  const [chunk, ...others] = chunksOf(messages, new MessageParser("t", 0), 0, 4);
  assertEquals([chunk.items.length, others.length], [8, 0]);
  assertEquals(chunk.traces, [{ position: itemsOf(1), parent: PARENT }]);
  assertEquals([...chunksOf([message(0)], new MessageParser("t", 0), 0, 1)].map(({ traces }) => traces), [undefined]);
});
