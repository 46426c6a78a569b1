/**
 * Everything of a running instance but its commands and its HTTP: the data directory, the store, the supervisor, and the
 * feeds, wired together.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import type { Judging } from "../../actors/config.ts";
import { runDigest } from "../../actors/digest.ts";
import type { FederationStore } from "../../actors/federation/port.ts";
import type { Clock, Source } from "../../actors/ports.ts";
import { InlineHost, type ShardHost } from "../../actors/runtime/host.ts";
import { WorkerHost } from "../../actors/runtime/worker_host.ts";
import type { ShardOptions } from "../../actors/shard.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS, type SupervisorOptions } from "../../actors/supervisor_options.ts";
import type { Tracing } from "../../actors/tracing.ts";
import type { Feed, ReadingView } from "../../actors/views.ts";
import { AlertFeed } from "../../store/alert_feed.ts";
import { KvCheckpointStore } from "../../store/checkpoint/store.ts";
import type { Guards } from "../../store/checkpoint/chain.ts";
import { KvEvaluations } from "../../store/evaluations.ts";
import { KvFederationStore } from "../../store/federation.ts";
import { KvConfigurations } from "../../store/configurations.ts";
import type { GatedKv } from "../../store/gate.ts";
import type { Hub } from "../../store/hub.ts";
import type { KvPort } from "../../store/kv.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { CachedModelRegistry } from "../../store/registry_cache.ts";
import type { Lease } from "../../store/nodes/lease.ts";
import { Retention } from "../../store/retention/retention.ts";
import { KvQuarantine } from "../../store/quarantine.ts";
import type { DataDirLock } from "../../store/lock.ts";
import { StoreQueries } from "../../store/queries.ts";
import type { FleetKv } from "../../store/nodes/fleet.ts";
import { forwardCommand } from "../../store/nodes/forward.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import { turns } from "../../store/turns.ts";
import { Written } from "../../store/retention/written.ts";
import { KV_DEADLINE_MS, openStore, partitionsOf } from "./engine_store.ts";
import { takeDataDir } from "./instance.ts";
import { OtherNodes } from "./other_nodes.ts";
import { RateMeter } from "./rate_meter.ts";
import { readingsHub } from "./readings_hub.ts";
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
  /** Told when such a partition stores something again. */
  readonly resumed?: (partition: string) => void;
}

/** Chunks of 64 readings that are kept of each sensor: about 10,000 readings. */
export const HISTORY_CHUNKS = 160;
/** Work between two turns of the event loop, ms. */
const TURN_MS = 8;

/** Where an instance keeps its models. */
export interface EngineModels {
  readonly registry: KvModelRegistry;
  readonly federation: KvFederationStore;
  readonly evaluations: KvEvaluations;
}

/** What a running instance is made of. */
interface EngineParts {
  readonly kv: GatedKv;
  readonly fleet: FleetKv | undefined;
  readonly node: string | undefined;
  readonly supervisor: Supervisor;
  readonly models: EngineModels;
  readonly retention: Retention;
  readonly lease: Lease | undefined;
  readonly quarantine: KvQuarantine;
  readonly lock: DataDirLock;
  readonly alerts: AlertFeed;
  readonly readings: Hub<ReadingView>;
  readonly rate: RateMeter;
  readonly others: OtherNodes | undefined;
  readonly configurations: KvConfigurations | undefined;
  readonly sharing: Sharing | undefined;
}

/** A running instance without its commands and HTTP. */
export class Engine {
  readonly feed: Feed;
  readonly queries: StoreQueries;

  private readonly closing = new AbortController();
  private readonly following: Promise<unknown>;

  private constructor(private readonly parts: EngineParts) {
    const { kv, fleet, node, supervisor, alerts, readings, rate, others, sharing } = parts;
    this.feed = {
      alerts: (cursor, signal) => alerts.follow(cursor, signal),
      alertsCursor: () => alerts.cursor,
      readings: (cursor, signal) => readings.follow(cursor, signal),
    };
    this.queries = new StoreQueries(kv, supervisor, () => rate.perSecond, {
      ...(node === undefined ? {} : { node }),
      ...(fleet ? { holderOf: (partition) => fleet.holderOf(partition) } : {}),
    });
    const { signal } = this.closing;
    this.following = Promise.all([others?.follow(signal), sharing?.run(signal)]);
  }

  /** The store, with a gate before its writes. */
  get kv(): GatedKv {
    return this.parts.kv;
  }

  /** The KV servers, where it is not a file. */
  get fleet(): FleetKv | undefined {
    return this.parts.fleet;
  }

  /** Who runs the partitions. */
  get supervisor(): Supervisor {
    return this.parts.supervisor;
  }

  /** Every model's versions, and the rounds of the federation. */
  get models(): EngineModels {
    return this.parts.models;
  }

  /** Keeps what is stored within bounds, while it runs. */
  get retention(): Retention {
    return this.parts.retention;
  }

  /** Who of all nodes does what one of them does; absent where the store is this process's alone. */
  get lease(): Lease | undefined {
    return this.parts.lease;
  }

  /** What was not accepted, one by one. */
  get quarantine(): KvQuarantine {
    return this.parts.quarantine;
  }

  /** Other processes over the same store; absent where it is this process's alone. */
  get others(): OtherNodes | undefined {
    return this.parts.others;
  }

  /** Versions of what is configured; absent where it cannot be changed. */
  get configurations(): KvConfigurations | undefined {
    return this.parts.configurations;
  }

  /**
   * Takes the data directory, opens the store and learns what is in it.
   *
   * @throws {DataDirError} if another process holds the data directory
   * @throws {CommandError} if the store cannot be opened
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const lock = await takeDataDir(options.dataDir);
    try {
      return new Engine(await assemble(options, lock));
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
    await this.parts.lock.release();
  }
}

/** Opens the store, and wires everything together over it. */
async function assemble(options: EngineOptions, lock: DataDirLock): Promise<EngineParts> {
  const { clock, judging, node, leased } = options, { kv, fleet } = await openStore(options);
  const alerts = new AlertFeed(kv), readings = readingsHub(), rate = new RateMeter(clock), written = new Written();
  const freshId = () => crypto.randomUUID();
  const models = {
    // Partitions that share their models ask for the same versions.
    registry: new (options.sharing ? CachedModelRegistry : KvModelRegistry)(kv, { clock, freshId }),
    federation: new KvFederationStore(kv, { clock }),
    evaluations: new KvEvaluations(kv, { clock }),
  };
  const federation = options.federation?.(models) ?? models.federation;
  const configurations = options.configurable ? await KvConfigurations.open(kv, clock, judging) : undefined;
  const others = fleet &&
    new OtherNodes(fleet, {
      clock,
      freshId,
      readings,
      alerts,
      supervisor: () => supervisor,
      ...(node ? { node } : {}),
    });
  const sharing = options.sharing && openSharing(options.sharing, {
    kv,
    federation,
    judging: () => configurations?.now.judging ?? judging,
    clock,
    freshId,
    ...(fleet ? { fleet } : {}),
    ...(node === undefined ? {} : { node }),
    ...(leased ? { leased } : {}),
  });
  const how = { ...SUPERVISOR_DEFAULTS, ...options.supervisor, judging, tellsStates: fleet !== undefined };
  const supervisor: Supervisor = new Supervisor(how, {
    configurations,
    store: checkpoints(options, kv, fleet, { freshId, written }),
    clock,
    models: { ...models, federation, ...(sharing ? { epochs: sharing.epochs } : {}) },
    sinks: (partition) => options.sinks?.(partition, models) ?? [],
    shards: options.shards,
    tracing: options.tracing,
    host: (shardOptions) => makeHost(shardOptions, options.shards, options.tracing),
    committed: (partition, verdicts, transitions) => {
      readings.publish(verdicts);
      others?.live.tell(partition, verdicts);
      alerts.publish(partition, transitions.map(({ transition }) => transition));
      rate.noteRuns(supervisor.runs);
    },
    overtaken: (partition) => alerts.load([partition]),
    failed: options.failed,
    interrupted: options.interrupted,
    resumed: options.resumed,
    breathe: turns(TURN_MS),
    ...(others ? { forward: (...command) => forwardCommand(others.orders, ...command) } : {}),
  });
  const partitionOf = (sensor: string) => supervisor.directory.find(sensor)?.partition;
  if (fleet) fleet.partitionOf = partitionOf;
  await supervisor.load();
  // Those of a server that is away are loaded when it is heard of them.
  await alerts.load([...await partitionsOf(fleet?.servers ?? [kv])].filter((partition) => !fleet?.isAway(partition)));
  const lease = fleet && upkeepLease(fleet, options, freshId()), mine = lease && isSweptHere(supervisor, lease);
  const swept = { ...(mine ? { mine } : {}), ...(fleet ? { servers: fleet.servers } : {}) };
  const retention = new Retention(kv, { clock, partitionOf, written, ...swept });
  const quarantine = new KvQuarantine(kv, written),
    known = { kv, fleet, node, supervisor, models, retention, lease, quarantine };
  return { ...known, lock, alerts, readings, rate, others, configurations, sharing };
}

/** The checkpoints of an instance. */
function checkpoints(
  { clock, kvDeadlineMs = KV_DEADLINE_MS, node, guards }: EngineOptions,
  kv: KvPort,
  fleet: FleetKv | undefined,
  parts: { readonly freshId: () => string; readonly written: Written },
): KvCheckpointStore {
  return new KvCheckpointStore(kv, {
    ...parts,
    clock,
    deadlineMs: kvDeadlineMs,
    historyChunks: HISTORY_CHUNKS,
    ...(node === undefined ? {} : { owner: node }),
    ...(guards ? { guards } : {}),
    ...(fleet ? { fleet } : {}),
  });
}

/** A shard's host: one alone works in this thread. */
function makeHost(options: ShardOptions, shards: number, tracing: Tracing | undefined): ShardHost {
  if (shards === 1) return new InlineHost(options, undefined, tracing?.tracer);
  return new WorkerHost(options, tracing && new URL("./traced_worker.ts", import.meta.url));
}
