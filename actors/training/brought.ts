/**
 * What of its samples and networks a partition brings to the models that all share.
 *
 * Only what may matter: readings whose keys are too great to be in the sample of all partitions stay at home, and a sample
 * to which nothing came is not brought again.
 *
 * @module
 */
import { hashText } from "../../models/hash.ts";
import { hashAt } from "../../models/random.ts";
import type { LocalNetwork } from "../sensor/network.ts";
import type { EpochGroup } from "./epochs.ts";
import type { TrainingSample } from "./sample.ts";

/** Networks of a group that a partition brings to a round at the most: others are chosen the next time. */
const LOCALS_MOST = 256;

/** What one partition has brought. */
export class Brought {
  /** Position up to which readings of samples were brought. */
  private to = -1;
  private readonly limits = new Map<string, number>();

  /** From now on readings of a group whose keys are above this one are in no sample of all partitions. */
  limit(group: string, key: number): void {
    this.limits.set(group, key);
  }

  /** Samples to which something has come since the last time. */
  samples(groups: ReadonlyMap<string, TrainingSample>): EpochGroup[] {
    const brought: EpochGroup[] = [], from = this.to;
    for (const [group, sample] of groups) {
      const limit = this.limits.get(group) ?? Infinity, rows = sample.best().filter(({ key }) => key <= limit);
      const latest = rows.reduce((most, { position }) => Math.max(most, position), -1);
      if (latest > from) brought.push({ group, channels: sample.channels, rows, locals: [] });
      this.to = Math.max(this.to, latest);
    }
    return brought;
  }

  /**
   * Networks that take part in a round.
   *
   * @param members by group, in order of sensor
   * @param end of the epoch, epoch ms: where there are too many it says whose turn it is
   */
  networks(
    members: readonly (readonly [string, readonly LocalNetwork[]])[],
    groups: ReadonlyMap<string, TrainingSample>,
    end: number,
  ): EpochGroup[] {
    const lot = ({ sensor }: LocalNetwork) => hashAt(hashText(sensor), end / 1000);
    return members.flatMap(([group, all]) => {
      const channels = groups.get(group)?.channels ?? [];
      const locals = all.length <= LOCALS_MOST ? all : all.toSorted((a, b) => lot(a) - lot(b)).slice(0, LOCALS_MOST);
      return channels.length === 0 ? [] : [{ group, channels, rows: [], locals }];
    });
  }
}
