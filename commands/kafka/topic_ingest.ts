/**
 * Readings over HTTP at a node of a Kafka group: they go into its topic.
 *
 * @module
 */
import type { LogIntake } from "../../actors/log.ts";
import type { Clock } from "../../actors/ports.ts";
import type { RequestLog } from "../../store/log/late_log.ts";
import type { Engine } from "../instance/engine.ts";
import { kafkaCluster, kafkaUrl, topicOf } from "./settings.ts";
import type { StartPlan } from "../start/plan.ts";

/** Time between two looks for requests that can be forgotten, ms. */
const FORGET_MS = 600_000;
/** A request to Kafka is tried again for so long, ms, before who sent the readings is told to come again. */
const PATIENCE_MS = 5_000;

/** Where a member's readings go. */
export interface TopicIngest {
  readonly log: LogIntake;
  /** Forgets old requests, where this node does what one does for all; until the signal, then it closes. */
  run(signal: AbortSignal): Promise<void>;
}

/** Opens it; undefined where there is more than one topic, or its messages are of another shape than readings. */
export async function topicIngest(
  { values, clock }: Pick<StartPlan, "values" | "clock">,
  { supervisor, lease }: Pick<Engine, "supervisor" | "lease">,
  requests: RequestLog,
): Promise<TopicIngest | undefined> {
  const url = kafkaUrl("--kafka", values.kafka), [topic = topicOf(values.scenario), ...others] = url.topics;
  if (others.length > 0 || values.mapping !== undefined) return undefined;
  const [{ KafkaProducer }, { TopicLog }] = await Promise.all([
    import("../../sources/kafka/producer.ts"), // its client is loaded for the source anyway
    import("../../sources/kafka/topic_log.ts"),
  ]);
  const producer = new KafkaProducer(await kafkaCluster(url, values), PATIENCE_MS), begin = `kafka-${topic}-`;
  const partitionOf = (sensor: string) => {
    const partition = supervisor.directory.find(sensor)?.partition;
    return partition?.startsWith(begin) ? Number(partition.slice(begin.length)) : undefined;
  };
  return {
    log: new TopicLog({ topic, producer, requests, partitionOf }),
    run: async (signal) => {
      await forget(requests, clock, () => lease?.isHeld ?? true, signal);
      await producer.close();
    },
  };
}

async function forget(requests: RequestLog, clock: Clock, isMine: () => boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(FORGET_MS, signal).catch(() => {}); // aborted
    if (!signal.aborted && isMine()) await requests.forget().catch(() => {}); // the next time
  }
}
