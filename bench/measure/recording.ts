/**
 * What is measured on: one sensor's readings in order, each with the event that it lies in.
 *
 * @module
 */
import type { Reading } from "../../actors/reading.ts";

/** A reading and what is known of it. */
export interface Sample {
  readonly reading: Reading;
  /** Number of the event that it lies in, from 0 on; −1 where nothing is known to be wrong. */
  readonly event: number;
}

/** One sensor of a data set. */
export interface Recording {
  /** Name of the data set: a row of the tables. */
  readonly data: string;
  readonly sensor: string;
  readonly samples: Iterable<Sample>;
}

/** A data set: a name, and its sensors one after the other. */
export interface DataSet {
  readonly name: string;
  /** Whether it has events; without them every alarm is false. */
  readonly labelled: boolean;
  recordings(): AsyncIterable<Recording> | Iterable<Recording>;
}

/** Numbers the stretches of labelled readings. */
export class Stretches {
  #event = -1;
  #before = false;

  /** The number of the event that the next reading lies in. */
  next(labelled: boolean): number {
    if (labelled && !this.#before) this.#event++;
    this.#before = labelled;
    return labelled ? this.#event : -1;
  }
}
