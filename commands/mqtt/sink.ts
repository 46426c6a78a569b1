/**
 * MQTT as a sink, by its URL: `mqtt://host:port[/PREFIX]`.
 *
 * @module
 */
import { MqttSink, type MqttSinkOptions } from "../../sinks/mqtt.ts";
import { MqttPublisher } from "../../sources/mqtt/publisher.ts";
import { systemClock as clock } from "../process/clock.ts";
import { UsageError } from "../process/errors.ts";
import { type MqttAccess, mqttBroker, mqttUrl } from "./settings.ts";

/**
 * Makes the sink; it connects when its delivery begins.
 *
 * @param where the setting as a person wrote it: `--sink`
 * @param url its path is what the topics begin with; default `sensorium`
 * @throws {UsageError} if the URL is none, or its path cannot begin a topic
 * @throws {CommandError} if a file of the access cannot be read
 */
export async function mqttSink(
  where: string,
  url: string,
  access: MqttAccess,
  options: Pick<MqttSinkOptions, "name" | "kinds" | "retain">,
): Promise<MqttSink> {
  const address = mqttUrl(where, url), { path: prefix } = address;
  if (/[+#]|^\$|\/$/.test(prefix)) {
    throw new UsageError(`${where}: a topic cannot begin with ${JSON.stringify(prefix)}`);
  }
  const broker = await mqttBroker(address, access);
  return new MqttSink({
    ...options,
    sender: (signal) => MqttPublisher.open({ broker, clock, signal }),
    ...(prefix === "" ? {} : { prefix }),
  });
}
