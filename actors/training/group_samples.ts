/**
 * The samples of one partition, a group of sensors each, and how much of each is stored.
 *
 * @module
 */
import { type SampleRow, TrainingSample } from "./sample.ts";

/** Rows of a sample as they are stored. */
export interface StoredSample {
  readonly group: string;
  readonly channels: readonly string[];
  readonly rows: readonly SampleRow[];
  /** Whether these are all rows: those stored before may go. */
  readonly whole: boolean;
}

/** So often only what is new of a sample is stored, before all of it is. */
const PARTS_MOST = 64;

/** What is sampled of each group. */
export class GroupSamples {
  /** By group. */
  readonly all = new Map<string, TrainingSample>();
  /** By group, how often a part of the sample was stored since all of it was. */
  private readonly parts = new Map<string, number>();

  /** Takes a candidate for the sample of a group. */
  offer(group: string, channels: readonly string[], candidate: SampleRow): void {
    let sample = this.all.get(group);
    if (!sample) {
      this.all.set(group, sample = new TrainingSample([...channels].sort()));
      this.parts.set(group, PARTS_MOST);
    }
    sample.offer(candidate);
  }

  /** Goes on from what was stored. */
  restore(stored: readonly StoredSample[]): void {
    for (const { group, channels, rows } of stored) for (const row of rows) this.offer(group, channels, row);
    for (const [name, sample] of this.all) {
      sample.takeFresh(Infinity); // they are stored already
      this.parts.set(name, stored.filter(({ group, whole }) => group === name && !whole).length);
    }
  }

  /** What is to be stored at a cut, when all candidates before it are there; rows that were stored before are left out. */
  take(cut: number): StoredSample[] {
    const stored: StoredSample[] = [];
    for (const [group, sample] of this.all) {
      const fresh = sample.takeFresh(cut), parts = this.parts.get(group) ?? 0;
      if (fresh.length === 0) continue;
      const whole = parts >= PARTS_MOST;
      this.parts.set(group, whole ? 0 : parts + 1);
      stored.push({ group, channels: sample.channels, rows: whole ? sample.best(cut) : fresh, whole });
      sample.prune(cut);
    }
    return stored;
  }
}
