/**
 * Everything of a running instance but its commands and its HTTP: the data directory, the store, the supervisor, and the
 * feeds, as `engine_parts.ts` wires them together.
 *
 * @module
 */
import { runDigest } from "../../actors/digest.ts";
import type { Source } from "../../actors/ports.ts";
import type { Supervisor } from "../../actors/supervisor.ts";
import type { Feed } from "../../actors/views.ts";
import type { KvConfigurations } from "../../store/configurations.ts";
import type { GatedKv } from "../../store/gate.ts";
import type { FleetKv } from "../../store/nodes/fleet.ts";
import type { Lease } from "../../store/nodes/lease.ts";
import { StoreQueries } from "../../store/queries.ts";
import type { KvQuarantine } from "../../store/quarantine.ts";
import type { Retention } from "../../store/retention/retention.ts";
import { sourceMemory } from "../../store/source_memory.ts";
import type { EngineModels, EngineOptions } from "./engine_options.ts";
import { assemble, type EngineParts } from "./engine_parts.ts";
import { takeDataDir } from "./instance.ts";
import type { OtherNodes } from "./other_nodes.ts";

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
