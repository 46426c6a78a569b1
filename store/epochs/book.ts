/**
 * The models that partitions share, in the key-value store: as the one who trains them sees them.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import { type EpochProgress, NO_PROGRESS } from "../../actors/training/epoch_schedule.ts";
import type { EpochBook, EpochLook, GroupOutcome, TrainedGroup } from "../../actors/training/epoch_trainer.ts";
import type { EpochFamily, EpochGroup } from "../../actors/training/epochs.ts";
import { SAMPLE_MOST } from "../../models/sample.ts";
import type { EpochBell } from "./bell.ts";
import { type EpochValue, readEpoch } from "./parts.ts";
import type { FleetKv } from "../nodes/fleet.ts";
import { KEYS } from "../keys.ts";
import { KV_LIMITS, type KvPort } from "../kv.ts";

/** Ends of epochs behind which it is known what counted: so far may a partition be behind the others and still find it. */
const USES_KEPT = 100;

/** Groups of which is noted in one write what came of them: each has the keys of its sample. */
const GROUPS_PER_WRITE = Math.floor(KV_LIMITS.atomicBytes / (2 * 8 * SAMPLE_MOST));

/** An epoch for which a partition has put something down. */
interface Listed {
  readonly partition: string;
  readonly family: string;
  readonly end: number;
  readonly parts: number;
}

/** What was brought, and what came of it. */
export class KvEpochBook implements EpochBook {
  /** What partitions have put down, as of the last look: those of one together, in order of family and end. */
  private listed: readonly Listed[] = [];

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

  async look(): Promise<Readonly<Record<EpochFamily, EpochLook>>> {
    const [progress, ...listed] = await Promise.all([
      this.kv.getMany([KEYS.shared("forest"), KEYS.shared("network")]),
      ...(this.fleet?.servers ?? [this.kv]).map((server) => this.list(server)),
    ]);
    this.listed = listed.flat();
    const [forest, network] = progress.map(({ value }) => value as EpochProgress | null ?? NO_PROGRESS);
    return {
      forest: { progress: forest, ended: this.ended("forest") },
      network: { progress: network, ended: this.ended("network") },
    };
  }

  /** What partitions of a server have put down; nothing while it is away. */
  private async list(server: KvPort): Promise<Listed[]> {
    const listed: Listed[] = [];
    try {
      for await (const { key, value: { parts } } of server.list<EpochValue>({ prefix: KEYS.epochs() })) {
        const partition = String(key[1]);
        // What is left of a partition that was moved away says nothing any more.
        if (this.fleet && this.fleet.of(partition) !== server) continue;
        listed.push({ partition, family: String(key[2]), end: Number(key[3]), parts });
      }
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error;
    }
    return listed;
  }

  private ended(family: EpochFamily): ReadonlyMap<string, readonly number[]> {
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

  async finish(family: EpochFamily, progress: EpochProgress, outcomes: readonly GroupOutcome[]): Promise<void> {
    for (let from = 0;; from += GROUPS_PER_WRITE) {
      const atomic = this.fenced.atomic(), isLast = from + GROUPS_PER_WRITE >= outcomes.length;
      for (const { group, trained, decision } of outcomes.slice(from, from + GROUPS_PER_WRITE)) {
        atomic.set(KEYS.sharedModel(family, group), trained);
        if (decision) atomic.set(KEYS.sharedUse(family, group, trained.epoch), decision);
      }
      if (isLast) atomic.set(KEYS.shared(family), progress).set(KEYS.epochBell("trained"), this.freshId());
      if (!(await atomic.commit()).ok) throw new StoreAwayError("the shared models are trained by another process now");
      if (isLast) break;
    }
    this.trainedBell.ring();
    // Nobody waits for this any more; what a crash leaves goes with the next epoch.
    await Promise.all([
      ...this.over(family, progress.through).map((keys) => this.remove(keys)),
      ...outcomes.map(async ({ group }) => await this.remove(await this.oldUses(family, group))),
    ]);
  }

  /** Entries that count for an epoch: of samples the last one of each partition that has any, of networks its own. */
  private counting(family: EpochFamily, epoch: number): readonly Listed[] {
    const mine = this.listed.filter((one) => one.family === family && one.parts > 0 && one.end <= epoch);
    if (family === "network") return mine.filter(({ end }) => end === epoch);
    return mine.filter((one, i) => mine[i + 1]?.partition !== one.partition);
  }

  /** Of each partition the keys of what nobody asks for behind an epoch. */
  private over(family: EpochFamily, through: number): Deno.KvKey[][] {
    const kept = new Set(family === "forest" ? this.counting(family, through) : []);
    const mine = this.listed.filter((one) => one.family === family), gone = mine.filter((one) => !kept.has(one));
    return gone.filter(({ end }) => end <= through).map(({ partition, end, parts }) => {
      // The last entry stays: it says how far the partition is.
      const isLast = !mine.some((other) => other.partition === partition && other.end > end);
      const keys = Array.from({ length: parts }, (_, i) => KEYS.epochPart(partition, family, end, i));
      return isLast ? keys : [...keys, KEYS.epoch(partition, family, end)];
    });
  }

  /** Keys of what counted behind epochs so long ago that nobody asks for it. */
  private async oldUses(family: EpochFamily, group: string): Promise<Deno.KvKey[]> {
    const uses = await Array.fromAsync(this.kv.list({ prefix: KEYS.sharedUses(family, group) }, { reverse: true }));
    return uses.slice(USES_KEPT).map(({ key }) => key);
  }

  private async remove(keys: readonly Deno.KvKey[]): Promise<void> {
    for (let at = 0; at < keys.length; at += KV_LIMITS.mutations) {
      const atomic = this.kv.atomic();
      for (const key of keys.slice(at, at + KV_LIMITS.mutations)) atomic.delete(key);
      await atomic.commit();
    }
  }
}
