/**
 * Where a partition pauses so that models can be trained: positions that depend on the order of its readings alone.
 *
 * @module
 */

/** Readings since the last pause, at least: with fewer nothing could be trained anew. */
const READINGS_LEAST = 50;
/** Early pauses come whenever there are so many times as many readings: a first model is wanted as soon as may be. */
const GROWTH = 1.25;

/** What a checkpoint keeps of it. */
export interface PausesRecord {
  /** Readings at the last pause. */
  readonly readings: number;
  /** Epochs of forests and of networks at the last pause; −1 before the first tick. */
  readonly forest: number;
  readonly network: number;
}

/** A place where models may be trained. */
export interface TrainingPoint {
  /** Source time, epoch ms. */
  readonly time: number;
  /** Whether an epoch of forests has ended: else only what was never trained is. */
  readonly epoch: boolean;
  /** Whether an epoch of networks has ended, and when it began. */
  readonly round?: { readonly epoch: number; readonly from: number };
}

/** Follows the ticks of a partition. */
export class Pauses {
  private readings = 0;
  private forest = -1;
  private network = -1;
  /** The point of the last pause. */
  point: TrainingPoint = { time: 0, epoch: false };

  /**
   * @param forestMs length of an epoch of forests
   * @param networkMs length of an epoch of networks
   */
  constructor(private readonly forestMs: number, private readonly networkMs: number) {}

  /** Whether to pause at this tick, which comes after so many readings. */
  isDue(time: number, readings: number): boolean {
    const forest = Math.floor(time / this.forestMs), network = Math.floor(time / this.networkMs);
    if (this.network < 0) { // the first tick: no epoch has ended
      this.forest = forest;
      this.network = network;
    }
    const early = readings >= GROWTH * this.readings && readings >= READINGS_LEAST;
    const later = readings - this.readings >= READINGS_LEAST && forest > this.forest, round = network > this.network;
    if (!early && !later && !round) return false;
    this.point = {
      time,
      epoch: forest > this.forest,
      ...(round ? { round: { epoch: network, from: this.network * this.networkMs } } : {}),
    };
    this.readings = readings;
    this.forest = forest;
    this.network = network;
    return true;
  }

  /** What a checkpoint keeps. */
  record(): PausesRecord {
    const { readings, forest, network } = this;
    return { readings, forest, network };
  }

  /** Goes on from what a checkpoint kept. */
  restore({ readings, forest, network }: PausesRecord): void {
    Object.assign(this, { readings, forest, network });
  }
}
