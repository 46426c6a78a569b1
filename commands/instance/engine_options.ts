/**
 * What an instance is opened with, and what it gives to those who add to it.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import type { Judging } from "../../actors/config.ts";
import type { FederationStore } from "../../actors/federation/port.ts";
import type { Clock } from "../../actors/ports.ts";
import type { SupervisorOptions } from "../../actors/supervisor_options.ts";
import type { Tracing } from "../../actors/tracing.ts";
import type { Guards } from "../../store/checkpoint/chain.ts";
import type { KvEvaluations } from "../../store/evaluations.ts";
import type { KvFederationStore } from "../../store/federation.ts";
import type { KvModelRegistry } from "../../store/registry.ts";
import type { SharingOptions } from "./sharing.ts";

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

/** Where an instance keeps its models. */
export interface EngineModels {
  readonly registry: KvModelRegistry;
  readonly federation: KvFederationStore;
  readonly evaluations: KvEvaluations;
}
