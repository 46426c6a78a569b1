/**
 * `deno task consume kafka://...`: looks at a topic, a line a message.
 *
 * @module
 */
import { messageLine } from "../sources/kafka/line.ts";
import { systemClock } from "./process/clock.ts";
import { CommandError, EXIT, UsageError } from "./process/errors.ts";
import { KAFKA_ACCESS, kafkaCluster, kafkaUrl } from "./kafka/settings.ts";
import { choice, toggle, wholeNumber } from "./settings/setting.ts";
import { type Command, readSettings } from "./settings/settings.ts";
import { stopSignal } from "./process/signals.ts";

const settings = {
  begin: choice({ words: ["earliest", "latest"], fallback: "earliest", help: "where to begin" }),
  count: wholeNumber({ min: 0, max: 1e12, fallback: 0, help: "end after so many messages; 0 for no such end" }),
  follow: toggle({ fallback: false, help: "wait for more at the end, for ever" }),
  ...KAFKA_ACCESS,
};

const command: Command<typeof settings> = {
  name: "consume",
  summary:
    "Shows the messages of a topic of Kafka, a line each: partition, offset, time, key, headers and value as JSON.",
  settings,
  positional: { what: "URL", least: 1, most: 1 },
  examples: [
    { line: "deno task consume kafka://127.0.0.1:9092/iot_sensors", does: "everything that is in the topic" },
    { line: "deno task consume kafka://127.0.0.1:9092/sensorium.alerts --follow", does: "alerts as they come" },
  ],
};

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 at the end of the topic, or after a graceful stop
 * @throws {KafkaError} one sentence, where the topic cannot be read
 */
export async function consume(args: readonly string[]): Promise<number> {
  const { values, positional: [given] } = await readSettings(command, args), url = kafkaUrl("URL", given);
  if (url.topics.length !== 1) throw new UsageError(`the URL must name one topic, kafka://host:port/topic`);
  const { TopicReader } = await import("../sources/kafka/reader.ts"); // its client takes a third of a second to load
  const stop = stopSignal(), cluster = await kafkaCluster(url, values), encoder = new TextEncoder();
  const reader = new TopicReader(cluster, url.topics[0], {
    begin: values.begin,
    follow: values.follow,
    clock: systemClock,
  });
  let left = values.count === 0 ? Infinity : values.count;
  try {
    for await (const { partition, message } of reader.read(stop.signal)) {
      if (!await write(encoder.encode(`${messageLine(partition, message)}\n`))) break;
      if (--left <= 0) break;
    }
  } finally {
    stop.release();
  }
  return EXIT.done;
}

/** Whether somebody still reads standard output (`| head` may not). */
async function write(bytes: Uint8Array): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new CommandError(`cannot write to standard output: ${error}`, { cause: error });
  }
}
