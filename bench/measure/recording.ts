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
  /** Whether its sensors belong together, so that they may share models; else each is a file of its own. */
  readonly together?: boolean;
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

/** Readings of several sensors, each in order, as one source would send them: by time, at one time in the order given. */
export function* byTime(recordings: readonly Recording[]): Generator<Sample> {
  const iterators = recordings.map(({ samples }) => samples[Symbol.iterator]());
  const heads = iterators.map((iterator) => iterator.next());
  while (true) {
    let least = -1, time = Infinity;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i];
      if (head.done || head.value.reading.time >= time) continue;
      least = i;
      time = head.value.reading.time;
    }
    if (least < 0) return;
    yield heads[least].value;
    heads[least] = iterators[least].next();
  }
}
