/**
 * The Kafka source under the suite of all sources, over a real broker.
 *
 * @module
 */
import { OFFSET_STEP } from "../../../sources/kafka/positions.ts";
import { KafkaSource } from "../../../sources/kafka/source.ts";
import { systemClock } from "../../../commands/process/clock.ts";
import { kafkaBroker } from "../../servers/kafka.ts";
import { need } from "../../servers/needed.ts";
import { type ConformanceOptions, sourceConformance } from "../conformance.ts";
import { freshTopic, makeTopic, type Put, put } from "./topics.ts";

const START = 1_790_000_000_000;

const reading = (i: number) => ({
  sensor: `s${i % 5}`,
  time: START + i * 1000,
  values: { x: i, y: i % 3 ? i / 7 : null },
});
const singles: Put[] = Array.from(
  { length: 60 },
  (_, i) => ({ key: `s${i % 5}`, value: reading(i), timestamp: START + (i >> 3) }),
);
const arrays: Put[] = Array.from(
  { length: 12 },
  (_, i) => ({ value: Array.from({ length: 7 }, (_, j) => reading(i * 7 + j)), timestamp: START + i }),
);
const bad: Put[] = [
  { value: "{" },
  { value: { sensor: "s1", time: START, values: { x: "high" } } },
  { value: [] },
  { value: [reading(1), { sensor: "s2" }, 7] },
  { value: null },
];
const mixed = [...singles.slice(0, 20), ...bad, ...arrays.slice(0, 5), ...singles.slice(20, 30)];

const needed = await need("Kafka", kafkaBroker);

async function conforms(name: string, messages: readonly Put[], options: ConformanceOptions): Promise<void> {
  if ("missing" in needed) return Deno.test(`KafkaSource over ${name} (not run: ${needed.missing})`, () => {});
  const { server } = needed, topic = await makeTopic(server, freshTopic("conformance"));
  await put(server, topic, messages);
  sourceConformance(
    `KafkaSource over ${name}`,
    () => new KafkaSource({ cluster: server.cluster(), topics: [topic], clock: systemClock, bytes: 300, waitMs: 50 }),
    { takenIn: (source) => (source as KafkaSource).takenIn, aheadMax: 2 * messages.length * OFFSET_STEP, ...options },
  );
}

await conforms("single readings", singles, { take: 60, refused: 0 });
await conforms("arrays", arrays, { take: 84, refused: 0 });
await conforms("both, with messages that cannot be read", mixed, { take: 20 + 7 + 35 + 10, refused: 6 });
