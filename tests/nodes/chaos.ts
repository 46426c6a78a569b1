/**
 * Chaos: nodes of a group, KV servers and the broker are killed, stopped and cut off at random while readings come; in the
 * end everything must be as with one node left in peace.
 *
 * @module
 */
import type { SensorDigest } from "../../actors/batch.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { storeOver } from "../actors/harness.ts";
import { judgingSchema } from "../../actors/config.ts";
import { systemClock as clock } from "../../commands/process/clock.ts";
import { Engine } from "../../commands/instance/engine.ts";
import { openFleet } from "../../commands/instance/database.ts";
import { Random } from "../../models/random.ts";
import { KafkaSource } from "../../sources/kafka/source.ts";
import type { KvPort } from "../../store/kv.ts";
import { movePartition } from "../../store/nodes/move.ts";
import { isAllTrained } from "../all_trained.ts";
import { Folder, until } from "../process.ts";
import { KV_TOKEN } from "../servers/kv.ts";
import type { KafkaBroker } from "../servers/kafka.ts";
import { isSame } from "../simulation/same.ts";
import { freshTopic, makeTopic } from "../sources/kafka/topics.ts";
import { OUTPUT_KINDS, withoutAttempt } from "../output_kinds.ts";
import { Cluster, JUDGING, sharingOf } from "./cluster.ts";
import { Feed } from "./feed.ts";
import { type Deed, deeds } from "./deeds.ts";
import { type Figures, Watch } from "./watch.ts";

/** How much chaos. */
export interface ChaosOptions {
  readonly seed: number;
  /** So long something goes wrong, ms. */
  readonly ms: number;
  readonly nodes: number;
  readonly servers: number;
  readonly partitions: number;
  readonly sessionMs: number;
  /** What nodes run instead of `main.ts`. */
  readonly program?: string;
  /** What may go wrong; default everything. */
  readonly deeds?: readonly Deed["name"][];
  readonly report: (line: string) => void;
}

/** What came of it. */
export interface ChaosResult {
  /** What is not as it should be; empty if all is well. */
  readonly differences: readonly string[];
  readonly readings: number;
  /** How often each thing was done. */
  readonly deeds: Readonly<Record<string, number>>;
  readonly figures: Figures;
  /** Epochs of the models that all partitions share, as the nodes trained them; absent if nothing settled. */
  readonly epochs?: number;
  /** Times a node found that another one had taken its partition, as it said. */
  readonly fenced: number;
}

/** Longest wait for everything to be judged when nothing goes wrong any more, ms. */
const SETTLE_MS = 180_000, UNSETTLED = `nothing had gone wrong any more for ${SETTLE_MS / 1_000} s`;
/** Characters of what a node said that are shown when something is not as it should be. */
const SAID_SHOWN = 3_000;

/** What every instance registers when it first starts, and an engine without its commands does not. */
const PARTS_MODEL = "parts";

/** Plays it. */
export async function playChaos(broker: KafkaBroker, options: ChaosOptions): Promise<ChaosResult> {
  const { seed, ms, partitions, report } = options, random = new Random(seed);
  const topic = await makeTopic(broker, freshTopic("chaos"), partitions), counts: Record<string, number> = {};
  await using cluster = await Cluster.start(broker, options, { topic, ...options });
  Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN);
  const direct = await openFleet(cluster.servers.map(({ url }) => url), clock);
  const move = async (partition: string, place: number) => {
    const id = direct.map.servers[place % direct.map.servers.length];
    await movePartition(direct, partition, id, { clock, freshId: () => crypto.randomUUID(), deadlineMs: 5_000 });
  };
  const feed = new Feed(broker, topic, partitions, new Random(seed + 1));
  try {
    feed.start();
    await cluster.ready(partitions);
    const watch = new Watch(cluster, direct, partitions), watching = watch.run();
    const possible = deeds(cluster, (place) => move(`kafka-${topic}-${random.integer(partitions)}`, place))
      .filter(({ name }) => options.deeds?.includes(name) ?? true);
    for (const begun = performance.now(); performance.now() - begun < ms;) {
      const deed = possible[random.integer(possible.length)], lastsMs = 500 + random.integer(deed.mostMs);
      report(`${((performance.now() - begun) / 1000).toFixed(1)} s: ${deed.name} for ${(lastsMs / 1000).toFixed(1)} s`);
      counts[deed.name] = (counts[deed.name] ?? 0) + 1;
      watch.during(deed.name);
      await deed.run(random.integer(1_000), lastsMs, watch).catch((error) => report(`${deed.name}: ${error}`));
      await clock.sleep(500 + random.integer(4_000));
    }
    report("nothing goes wrong any more");
    const readings = await feed.end();
    const judged = async () => (await cluster.shown()).reduce((sum, one) => sum + one.readings + one.refused, 0);
    const settled = await until(
      "everything is judged, and models are trained",
      async () => await judged() === readings && await isAllTrained(direct),
      SETTLE_MS,
    )
      .then(() => true, () => false);
    watch.end();
    await watching;
    const said = () => cluster.nodes.map((node) => node.said).join("\n");
    const result = (differences: readonly string[]): ChaosResult => ({
      differences: [...watch.differences, ...differences],
      readings,
      deeds: counts,
      figures: watch.figures(),
      fenced: said().match(/another process.* has taken/g)?.length ?? 0,
    });
    if (!settled) {
      const stands = (await cluster.shown()).map(({ partition, state, position, node }) =>
        `${partition} is ${state} at ${position} on ${node.name}`
      );
      return result([`${await judged()} of ${readings} readings were judged when ${UNSETTLED}`, ...stands]);
    }
    const codes = await Promise.all(cluster.nodes.map((node) => node.end("SIGTERM")));
    const failed = codes.flatMap((code, i) =>
      code === 0 ? [] : [`node-${i} ended with ${code}: ${said().slice(-500)}`]
    );
    const epochs = await epochsOf(direct);
    return { ...result([...failed, ...await compare(broker, topic, direct, readings)]), epochs };
  } catch (error) {
    for (const { name, said } of cluster.nodes) report(`${name} said:\n${said.slice(-SAID_SHOWN)}`);
    throw error;
  } finally {
    await feed.end();
    direct.close();
  }
}

/** Epochs behind which a forest of all partitions counts, of those that are kept. */
async function epochsOf(kv: KvPort): Promise<number> {
  let epochs = 0;
  for await (const _ of kv.list({ prefix: ["shared_use", "forest"] })) epochs++;
  return epochs;
}

/** What differs from a run of one node that nothing disturbs. */
async function compare(broker: KafkaBroker, topic: string, found: KvPort, readings: number): Promise<string[]> {
  await using folder = new Folder();
  const source = new KafkaSource({ cluster: broker.cluster(), topics: [topic], clock });
  const engine = await Engine.open({
    dataDir: folder.at("peace"),
    judging: judgingSchema.parse(JUDGING),
    sharing: sharingOf(() => source),
    shards: 1,
    clock,
  });
  const stop = new AbortController(), differences: string[] = [];
  try {
    const running = engine.run(source, stop.signal);
    await until(
      "one node has judged everything",
      () => engine.supervisor.runs.reduce((sum, run) => sum + run.readings, 0) === readings,
      SETTLE_MS,
    );
    await until("its models are trained", () => isAllTrained(engine.kv), SETTLE_MS);
    stop.abort();
    await running;
    const expected = new Map(
      (await engine.supervisor.answers.digests()).map(({ name, lanes }) => [name, String(lanes)]),
    );
    for (const { name, lanes } of await digestsIn(found)) {
      if (expected.get(name) !== String(lanes)) differences.push(`${name} has another digest`);
      expected.delete(name);
    }
    for (const name of expected.keys()) differences.push(`${name} is missing`);
    differences.push(...await storedOtherwise(engine.kv, found));
  } finally {
    stop.abort();
    await engine.close();
  }
  return differences;
}

/** What every sensor of a store adds to the digest. */
async function digestsIn(kv: KvPort): Promise<SensorDigest[]> {
  const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging: judgingSchema.parse(JUDGING) }, {
    store: storeOver(kv, clock),
    clock,
    shards: 1,
    host: (options) => new InlineHost(options),
  });
  await supervisor.load();
  return await supervisor.answers.digests();
}

async function storedOtherwise(expected: KvPort, found: KvPort): Promise<string[]> {
  const differences: string[] = [];
  for (const kind of OUTPUT_KINDS) {
    const stored = new Map<string, unknown>();
    for await (const { key, value } of found.list({ prefix: [kind] })) {
      if (key[1] === PARTS_MODEL) continue;
      stored.set(JSON.stringify(key), withoutAttempt(kind, value));
    }
    for await (const { key, value } of expected.list({ prefix: [kind] })) {
      const name = JSON.stringify(key);
      if (!stored.has(name)) differences.push(`not stored: ${name}`);
      else if (!isSame(stored.get(name), withoutAttempt(kind, value))) differences.push(`stored otherwise: ${name}`);
      stored.delete(name);
    }
    for (const name of stored.keys()) differences.push(`stored besides: ${name}`);
  }
  return differences;
}
