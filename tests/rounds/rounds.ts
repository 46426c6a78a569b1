/**
 * Instances of a consumer group over one store, disturbed again and again while readings come in through Kafka: killed,
 * ended and started, joined by a third one, the broker killed and started. In the end PostgreSQL must hold exactly the rows
 * that one undisturbed instance writes of the same topic.
 *
 * @module
 */
import { z } from "zod";
import { systemClock as clock } from "../../commands/process/clock.ts";
import { Random } from "../../models/random.ts";
import { closeQuietly, makeConsumer, offsetAt } from "../../sources/kafka/client.ts";
import { positionOf } from "../../sources/kafka/positions.ts";
import { KafkaProducer } from "../../sources/kafka/producer.ts";
import { join } from "../../std/path.ts";
import { JUDGING, recording } from "../crash/recording.ts";
import { type TableRows, tableRows } from "../crash/tables.ts";
import { ask, freePort, type Instance, PATIENCE_MS, startInstance, until, within } from "../process.ts";
import type { KafkaBroker } from "../servers/kafka.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import { freshTopic, makeTopic } from "../sources/kafka/topics.ts";

/** How it goes. */
export interface RoundsOptions {
  readonly folder: string;
  readonly rounds: number;
  readonly seed: number;
  /** Told a line of each round. */
  readonly report?: (line: string) => void;
}

/** What came of it. */
export interface RoundsResult {
  /** How often each disturbance was made. */
  readonly done: Readonly<Record<string, number>>;
  readonly readings: number;
  /** Seconds from a kill until every partition is read again, sorted. */
  readonly recoveries: readonly number[];
  readonly disturbed: TableRows;
  readonly undisturbed: TableRows;
}

/** Even for two members and for three. */
const PARTITIONS = 6;
const MEMBERS_MOST = 3;
const SESSION_MS = 3_000;
/** Readings of one call of the producer, and the time between two calls, ms. */
const SENT_TOGETHER = 60, SENT_EVERY_MS = 200;
/** Ticks come of the clock, and two runs do not share them: here there are none. */
const QUIET = { tickMs: 3_600_000, futureMs: 30 * 86_400_000 };

const summarySchema = z.object({
  partitions: z.array(z.object({ partition: z.string(), state: z.string(), position: z.number() })),
});
const sinksSchema = z.object({
  items: z.array(z.object({ state: z.string(), backlog_items: z.number(), set_aside: z.number(), missed: z.number() })),
});

/** One broker, or several of which one is killed at a time. */
export type Brokers = Pick<KafkaBroker, "kill" | "again"> & { cluster(): { readonly brokers: readonly string[] } };

/** Where instances read from and write to. */
interface Place {
  readonly folder: string;
  readonly broker: Brokers;
  readonly topic: string;
  readonly address: ReturnType<PostgresServer["address"]>;
}

/** Instances that share a group and a store. */
class Group {
  readonly members: (Instance & { readonly name: string })[] = [];
  #started = 0;

  /** @param store word for the file that keeps the state of all members */
  constructor(private readonly place: Place, private readonly store: string, private readonly group?: string) {}

  /** Starts one more member; one that cannot begin is an error with all that it said. */
  async start(): Promise<void> {
    const { folder, broker, topic, address } = this.place, name = `${this.store}-${this.#started++}`;
    const config = join(folder, `${name}.json`), { host, port, user, database } = address;
    await Deno.writeTextFile(
      config,
      JSON.stringify({
        dataDir: join(folder, name),
        kv: join(folder, `${this.store}.kv`),
        judging: { ...JUDGING, ...QUIET },
        start: {
          port: freePort(),
          scenario: "none",
          source: "kafka",
          kafka: `kafka://${broker.cluster().brokers.join(",")}/${topic}`,
          ...(this.group === undefined ? {} : { group: this.group, session: SESSION_MS }),
          checkpoint: 200,
          snapshot: 1_000,
          sink: [{ url: `postgres://${user}@${host}:${port}/${database}` }],
        },
      }),
    );
    this.members.push({ name, ...await startInstance(["--config", config]) });
  }

  /** Takes a member out, killed or told to end; what it said. */
  async stop(member: number, name: "SIGKILL" | "SIGTERM"): Promise<string> {
    const [{ program }] = this.members.splice(member, 1);
    program.signal(name);
    const end = await within(program.ended, PATIENCE_MS, "an end");
    // One that was too slow finds its partitions taken over, has written nothing more, and says so: then it ends with 1.
    const others = end.error.matchAll(/ has failed: (?!another process)[^;]*/g).toArray();
    const isWell = end.code === 0 || (end.code === 1 && others.length === 0);
    if (name === "SIGTERM" && !isWell) throw new Error(`a member ended with ${end.code}:\n${program.said}`);
    return end.out;
  }

  /** Position of each partition that some member runs. */
  async positions(): Promise<Map<string, number>> {
    return new Map((await this.shares()).flat());
  }

  /** The same, member by member. */
  private async shares(): Promise<[partition: string, position: number][][]> {
    return await Promise.all(this.members.map(async ({ url }) => {
      const { partitions } = await ask(`${url}/summary`, summarySchema);
      return partitions.filter(({ partition, state }) => state === "running" && partition.startsWith("kafka-"))
        .map(({ partition, position }) => [partition, position]);
    }));
  }

  /** Waits until every partition is run by somebody and everybody runs some, and all have come further than they were. */
  async well(): Promise<void> {
    const before = new Map<string, number>();
    await this.until("every partition is read on", async () => {
      const shares = await this.shares(), now = new Map(shares.flat());
      if (shares.some((share) => share.length === 0)) return false; // it has only just joined
      for (const [partition, position] of now) if (!before.has(partition)) before.set(partition, position);
      return now.size === PARTITIONS && [...now].every(([partition, position]) => position > before.get(partition)!);
    });
  }

  /** Waits until everything up to these positions is judged, and the sink has it; then nobody runs any more. */
  async drained(ends: ReadonlyMap<string, number>): Promise<void> {
    for (let isLeft = true; isLeft;) {
      if (this.members.length === 0) await this.start();
      await this.delivered(ends);
      isLeft = false;
      while (this.members.length > 0) { // the end stores and delivers the rest, or says that it could not
        isLeft = (await this.stop(0, "SIGTERM")).includes("wait for the sink") || isLeft;
      }
    }
  }

  private async delivered(ends: ReadonlyMap<string, number>): Promise<void> {
    await this.until("everything is judged", async () => {
      const now = await this.positions();
      return [...ends].every(([partition, end]) => (now.get(partition) ?? -1) >= end);
    });
    await this.until("everything is delivered", async () => {
      const sinks = await Promise.all(this.members.map(({ url }) => ask(`${url}/sinks`, sinksSchema)));
      return sinks.every(({ items: [{ state, backlog_items }] }) => state === "ok" && backlog_items === 0);
    });
  }

  /** Looks until something is so; what members said is in the error. */
  private async until(what: string, look: () => Promise<boolean>): Promise<void> {
    try {
      await until(what, look);
    } catch (error) {
      const said = this.members.map(({ name, program }) => `${name}:\n${program.said}`).join("\n");
      throw new Error(`${error instanceof Error ? error.message : error}\n${said}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map(({ program }) => program.kill()));
  }
}

/** Sends readings until it is told to end; how many it sent. */
async function sending({ broker, topic }: Place, signal: AbortSignal): Promise<number> {
  const producer = new KafkaProducer(broker.cluster(), 120_000), lines = recording({ rounds: 1e9, start: clock.now() });
  let sent = 0;
  while (!signal.aborted) {
    const batch = Array.from({ length: SENT_TOGETHER }, () => lines.next().value ?? "");
    await producer.send(topic, batch.map((value) => ({ key: /"sensor":"([^"]*)"/.exec(value)?.[1] ?? "", value })));
    sent += SENT_TOGETHER;
    await clock.sleep(SENT_EVERY_MS, signal).catch(() => {});
  }
  await producer.close();
  return sent;
}

/** Behind the last message of each partition, as positions. */
async function endsOf({ broker, topic }: Place): Promise<Map<string, number>> {
  const cluster = broker.cluster(), consumer = makeConsumer(cluster, "rounds");
  try {
    const ends = new Map<string, number>();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      ends.set(`kafka-${topic}-${partition}`, positionOf(await offsetAt(consumer, cluster, { topic, partition }, -1)));
    }
    return ends;
  } finally {
    await closeQuietly(consumer);
  }
}

/** Makes the rounds; see the module. */
export async function disturbed(
  broker: Brokers,
  postgres: PostgresServer,
  { folder, rounds, seed, report = () => {} }: RoundsOptions,
): Promise<RoundsResult> {
  const topic = await makeTopic(broker, freshTopic("rounds"), PARTITIONS, broker.cluster().brokers.length),
    random = new Random(seed);
  const place = { folder, broker, topic, address: postgres.address({ database: await postgres.database() }) };
  const stop = new AbortController(), sent = sending(place, stop.signal);
  sent.catch(() => {}); // thrown where it is awaited
  await using group = new Group(place, "shared", topic);
  const done: Record<string, number> = {}, recoveries: number[] = [];
  await group.start();
  await group.start();
  const ways: Readonly<Record<string, () => Promise<void>>> = {
    "one is killed": async () => {
      await group.stop(random.integer(group.members.length), "SIGKILL");
      const killed = clock.now();
      if (group.members.length > 0) {
        await group.well();
        recoveries.push((clock.now() - killed) / 1_000);
      }
    },
    "one leaves": async () => void await group.stop(random.integer(group.members.length), "SIGTERM"),
    "one joins": () => group.start(),
    "a broker is killed": async () => {
      await broker.kill();
      await clock.sleep(random.integer(3_000));
      await broker.again();
    },
  };
  try {
    for (let round = 0; round < rounds; round++) {
      await group.well();
      await clock.sleep(random.integer(1_000)); // anywhere between two checkpoints
      const all = Object.keys(ways);
      const names = all.filter((name) => name !== "one joins" || group.members.length < MEMBERS_MOST);
      const name = all[round] ?? names[random.integer(names.length)];
      const begun = clock.now();
      await ways[name]();
      while (group.members.length < 2) await group.start();
      done[name] = (done[name] ?? 0) + 1;
      report(`round ${round + 1}: ${name}, ${((clock.now() - begun) / 1_000).toFixed(1)} s`);
    }
    await group.well();
  } finally {
    stop.abort();
  }
  const readings = await sent, ends = await endsOf(place);
  await group.drained(ends);
  const calm = { ...place, address: postgres.address({ database: await postgres.database() }) };
  await using alone = new Group(calm, "alone");
  await alone.start();
  await alone.drained(ends);
  return {
    done,
    readings,
    recoveries: recoveries.sort((a, b) => a - b),
    disturbed: await tableRows(place.address),
    undisturbed: await tableRows(calm.address),
  };
}
