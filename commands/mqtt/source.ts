/**
 * MQTT as the source of a running instance: its settings, and the intake that they describe.
 *
 * @module
 */
import { SourceError, type SourceMemory } from "../../actors/ports.ts";
import { type IntakeOptions, MqttIntake } from "../../sources/mqtt/intake.ts";
import { parseTopic } from "../../sources/mqtt/topics.ts";
import { UsageError } from "../process/errors.ts";
import { readMapping } from "../settings/mapping_file.ts";
import { LOCAL_MQTT, MQTT_ACCESS, MQTT_PREFIX, mqttBroker, mqttUrl } from "./settings.ts";
import { custom, list, type SettingTable, type SettingValues, text, toggle, wholeNumber } from "../settings/setting.ts";
import { z } from "zod";

const TOPICS = [`${MQTT_PREFIX}/{location}/{sensor}`];

/** What is read of MQTT, and how. */
export const MQTT_SOURCE = {
  mqtt: text({
    fallback: LOCAL_MQTT,
    help: "broker of --source mqtt, mqtt://host:port (mqtts: for TLS)",
    placeholder: "URL",
  }),
  mqttTopics: list({
    help: "topics that are read, with what their parts say: plant/{location}/{sensor}/{channel}; + and # as usual, " +
      `spBv1.0/# for Sparkplug (default ${TOPICS})`,
    placeholder: "TOPIC",
  }),
  mqttClient: text({
    fallback: undefined,
    help:
      "id of this client, under which the broker keeps what comes while it is away (default: one for the data directory)",
    placeholder: "ID",
  }),
  mqttSession: wholeNumber({
    min: 0,
    max: 4_294_967_295,
    fallback: 86_400,
    help: "how long the broker keeps what comes while this is away, in s; 0: not at all",
    placeholder: "S",
  }),
  mqttKeepAlive: wholeNumber({ min: 1, max: 65_535, fallback: 30, help: "a sign of life at least so often, in s" }),
  mqttRetained: toggle({ fallback: false, help: "take what the broker retained for readings (default: left out)" }),
  mqttJoin: custom<number | undefined>({
    schema: z.coerce.number().int().min(0).max(60_000),
    allowed: "a whole number of milliseconds from 0 to 60000",
    fallback: undefined,
    help: "channels of a sensor in topics of their own, whose times are so close, are one reading (default: never)",
    placeholder: "MS",
  }),
  ...MQTT_ACCESS,
} as const satisfies SettingTable;

/** What the settings say of the intake. */
export type MqttInput = Omit<IntakeOptions, "log" | "clock" | "report" | "clientId"> & { readonly clientId?: string };

/** The settings that an intake is made of; mapping, zone and group are Kafka's too. */
type Values = SettingValues<typeof MQTT_SOURCE> & {
  readonly mapping?: string;
  readonly zone?: string;
  readonly group?: string;
};

/**
 * What the settings describe.
 *
 * @throws {CommandError} one sentence, where something of it cannot be
 */
export async function mqttInput(values: Values): Promise<MqttInput> {
  const url = mqttUrl("--mqtt", values.mqtt);
  if (url.path !== "") throw new UsageError("--mqtt must be without a path: topics are --mqtt-topics");
  const { mqttTopics, mqttClient, mqttSession, mqttKeepAlive, mqttRetained, mqttJoin, mapping, zone, group } = values;
  const topics = (mqttTopics.length > 0 ? mqttTopics : TOPICS).map(topicOf);
  if (group !== undefined && /[/+#]/.test(group)) throw new UsageError("--group must be without /, + and #");
  if (group !== undefined && topics.some(({ isSparkplug }) => isSparkplug)) {
    throw new UsageError("--group cannot share Sparkplug's topics: what they say depends on what came before");
  }
  return {
    broker: await mqttBroker(url, values),
    topics,
    sessionSeconds: mqttSession,
    keepAliveSeconds: mqttKeepAlive,
    retained: mqttRetained,
    ...(mqttClient === undefined ? {} : { clientId: mqttClient }),
    ...(mqttJoin === undefined ? {} : { joinMs: mqttJoin }),
    ...(mapping === undefined ? {} : { mapping: await readMapping(mapping) }),
    ...(zone === undefined ? {} : { zone }),
    ...(group === undefined ? {} : { group }),
  };
}

/**
 * The intake; its client's id, where none was given, is made up once and remembered.
 *
 * @param memory of this data directory
 */
export async function mqttIntake(
  input: MqttInput,
  memory: SourceMemory,
  parts: Pick<IntakeOptions, "log" | "clock" | "names" | "report">,
): Promise<MqttIntake> {
  return new MqttIntake({ ...input, ...parts, clientId: input.clientId ?? await rememberedId(memory) });
}

const remembered = z.object({ clientId: z.string() });

async function rememberedId(memory: SourceMemory): Promise<string> {
  const known = remembered.safeParse(await memory.load());
  if (known.success) return known.data.clientId;
  const clientId = `sensorium${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`; // 3.1.1 promises 23 characters
  await memory.save({ clientId });
  return clientId;
}

function topicOf(text: string) {
  try {
    return parseTopic(text);
  } catch (error) {
    throw error instanceof SourceError ? new UsageError(`--mqtt-topics: ${error.message}`) : error;
  }
}
