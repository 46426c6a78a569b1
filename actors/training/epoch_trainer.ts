/**
 * Trains the models that partitions share, epoch by epoch, from what each partition brought.
 *
 * What comes out depends on what was brought alone: whoever does it, and however often an epoch is begun again after a
 * crash, it is the same.
 *
 * @module
 */
import { SAMPLE_MOST } from "../../models/sample.ts";
import type { Judging } from "../config.ts";
import type { Clock } from "../ports.ts";
import { type EpochProgress, nextEpoch } from "./epoch_schedule.ts";
import { type EpochDecision, type EpochFamily, type EpochGroup, SHARED } from "./epochs.ts";
import { ModelMaker } from "./maker.ts";
import { TrainingSample } from "./sample.ts";
import { isForestDue, type TrainingPorts } from "./training.ts";

/** What is known of a group's model between epochs. */
export interface TrainedGroup {
  /** End of the last epoch that was gone through, epoch ms. */
  readonly epoch: number;
  /** The version that was trained last, where there was one. */
  readonly version?: number;
  /** Keys of the sample that it was grown from. */
  readonly keys?: Float64Array;
}

/** Where the trainer finds what was brought, and notes what came of it. Whoever may not train any more cannot note. */
export interface EpochBook {
  /** How far a family's models are. */
  progress(family: EpochFamily): Promise<EpochProgress>;
  /** By partition, the ends of epochs that it has put something down for; without those whose store is away. */
  ended(family: EpochFamily): Promise<ReadonlyMap<string, readonly number[]>>;
  /** What all partitions brought: of samples what each brought last until that epoch, of networks what it brought to it. */
  brought(family: EpochFamily, epoch: number): Promise<readonly EpochGroup[]>;
  /** Groups whose models were trained before. */
  trained(family: EpochFamily): Promise<ReadonlyMap<string, TrainedGroup>>;
  /** Notes what came of a group; `decision` is absent while it has no model. */
  decide(
    family: EpochFamily,
    group: string,
    trained: TrainedGroup,
    decision?: Omit<EpochDecision, "group">,
  ): Promise<void>;
  /** Notes that an epoch is over, and lets go of what was brought to it. */
  finish(family: EpochFamily, progress: EpochProgress): Promise<void>;
}

/** What the trainer needs to know. */
export interface EpochTrainerOptions {
  readonly clock: Clock;
  /** What is configured now. */
  readonly judging: () => Judging;
  /** Partitions that there are. */
  readonly partitions: () => readonly string[];
  /** So long an epoch waits for partitions that have not ended it, ms; at least half of it for one that has ended another. */
  readonly waitMs: number;
}

/** Trains what is due. */
export class EpochTrainer {
  private readonly maker: ModelMaker;
  /** Since when the next epoch of a family has waited. */
  private readonly waiting = new Map<EpochFamily, { readonly epoch: number; readonly since: number }>();

  constructor(
    private readonly book: EpochBook,
    private readonly ports: TrainingPorts,
    private readonly options: EpochTrainerOptions,
  ) {
    this.maker = new ModelMaker(SHARED, ports);
  }

  /** Trains the next epoch of a family, if it can be. @returns whether it was */
  async next(family: EpochFamily): Promise<boolean> {
    const { book, options } = this;
    const progress = await book.progress(family), ended = await book.ended(family);
    const next = nextEpoch(progress, ended, options.partitions(), (...one) => this.isOverdue(family, ...one));
    if (!next) return false;
    const trained = await book.trained(family), brought = await book.brought(family, next.through);
    const groups = Map.groupBy(brought, ({ group }) => group);
    // One group has nothing to do with another: while one is stored the next is trained.
    await Promise.all(
      [...new Set([...groups.keys(), ...trained.keys()])].sort().map(async (group) => {
        const known = trained.get(group);
        if (known?.epoch === next.through) return; // done before a crash
        await this.train(family, group, next.through, groups.get(group) ?? [], known);
      }),
    );
    await book.finish(family, next);
    this.waiting.delete(family);
    return true;
  }

  private isOverdue(family: EpochFamily, epoch: number, isNew: boolean): boolean {
    const { clock, judging, waitMs } = this.options, now = clock.now();
    if (this.waiting.get(family)?.epoch !== epoch) this.waiting.set(family, { epoch, since: now });
    const { everyMs } = family === "forest" ? judging().forest : judging().federation;
    return now - (this.waiting.get(family)?.since ?? now) >= (isNew ? waitMs : Math.max(waitMs, everyMs / 2));
  }

  private async train(
    family: EpochFamily,
    group: string,
    epoch: number,
    brought: readonly EpochGroup[],
    known?: TrainedGroup,
  ): Promise<void> {
    const name = this.maker.name(family, group), active = (await this.ports.registry.state(name))?.active;
    const { trained, ...told } = family === "forest"
      ? await this.forest(group, epoch, brought, active, known)
      : await this.network(group, epoch, brought, active, known);
    const state = await this.ports.registry.state(name);
    await this.book.decide(family, group, trained, state && { version: state.active, ...told });
  }

  /** Grows a forest from the least keys of all partitions, if a tenth of them is new. */
  private async forest(
    group: string,
    epoch: number,
    brought: readonly EpochGroup[],
    active?: number,
    known?: TrainedGroup,
  ): Promise<{ readonly trained: TrainedGroup } & Pick<EpochDecision, "limit" | "drift">> {
    const channels = brought[0]?.channels ?? [], sample = new TrainingSample(channels);
    for (const { rows } of brought) for (const row of rows) sample.offer(row);
    const rows = sample.best(), before = new Set(known?.keys);
    const fresh = rows.reduce((count, { key }) => before.has(key) ? count : count + 1, 0);
    const limit = rows.length === SAMPLE_MOST ? { limit: rows[SAMPLE_MOST - 1].key } : {};
    if (!isForestDue(rows.length, fresh, known?.version !== undefined)) {
      return { trained: { ...known, epoch }, ...limit };
    }
    const drift = await this.maker.drift(group, active, channels, rows);
    const parent = known?.version === undefined ? {} : { parent: known.version };
    const version = await this.maker.forest(group, { channels, rows, fresh, ...parent }, until(epoch));
    const keys = Float64Array.from(rows, ({ key }) => key);
    return { trained: { epoch, version, keys }, ...limit, ...(drift ? { drift } : {}) };
  }

  /** Averages the networks of all partitions. */
  private async network(
    group: string,
    epoch: number,
    brought: readonly EpochGroup[],
    inUse?: number,
    known?: TrainedGroup,
  ): Promise<{ readonly trained: TrainedGroup }> {
    const version = await this.maker.round({
      group,
      channels: brought[0]?.channels ?? [],
      members: brought.flatMap(({ locals }) => locals).sort((a, b) => a.sensor < b.sensor ? -1 : 1),
      ...(known?.version === undefined ? {} : { parent: known.version }),
      ...(inUse === undefined ? {} : { inUse }),
      method: this.options.judging().federation.method,
      until: until(epoch),
      time: epoch,
    });
    return { trained: { ...known, epoch, ...(version === undefined ? {} : { version }) } };
  }
}

/** For a person. */
function until(epoch: number): string {
  return new Date(epoch).toISOString();
}
