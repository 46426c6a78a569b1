/**
 * Kafka as a sink, under the suite of all sinks and against a real broker.
 *
 * @module
 */
import { z } from "zod";
import { systemClock } from "../../commands/process/clock.ts";
import { KafkaSink, SINK_PATIENCE_MS } from "../../sinks/kafka.ts";
import type { Batch } from "../../sinks/delivery/item.ts";
import { RefusedError, SinkUnavailableError } from "../../sinks/delivery/sink.ts";
import { messageLine } from "../../sources/kafka/line.ts";
import { partitionOfKey } from "../../sources/kafka/partitioner.ts";
import { KafkaProducer } from "../../sources/kafka/producer.ts";
import { TopicReader } from "../../sources/kafka/reader.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { type KafkaBroker, kafkaBroker } from "../servers/kafka.ts";
import { need, type Needed, testWith } from "../servers/needed.ts";
import { freshTopic, makeTopic } from "../sources/kafka/topics.ts";
import { sinkConformance, type SinkServer } from "./conformance.ts";

const broker = await need("Kafka", kafkaBroker), signal = new AbortController().signal;

const lineSchema = z.object({
  partition: z.number(),
  key: z.string(),
  headers: z.record(z.string(), z.string()),
  value: z.looseObject({ id: z.string(), revision: z.number().optional(), position: z.number().optional() }),
});
type Line = z.infer<typeof lineSchema>;

function sinkTo(broker: KafkaBroker, prefix: string): KafkaSink {
  return new KafkaSink({ sender: () => new KafkaProducer(broker.cluster(), SINK_PATIENCE_MS), prefix });
}

async function topicsFor(broker: KafkaBroker): Promise<string> {
  const prefix = freshTopic("out");
  for (const topic of sinkTo(broker, prefix).topics) await makeTopic(broker, topic, 3);
  return prefix;
}

async function linesOf(broker: KafkaBroker, topic: string): Promise<Line[]> {
  const reader = new TopicReader(broker.cluster(), topic, { begin: "earliest", follow: false, clock: systemClock });
  const messages = await Array.fromAsync(reader.read(signal));
  return messages.map(({ partition, message }) => lineSchema.parse(JSON.parse(messageLine(partition, message))));
}

/** What a reader keeps that knows each event by a name: the one of the greatest order. */
function folded(lines: readonly Line[], nameOf: (line: Line) => string, orderOf: (line: Line) => number): unknown[] {
  const kept = new Map<string, Line>();
  for (const line of lines) {
    const before = kept.get(nameOf(line));
    if (before === undefined || orderOf(line) >= orderOf(before)) kept.set(nameOf(line), line);
  }
  return [...kept].sort(([a], [b]) => a < b ? -1 : 1).map(([, line]) => line);
}

function forSuite(broker: KafkaBroker): SinkServer {
  return {
    async place() {
      const prefix = await topicsFor(broker), [verdicts, windows, alerts] = sinkTo(broker, prefix).topics;
      return {
        sink: () => sinkTo(broker, prefix),
        poison: (item) => ({ ...item, message: "x".repeat(2 << 20) }), // a message has 1 MiB
        async stored() {
          const steps = await linesOf(broker, alerts), id = ({ headers }: Line) => headers.ce_id;
          const subject = ({ headers }: Line) => headers.ce_subject, none = () => 0;
          return {
            readings: folded(await linesOf(broker, verdicts), id, none),
            windows: folded(await linesOf(broker, windows), subject, ({ value }) => value.revision ?? 0),
            alerts: folded(steps, subject, ({ value }) => value.position ?? 0),
            more: folded(steps, id, none),
          };
        },
      };
    },
    stop: () => broker.kill(),
    start: () => broker.again(),
    silence: (isSilent) => broker.silence(isSilent),
  };
}

const needed: Needed<SinkServer> = "server" in broker ? { server: forSuite(broker.server) } : broker;
sinkConformance("KafkaSink", needed);

const alert = {
  id: "hall:7:boiler-1:limit:temperature/raised",
  alert: "hall:7:boiler-1:limit:temperature",
  transition: "raised",
  sensor: "boiler-1",
  condition: "limit",
  channel: "temperature",
  priority: "high",
  time: 1_790_000_000_000,
  partition: "hall",
  position: 7,
  message: "temperature is 99",
} as const;
const alerts: Batch = { kind: "alerts", partition: "hall", items: [alert] };

testWith(
  broker,
  "KafkaSink.deliver() sends CloudEvents, keyed by sensor, to the Java clients' partition",
  async (broker) => {
    const prefix = await topicsFor(broker), sink = sinkTo(broker, prefix);
    await sink.open();
    await sink.deliver(alerts, signal);
    await sink.close();
    const [line] = await linesOf(broker, `${prefix}.alerts`);
    assertEquals([line.key, line.partition], ["boiler-1", partitionOfKey(new TextEncoder().encode("boiler-1"), 3)]);
    assertEquals(line.headers, {
      ce_specversion: "1.0",
      ce_id: alert.id,
      ce_source: "/sensorium",
      ce_type: "io.sensorium.alert.raised",
      ce_subject: alert.alert,
      ce_time: "2026-09-21T14:13:20.000Z",
      "content-type": "application/json",
    });
    assertEquals(line.value, { ...alert, time: "2026-09-21T14:13:20.000Z" });
  },
);

testWith(
  broker,
  "KafkaSink.open() says what is missing, and deliver() refuses what a topic never takes",
  async (broker) => {
    const lost = sinkTo(broker, "nowhere");
    const error = await assertRejects(() => lost.open(), SinkUnavailableError);
    assertStringIncludes(error.message, 'there is no topic "nowhere.verdicts"');
    const prefix = await topicsFor(broker), sink = sinkTo(broker, prefix);
    const large: Batch = { kind: "alerts", partition: "hall", items: [{ ...alert, message: "x".repeat(2 << 20) }] };
    await assertRejects(() => sink.deliver(large, signal), RefusedError, "larger than the topic takes");
    await sink.close();
  },
);
