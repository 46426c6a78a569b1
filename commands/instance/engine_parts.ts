/**
 * The parts of a running instance, wired together over its store.
 *
 * @module
 */
import { InlineHost, type ShardHost } from "../../actors/runtime/host.ts";
import { WorkerHost } from "../../actors/runtime/worker_host.ts";
import type { ShardOptions } from "../../actors/shard.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import type { Tracing } from "../../actors/tracing.ts";
import type { ReadingView } from "../../actors/views.ts";
import { AlertFeed } from "../../store/alert_feed.ts";
import { KvConfigurations } from "../../store/configurations.ts";
import { KvEvaluations } from "../../store/evaluations.ts";
import { KvFederationStore } from "../../store/federation.ts";
import type { GatedKv } from "../../store/gate.ts";
import type { Hub } from "../../store/hub.ts";
import type { KvPort } from "../../store/kv.ts";
import type { DataDirLock } from "../../store/lock.ts";
import type { FleetKv } from "../../store/nodes/fleet.ts";
import { forwardCommand } from "../../store/nodes/forward.ts";
import type { Lease } from "../../store/nodes/lease.ts";
import { KvQuarantine } from "../../store/quarantine.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { CachedModelRegistry } from "../../store/registry_cache.ts";
import { Retention } from "../../store/retention/retention.ts";
import { Written } from "../../store/retention/written.ts";
import { turns } from "../../store/turns.ts";
import type { EngineModels, EngineOptions } from "./engine_options.ts";
import { openCheckpoints, openStore, partitionsOf } from "./engine_store.ts";
import { OtherNodes } from "./other_nodes.ts";
import { RateMeter } from "./rate_meter.ts";
import { readingsHub } from "./readings_hub.ts";
import { openSharing, type Sharing } from "./sharing.ts";
import { isSweptHere, upkeepLease } from "./upkeep.ts";

/** Work between two turns of the event loop, ms. */
const TURN_MS = 8;

/** What a running instance is made of. */
export interface EngineParts {
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

/** Opens the store, and wires everything together over it. */
export async function assemble(options: EngineOptions, lock: DataDirLock): Promise<EngineParts> {
  const { clock, judging, node, leased } = options, { kv, fleet } = await openStore(options);
  const alerts = new AlertFeed(kv), readings = readingsHub(), rate = new RateMeter(clock), written = new Written();
  const freshId = () => crypto.randomUUID();
  const models = modelsIn(kv, fleet, options, freshId);
  const federation = options.federation?.(models) ?? models.federation;
  const configurations = options.configurable ? await KvConfigurations.open(kv, clock, judging) : undefined;
  const seen = { clock, freshId, readings, alerts, supervisor: () => supervisor, ...(node ? { node } : {}) };
  const others = fleet && new OtherNodes(fleet, seen);
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
    store: openCheckpoints(options, kv, fleet, { freshId, written }),
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

function modelsIn(
  kv: KvPort,
  fleet: FleetKv | undefined,
  { clock, sharing }: EngineOptions,
  freshId: () => string,
): EngineModels {
  return {
    // Partitions that share their models ask for the same versions.
    registry: new (sharing ? CachedModelRegistry : KvModelRegistry)(kv, { clock, freshId }),
    federation: new KvFederationStore(kv, { clock }),
    evaluations: new KvEvaluations(kv, { clock, ...(fleet ? { serverOf: (partition) => fleet.of(partition) } : {}) }),
  };
}

/** A shard's host: one alone works in this thread. */
function makeHost(options: ShardOptions, shards: number, tracing: Tracing | undefined): ShardHost {
  if (shards === 1) return new InlineHost(options, undefined, tracing?.tracer);
  return new WorkerHost(options, tracing && new URL("./traced_worker.ts", import.meta.url));
}
