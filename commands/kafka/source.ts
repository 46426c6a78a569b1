/**
 * Kafka as the source of a running instance: its settings.
 *
 * @module
 */
import type { KafkaSource, KafkaSourceOptions } from "../../sources/kafka/source.ts";
import { KAFKA_ACCESS, kafkaCluster, kafkaUrl, topicOf } from "./settings.ts";
import { readMapping } from "../settings/mapping_file.ts";
import { choice, type SettingTable, type SettingValues, text, wholeNumber } from "../settings/setting.ts";

/** What is read of Kafka, and how. */
export const KAFKA_SOURCE = {
  kafka: text({
    fallback: "kafka://127.0.0.1:9092",
    help: "cluster and topics of --source kafka, kafka://host:port[,host:port]/topic[,topic] " +
      "(default topic: facility iot_sensors, motes iot_stream, factory smartfactory-stream)",
    placeholder: "URL",
  }),
  group: text({
    fallback: undefined,
    help: "share what is read with others of that name: Kafka's consumer group (with a common --kv), MQTT's shared " +
      "subscription",
    placeholder: "NAME",
  }),
  instance: text({
    fallback: undefined,
    help: "name of this member in the group, so that a restart moves nothing",
    placeholder: "NAME",
  }),
  session: wholeNumber({
    min: 1_000,
    max: 600_000,
    fallback: 10_000,
    help: "time without a sign of life after which the group goes on without a member, in ms",
    placeholder: "MS",
  }),
  modelWait: wholeNumber({
    min: 0,
    max: 86_400_000,
    fallback: 10_000,
    help: "longest wait of a partition that is ahead for the models of the last epoch, in ms",
    placeholder: "MS",
  }),
  begin: choice({
    words: ["earliest", "latest"],
    fallback: "earliest",
    help: "where a partition that was never read begins",
  }),
  lost: choice({
    words: ["skip", "stop"],
    fallback: "skip",
    help: "when messages were deleted before they were read: go on behind them (the gap goes to quarantine), or stop",
  }),
  mapping: text({
    fallback: undefined,
    help: "JSON file that says which fields of a message are what (default: seen from each)",
    placeholder: "PATH",
  }),
  zone: text({ fallback: undefined, help: "zone of times that name none: UTC, Europe/Berlin", placeholder: "ZONE" }),
  ...KAFKA_ACCESS,
} as const satisfies SettingTable;

/**
 * The source that the settings describe.
 *
 * @param scenario whose topic is read where the URL names none
 * @param parts what the source is wired to
 * @throws {CommandError} one sentence, where something of it cannot be
 */
export async function kafkaSource(
  values: SettingValues<typeof KAFKA_SOURCE>,
  scenario: string,
  parts: Pick<KafkaSourceOptions, "clock" | "report" | "tickMs">,
): Promise<KafkaSource> {
  const url = kafkaUrl("--kafka", values.kafka);
  const { group, instance, session, begin, lost, mapping, zone } = values;
  const { KafkaSource } = await import("../../sources/kafka/source.ts"); // its client takes a third of a second to load
  return new KafkaSource({
    cluster: await kafkaCluster(url, values),
    topics: url.topics.length > 0 ? url.topics : [topicOf(scenario)],
    ...(mapping === undefined ? {} : { mapping: await readMapping(mapping) }),
    ...(zone === undefined ? {} : { zone }),
    ...(group === undefined ? {} : {
      group: { group, sessionMs: session, ...(instance === undefined ? {} : { instance }) },
    }),
    begin,
    lost,
    ...parts,
  });
}
