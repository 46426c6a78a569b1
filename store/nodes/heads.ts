/**
 * Follows the heads of all partitions over KV servers: what other processes commit is told here when it is.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { StateCounts } from "../../actors/batch.ts";
import type { Clock } from "../../actors/ports.ts";
import type { PartitionView } from "../../actors/views.ts";
import { ownerIn } from "../checkpoint/chain.ts";
import type { OutputsValue } from "../checkpoint/outputs.ts";
import type { FleetKv } from "./fleet.ts";
import { KEYS } from "../keys.ts";
import { placeOf } from "./places.ts";
import type { TimedKv } from "./timed_kv.ts";

/** A sensor as other processes are told of it. */
export interface ToldSensor {
  readonly name: string;
  readonly type?: string;
  readonly location?: string;
}

/** What is told. */
export interface HeadsOptions {
  readonly clock: Clock;
  /**
   * A partition's head as it is now; all its sensors, where there are others, or other things are known of them; how they
   * are, as of its last checkpoint.
   *
   * @returns whether that was taken; else the sensors are told again
   */
  readonly changed: (view: PartitionView, sensors?: readonly ToldSensor[], states?: StateCounts) => Promise<boolean>;
}

/** What is watched of a partition. */
const watchedOf = (one: string) => [KEYS.outputs(one), KEYS.fence(one), KEYS.sensorsVersion(one), KEYS.states(one)];
/** Number of these keys, and partitions of one watch: ten keys at the most. */
const KEYS_OF_ONE = 4, TOGETHER = 2;
/** Time between two looks for partitions that are new on a server, and after it was away, ms. */
const LOOK_MS = 5_000;

/** Follows until the signal; one that is away is tried again. */
export async function followHeads(fleet: FleetKv, options: HeadsOptions, signal: AbortSignal): Promise<void> {
  await Promise.all(fleet.servers.map((server) => new Heads(fleet, server, options, signal).run()));
}

/** The heads on one server. */
class Heads {
  /** Versions of the lists of sensors, as they were read last. */
  private readonly sensors = new Map<string, string | null>();
  private readonly watched = new Set<string>();
  private readonly watching = new Set<Promise<void>>();

  constructor(
    private readonly fleet: FleetKv,
    private readonly server: TimedKv,
    private readonly options: HeadsOptions,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    const { signal, watching, options: { clock } } = this;
    while (!signal.aborted) {
      try {
        const fresh = (await this.partitions()).filter((partition) => !this.watched.has(partition));
        for (let at = 0; at < fresh.length; at += TOGETHER) {
          const watch: Promise<void> = this.watch(fresh.slice(at, at + TOGETHER)).finally(() => watching.delete(watch));
          watching.add(watch);
        }
      } catch (error) {
        if (!(error instanceof StoreAwayError)) throw error;
      }
      await clock.sleep(LOOK_MS, signal).catch(() => {});
    }
    await Promise.all(watching);
  }

  private async partitions(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of this.server.list({ prefix: KEYS.partitions() })) {
      if (key[2] === "fence") found.push(String(key[1]));
    }
    return found;
  }

  /** Watches some partitions; until the watch ends, then {@linkcode run} begins another. */
  private async watch(partitions: readonly string[]): Promise<void> {
    for (const partition of partitions) this.watched.add(partition);
    const keys = partitions.flatMap(watchedOf);
    try {
      for await (const entries of this.server.changes(keys, this.signal)) {
        for (const [i, partition] of partitions.entries()) {
          await this.tell(partition, entries.slice(KEYS_OF_ONE * i, KEYS_OF_ONE * (i + 1)));
        }
      }
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error;
    } finally {
      for (const partition of partitions) this.watched.delete(partition);
    }
  }

  private async tell(partition: string, entries: readonly Deno.KvEntryMaybe<unknown>[]): Promise<void> {
    const [outputs, fence, sensors, states] = entries, value = outputs.value as OutputsValue | null;
    // What is left of a partition that was moved away says nothing of it any more.
    if (value === null || this.fleet.server(placeOf(this.fleet.map, partition)) !== this.server) return;
    const told = this.sensors.get(partition) === sensors.versionstamp ? undefined : await this.sensorsOf(partition);
    const taken = await this.options.changed(
      {
        partition,
        source: partition.split("-")[0],
        position: value.cut,
        ...(value.sourceTime < 0 ? {} : { source_time: value.sourceTime }),
        readings: value.counts.readings,
        refused: value.counts.refused,
        future: value.counts.future,
        state: "elsewhere",
        owner: ownerIn(String(fence.value)),
      },
      told,
      states.value as StateCounts | null ?? undefined,
    );
    if (taken) this.sensors.set(partition, sensors.versionstamp);
    else this.sensors.delete(partition);
  }

  private async sensorsOf(partition: string): Promise<ToldSensor[]> {
    const sensors: ToldSensor[] = [];
    const listed = this.server.list<string>({ prefix: KEYS.sensorsOf(partition) }, { batchSize: 500 });
    for await (const { key, value } of listed) {
      const [type, location] = JSON.parse(value) as (string | null)[];
      sensors.push({ name: String(key[2]), ...(type ? { type } : {}), ...(location ? { location } : {}) });
    }
    return sensors;
  }
}
