/**
 * Kafka as a sink, by its URL: `kafka://host:port[,host:port][/PREFIX]`.
 *
 * @module
 */
import { KafkaSink, SINK_PATIENCE_MS } from "../../sinks/kafka.ts";
import { UsageError } from "../process/errors.ts";
import { type KafkaAccess, kafkaCluster, kafkaUrl } from "./settings.ts";

/**
 * Makes the sink; it connects when its delivery begins.
 *
 * @param where the setting as a person wrote it: `--sink`
 * @param url its path is what the topics begin with; default `sensorium`
 * @param name of its cursor; default `kafka`
 * @throws {UsageError} if the URL is none, or names several topics
 * @throws {CommandError} if a file of the access cannot be read
 */
export async function kafkaSink(where: string, url: string, access: KafkaAccess, name?: string): Promise<KafkaSink> {
  const address = kafkaUrl(where, url), [prefix, ...others] = address.topics;
  if (others.length > 0) throw new UsageError(`${where} must name one prefix of topics, not ${others.length + 1}`);
  const cluster = await kafkaCluster(address, access);
  const { KafkaProducer } = await import("../../sources/kafka/producer.ts"); // its client takes a third of a second to load
  return new KafkaSink({
    sender: () => new KafkaProducer(cluster, SINK_PATIENCE_MS),
    ...(prefix === undefined ? {} : { prefix }),
    ...(name === undefined ? {} : { name }),
  });
}
