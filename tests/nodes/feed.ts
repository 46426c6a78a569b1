/**
 * Readings that come while something goes wrong.
 *
 * @module
 */
import { systemClock as clock } from "../../commands/process/clock.ts";
import type { Random } from "../../models/random.ts";
import { partitionOfKey } from "../../sources/kafka/partitioner.ts";
import { KafkaProducer } from "../../sources/kafka/producer.ts";
import type { KafkaBroker } from "../servers/kafka.ts";

/** Sensors of a partition, and the time between two rounds of readings, one of each partition. */
const SENSORS = 3, ROUND_MS = 200;
/** Time that passes for sensors from round to round: so fast that epochs end while a test runs. */
const STEP_MS = 5_000;

/** Puts readings into the topic, a round every {@linkcode ROUND_MS}. */
export class Feed {
  readonly #producer: KafkaProducer;
  #running: Promise<void> = Promise.resolve();
  #isEnding = false;
  #rounds = 0;
  readonly #random: Random;
  /** Names by partition. */
  readonly #sensors: readonly (readonly string[])[];

  constructor(broker: KafkaBroker, private readonly topic: string, partitions: number, random: Random) {
    this.#producer = new KafkaProducer(broker.cluster());
    this.#random = random;
    this.#sensors = sensorsOf(partitions);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends after the round under way; how many readings were put. */
  async end(): Promise<number> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      await this.#running;
      await this.#producer.close();
    }
    return this.#rounds * this.#sensors.length;
  }

  async #run(): Promise<void> {
    await this.#producer.open([this.topic]);
    while (!this.#isEnding) {
      const round = this.#rounds;
      await this.#producer.send(
        this.topic,
        this.#sensors.map((names) => {
          const sensor = names[round % SENSORS], time = 1_790_000_000_000 + round * STEP_MS;
          const x = this.#random.integer(25) === 0 ? 95 : 40 + Math.round(5 * this.#random.normal());
          return { key: sensor, value: JSON.stringify({ sensor, time, type: "pump", values: { x } }) };
        }),
      );
      this.#rounds++;
      await clock.sleep(ROUND_MS);
    }
  }
}

/** So many names for each partition, whose hashes send them there. */
export function sensorsOf(partitions: number, count = SENSORS): string[][] {
  const names: string[][] = Array.from({ length: partitions }, () => []);
  for (let i = 0; names.some(({ length }) => length < count); i++) {
    const name = `pump-${i}`, mine = names[partitionOfKey(new TextEncoder().encode(name), partitions)];
    if (mine.length < count) mine.push(name);
  }
  return names;
}
