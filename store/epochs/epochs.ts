/**
 * The models that partitions share, in the key-value store: as a partition sees them.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import type { EpochProgress } from "../../actors/training/epoch_schedule.ts";
import type { EpochDecision, EpochFamily, Epochs } from "../../actors/training/epochs.ts";
import type { EpochBell } from "./bell.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";

/** What counts of a group behind an epoch, as it is stored. */
export type UseValue = Omit<EpochDecision, "group">;

/** How partitions take part. */
export interface EpochsOptions {
  readonly clock: Clock;
  /** Rung here, and … */
  readonly brought: EpochBell;
  /** … listened to. */
  readonly trained: EpochBell;
  /** Which partitions share their models. */
  readonly includes: (partition: string) => boolean;
  /** Longest wait for what comes of an epoch, ms. */
  readonly waitMs: number;
}

/** What came of epochs. */
export class KvEpochs implements Epochs {
  /** Looks under way, by what is asked at which ring: partitions that wait for the same look once. */
  private readonly looks = new Map<string, Promise<EpochDecision[] | undefined>>();
  /** Since when the server of what all share has not answered; undefined while it does. */
  private awaySince?: number;

  constructor(private readonly kv: KvPort, private readonly options: EpochsOptions) {}

  includes(partition: string): boolean {
    return this.options.includes(partition);
  }

  brought(): void {
    this.options.brought.ring();
  }

  async decided(
    family: EpochFamily,
    groups: readonly string[],
    before: number,
    signal: AbortSignal,
  ): Promise<readonly EpochDecision[] | undefined> {
    const { clock, trained, waitMs } = this.options, begun = clock.now();
    for (;;) {
      const { rings } = trained, known = await this.look(rings, family, groups, before);
      if (known) return known;
      if (signal.aborted) return undefined;
      // A server that is away is waited for once, not at the end of each epoch until it is there again.
      const left = Math.min(begun, this.awaySince ?? begun) + waitMs - clock.now();
      if (left <= 0) return [];
      await trained.wait(rings, left, signal);
    }
  }

  private look(
    rings: number,
    ...asked: [family: EpochFamily, groups: readonly string[], before: number]
  ): Promise<EpochDecision[] | undefined> {
    const key = JSON.stringify([rings, asked]), known = this.looks.get(key);
    if (known) return known;
    const look = this.known(...asked).finally(() => this.looks.delete(key));
    this.looks.set(key, look);
    return look;
  }

  /** What counts behind an epoch; undefined while that cannot be known: it is not trained, or its server is away. */
  private async known(
    family: EpochFamily,
    groups: readonly string[],
    before: number,
  ): Promise<EpochDecision[] | undefined> {
    try {
      const known = await this.through(family) >= before ? await this.uses(family, groups, before) : undefined;
      this.awaySince = undefined;
      return known;
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error;
      this.awaySince ??= this.options.clock.now();
      return undefined;
    }
  }

  private async through(family: EpochFamily): Promise<number> {
    return (await this.kv.get<EpochProgress>(KEYS.shared(family))).value?.through ?? -1;
  }

  /** Of each group what counts behind an epoch, where something does. */
  private async uses(family: EpochFamily, groups: readonly string[], before: number): Promise<EpochDecision[]> {
    const found = await Promise.all(groups.map(async (group) => {
      const range = { prefix: KEYS.sharedUses(family, group), end: KEYS.sharedUse(family, group, before + 1) };
      for await (const { value } of this.kv.list<UseValue>(range, { reverse: true, limit: 1 })) {
        return [{ group, ...value }];
      }
      return [];
    }));
    return found.flat();
  }
}
