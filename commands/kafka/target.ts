/**
 * Kafka as a target of readings: a message a reading, keyed by its sensor.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import type { KafkaCluster } from "../../sources/kafka/address.ts";
import type { Target } from "../simulate/targets.ts";

/** Where readings are sent, and as what. */
export interface KafkaTargetOptions {
  readonly cluster: KafkaCluster;
  readonly topic: string;
  /** What a message holds, as JSON; default the reading itself. */
  readonly toRecord?: (reading: Reading) => unknown;
}

/**
 * Looks at the topic, then sends to it.
 *
 * @throws {KafkaError} one sentence: a wrong address or password, a topic that is missing
 */
export async function kafkaTarget({ cluster, topic, toRecord }: KafkaTargetOptions): Promise<Target> {
  const { KafkaProducer } = await import("../../sources/kafka/producer.ts"); // its client takes a third of a second to load
  const producer = new KafkaProducer(cluster);
  await producer.open([topic]);
  return {
    send: (readings) =>
      producer.send(
        topic,
        readings.map((reading) => ({
          key: reading.sensor,
          value: JSON.stringify(toRecord === undefined ? reading : toRecord(reading)),
        })),
      ),
    finish: () => producer.close(),
  };
}
