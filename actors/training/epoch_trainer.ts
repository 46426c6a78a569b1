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
  /** The version that came into use behind that epoch, where there is one; absent in what was stored before it was kept. */
  readonly inUse?: number;
}

/** What is known of a family's next epoch. */
export interface EpochLook {
  /** How far its models are. */
  readonly progress: EpochProgress;
  /** By partition, the ends of epochs that it has put something down for; without those whose store is away. */
  readonly ended: ReadonlyMap<string, readonly number[]>;
}

/** What came of a group in an epoch. */
export interface GroupOutcome {
  readonly group: string;
  readonly trained: TrainedGroup;
  /** Absent while it has no model. */
  readonly decision?: Omit<EpochDecision, "group">;
}

/** Where the trainer finds what was brought, and notes what came of it. Whoever may not train any more cannot note. */
export interface EpochBook {
  /** How far the families are. */
  look(): Promise<Readonly<Record<EpochFamily, EpochLook>>>;
  /**
   * What all partitions had brought at the last look: of samples what each brought last until that epoch, of networks what
   * it brought to it.
   */
  brought(family: EpochFamily, epoch: number): Promise<readonly EpochGroup[]>;
  /** Groups whose models were trained before. */
  trained(family: EpochFamily): Promise<ReadonlyMap<string, TrainedGroup>>;
  /** Notes what came of an epoch, the last with it that it is over; then lets go of what was brought to it. */
  finish(family: EpochFamily, progress: EpochProgress, outcomes: readonly GroupOutcome[]): Promise<void>;
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

  /** Trains the next epoch of each family of which that can be trained. @returns whether there was one */
  async next(): Promise<boolean> {
    const { forest, network } = await this.book.look();
    const trained = await Promise.allSettled([this.train("forest", forest), this.train("network", network)]);
    return trained.some((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
  }

  private async train(family: EpochFamily, { progress, ended }: EpochLook): Promise<boolean> {
    const { book, options } = this;
    const next = nextEpoch(progress, ended, options.partitions(), (...one) => this.isOverdue(family, ...one));
    if (!next) return false;
    const [trained, brought] = await Promise.all([book.trained(family), book.brought(family, next.through)]);
    const groups = Map.groupBy(brought, ({ group }) => group);
    // Those of the same epoch were noted before a crash. One group has nothing to do with another: while one is stored the
    // next is trained.
    const left = [...new Set([...groups.keys(), ...trained.keys()])].sort()
      .filter((group) => trained.get(group)?.epoch !== next.through);
    const outcomes = await Promise.all(left.map((group) => {
      return this.group(family, group, next.through, groups.get(group) ?? [], trained.get(group));
    }));
    await book.finish(family, next, outcomes);
    this.waiting.delete(family);
    return true;
  }

  private isOverdue(family: EpochFamily, epoch: number, isNew: boolean): boolean {
    const { clock, judging, waitMs } = this.options, now = clock.now();
    if (this.waiting.get(family)?.epoch !== epoch) this.waiting.set(family, { epoch, since: now });
    const { everyMs } = family === "forest" ? judging().forest : judging().federation;
    return now - (this.waiting.get(family)?.since ?? now) >= (isNew ? waitMs : Math.max(waitMs, everyMs / 2));
  }

  private async group(
    family: EpochFamily,
    group: string,
    epoch: number,
    brought: readonly EpochGroup[],
    known?: TrainedGroup,
  ): Promise<GroupOutcome> {
    // Not what the registry says: after a crash that may be what was registered in this epoch.
    const inUse = known?.inUse ?? known?.version;
    const { trained, ...told } = family === "forest"
      ? await this.forest(group, epoch, brought, inUse, known)
      : await this.network(group, epoch, brought, inUse, known);
    const state = await this.ports.registry.state(this.maker.name(family, group));
    if (!state) return { group, trained };
    return { group, trained: { ...trained, inUse: state.active }, decision: { version: state.active, ...told } };
  }

  /** Grows a forest from the least keys of all partitions, if a tenth of them is new. */
  private async forest(
    group: string,
    epoch: number,
    brought: readonly EpochGroup[],
    inUse?: number,
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
    const parent = known?.version === undefined ? {} : { parent: known.version };
    const [drift, version] = await Promise.all([
      this.maker.drift(group, inUse, channels, rows),
      this.maker.forest(group, { channels, rows, fresh, ...parent }, until(epoch)),
    ]);
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
