/**
 * MQTT as a target of readings: a message a reading, in a topic of its sensor: `PREFIX/LOCATION/SENSOR`.
 *
 * @module
 */
import type { Reading } from "../actors/reading.ts";
import type { MqttBroker } from "../sources/mqtt/address.ts";
import { MqttPublisher } from "../sources/mqtt/publisher.ts";
import { systemClock as clock } from "./clock.ts";
import type { Target } from "./simulate_targets.ts";

/** Readings of one request at most: so many are asked to be taken before the next ones are made. */
const TOGETHER = 1_000;

/**
 * Connects, then sends.
 *
 * @param prefix what the topics begin with
 * @throws {MqttError} one sentence: a wrong address, a wrong password, a certificate that is not trusted
 */
export async function mqttTarget(broker: MqttBroker, prefix: string, signal: AbortSignal): Promise<Target> {
  const publisher = await MqttPublisher.open({ broker, clock, signal });
  return {
    async send(readings) {
      for (let at = 0; at < readings.length; at += TOGETHER) {
        await publisher.send(readings.slice(at, at + TOGETHER).map((reading) => messageOf(reading, prefix)));
      }
    },
    finish: () => publisher.close(),
  };
}

function messageOf(reading: Reading, prefix: string) {
  const parts = [reading.location ?? "-", reading.sensor].map((part) => part.replace(/[/+#]/g, "_"));
  return { topic: [prefix, ...parts].join("/"), payload: JSON.stringify(reading) };
}
