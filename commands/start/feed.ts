/**
 * `start --feed`: what is sent into the topic that is read, by the same process: a pipeline over Kafka or MQTT by one
 * command.
 *
 * @module
 */
import type { Clock, Source } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import type { Scenario } from "../../data/scenario.ts";
import type { Mapping } from "../../sources/mapping.ts";
import { ReplaySource } from "../../sources/replay.ts";
import { Simulator } from "../../sources/simulator.ts";
import { UsageError } from "../process/errors.ts";
import { kafkaCluster, kafkaUrl, topicOf } from "../kafka/settings.ts";
import type { KafkaAccess } from "../kafka/settings.ts";
import { kafkaTarget } from "../kafka/target.ts";
import { readMapping } from "../settings/mapping_file.ts";
import { MQTT_PREFIX, type MqttAccess, mqttBroker, mqttUrl } from "../mqtt/settings.ts";
import { mqttTarget } from "../mqtt/target.ts";
import { sendChunks } from "../replay/send.ts";
import { decimal, type SettingTable, type SettingValues, text } from "../settings/setting.ts";
import type { Target } from "../simulate/targets.ts";

/** What is sent, and how fast. */
export const FEED = {
  feed: text({
    fallback: undefined,
    help:
      "what this process sends into the topic that --source kafka or mqtt reads: simulator (the scenario, live), or a " +
      "file, over and over, as if it happened now",
    placeholder: "simulator|PATH",
  }),
  feedSpeed: decimal({ min: 0.001, max: 100_000, fallback: 1, help: "so many times as fast as the file was recorded" }),
} as const satisfies SettingTable;

/** Everything that the feed is told by the settings. */
export type FeedValues = SettingValues<typeof FEED> & KafkaAccess & MqttAccess & {
  readonly kafka: string;
  readonly mqtt: string;
  readonly mqttTopics: readonly string[];
  readonly seed: number;
  readonly zone?: string;
  /** How the topic's messages become readings: a file is read by it too, and its records keep their shape. */
  readonly mapping?: string;
};

/** What the feed is wired to. */
export interface FeedParts {
  /** What is read. */
  readonly to: "kafka" | "mqtt";
  /** What is simulated; absent for the scenario `none`. */
  readonly scenario?: Scenario;
  readonly clock: Clock;
  /** Told a sentence when sending fails, and when it goes on. */
  readonly report: (sentence: string) => void;
}

/** Readings of one request to Kafka at most. */
const BATCH = 500;
/** Wait after a failure, ms. */
const AGAIN_MS = 5_000;

/**
 * Looks whether there is something to send.
 *
 * @throws {UsageError} one sentence, where it cannot be sent
 */
export async function checkFeed(
  { feed, mqttTopics }: Pick<FeedValues, "feed" | "mqttTopics">,
  source: string,
  scenario: unknown,
): Promise<void> {
  if (feed === undefined || source === "simulator") return;
  if (source === "mqtt") prefixOf(mqttTopics);
  if (feed === "simulator") {
    if (scenario === undefined) throw new UsageError("--feed simulator needs a --scenario other than none");
    return;
  }
  const isFile = await Deno.stat(feed).then(({ isFile }) => isFile, () => false);
  if (!isFile) throw new UsageError(`--feed must be simulator or a file, and there is no file ${feed}`);
}

/**
 * Sends until the signal; while the broker is away it tries again every 5 s. Never rejects.
 *
 * A file begins anew at every start, a simulation goes on with the present time.
 */
export async function runFeed(values: FeedValues, parts: FeedParts, signal: AbortSignal): Promise<void> {
  let isFailing = false;
  while (!signal.aborted) {
    try {
      await sendOnce(values, parts, signal, () => {
        if (isFailing) parts.report("the feed goes on");
        isFailing = false;
      });
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isFailing) parts.report(`the feed waits: ${error instanceof Error ? error.message : error}`);
      isFailing = true;
      await parts.clock.sleep(AGAIN_MS, signal).catch(() => {}); // aborted
    }
  }
}

async function sendOnce(values: FeedValues, parts: FeedParts, signal: AbortSignal, sent: () => void): Promise<void> {
  const { source, toRecord } = await sourceOf(values, parts.scenario, parts.clock);
  const target = await targetOf(values, parts, toRecord, signal);
  try {
    await sendChunks(source, target, signal, sent);
  } finally {
    await Promise.allSettled([target.finish(), source.close()]); // a broken connection fails here once more
  }
}

/** Takes what is sent. */
async function targetOf(
  values: FeedValues,
  { to, scenario }: FeedParts,
  toRecord: Feed["toRecord"],
  signal: AbortSignal,
): Promise<Target> {
  if (to === "mqtt") {
    const broker = await mqttBroker(mqttUrl("--mqtt", values.mqtt), values);
    return await mqttTarget({ broker, prefix: prefixOf(values.mqttTopics), toRecord }, signal);
  }
  const url = kafkaUrl("--kafka", values.kafka), topic = url.topics[0] ?? topicOf(scenario?.name ?? "");
  return await kafkaTarget({ cluster: await kafkaCluster(url, values), topic, toRecord });
}

/** What topics begin with that are sent to: of the first pattern that is read. */
function prefixOf([first]: readonly string[]): string {
  if (first === undefined) return MQTT_PREFIX;
  const [prefix, ...rest] = first.split("/{location}/{sensor}");
  if (prefix !== "" && !/[{+#]/.test(prefix) && rest.join() === "" && rest.length === 1) return prefix;
  throw new UsageError(
    `--feed sends to PREFIX/LOCATION/SENSOR: the first of --mqtt-topics must be PREFIX/{location}/{sensor}, not ${first}`,
  );
}

/** What is read to be sent. */
interface Feed {
  readonly source: Source;
  readonly toRecord?: (reading: Reading) => unknown;
}

async function sourceOf(values: FeedValues, scenario: Scenario | undefined, clock: Clock): Promise<Feed> {
  const { feed = "", feedSpeed: speed, seed, zone } = values;
  if (feed === "simulator" && scenario !== undefined) {
    const source = new Simulator(scenario, { seed, pace: { kind: "live", historyMs: 0 }, clock });
    return { source, toRecord: scenario.record };
  }
  const mapping = values.mapping === undefined ? await mappingOf(feed) : await readMapping(values.mapping);
  const options = { paths: [feed], mapping, zone, speed, stamp: "now", loop: true, batchSize: BATCH } as const;
  const source = new ReplaySource(options, clock);
  return { source, ...(values.mapping === undefined ? {} : { toRecord: (one) => source.toRecord(one) ?? one }) };
}

/** What `deno task data` says of the columns of a file that it wrote, beside it. */
async function mappingOf(path: string): Promise<Mapping | undefined> {
  const beside = path.replace(/\.[^.]+$/, "") + ".mapping.json";
  const isThere = await Deno.stat(beside).then(({ isFile }) => isFile, () => false);
  return isThere ? await readMapping(beside) : undefined;
}
