/**
 * Versions of what is configured of judging in the key-value store: each under its number, none is ever changed.
 *
 * @module
 */
import type { Judging } from "../actors/config.ts";
import { judgingSchema } from "../actors/config.ts";
import {
  type ConfigurationPlace,
  type Configurations,
  type ConfigurationVersion,
  type NewConfiguration,
  sameJson,
} from "../actors/configurations.ts";
import type { Clock } from "../actors/ports.ts";
import { StoreError } from "./checkpoint/chain.ts";
import { unlessAway, within } from "./deadline.ts";
import { KEYS } from "./keys.ts";
import { KV_LIMITS, type KvPort } from "./kv.ts";

/** Versions that are kept; of more the oldest go. A partition that stands still for longer starts with the latest one. */
export const CONFIGURATIONS_KEPT = 200;
const DEADLINE_MS = 30_000, TRIES = 5;

/** The versions of one instance. */
export class KvConfigurations implements Configurations {
  private constructor(
    private readonly kv: KvPort,
    private readonly clock: Clock,
    private current: ConfigurationVersion,
    /** Whether what was given at the start has taken the place of another version. */
    readonly replaced: boolean,
  ) {}

  /**
   * Opens what is stored. What `given` says (the configuration file over what the program knows) is the first version; later
   * it becomes another one if it has changed since the last one was made: who edits the file means it.
   *
   * @throws {StoreError} if others make versions all the time
   */
  static async open(kv: KvPort, clock: Clock, given: Judging): Promise<KvConfigurations> {
    for (let tries = 0; tries < TRIES; tries++) {
      const last = await latestOf(kv);
      if (last && sameJson(last.base, given)) return new KvConfigurations(kv, clock, last, false);
      const first = {
        version: (last?.version ?? 0) + 1,
        judging: given,
        base: given,
        created: clock.now(),
        by: "file",
      };
      const configurations = new KvConfigurations(kv, clock, first, last !== undefined);
      if (await configurations.write(first)) return configurations;
    }
    throw new StoreError("the configuration cannot be opened: other processes change it all the time");
  }

  /** Learns what other processes have made since; whether that is anything. */
  async refresh(): Promise<boolean> {
    const last = await latestOf(this.kv);
    if (!last || last.version <= this.current.version) return false;
    this.current = last;
    return true;
  }

  get latest(): number {
    return this.current.version;
  }

  /** The latest version. */
  get now(): ConfigurationVersion {
    return this.current;
  }

  async judging(version: number): Promise<Judging> {
    if (version === this.current.version) return this.current.judging;
    const { value } = await this.ask(this.kv.get<ConfigurationVersion>(KEYS.configuration(version)));
    // One of before may lack what has come since; of one that is gone the latest takes the place.
    return value === null ? this.current.judging : judgingSchema.parse(value.judging);
  }

  /**
   * Makes a version.
   *
   * @param after the version that whoever asks has seen
   * @returns it; undefined if another one has been made meanwhile
   * @throws {StoreError} if it is too large to be stored
   */
  async put({ judging, by, comment }: NewConfiguration, after: number): Promise<ConfigurationVersion | undefined> {
    const { current, clock } = this, { base } = current;
    if (after !== current.version) return undefined;
    const version = { version: after + 1, judging, base, created: clock.now(), by, ...(comment ? { comment } : {}) };
    const bytes = JSON.stringify(version).length;
    if (bytes > KV_LIMITS.valueBytes - 2048) {
      throw new StoreError(
        `cannot keep a configuration of ${bytes} characters: at most ${KV_LIMITS.valueBytes - 2048}`,
      );
    }
    if (await this.write(version)) return this.current = version;
    await this.refresh();
    return undefined;
  }

  /** All that are kept, newest first, and from where on each is in force. */
  async list(): Promise<(ConfigurationVersion & { readonly places: readonly ConfigurationPlace[] })[]> {
    const places = new Map<number, ConfigurationPlace[]>();
    for await (const { key, value } of this.kv.list<number>({ prefix: KEYS.configurationPlaces() })) {
      const version = Number(key[1]), place = { partition: String(key[2]), position: value };
      places.set(version, [...places.get(version) ?? [], place]);
    }
    const versions = await Array.fromAsync(this.kv.list<ConfigurationVersion>({ prefix: KEYS.configurations() }));
    return versions.map(({ value }) => ({ ...value, places: places.get(value.version) ?? [] })).reverse();
  }

  private async write(version: ConfigurationVersion): Promise<boolean> {
    const key = KEYS.configuration(version.version), atomic = this.kv.atomic();
    atomic.check({ key, versionstamp: null }).set(key, version);
    const old = version.version - CONFIGURATIONS_KEPT;
    if (old > 0) atomic.delete(KEYS.configuration(old));
    if (!(await this.ask(atomic.commit())).ok) return false;
    if (old > 0) await unlessAway(this.forgetPlaces(old)); // else they are in nobody's way
    return true;
  }

  /** Places lie with their partitions. */
  private async forgetPlaces(version: number): Promise<void> {
    const places = this.kv.atomic();
    for await (const { key } of this.kv.list({ prefix: KEYS.configurationPlaces(version) })) places.delete(key);
    await this.ask(places.commit());
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.clock, DEADLINE_MS, answer);
  }
}

async function latestOf(kv: KvPort): Promise<ConfigurationVersion | undefined> {
  const options = { reverse: true, limit: 1 } as const;
  for await (const { value } of kv.list<ConfigurationVersion>({ prefix: KEYS.configurations() }, options)) return value;
  return undefined;
}
