/**
 * The models that partitions share, in the key-value store: as the one who trains them sees them.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import { type EpochProgress, NO_PROGRESS } from "../../actors/training/epoch_schedule.ts";
import type { EpochBook, TrainedGroup } from "../../actors/training/epoch_trainer.ts";
import type { EpochFamily, EpochGroup } from "../../actors/training/epochs.ts";
import type { EpochBell } from "./bell.ts";
import { type EpochValue, readEpoch } from "./parts.ts";
import type { UseValue } from "./epochs.ts";
import type { FleetKv } from "../nodes/fleet.ts";
import { KEYS } from "../keys.ts";
import { KV_LIMITS, type KvPort } from "../kv.ts";

/** Ends of epochs behind which it is known what counted: so far may a partition be behind the others and still find it. */
const USES_KEPT = 100;

/** What was brought, and what came of it. */
export class KvEpochBook implements EpochBook {
  /** What partitions have put down, as it was last asked for: in order of partition, family, end. */
  private listed: {
    readonly partition: string;
    readonly family: string;
    readonly end: number;
    readonly parts: number;
  }[] = [];

  /**
   * @param fenced the same, but it refuses every write of one who may not train any more
   * @param fleet the servers that it is made of, where there are several: one that is away is left out
   */
  constructor(
    private readonly kv: KvPort,
    private readonly fenced: KvPort,
    private readonly trainedBell: EpochBell,
    private readonly freshId: () => string,
    private readonly fleet?: FleetKv,
  ) {}

  async progress(family: EpochFamily): Promise<EpochProgress> {
    return (await this.kv.get<EpochProgress>(KEYS.shared(family))).value ?? NO_PROGRESS;
  }

  async ended(family: EpochFamily): Promise<ReadonlyMap<string, readonly number[]>> {
    this.listed = [];
    for (const server of this.fleet?.servers ?? [this.kv]) {
      try {
        for await (const { key, value: { parts } } of server.list<EpochValue>({ prefix: KEYS.epochs() })) {
          const partition = String(key[1]);
          // What is left of a partition that was moved away says nothing any more.
          if (this.fleet && this.fleet.of(partition) !== server) continue;
          this.listed.push({ partition, family: String(key[2]), end: Number(key[3]), parts });
        }
      } catch (error) {
        if (!(error instanceof StoreAwayError)) throw error;
      }
    }
    const mine = this.listed.filter((one) => one.family === family);
    return new Map([...Map.groupBy(mine, ({ partition }) => partition)].map(([partition, entries]) => {
      return [partition, entries.map(({ end }) => end)];
    }));
  }

  async brought(family: EpochFamily, epoch: number): Promise<readonly EpochGroup[]> {
    const counting = this.counting(family, epoch);
    return (await Promise.all(counting.map(({ partition, end }) => readEpoch(this.kv, partition, family, end)))).flat();
  }

  async trained(family: EpochFamily): Promise<ReadonlyMap<string, TrainedGroup>> {
    const trained = new Map<string, TrainedGroup>();
    for await (const { key, value } of this.kv.list<TrainedGroup>({ prefix: KEYS.sharedModels(family) })) {
      trained.set(String(key[2]), value);
    }
    return trained;
  }

  async decide(family: EpochFamily, group: string, trained: TrainedGroup, decision?: UseValue): Promise<void> {
    const atomic = this.fenced.atomic().set(KEYS.sharedModel(family, group), trained);
    if (decision) {
      atomic.set(KEYS.sharedUse(family, group, trained.epoch), decision);
      const uses: Deno.KvKey[] = [];
      for await (const { key } of this.kv.list({ prefix: KEYS.sharedUses(family, group) }, { reverse: true })) {
        uses.push(key);
      }
      for (const key of uses.slice(USES_KEPT)) atomic.delete(key);
    }
    await this.commit(atomic);
  }

  async finish(family: EpochFamily, progress: EpochProgress): Promise<void> {
    await this.commit(
      this.fenced.atomic().set(KEYS.shared(family), progress).set(KEYS.epochBell("trained"), this.freshId()),
    );
    this.trainedBell.ring();
    // Nobody waits for this any more; what a crash leaves goes with the next epoch.
    const { through } = progress, kept = new Set(family === "forest" ? this.counting(family, through) : []);
    const over = this.listed.filter((one) => one.family === family && one.end <= through && !kept.has(one));
    await Promise.all(over.map(({ partition, end }) => {
      // The last entry stays: it says how far the partition is.
      const isLast = !this.listed.some((one) => one.partition === partition && one.family === family && one.end > end);
      return this.forget(partition, family, end, isLast);
    }));
  }

  /** Entries that count for an epoch: of samples the last one of each partition that has any, of networks its own. */
  private counting(family: EpochFamily, epoch: number): typeof this.listed {
    const mine = this.listed.filter((one) => one.family === family && one.parts > 0 && one.end <= epoch);
    if (family === "network") return mine.filter(({ end }) => end === epoch);
    return mine.filter((one, i) => mine[i + 1]?.partition !== one.partition);
  }

  /** Lets go of what was brought. @param staysSaid whether the entry stays, without its parts */
  private async forget(partition: string, family: EpochFamily, end: number, staysSaid: boolean): Promise<void> {
    const keys: Deno.KvKey[] = staysSaid ? [] : [KEYS.epoch(partition, family, end)];
    for await (const { key } of this.kv.list({ prefix: KEYS.epochParts(partition, family, end) })) keys.push(key);
    for (let at = 0; at < keys.length; at += KV_LIMITS.mutations) {
      const atomic = this.kv.atomic();
      for (const key of keys.slice(at, at + KV_LIMITS.mutations)) atomic.delete(key);
      await atomic.commit();
    }
  }

  /** @throws {StoreAwayError} if somebody else trains now */
  private async commit(atomic: ReturnType<KvPort["atomic"]>): Promise<void> {
    if (!(await atomic.commit()).ok) throw new StoreAwayError("the shared models are trained by another process now");
  }
}
