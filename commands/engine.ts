/**
 * Everything of a running instance but its commands and its HTTP: the data directory, the store, the supervisor, and the
 * feeds, wired together.
 *
 * @module
 */
import { type CommitSink, StoreAwayError } from "../actors/checkpoint.ts";
import type { Judging } from "../actors/config.ts";
import { runDigest } from "../actors/digest.ts";
import type { FederationStore } from "../actors/federation/port.ts";
import type { Clock, Source } from "../actors/ports.ts";
import { InlineHost } from "../actors/runtime/host.ts";
import { WorkerHost } from "../actors/runtime/worker_host.ts";
import { Supervisor, SUPERVISOR_DEFAULTS, type SupervisorOptions } from "../actors/supervisor.ts";
import type { Feed, ReadingView } from "../actors/views.ts";
import { join } from "../std/path.ts";
import { AlertFeed } from "../store/alert_feed.ts";
import { KvCheckpointStore } from "../store/checkpoint_store.ts";
import { StoreError } from "../store/chain.ts";
import { within } from "../store/deadline.ts";
import { KvEvaluations } from "../store/evaluations.ts";
import { KvFederationStore } from "../store/federation.ts";
import { checkFormat } from "../store/format.ts";
import { GatedKv } from "../store/gate.ts";
import { Hub } from "../store/hub.ts";
import type { KvPort } from "../store/kv.ts";
import { KvModelRegistry } from "../store/registry.ts";
import { Retention } from "../store/retention.ts";
import { checkImported } from "../store/savepoint.ts";
import { SavepointError } from "../store/savepoint_reader.ts";
import type { DataDirLock } from "../store/lock.ts";
import { StoreQueries } from "../store/queries.ts";
import { sourceMemory } from "../store/source_memory.ts";
import { turns } from "../store/turns.ts";
import { Written } from "../store/written.ts";
import { CommandError } from "./errors.ts";
import { takeDataDir } from "./instance.ts";
import { RateMeter } from "./rate_meter.ts";

/** What an instance is made of. */
export interface EngineOptions {
  readonly dataDir: string;
  /** Path of the KV file or URL of a KV server; default a file in the data directory. */
  readonly kv?: string;
  /** Whether to begin anew: the KV file in the data directory is removed, once the directory is held. */
  readonly fresh?: boolean;
  readonly judging: Judging;
  /** 1 works in this thread, more in as many workers. */
  readonly shards: number;
  readonly clock: Clock;
  /** The sinks of a partition. */
  readonly sinks?: (partition: string, models: EngineModels) => readonly CommitSink[];
  /** What rounds are kept in, where that is more than the store: its place is taken in the actors' eyes alone. */
  readonly federation?: (models: EngineModels) => FederationStore;
  /** What deviates from {@linkcode SUPERVISOR_DEFAULTS}. */
  readonly supervisor?: Partial<Omit<SupervisorOptions, "judging">>;
  /** Told when a partition has failed; the others run on. */
  readonly failed?: (partition: string, error: Error) => void;
  /** Told when the run of a partition has ended early and will be begun again. */
  readonly interrupted?: (partition: string, error: Error) => void;
}

/** Name of the KV file in the data directory. */
export const KV_FILE = "sensorium.kv";
/** Chunks of 64 readings that are kept of each sensor: about 10,000 readings. */
export const HISTORY_CHUNKS = 160;
/** Longest wait for the database, ms. */
export const KV_DEADLINE_MS = 30_000;
/** Readings that the feed of readings can go back. */
const READINGS_RING = 20_000;
/** Work between two turns of the event loop, ms. */
const TURN_MS = 8;

/** Where an instance keeps its models. */
export interface EngineModels {
  readonly registry: KvModelRegistry;
  readonly federation: KvFederationStore;
  readonly evaluations: KvEvaluations;
}

/** A running instance without its commands and HTTP. */
export class Engine {
  readonly feed: Feed;
  readonly queries: StoreQueries;

  private constructor(
    readonly kv: GatedKv,
    readonly supervisor: Supervisor,
    /** Every model's versions, and the rounds of the federation. */
    readonly models: EngineModels,
    /** Keeps what is stored within bounds, while it runs. */
    readonly retention: Retention,
    private readonly lock: DataDirLock,
    alerts: AlertFeed,
    readings: Hub<ReadingView>,
    rate: RateMeter,
  ) {
    this.feed = {
      alerts: (cursor, signal) => alerts.follow(cursor, signal),
      alertsCursor: () => alerts.cursor,
      readings: (cursor, signal) => readings.follow(cursor, signal),
    };
    this.queries = new StoreQueries(kv, supervisor, () => rate.perSecond);
  }

  /**
   * Takes the data directory, opens the store and learns what is in it.
   *
   * @throws {DataDirError} if another process holds the data directory
   * @throws {CommandError} if the store cannot be opened
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { dataDir, clock, judging, shards } = options;
    const lock = await takeDataDir(dataDir);
    try {
      if (options.fresh) await removeKv(dataDir);
      const kv = new GatedKv(await openKv(options.kv ?? join(dataDir, KV_FILE)));
      await checkStore(kv, clock, options.kv ?? dataDir);
      const alerts = new AlertFeed(kv), readings = readingsHub(), rate = new RateMeter(clock), written = new Written();
      const freshId = () => crypto.randomUUID(),
        models = {
          registry: new KvModelRegistry(kv, { clock, freshId }),
          federation: new KvFederationStore(kv, { clock }),
          evaluations: new KvEvaluations(kv, { clock }),
        };
      const supervisor: Supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, ...options.supervisor, judging }, {
        store: new KvCheckpointStore(kv, {
          clock,
          freshId,
          deadlineMs: KV_DEADLINE_MS,
          historyChunks: HISTORY_CHUNKS,
          written,
        }),
        clock,
        models: { ...models, federation: options.federation?.(models) ?? models.federation },
        sinks: (partition) => options.sinks?.(partition, models) ?? [],
        shards,
        host: (shardOptions) => shards > 1 ? new WorkerHost(shardOptions) : new InlineHost(shardOptions),
        committed: (partition, verdicts, transitions) => {
          readings.publish(verdicts);
          alerts.publish(partition, transitions.map(({ transition }) => transition));
          rate.note(supervisor.runs.reduce((sum, run) => sum + run.readings, 0));
        },
        overtaken: (partition) => alerts.load([partition]),
        failed: options.failed,
        interrupted: options.interrupted,
        breathe: turns(TURN_MS),
      });
      await supervisor.load();
      await alerts.load(await partitionsOf(kv));
      const partitionOf = (sensor: string) => supervisor.directory.find(sensor)?.partition;
      const retention = new Retention(kv, { clock, partitionOf, written });
      return new Engine(kv, supervisor, models, retention, lock, alerts, readings, rate);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Runs a source until it ends or `signal` is aborted. */
  run(source: Source, signal: AbortSignal): Promise<void> {
    return this.supervisor.run(source, sourceMemory(this.kv, source.name), signal);
  }

  /** The digest of everything that came out so far; stable once the sources have ended. */
  async digest(): Promise<string> {
    return await runDigest(await this.supervisor.digests(), this.supervisor.counts());
  }

  /** Ends the shards, closes the store and lets go of the data directory. */
  async close(): Promise<void> {
    await this.supervisor.close();
    this.kv.close();
    await this.lock.release();
  }
}

/** Takes away what earlier runs left; only what Sensorium made. */
async function removeKv(dataDir: string): Promise<void> {
  for (const ending of ["", "-shm", "-wal"]) {
    try {
      await Deno.remove(join(dataDir, KV_FILE + ending));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * Opens a KV file or server.
 *
 * @throws {CommandError} if it cannot be opened
 */
export async function openKv(path: string): Promise<Deno.Kv> {
  try {
    return await Deno.openKv(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new CommandError(`cannot open the KV ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/** Refuses a store that does not answer, or is not one that can be run on. */
export async function checkStore(kv: KvPort, clock: Clock, where: string): Promise<void> {
  try {
    await within(clock, KV_DEADLINE_MS, checkFormat(kv));
    await checkImported(kv);
  } catch (error) {
    kv.close();
    const known = error instanceof StoreAwayError || error instanceof SavepointError || error instanceof StoreError;
    throw known ? new CommandError(`cannot use the store ${where}: ${error.message}`, { cause: error }) : error;
  }
}

/**
 * The feed of readings.
 *
 * @param start by partition the position up to which readings came before this process: they are not in the feed
 */
export function readingsHub(start: Readonly<Record<string, number>> = {}): Hub<ReadingView> {
  const parts = (reading: ReadingView) => reading.id.split("/");
  return new Hub<ReadingView>({
    partitionOf: (reading) => parts(reading)[0],
    positionOf: (reading) => Number(parts(reading)[1]),
    capacity: READINGS_RING,
    start,
  });
}

/** Ids of all partitions that were ever run. */
export async function partitionsOf(kv: KvPort): Promise<Set<string>> {
  const partitions = new Set<string>();
  for await (const { key } of kv.list({ prefix: ["partition"] })) partitions.add(String(key[1]));
  return partitions;
}
