/**
 * Readings over HTTP that go into a topic: judged and answered as those that go into the log.
 *
 * @module
 */
import { KafkaError } from "../../../sources/kafka/errors.ts";
import type { OutgoingMessage } from "../../../sources/kafka/producer.ts";
import { TopicLog } from "../../../sources/kafka/topic_log.ts";
import { HttpIngest } from "../../../sources/http_ingest.ts";
import { assertEquals, assertMatch } from "../../../std/assert.ts";
import { ReadingLog } from "../../../store/log/log.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { FakeClock } from "../../routes/fakes.ts";

const START = 1_790_000_000_000;

async function open() {
  const clock = new FakeClock(), requests = await ReadingLog.open(new MemoryKv(), { clock });
  const sent: OutgoingMessage[] = [], trouble: KafkaError[] = [];
  const producer = {
    send: (_topic: string, messages: readonly OutgoingMessage[]) => {
      if (trouble.length > 0) return Promise.reject(trouble[0]);
      sent.push(...messages);
      return Promise.resolve();
    },
  };
  const partitionOf = (sensor: string) => sensor === "known" ? 2 : undefined;
  const ingest = new HttpIngest({ clock, log: new TopicLog({ topic: "t", producer, requests, partitionOf }) });
  const take = (body: unknown, idempotencyKey?: string) =>
    ingest.take(new Blob([JSON.stringify(body)]).stream(), {
      format: "json",
      ...(idempotencyKey ? { idempotencyKey } : {}),
    });
  return { take, sent, trouble, requests };
}

Deno.test("TopicLog sends each reading by its sensor, a known one to its partition, and says what is refused", async () => {
  const { take, sent, requests } = await open(), values = { x: 1 };
  const { end, accepted, rejected, errors } = await take([
    { sensor: "known", time: START, values },
    { sensor: "new", time: START + 1, values },
    { sensor: "wrong", time: "never", values },
  ]);
  assertEquals([end, accepted, rejected, errors[0].line], ["taken", 2, 1, 3]);
  assertEquals(sent.map(({ key, partition }) => [key, partition]), [["known", 2], ["new", undefined]]);
  assertEquals(JSON.parse(sent[1].value).values, values);
  assertEquals(requests.end(0), 0, "nothing is in the log");
});

Deno.test("TopicLog takes a body with an idempotency key once", async () => {
  const { take, sent } = await open(), body = { sensor: "a", time: START, values: { x: 1 } };
  assertEquals((await take(body, "k")).accepted, 1);
  assertEquals((await take(body, "k")).accepted, 1);
  assertEquals(sent.length, 1);
});

Deno.test("TopicLog has who sends come again while Kafka is away", async () => {
  const { take, trouble } = await open();
  trouble.push(new KafkaError("no broker answers", "unreachable"));
  const { end, detail = "", retryAfter } = await take({ sensor: "a", time: START, values: { x: 1 } });
  assertEquals([end, retryAfter], ["busy", 5]);
  assertMatch(detail, /Kafka does not take readings now: no broker answers/);
});
