/**
 * `deno task replay FILE --to kafka://...` or `mqtt://...`: recorded readings, sent instead of judged.
 *
 * @module
 */
import type { ReadingsChunk, Source } from "../../actors/ports.ts";
import { isRefusal, type Reading } from "../../actors/reading.ts";
import { isMqttUrl } from "../../sources/mqtt/address.ts";
import { UsageError } from "../process/errors.ts";
import { type KafkaAccess, kafkaCluster, kafkaUrl, topicOf } from "../kafka/settings.ts";
import { kafkaTarget } from "../kafka/target.ts";
import { MQTT_PREFIX, type MqttAccess, mqttBroker, mqttUrl } from "../mqtt/settings.ts";
import { mqttTarget } from "../mqtt/target.ts";
import { progressBar } from "../process/progress.ts";
import type { Target } from "../simulate/targets.ts";

/** What was sent. */
export interface Sent {
  readonly readings: number;
  /** Records that are no readings: they are not sent. */
  readonly refused: number;
}

/**
 * What takes the readings, and what a person calls it.
 *
 * @param to URL of a cluster of Kafka with one topic, or of a broker of MQTT with what its topics begin with
 * @throws {UsageError} if it is none
 */
export async function sendTarget(
  to: string,
  values: KafkaAccess & MqttAccess,
  { toRecord, signal }: { readonly toRecord?: (reading: Reading) => unknown; readonly signal: AbortSignal },
): Promise<{ readonly target: Target; readonly place: string }> {
  if (isMqttUrl(to)) {
    const url = mqttUrl("--to", to), prefix = url.path || MQTT_PREFIX;
    return {
      target: await mqttTarget({ broker: await mqttBroker(url, values), prefix, toRecord }, signal),
      place: prefix,
    };
  }
  const url = kafkaUrl("--to", to), topic = url.topics[0] ?? topicOf("facility");
  if (url.topics.length > 1) throw new UsageError(`--to must name one topic, not ${url.topics.length}`);
  return { target: await kafkaTarget({ cluster: await kafkaCluster(url, values), topic, toRecord }), place: topic };
}

/** Sends one chunk after the other, in order, until the source's end or the signal; each is told to `sent` behind it. */
export async function sendChunks(
  source: Source,
  target: Target,
  signal: AbortSignal,
  sent: (chunk: ReadingsChunk, good: number) => void,
): Promise<void> {
  const nothing = () => Promise.resolve(undefined);
  for (const partition of await source.open({ load: nothing, save: nothing })) {
    for await (const chunk of partition.read(0, signal)) {
      if (chunk.kind !== "readings") continue;
      const good = chunk.items.filter((item): item is Reading => !isRefusal(item));
      if (good.length > 0) await target.send(good);
      sent(chunk, good.length);
    }
  }
}

/** Sends everything that a source gives, in order, until its end or the signal. */
export async function sendAll(source: Source, target: Target, signal: AbortSignal): Promise<Sent> {
  const bar = progressBar("sending");
  let readings = 0, refused = 0;
  try {
    await sendChunks(source, target, signal, ({ items, progress }, good) => {
      readings += good;
      refused += items.length - good;
      bar.update(progress ?? 0, `${readings.toLocaleString("en")} readings`);
    });
    await target.finish();
  } finally {
    bar.stop();
    await source.close();
  }
  return { readings, refused };
}
