/**
 * A whole run in one process, for tests: a source in, the digest and everything that is stored out.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import { type Judging, judgingSchema } from "../../actors/config.ts";
import type { Configurations } from "../../actors/configurations.ts";
import { runDigest } from "../../actors/digest.ts";
import type { Clock, Source } from "../../actors/ports.ts";
import { InlineHost, type ShardHost } from "../../actors/runtime/host.ts";
import type { ShardOptions } from "../../actors/shard.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS, type SupervisorOptions } from "../../actors/supervisor_options.ts";
import type { Tracing } from "../../actors/tracing.ts";
import type { TrainingPorts } from "../../actors/training/training.ts";
import { KvCheckpointStore } from "../../store/checkpoint/store.ts";
import { KvFederationStore } from "../../store/federation.ts";
import { FleetKv } from "../../store/nodes/fleet.ts";
import type { KvPort } from "../../store/kv.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import { MemoryKv } from "../memory_kv.ts";
import { OUTPUT_KINDS, withoutAttempt } from "../output_kinds.ts";

/** How a run is made; everything has a default. */
export interface RunOptions extends Partial<Omit<SupervisorOptions, "judging">> {
  readonly judging?: Judging;
  readonly shards?: number;
  readonly kv?: KvPort;
  /** The supervisor's; by default one that stands still, so that readings alone make checkpoints due. */
  readonly clock?: Clock;
  readonly host?: (options: ShardOptions, shard: number) => ShardHost;
  readonly signal?: AbortSignal;
  readonly sinks?: (partition: string) => readonly CommitSink[];
  readonly configurations?: Configurations;
  readonly tracing?: Tracing;
  /** Told `waits` and `goes on` of a partition whose store was away. */
  readonly told?: (what: string) => void;
}

/** What came of a run. */
export interface RunResult {
  readonly digest: string;
  readonly kv: KvPort;
  /** Still there to be asked; its inline shards need no end. */
  readonly supervisor: Supervisor;
}

let ids = 0;

/** A store over a database, with the usual deadlines. */
export function storeOver(kv: KvPort, clock: Clock): KvCheckpointStore {
  const options = { clock, freshId: () => `id-${++ids}`, deadlineMs: 10_000, historyChunks: 1_000 };
  return new KvCheckpointStore(kv, { ...options, ...(kv instanceof FleetKv ? { fleet: kv } : {}) });
}

/** The models of a database. */
export function modelsOver(kv: KvPort, clock: Clock): TrainingPorts {
  return {
    registry: new KvModelRegistry(kv, { clock, freshId: () => `id-${++ids}` }),
    federation: new KvFederationStore(kv, { clock }),
  };
}

/** Pauses take no time and deadlines never pass: a test over a healthy database. */
export const PATIENT: Clock = {
  now: () => 1_800_000_000_000,
  sleep: (_ms, signal) =>
    signal === undefined
      ? Promise.resolve()
      : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
};

/** Runs a source to its end. @throws what made the partition fail */
export async function runSource(source: Source, options: RunOptions = {}): Promise<RunResult> {
  const {
    judging = judgingSchema.parse({}),
    shards = 1,
    kv = new MemoryKv(),
    clock = PATIENT,
    host,
    signal,
    sinks,
    configurations,
    tracing,
    told,
    ...rest
  } = options;
  const failures: Error[] = [];
  const supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, ...rest, judging }, {
    store: storeOver(kv, PATIENT),
    clock,
    configurations,
    sinks,
    tracing,
    models: modelsOver(kv, PATIENT),
    host: host ?? ((shard) => new InlineHost(shard, undefined, tracing?.tracer)),
    shards,
    failed: (_partition, error) => failures.push(error),
    interrupted: () => told?.("waits"),
    resumed: () => told?.("goes on"),
  });
  await supervisor.load();
  await supervisor.run(source, sourceMemory(kv, source.name), signal ?? new AbortController().signal);
  const digest = await runDigest(await supervisor.answers.digests(), supervisor.counts());
  await supervisor.close();
  if (failures.length > 0) throw failures[0];
  return { digest, kv, supervisor };
}

/** Everything that a run gave out and stored, by key, as one comparable value each. */
export async function storedOutputs(kv: KvPort): Promise<Map<string, unknown>> {
  const outputs = new Map<string, unknown>();
  for (const kind of OUTPUT_KINDS) {
    for await (const { key, value } of kv.list({ prefix: [kind] })) {
      outputs.set(JSON.stringify(key), withoutAttempt(kind, value));
    }
  }
  return outputs;
}
