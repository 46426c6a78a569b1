/**
 * Groups over a real broker: two members share the partitions, and what moves is given up before somebody else has it.
 *
 * @module
 */
import { systemClock } from "../../../commands/process/clock.ts";
import type { SourcePartition } from "../../../actors/ports.ts";
import { KafkaSource } from "../../../sources/kafka/source.ts";
import { assertEquals } from "../../../std/assert.ts";
import { type KafkaBroker, kafkaBroker } from "../../servers/kafka.ts";
import { need, testWith } from "../../servers/needed.ts";
import { until } from "../../process.ts";
import { takenOf, TestMemory } from "../conformance.ts";
import { OFFSET_STEP } from "../../../sources/kafka/positions.ts";
import { committedOffset, freshTopic, makeTopic, put } from "./topics.ts";

const needed = await need("Kafka", kafkaBroker);
const PARTITIONS = 4;

/** What members have in common: positions, as a shared store would hold them, and everything that was read. */
class Shared {
  readonly positions = new Map<string, number>();
  readonly seen: string[] = [];
  /** Who reads what, so that two at once are noticed. */
  readonly owners = new Map<string, string>();
  readonly clashes: string[] = [];
}

/** A member that reads what it is given, and writes its position when it gives a partition up. */
class Member implements AsyncDisposable {
  readonly #source: KafkaSource;
  readonly #stop = new AbortController();
  readonly #reading = new Map<string, { stop: AbortController; ended: Promise<void> }>();
  #running: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    broker: KafkaBroker,
    topic: string,
    cooperative: boolean,
    readonly shared: Shared,
  ) {
    this.#source = new KafkaSource({
      cluster: broker.cluster(),
      topics: [topic],
      clock: systemClock,
      waitMs: 50,
      group: { group: topic, cooperative, sessionMs: 3_000 },
    });
  }

  get partitions(): string[] {
    return [...this.#reading.keys()].sort();
  }

  async start(): Promise<void> {
    assertEquals(await this.#source.open(new TestMemory()), []);
    this.#running = this.#follow();
  }

  async #follow(): Promise<void> {
    for await (const change of this.#source.assignments(this.#stop.signal)) {
      if (change.kind === "assign") { for (const partition of change.partitions) this.#begin(partition); }
      else {
        await Promise.all(change.ids.map((id) => this.#end(id)));
        change.done();
      }
    }
  }

  #begin(partition: SourcePartition): void {
    const { shared, name } = this, stop = new AbortController(), owner = shared.owners.get(partition.id);
    if (owner !== undefined) shared.clashes.push(`${partition.id}: ${name} while ${owner}`);
    shared.owners.set(partition.id, name);
    const read = async () => {
      for await (const chunk of partition.read(shared.positions.get(partition.id) ?? 0, stop.signal)) {
        for (const { position } of takenOf(chunk)) {
          shared.seen.push(`${partition.id}/${Math.floor(position / OFFSET_STEP)}`);
        }
        shared.positions.set(partition.id, chunk.next);
        await partition.released?.(chunk.next);
      }
    };
    this.#reading.set(partition.id, { stop, ended: read() });
  }

  async #end(id: string): Promise<void> {
    const reading = this.#reading.get(id);
    this.#reading.delete(id);
    reading?.stop.abort();
    await reading?.ended;
    this.shared.owners.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.partitions.map((id) => this.#end(id)));
    await this.#source.close();
  }
}

/** Puts so many messages into every partition. */
async function fill(broker: KafkaBroker, topic: string, count: number): Promise<void> {
  await put(
    broker,
    topic,
    Array.from({ length: PARTITIONS * count }, (_, i) => ({
      partition: i % PARTITIONS,
      value: { sensor: `s${i % PARTITIONS}`, time: 1_790_000_000_000 + i, values: { x: i } },
    })),
  );
}

for (const cooperative of [true, false]) {
  const kind = cooperative ? "a cooperative" : "an eager";
  testWith(
    needed,
    `KafkaSource in ${kind} group shares partitions; each message is read once, by one member`,
    async (broker) => {
      const topic = await makeTopic(broker, freshTopic(), PARTITIONS), shared = new Shared();
      await fill(broker, topic, 20);
      await using first = new Member("first", broker, topic, cooperative, shared);
      await first.start();
      await until("one member has all", () => first.partitions.length === PARTITIONS);
      {
        await using second = new Member("second", broker, topic, cooperative, shared);
        await second.start();
        await until("two members share", () => first.partitions.length === 2 && second.partitions.length === 2);
        await fill(broker, topic, 20);
        await until("everything is read", () => shared.seen.length >= PARTITIONS * 40);
      }
      await until("the one that stays has all again", () => first.partitions.length === PARTITIONS);
      await fill(broker, topic, 5);
      await until("everything is read again", () => shared.seen.length >= PARTITIONS * 45);
      assertEquals(shared.clashes, []);
      assertEquals(new Set(shared.seen).size, shared.seen.length);
      await first[Symbol.asyncDispose]();
      const offsets = await Promise.all(
        Array.from({ length: PARTITIONS }, (_, partition) => committedOffset(broker, topic, topic, partition)),
      );
      assertEquals(offsets, [45, 45, 45, 45]);
    },
  );
}
