/**
 * One history: a world's readings go through processes that die, freeze and are replaced, over a database that fails;
 * in the end everything must be as in a run that nothing disturbed.
 *
 * Everything is drawn from the history's seed and nothing waits for a timer, so a seed always gives the same history.
 *
 * @module
 */
import type { CheckpointStore } from "../../actors/checkpoint.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import type { AlertTransition } from "../../actors/views.ts";
import { Random } from "../../models/random.ts";
import { AlertFeed } from "../../store/alert_feed.ts";
import { ALL_GUARDS, type Guards } from "../../store/checkpoint/chain.ts";
import { KvCheckpointStore } from "../../store/checkpoint/store.ts";
import { KvFederationStore } from "../../store/federation.ts";
import type { KvPort } from "../../store/kv.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import { MemoryKv } from "../memory_kv.ts";
import { OUTPUT_KINDS, withoutAttempt } from "../output_kinds.ts";
import { SimulatedClock } from "./clock.ts";
import { CLEAR, Connection, DEADLINE_MS, SharedKv, STORMY, type Weather } from "./faults.ts";
import { isSame } from "./same.ts";
import { listening, recordAll, type Said, Talker, WorldConfigurations } from "./talk.ts";
import { makeWorld, PARTITION, readRecords, type Records, TextSource, type World } from "./world.ts";

/**
 * Worlds that histories are played in: two of three are judged by rules and one by the light detectors, but one in a
 * hundred by all detectors, with forests that are trained and put to use meanwhile; and one of these three is so long that
 * a network comes to a round, too.
 */
const WORLDS = 300, EVERY_LIGHT = 3, EVERY_FULL = 100, ROUNDS_WORLD = 300;
/** Readings of worlds in which models are trained. */
const TRAINED_READINGS = 160, ROUNDS_READINGS = 1_500;
/** People say something in one history of so many. */
const TALKATIVE = 3;
/** Processes that may end before one is left in peace. */
const LIVES = 8;
/** Microtasks after which a follower that has not seen everything never will. */
const PATIENCE = 20_000;

/** What protects the checkpoints; a test takes one away. */
export interface Protection {
  readonly guards: Guards;
  /** Wraps a process's store. */
  readonly wrap?: (store: CheckpointStore) => CheckpointStore;
  /** What goes wrong, if not everything alike. */
  readonly weather?: Weather;
}

/** All of it. */
export const PROTECTED: Protection = { guards: ALL_GUARDS };

/** What a history should come to. */
interface Expected {
  readonly digest: string;
  readonly outputs: ReadonlyMap<string, unknown>;
  readonly transitions: ReadonlyMap<string, string>;
}

/** A world with what is worked out once for all its histories. */
interface Stage {
  readonly world: World;
  readonly records: Records;
  readonly bytes: Uint8Array;
  readonly expected: Expected;
}

const stages = new Map<number, Promise<Stage>>();

function stageOf(seed: number): Promise<Stage> {
  let stage = stages.get(seed);
  if (!stage) stages.set(seed, stage = prepare(worldOf(seed)));
  return stage;
}

function worldOf(seed: number): World {
  if (seed === ROUNDS_WORLD) {
    return makeWorld(seed, ROUNDS_READINGS, { forestMs: 600_000, networkMs: 120_000, alike: 3, steady: true });
  }
  if (seed % EVERY_FULL === 0) return makeWorld(seed, TRAINED_READINGS, { forestMs: 40_000, alike: 4 });
  return makeWorld(seed, undefined, { detectors: seed % EVERY_LIGHT === 0 ? "light" : "rules" });
}

async function prepare(world: World): Promise<Stage> {
  const records = readRecords(world.text), bytes = new TextEncoder().encode(world.text);
  const rough = { world, records, bytes };
  return { ...rough, expected: await undisturbed(rough, new Map()) };
}

/** What a run comes to that nothing disturbs, told these commands at their places. */
async function undisturbed(stage: Pick<Stage, "world" | "records" | "bytes">, said: Said): Promise<Expected> {
  const kv = new MemoryKv(), clock = new SimulatedClock();
  await recordAll(kv, PARTITION, said);
  const { supervisor, run } = start(stage, kv, clock, CALM, PROTECTED, new AbortController(), () => {});
  await run;
  return { digest: await digestOf(supervisor), ...collect(kv) };
}

/** How one process is configured and driven. */
interface Life {
  readonly shards: number;
  readonly batchSize: number;
  readonly residentMost: number;
  readonly checkpointMs: number;
  readonly snapshotMs: number;
  readonly records: () => number;
  /** Ms that pass before each chunk. */
  readonly pause: () => number;
  /** Mutations of one atomic write: with few, a step of a checkpoint takes several. */
  readonly mutationsMost: number;
  /** Chunks after which it is stopped gracefully; 0 for never. */
  readonly stopAfter: number;
}

const CALM: Life = {
  shards: 1,
  batchSize: 1_000,
  residentMost: 1_000,
  checkpointMs: 1_000,
  snapshotMs: 1_000,
  records: () => 1_000,
  pause: () => 0,
  mutationsMost: 900,
  stopAfter: 0,
};

function drawLife(random: Random): Life {
  return {
    shards: [1, 1, 2, 3][random.integer(4)],
    batchSize: [1, 7, 1_000][random.integer(3)],
    residentMost: [1, 2, 1_000, 1_000][random.integer(4)],
    checkpointMs: [300, 1_000, 1_500][random.integer(3)],
    snapshotMs: [1_000, 3_000, 8_000][random.integer(3)],
    records: () => 1 + random.integer(12),
    pause: () => random.integer(500),
    mutationsMost: [900, 900, 7][random.integer(3)],
    stopAfter: random.integer(5) === 0 ? 1 + random.integer(12) : 0,
  };
}

interface Started {
  readonly supervisor: Supervisor;
  /** Resolves when the process has nothing more to do, well or badly. */
  readonly run: Promise<void>;
}

let ids = 0;

function start(
  { world, records, bytes }: Pick<Stage, "world" | "records" | "bytes">,
  kv: KvPort,
  clock: SimulatedClock,
  life: Life,
  { guards, wrap }: Protection,
  stop: AbortController,
  publish: (transitions: readonly AlertTransition[]) => void,
  feed?: AlertFeed,
  talker?: Talker,
  patient = false,
  configurations = new WorldConfigurations(world.judging),
): Started {
  const plain = new KvCheckpointStore(kv, {
    clock,
    freshId: () => `id-${++ids}`,
    deadlineMs: DEADLINE_MS,
    historyChunks: 1_000,
    mutationsMost: life.mutationsMost,
    guards,
  });
  const { shards, batchSize, residentMost, checkpointMs, snapshotMs } = life;
  const options = {
    ...SUPERVISOR_DEFAULTS,
    judging: world.judging,
    batchSize,
    residentMost,
    checkpointMs,
    snapshotMs,
    ...(patient ? { storeAwayMs: 0 } : {}),
    wanted: { verdicts: false, flags: false, history: true },
  };
  const supervisor = new Supervisor(options, {
    store: wrap?.(plain) ?? plain,
    clock,
    models: {
      registry: new KvModelRegistry(kv, { clock, freshId: () => `id-${++ids}`, deadlineMs: DEADLINE_MS }),
      federation: new KvFederationStore(kv, { clock, deadlineMs: DEADLINE_MS }),
    },
    configurations,
    host: (shard) => new InlineHost(shard),
    shards,
    overtaken: (partition) => feed?.load([partition]) ?? Promise.resolve(),
    committed: (_partition, _readings, alerts) => publish(alerts.map(({ transition }) => transition)),
  });
  let chunks = 0;
  const source = new TextSource(
    world.text,
    {
      asLines: world.asLines,
      records: life.records,
      before: () => {
        clock.advance(life.pause());
        talker?.talk(supervisor);
        if (++chunks === life.stopAfter) stop.abort();
      },
    },
    records,
    bytes,
  );
  const run = async () => {
    await supervisor.load();
    await supervisor.run(source, sourceMemory(kv, source.name), stop.signal);
  };
  return { supervisor, run: run() };
}

/** What a run's digest is made of, before it is hashed. */
async function digestOf(supervisor: Supervisor): Promise<string> {
  return JSON.stringify([supervisor.counts(), await supervisor.answers.digests()]);
}

const KINDS: ReadonlySet<unknown> = new Set(OUTPUT_KINDS);

function collect(kv: MemoryKv): Pick<Expected, "outputs" | "transitions"> {
  const outputs = new Map<string, unknown>(), transitions = new Map<string, string>();
  for (const [text, { key, value }] of kv.entries) {
    if (!KINDS.has(key[0])) continue;
    outputs.set(text, withoutAttempt(key[0], value));
    if (key[0] === "transition") transitions.set((value as AlertTransition).id, JSON.stringify(value));
  }
  return { outputs, transitions };
}

/** Somebody who follows the alerts over all processes, resuming with the last id. */
class Client {
  readonly seen = new Map<string, string>();
  /** What was wrong, if anything was. */
  complaint?: string;
  #cursor?: string;
  #stop = new AbortController();

  /** Goes on at this feed. */
  follow(feed: AlertFeed): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#read(feed, this.#stop.signal).catch(() => {}); // the process went away
  }

  async #read(feed: AlertFeed, signal: AbortSignal): Promise<void> {
    const first = writeFirst();
    for await (const item of feed.follow(this.#cursor ?? first, signal)) {
      if (signal.aborted) return;
      if ("resync" in item) {
        this.complaint ??= "the feed asked to resync";
        continue;
      }
      const text = JSON.stringify(item.data), had = this.seen.get(item.data.id);
      if (had !== undefined && had !== text) this.complaint ??= `alert ${item.data.id} came with two contents`;
      this.seen.set(item.data.id, text);
      this.#cursor = item.id;
    }
  }

  /** Waits, within reason, until it has seen so many transitions. */
  async drain(count: number): Promise<void> {
    for (let i = 0; i < PATIENCE && this.seen.size < count; i++) await Promise.resolve();
    this.#stop.abort();
  }
}

/** The cursor of somebody who has seen nothing yet. */
function writeFirst(): string {
  return btoa("{}").replaceAll("=", "");
}

/** A process that froze, to be woken when its successor is at work. */
interface Zombie extends Started {
  readonly connection: Connection;
}

/**
 * Plays the history of a seed.
 *
 * @returns undefined if it ended as it should, else what was different
 */
export async function playHistory(seed: number, protection: Protection = PROTECTED): Promise<string | undefined> {
  const { weather = STORMY } = protection;
  const random = new Random(seed), stage = await stageOf(1 + random.integer(WORLDS));
  const kv = new SharedKv(random), client = new Client(), zombies: Zombie[] = [];
  const configurations = new WorldConfigurations(stage.world.judging), said: Said = new Map();
  const talker = seed % TALKATIVE === 0 ? new Talker(random, configurations) : undefined;
  const heard = { ...protection, wrap: (store: CheckpointStore) => listening(protection.wrap?.(store) ?? store, said) };
  for (let life = 0;; life++) {
    if (life > LIVES + 4) return `not finished after ${life} processes`;
    const clock = new SimulatedClock(), connection = new Connection(kv, clock, life < LIVES ? weather : CLEAR);
    const feed = new AlertFeed(connection), wake = random.integer(6);
    const loading = feed.load([PARTITION]);
    await Promise.race([loading, connection.fate]);
    client.follow(feed);
    const started = start(
      stage,
      connection,
      clock,
      drawLife(random),
      heard,
      new AbortController(),
      (transitions) => {
        feed.publish(PARTITION, transitions);
        talker?.hear(transitions);
        if (connection.commits > wake) { for (const zombie of zombies) zombie.connection.thaw(); }
      },
      feed,
      talker,
      life % 2 === 0,
      configurations,
    );
    const ended = await Promise.race([started.run.then(() => "ended", () => "failed"), connection.fate]);
    if (ended === "froze") zombies.push({ ...started, connection });
    if (ended === "ended" && started.supervisor.runs[0]?.state === "finished") break;
    if (ended !== "froze") connection.kill();
  }
  for (const { connection, run } of zombies) {
    connection.thaw();
    await Promise.race([run.catch(() => {}), connection.fate.then((fate) => fate === "died" ? undefined : run)]);
  }
  kv.arrive(true);
  const expected = said.size > 0 ? await undisturbed(stage, said) : stage.expected;
  return await judge({ ...stage, expected }, kv, client, protection);
}

/** Looks at the end of a history with a process that nothing disturbs. */
async function judge(stage: Stage, kv: SharedKv, client: Client, protection: Protection): Promise<string | undefined> {
  const { expected } = stage, feed = new AlertFeed(kv);
  await feed.load([PARTITION]);
  client.follow(feed);
  const { supervisor, run } = start(
    stage,
    kv,
    new SimulatedClock(),
    CALM,
    protection,
    new AbortController(),
    (alerts) => {
      feed.publish(PARTITION, alerts);
    },
  );
  await run;
  await client.drain(expected.transitions.size);
  const state = supervisor.runs[0]?.state;
  if (state !== "finished") return `the last process ended as ${state}: ${supervisor.runs[0]?.error}`;
  const digest = await digestOf(supervisor);
  if (digest !== expected.digest) return `digest ${digest}, expected ${expected.digest}`;
  const { outputs } = collect(kv);
  for (const [key, value] of expected.outputs) {
    if (!isSame(outputs.get(key), value)) return `stored otherwise: ${readable(key)}`;
  }
  for (const key of outputs.keys()) if (!expected.outputs.has(key)) return `stored besides: ${readable(key)}`;
  for (const [id, text] of expected.transitions) {
    if (client.seen.get(id) !== text) {
      return `a follower of the alerts ${client.seen.has(id) ? "saw otherwise" : "missed"} ${id}`;
    }
  }
  return client.complaint;
}

function readable(key: string): string {
  return key.replace(/[^\x20-\uffff]+/g, "|");
}
