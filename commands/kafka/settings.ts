/**
 * The settings that lead to a Kafka cluster, the same for all commands.
 *
 * @module
 */
import { KAFKA_MECHANISMS, type KafkaCluster, type KafkaUrl, parseKafkaUrl } from "../../sources/kafka/address.ts";
import { SourceError } from "../../actors/ports.ts";
import { UsageError } from "../process/errors.ts";
import { readTls } from "../settings/pem_file.ts";
import { choice, type SettingTable, type SettingValues, text, toggle } from "../settings/setting.ts";

const path = (help: string) => text({ fallback: undefined, help, placeholder: "PATH" });

/** How to log in to Kafka and whom to trust. */
export const KAFKA_ACCESS = {
  kafkaTls: toggle({ fallback: false, help: "speak TLS with Kafka (as kafkas:// does)" }),
  kafkaCa: path("PEM file with the authorities that Kafka's certificate may be signed by (default: the system's)"),
  kafkaCert: path("PEM file with this client's own certificate, where Kafka wants one"),
  kafkaKey: path("PEM file with its key"),
  kafkaMechanism: choice({ words: KAFKA_MECHANISMS, fallback: "SCRAM-SHA-512", help: "how the password is shown" }),
  kafkaUser: text({ fallback: undefined, help: "name to log in to Kafka with", placeholder: "NAME" }),
  kafkaPassword: text({
    fallback: undefined,
    help: "its password; on a command line others can see it, in the variable not",
    placeholder: "TEXT",
  }),
} as const satisfies SettingTable;

/** Values of {@linkcode KAFKA_ACCESS}. */
export type KafkaAccess = SettingValues<typeof KAFKA_ACCESS>;

/** Topics by scenario. */
const SCENARIO_TOPICS: ReadonlyMap<string, string> = new Map([
  ["motes", "iot_stream"],
  ["factory", "smartfactory-stream"],
]);

/** The topic that a scenario's readings go to and come from, where nobody names another. */
export function topicOf(scenario: string): string {
  return SCENARIO_TOPICS.get(scenario) ?? "iot_sensors";
}

/** Where `--use-kafka` leads. */
export const LOCAL_KAFKA = "kafka://127.0.0.1:9092";

/**
 * The URL, cut.
 *
 * @param where the setting as a person wrote it: `--to`
 * @throws {UsageError} if it is none
 */
export function kafkaUrl(where: string, url: string): KafkaUrl {
  try {
    return parseKafkaUrl(url);
  } catch (error) {
    throw error instanceof SourceError ? new UsageError(`${where}: ${error.message}`) : error;
  }
}

/**
 * The cluster of a URL with the login and the files that the settings name.
 *
 * @throws {UsageError} if a name comes without a password, or one file without the other
 * @throws {CommandError} if a file cannot be read
 */
export async function kafkaCluster(url: KafkaUrl, access: KafkaAccess): Promise<KafkaCluster> {
  const user = access.kafkaUser ?? url.user, password = access.kafkaPassword ?? url.password;
  if (user !== undefined && password === undefined) {
    throw new UsageError(`a password is wanted for ${user}: set SENSORIUM_KAFKA_PASSWORD`);
  }
  const { kafkaCa: ca, kafkaCert: cert, kafkaKey: key } = access, tls = await readTls("--kafka", { ca, cert, key });
  const isTls = url.tls || access.kafkaTls || ca !== undefined || cert !== undefined;
  return {
    brokers: url.brokers,
    ...(isTls ? { tls } : {}),
    ...(user === undefined || password === undefined
      ? {}
      : { login: { mechanism: access.kafkaMechanism, user, password } }),
  };
}
