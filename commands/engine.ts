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
import { InlineHost, type ShardHost } from "../actors/runtime/host.ts";
import { WorkerHost } from "../actors/runtime/worker_host.ts";
import type { ShardOptions } from "../actors/shard.ts";
import { Supervisor } from "../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS, type SupervisorOptions } from "../actors/supervisor_options.ts";
import type { Tracing } from "../actors/tracing.ts";
import type { Feed, ReadingView } from "../actors/views.ts";
import { join } from "../std/path.ts";
import { AlertFeed } from "../store/alert_feed.ts";
import { KvCheckpointStore } from "../store/checkpoint_store.ts";
import { type Guards, StoreError } from "../store/chain.ts";
import { within } from "../store/deadline.ts";
import { KvEvaluations } from "../store/evaluations.ts";
import { KvFederationStore } from "../store/federation.ts";
import { KvConfigurations } from "../store/configurations.ts";
import { checkFormat } from "../store/format.ts";
import { GatedKv } from "../store/gate.ts";
import { Hub } from "../store/hub.ts";
import type { KvPort } from "../store/kv.ts";
import { KvModelRegistry } from "../store/registry.ts";
import type { Lease } from "../store/lease.ts";
import { Retention } from "../store/retention.ts";
import { checkImported } from "../store/savepoint.ts";
import { SavepointError } from "../store/savepoint_reader.ts";
import { KvQuarantine } from "../store/quarantine.ts";
import type { DataDirLock } from "../store/lock.ts";
import { StoreQueries } from "../store/queries.ts";
import { FleetKv } from "../store/fleet.ts";
import { forwardCommand } from "../store/forward.ts";
import { KEYS } from "../store/keys.ts";
import { sourceMemory } from "../store/source_memory.ts";
import { turns } from "../store/turns.ts";
import { Written } from "../store/written.ts";
import { KV_FILE, openFleet, openKv, serverUrls } from "./database.ts";
import { CommandError } from "./errors.ts";
import { takeDataDir } from "./instance.ts";
import { OtherNodes } from "./other_nodes.ts";
import { RateMeter } from "./rate_meter.ts";
import { openSharing, type Sharing, type SharingOptions } from "./sharing.ts";
import { isSweptHere, upkeepLease } from "./upkeep.ts";

/** What an instance is made of. */
export interface EngineOptions {
  readonly dataDir: string;
  /** Path of the KV file, or URLs of KV servers with commas between; default a file in the data directory. */
  readonly kv?: string;
  /** What protects checkpoints; a test takes one away to see that it is needed. */
  readonly guards?: Guards;
  /** Longest wait for an answer of a KV server, ms, where not the usual one; a test takes it away to see that it is needed. */
  readonly kvDeadlineMs?: number;
  /** Name of this process among others over the same servers, as the owner of its partitions. */
  readonly node?: string;
  /** Whether to begin anew: the KV file in the data directory is removed, once the directory is held. */
  readonly fresh?: boolean;
  readonly judging: Judging;
  /** Whether what is configured may be changed while it runs: then versions of it are kept in the store. */
  readonly configurable?: boolean;
  /** 1 works in this thread, more in as many workers. */
  readonly shards: number;
  readonly clock: Clock;
  /** The sinks of a partition. */
  readonly sinks?: (partition: string, models: EngineModels) => readonly CommitSink[];
  /** What rounds are kept in, where that is more than the store: its place is taken in the actors' eyes alone. */
  readonly federation?: (models: EngineModels) => FederationStore;
  /** Partitions that share their models, over all nodes; absent: each has its own. */
  readonly sharing?: SharingOptions;
  /** Where readings are followed; absent: none are. */
  readonly tracing?: Tracing;
  /** What deviates from {@linkcode SUPERVISOR_DEFAULTS}. */
  readonly supervisor?: Partial<Omit<SupervisorOptions, "judging">>;
  /** Told when the lease of what one node does for all was taken or lost. */
  readonly leased?: (line: string) => void;
  /** Told when a partition has failed; the others run on. */
  readonly failed?: (partition: string, error: Error) => void;
  /** Told when the run of a partition has ended early and will be begun again. */
  readonly interrupted?: (partition: string, error: Error) => void;
}

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

  private readonly closing = new AbortController();
  private readonly following: Promise<unknown>;

  private constructor(
    readonly kv: GatedKv,
    /** The KV servers, where it is not a file. */
    readonly fleet: FleetKv | undefined,
    readonly supervisor: Supervisor,
    /** Every model's versions, and the rounds of the federation. */
    readonly models: EngineModels,
    /** Keeps what is stored within bounds, while it runs. */
    readonly retention: Retention,
    /** Who of all nodes does what one of them does; absent where the store is this process's alone. */
    readonly lease: Lease | undefined,
    /** What was not accepted, one by one. */
    readonly quarantine: KvQuarantine,
    private readonly lock: DataDirLock,
    alerts: AlertFeed,
    readings: Hub<ReadingView>,
    rate: RateMeter,
    /** Other processes over the same store; absent where it is this process's alone. */
    readonly others?: OtherNodes,
    /** Versions of what is configured; absent where it cannot be changed. */
    readonly configurations?: KvConfigurations,
    sharing?: Sharing,
  ) {
    this.feed = {
      alerts: (cursor, signal) => alerts.follow(cursor, signal),
      alertsCursor: () => alerts.cursor,
      readings: (cursor, signal) => readings.follow(cursor, signal),
    };
    this.queries = new StoreQueries(kv, supervisor, () => rate.perSecond, (partition) => fleet?.problemOf(partition));
    const { signal } = this.closing;
    this.following = Promise.all([others?.follow(signal), sharing?.run(signal)]);
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
      const urls = serverUrls(options.kv),
        fleet = urls.length > 0 ? await openServers(urls, clock, options.kvDeadlineMs) : undefined;
      const kv = new GatedKv(fleet ?? await openKv(options.kv ?? join(dataDir, KV_FILE)));
      await checkStore(fleet ?? kv, clock, options.kv ?? dataDir);
      const alerts = new AlertFeed(kv), readings = readingsHub(), rate = new RateMeter(clock), written = new Written();
      const freshId = () => crypto.randomUUID(),
        models = {
          registry: new KvModelRegistry(kv, { clock, freshId }),
          federation: new KvFederationStore(kv, { clock }),
          evaluations: new KvEvaluations(kv, { clock }),
        };
      const configurations = options.configurable ? await KvConfigurations.open(kv, clock, judging) : undefined;
      const { sharing: how, node, leased } = options, federation = options.federation?.(models) ?? models.federation;
      const others = fleet &&
        new OtherNodes(fleet, {
          clock,
          freshId,
          readings,
          alerts,
          supervisor: () => supervisor,
          ...(node ? { node } : {}),
        });
      const sharing = how && openSharing(how, {
        kv,
        federation,
        judging: () => configurations?.now.judging ?? judging,
        clock,
        freshId,
        ...(fleet ? { fleet } : {}),
        ...(node === undefined ? {} : { node }),
        ...(leased ? { leased } : {}),
      });
      const supervisor: Supervisor = new Supervisor({
        ...SUPERVISOR_DEFAULTS,
        ...options.supervisor,
        judging,
        tellsStates: fleet !== undefined,
      }, {
        configurations,
        store: new KvCheckpointStore(kv, {
          clock,
          freshId,
          deadlineMs: options.kvDeadlineMs ?? KV_DEADLINE_MS,
          historyChunks: HISTORY_CHUNKS,
          written,
          ...(options.node === undefined ? {} : { owner: options.node }),
          ...(options.guards ? { guards: options.guards } : {}),
          ...(fleet ? { fleet } : {}),
        }),
        clock,
        models: {
          ...models,
          federation,
          ...(sharing ? { epochs: sharing.epochs } : {}),
        },
        sinks: (partition) => options.sinks?.(partition, models) ?? [],
        shards,
        tracing: options.tracing,
        host: (shardOptions) => makeHost(shardOptions, shards, options.tracing),
        committed: (partition, verdicts, transitions) => {
          readings.publish(verdicts);
          others?.live.tell(partition, verdicts);
          alerts.publish(partition, transitions.map(({ transition }) => transition));
          rate.note(supervisor.runs.reduce((sum, run) => sum + run.readings, 0));
        },
        overtaken: (partition) => alerts.load([partition]),
        failed: options.failed,
        interrupted: options.interrupted,
        breathe: turns(TURN_MS),
        ...(others ? { forward: (...command) => forwardCommand(others.orders, ...command) } : {}),
      });
      const partitionOf = (sensor: string) => supervisor.directory.find(sensor)?.partition;
      if (fleet) fleet.partitionOf = partitionOf;
      await supervisor.load();
      // Those of a server that is away are loaded when it is heard of them.
      const stored = [...await partitionsOf(fleet?.servers ?? [kv])].filter((partition) => !fleet?.isAway(partition));
      await alerts.load(stored);
      const lease = fleet && upkeepLease(fleet, options, freshId());
      const mine = lease && isSweptHere(supervisor, lease);
      const retention = new Retention(kv, { clock, partitionOf, written, ...(mine ? { mine } : {}) });
      return new Engine(
        kv,
        fleet,
        supervisor,
        models,
        retention,
        lease,
        new KvQuarantine(kv, written),
        lock,
        alerts,
        readings,
        rate,
        others,
        configurations,
        sharing,
      );
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
    return await runDigest(await this.supervisor.answers.digests(), this.supervisor.counts());
  }

  /** Ends the shards, closes the store and lets go of the data directory. */
  async close(): Promise<void> {
    await this.supervisor.close();
    this.closing.abort();
    await this.following;
    this.kv.close();
    await this.lock.release();
  }
}

/** A shard's host: one alone works in this thread. */
function makeHost(options: ShardOptions, shards: number, tracing: Tracing | undefined): ShardHost {
  if (shards === 1) return new InlineHost(options, undefined, tracing?.tracer);
  return new WorkerHost(options, tracing && new URL("./traced_worker.ts", import.meta.url));
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

/** The KV servers. @throws {CommandError} if they cannot be used */
async function openServers(urls: readonly string[], clock: Clock, deadlineMs?: number): Promise<FleetKv> {
  try {
    return await openFleet(urls, clock, deadlineMs);
  } catch (error) {
    const known = error instanceof StoreAwayError || error instanceof StoreError;
    throw known ? new CommandError(`cannot use the KV servers: ${error.message}`, { cause: error }) : error;
  }
}

/** Refuses a store that does not answer, or is not one that can be run on. */
export async function checkStore(kv: KvPort, clock: Clock, where: string): Promise<void> {
  try {
    if (!(kv instanceof FleetKv)) await within(clock, KV_DEADLINE_MS, checkFormat(kv)); // there each server's was looked at
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

/** Partitions that are stored; those of a server that is away are left out, where there are several. */
export async function partitionsOf(servers: readonly KvPort[]): Promise<Set<string>> {
  const partitions = new Set<string>();
  for (const kv of servers) {
    try {
      for await (const { key } of kv.list({ prefix: KEYS.partitions() })) partitions.add(String(key[1]));
    } catch (error) {
      if (!(error instanceof StoreAwayError) || servers.length === 1) throw error;
    }
  }
  return partitions;
}
