/**
 * Where a partition pauses so that models can be trained: positions that depend on the order of its readings alone.
 *
 * @module
 */

/** Records since the last pause, at least: with fewer nothing could be trained anew. */
const RECORDS_LEAST = 50;
/** Early pauses come whenever there are so many times as many records: a first model is wanted as soon as may be. */
const GROWTH = 1.25;

/** What a checkpoint keeps of it. */
export interface PausesRecord {
  /** Records at the last pause. */
  readonly records: number;
  /** Epochs of forests and of networks at the last pause; −1 before the first tick. */
  readonly forest: number;
  readonly network: number;
}

/** A place where models may be trained. */
export interface TrainingPoint {
  /** Source time, epoch ms. */
  readonly time: number;
  /** Whether an epoch of forests has ended, and when: else only what was never trained is. */
  readonly epoch?: { readonly end: number };
  /** Whether an epoch of networks has ended, when that was, and when it began. */
  readonly round?: { readonly end: number; readonly from: number };
}

/** Follows the ticks of a partition. */
export class Pauses {
  private records = 0;
  private forest = -1;
  private network = -1;
  /** The point of the last pause. */
  point: TrainingPoint = { time: 0 };

  /**
   * @param forestMs length of an epoch of forests
   * @param networkMs length of an epoch of networks
   * @param isShared whether other partitions wait for the end of each epoch: it is no pause too few then
   */
  constructor(private forestMs: number, private networkMs: number, private readonly isShared = false) {}

  /** Other lengths from here on: the epochs at this source time are those that were last seen the end of. */
  configure(forestMs: number, networkMs: number, time: number): void {
    if (this.network >= 0) {
      if (forestMs !== this.forestMs) this.forest = Math.floor(time / forestMs);
      if (networkMs !== this.networkMs) this.network = Math.floor(time / networkMs);
    }
    this.forestMs = forestMs;
    this.networkMs = networkMs;
  }

  /** Whether to pause at this tick, which comes after so many records. */
  isDue(time: number, records: number): boolean {
    const forest = Math.floor(time / this.forestMs), network = Math.floor(time / this.networkMs);
    if (this.network < 0) { // the first tick: no epoch has ended
      this.forest = forest;
      this.network = network;
    }
    const early = records >= GROWTH * this.records && records >= RECORDS_LEAST;
    const enough = this.isShared || records - this.records >= RECORDS_LEAST;
    const later = enough && forest > this.forest, round = network > this.network;
    if (!early && !later && !round) return false;
    this.point = {
      time,
      ...(forest > this.forest ? { epoch: { end: forest * this.forestMs } } : {}),
      ...(round ? { round: { end: network * this.networkMs, from: this.network * this.networkMs } } : {}),
    };
    this.records = records;
    this.forest = forest;
    this.network = network;
    return true;
  }

  /** What a checkpoint keeps. */
  record(): PausesRecord {
    const { records, forest, network } = this;
    return { records, forest, network };
  }

  /** Goes on from what a checkpoint kept. */
  restore({ records, forest, network }: PausesRecord): void {
    Object.assign(this, { records, forest, network });
  }
}
