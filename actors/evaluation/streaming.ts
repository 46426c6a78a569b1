/**
 * The streaming evaluation: counts readings as they are scored, by the version of the model that scored them.
 *
 * One for each partition and model. It is fed every scored reading up to a cut, and gives out what changed since the last
 * one, to be written with the cut's outputs: before the snapshots, under the same fence. After a crash it begins from
 * what was written; a reading from before its last cut comes out again and is skipped, so each counts once.
 *
 * Bounded: {@linkcode VERSIONS_MOST} versions are open, each with a bounded number of devices. A reading of a version
 * that was closed is counted as late.
 *
 * @module
 */
import { type Block, EvaluationCounts } from "./counts.ts";

/** Versions that are counted at a time: the newest. */
export const VERSIONS_MOST = 4;

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

/** What is restored after a start. */
export interface StreamingState {
  /** Everything before this position was counted. */
  readonly position: number;
  readonly late: number;
  readonly versions: readonly VersionState[];
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
}

/** Counts as readings come. */
export class StreamingEvaluation {
  private readonly open = new Map<number, Open>();
  /** Closed since the last cut, with what it has not been given of them. */
  private readonly closed: VersionChange[] = [];
  private position: number;
  private late: number;

  /**
   * @param state what was stored; it is taken over
   * @param devices devices of a version that have cells of their own
   */
  constructor(state?: StreamingState, private readonly devices?: number) {
    this.position = state?.position ?? 0;
    this.late = state?.late ?? 0;
    for (const { version, from, to, counts } of (state?.versions ?? []).toSorted(byVersion).slice(-VERSIONS_MOST)) {
      counts.takeChanged(); // it is stored as it is
      this.open.set(version, { from, to, counts });
    }
  }

  /** Counts a batch of readings, all from before the next cut, in any order. */
  add(readings: Iterable<ScoredReading>): void {
    for (const reading of readings) if (reading.position >= this.position) this.count(reading);
  }

  /**
   * What changed since the last cut; from now on readings before `position` are skipped. A cut before the last one, as a
   * source that is read again has them, changes nothing of that.
   */
  cut(position: number): StreamingCut {
    this.position = Math.max(this.position, position);
    const changes = [...this.closed, ...this.versions().map(changeOf)].filter(({ blocks }) => blocks.length > 0);
    this.closed.length = 0;
    return { position: this.position, late: this.late, changes };
  }

  /** Readings of versions that were closed. */
  get lateCount(): number {
    return this.late;
  }

  /** The open versions as they stand, oldest first. */
  versions(): VersionState[] {
    return [...this.open].map(([version, open]) => ({ version, ...open })).sort(byVersion);
  }

  private count({ sensor, time, version, loss, flagged, label }: ScoredReading): void {
    const open = this.open.get(version) ?? this.begin(version);
    if (open === undefined) {
      this.late++;
      return;
    }
    open.counts.add(sensor, time, loss, flagged, label);
    open.from = Math.min(open.from, time);
    open.to = Math.max(open.to, time);
  }

  private begin(version: number): Open | undefined {
    if (this.open.size >= VERSIONS_MOST) {
      const [oldest] = this.versions();
      if (version < oldest.version) return undefined;
      this.closed.push(changeOf(oldest));
      this.open.delete(oldest.version);
    }
    const open: Open = { from: Infinity, to: -Infinity, counts: new EvaluationCounts(this.devices) };
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
