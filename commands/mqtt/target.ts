/**
 * MQTT as a target of readings: a message a reading, in a topic of its sensor: `PREFIX/LOCATION/SENSOR`.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";
import type { MqttBroker } from "../../sources/mqtt/address.ts";
import { MqttPublisher } from "../../sources/mqtt/publisher.ts";
import { systemClock as clock } from "../process/clock.ts";
import type { Target } from "../simulate/targets.ts";

/** Readings of one request at most: so many are asked to be taken before the next ones are made. */
const TOGETHER = 1_000;

/** Where readings are sent, and as what. */
export interface MqttTargetOptions {
  readonly broker: MqttBroker;
  /** What the topics begin with. */
  readonly prefix: string;
  /** What a message holds, as JSON; default the reading itself. */
  readonly toRecord?: (reading: Reading) => unknown;
}

/**
 * Connects, then sends.
 *
 * @throws {MqttError} one sentence: a wrong address, a wrong password, a certificate that is not trusted
 */
export async function mqttTarget(options: MqttTargetOptions, signal: AbortSignal): Promise<Target> {
  const publisher = await MqttPublisher.open({ broker: options.broker, clock, signal });
  return {
    async send(readings) {
      for (let at = 0; at < readings.length; at += TOGETHER) {
        await publisher.send(readings.slice(at, at + TOGETHER).map((reading) => messageOf(reading, options)));
      }
    },
    finish: () => publisher.close(),
  };
}

function messageOf(reading: Reading, { prefix, toRecord }: MqttTargetOptions) {
  const parts = [reading.location ?? "-", reading.sensor].map((part) => part.replace(/[/+#]/g, "_"));
  return {
    topic: [prefix, ...parts].join("/"),
    payload: JSON.stringify(toRecord === undefined ? reading : toRecord(reading)),
  };
}
