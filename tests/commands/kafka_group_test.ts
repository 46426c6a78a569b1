/**
 * Two members of a group over one store: what they hand over goes on where it was, bit for bit.
 *
 * @module
 */
import { judgingSchema } from "../../actors/config.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { systemClock as clock } from "../../commands/process/clock.ts";
import { KafkaSource } from "../../sources/kafka/source.ts";
import { assertEquals } from "../../std/assert.ts";
import { KvCheckpointStore } from "../../store/checkpoint/store.ts";
import { GatedKv } from "../../store/gate.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import { Written } from "../../store/retention/written.ts";
import { until } from "../process.ts";
import { type KafkaBroker, kafkaBroker } from "../servers/kafka.ts";
import { need, testWith } from "../servers/needed.ts";
import { freshTopic, makeTopic, put } from "../sources/kafka/topics.ts";

const needed = await need("Kafka", kafkaBroker);
const PARTITIONS = 4;

/** A process of the group, as far as the supervisor and the source make one. */
class Member {
  readonly failures: string[] = [];
  readonly supervisor: Supervisor;
  readonly #kv: GatedKv;
  readonly #source: KafkaSource;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(broker: KafkaBroker, topic: string, kv: GatedKv, group?: string) {
    this.#kv = kv;
    this.supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, checkpointMs: 100, judging: judgingSchema.parse({}) }, {
      store: new KvCheckpointStore(kv, {
        clock,
        freshId: () => crypto.randomUUID(),
        deadlineMs: 30_000,
        historyChunks: 10,
        written: new Written(),
      }),
      clock,
      shards: 1,
      host: (options) => new InlineHost(options),
      failed: (partition, error) => this.failures.push(`${partition}: ${error.message}`),
    });
    const joined = group === undefined ? {} : { group: { group, sessionMs: 3_000 } };
    this.#source = new KafkaSource({ cluster: broker.cluster(), topics: [topic], clock, waitMs: 50, ...joined });
  }

  async start(): Promise<void> {
    await this.supervisor.load();
    const memory = sourceMemory(this.#kv, this.#source.name);
    this.#running = this.supervisor.run(this.#source, memory, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.supervisor.close();
  }

  /** Partitions whose sensors it knows in memory, and how many of each. */
  get resident(): [partitions: number, sensors: number] {
    const entries = this.supervisor.directory.entries.filter(({ resident }) => resident);
    const partitions = new Set(entries.map(({ partition }) => partition)).size;
    return [partitions, entries.length / partitions];
  }

  /** Readings of the partitions that it runs. */
  get running(): number[] {
    return this.supervisor.partitions().filter(({ state }) => state === "running").map(({ readings }) => readings);
  }
}

/** What every sensor of a store has come to. */
async function digests(broker: KafkaBroker, topic: string, kv: GatedKv): Promise<unknown> {
  const { supervisor } = new Member(broker, topic, kv);
  await supervisor.load();
  const all = await supervisor.answers.digests();
  await supervisor.close();
  return all;
}

testWith(
  needed,
  "Supervisor.run() gives partitions of a group away, gets them back, and comes to what one comes to that had them all",
  async (broker) => {
    const topic = await makeTopic(broker, freshTopic(), PARTITIONS);
    const shared = new GatedKv(await Deno.openKv(":memory:")), own = new GatedKv(await Deno.openKv(":memory:"));
    let sent = 0;
    const fill = (count: number) =>
      put(
        broker,
        topic,
        Array.from({ length: PARTITIONS * count }, () => {
          const i = sent++, partition = i % PARTITIONS;
          const value = { sensor: `s${partition}-${i % 3}`, time: 1_790_000_000_000 + i * 1000, values: { x: i % 7 } };
          return { partition, value };
        }),
      );
    const first = new Member(broker, topic, shared, topic), second = new Member(broker, topic, shared, topic);
    await fill(50);
    await first.start();
    await until("the first one has judged all", () => String(first.running) === "50,50,50,50");
    await second.start();
    await until("they share", () => first.running.length === 2 && second.running.length === 2);
    assertEquals(first.resident, [first.running.length, 3], "of what is given away nothing stays in memory");
    await fill(50);
    await until("both have judged theirs", () => String([first.running, second.running]) === "100,100,100,100");
    await second.stop();
    await fill(50);
    await until("the first one has judged all again", () => String(first.running) === "150,150,150,150");
    const third = new Member(broker, topic, shared, topic);
    await third.start();
    await until("they share again", () => first.running.length === 2 && third.running.length === 2);
    await first.stop();
    await fill(50);
    await until("the third one has judged all", () => String(third.running) === "200,200,200,200");
    await third.stop();
    const undisturbed = new Member(broker, topic, own);
    await undisturbed.start();
    await until("one alone has judged all", () => String(undisturbed.running) === "200,200,200,200");
    await undisturbed.stop();
    assertEquals([first, second, third].map(({ failures }) => failures), [[], [], []]);
    assertEquals(await digests(broker, topic, shared), await digests(broker, topic, own));
    shared.close();
    own.close();
  },
);
