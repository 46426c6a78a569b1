/**
 * The streaming evaluation: counts readings as they are scored, by the version of the model that scored them.
 *
 * One for each partition and model. It is fed every scored reading up to a cut, and gives out the blocks that changed
 * since the last one, to be written before the cut's outputs are. Each block is stored with the cut up to which it
 * counts: after a crash, whichever of them were written, a reading that comes out again is counted where it is missing
 * and nowhere else. (Only where a version has more devices than it can count one by one may a crash in the middle of
 * such a write leave two blocks that do not fit together.)
 *
 * Bounded: {@linkcode VERSIONS_MOST} versions are open, each with a bounded number of devices. A reading of a version
 * that was closed is counted as late.
 *
 * @module
 */
import { type Block, EvaluationCounts } from "./counts.ts";

/** Versions that are counted at a time: the newest, and the one before for readings that are still on their way. */
export const VERSIONS_MOST = 2;

/** One scored reading. */
export interface ScoredReading {
  readonly position: number;
  readonly sensor: string;
  /** Event time, epoch ms. */
  readonly time: number;
  /** The version of the model that scored it. */
  readonly version: number;
  readonly loss: number;
  readonly flagged: boolean;
  readonly label?: 0 | 1;
}

/** One version's counts. */
export interface VersionState {
  readonly version: number;
  /** Event time of its earliest and its latest reading. */
  readonly from: number;
  readonly to: number;
  readonly counts: EvaluationCounts;
}

/** One version's counts as they were stored. */
export interface StoredVersion extends VersionState {
  /** By `blockKey`: the cut before which everything was counted in that block. */
  readonly positions: ReadonlyMap<number, number>;
}

/** What is restored after a start. */
export interface StreamingState {
  /** Late readings before the cut were counted. */
  readonly cut: number;
  readonly late: number;
  readonly versions: readonly StoredVersion[];
}

/** What changed of a version since the last cut. */
export interface VersionChange {
  readonly version: number;
  readonly from: number;
  readonly to: number;
  /** Whole blocks, to be put in place of those that are stored; an empty one is removed. */
  readonly blocks: readonly Block[];
  /** The sum of all its cells, and how many devices have cells of their own. */
  readonly total: Float64Array;
  readonly devices: number;
}

/** What is to be written with a cut. */
export interface StreamingCut {
  readonly position: number;
  readonly late: number;
  readonly changes: readonly VersionChange[];
}

interface Open {
  from: number;
  to: number;
  readonly counts: EvaluationCounts;
  readonly positions: ReadonlyMap<number, number>;
}

/** Counts as readings come. */
export class StreamingEvaluation {
  private readonly open = new Map<number, Open>();
  /** Closed since the last cut, with what it has not been given of them. */
  private readonly closed: VersionChange[] = [];
  private readonly lateFrom: number;
  private late: number;

  /**
   * @param state what was stored; it is taken over
   * @param devices devices of a version that have cells of their own
   */
  constructor(state?: StreamingState, private readonly devices?: number) {
    this.lateFrom = state?.cut ?? 0;
    this.late = state?.late ?? 0;
    for (const { version, ...stored } of (state?.versions ?? []).toSorted(byVersion).slice(-VERSIONS_MOST)) {
      stored.counts.takeChanged(); // it is stored as it is
      this.open.set(version, { ...stored });
    }
  }

  /** Counts a batch of readings, all from before the next cut, in any order but by version. */
  add(readings: Iterable<ScoredReading>): void {
    for (const reading of readings) this.count(reading);
  }

  /** What changed since the last cut: counts of positions before this one. */
  cut(position: number): StreamingCut {
    const changes = [...this.closed, ...this.versions().map(changeOf)].filter(({ blocks }) => blocks.length > 0);
    this.closed.length = 0;
    return { position, late: this.late, changes };
  }

  /** The open versions as they stand, oldest first. */
  versions(): VersionState[] {
    return [...this.open].map(([version, { from, to, counts }]) => ({ version, from, to, counts })).sort(byVersion);
  }

  private count({ position, sensor, time, version, loss, flagged, label }: ScoredReading): void {
    const open = this.open.get(version) ?? this.begin(version);
    if (open === undefined) {
      if (position >= this.lateFrom) this.late++;
      return;
    }
    open.from = Math.min(open.from, time);
    open.to = Math.max(open.to, time);
    const { counts, positions } = open;
    if (positions.size > 0 && position < (positions.get(counts.keyOf(sensor, time)) ?? 0)) return;
    counts.add(sensor, time, loss, flagged, label);
  }

  private begin(version: number): Open | undefined {
    if (this.open.size >= VERSIONS_MOST) {
      const [oldest] = this.versions();
      if (version < oldest.version) return undefined;
      this.closed.push(changeOf(oldest));
      this.open.delete(oldest.version);
    }
    const counts = new EvaluationCounts(this.devices);
    const open: Open = { from: Infinity, to: -Infinity, counts, positions: new Map() };
    this.open.set(version, open);
    return open;
  }
}

function changeOf({ version, from, to, counts }: VersionState): VersionChange {
  return { version, from, to, blocks: counts.takeChanged(), total: counts.total(), devices: counts.deviceCount };
}

function byVersion(a: VersionState, b: VersionState): number {
  return a.version - b.version;
}
