/**
 * Readings of many sensors in one order, the latest first, without reading more of each than is needed.
 *
 * A sensor's own readings come by position, and one that was late stands behind readings of a later time; a little ahead
 * of them is looked to put them in order of time. Sensors are looked into only when the order gets to their last time.
 *
 * @module
 */
import type { ReadingView } from "../actors/views.ts";

/** Where a reading stands: by time, the latest first; of one time by sensor; of one sensor by position, the latest first. */
export type ReadingPlace = readonly [time: number, sensor: string, position: number];

/** Sensors that one page may look into. */
export const OPENED_MOST = 2_000;

/** A question would have to look into too much. Routes know it by its name and answer 400. */
export class TooWideError extends Error {
  override name = "TooWideError";
}

/** A sensor that may have readings. */
export interface Candidate {
  readonly sensor: string;
  /** No reading of it is later, epoch ms; Infinity where nobody knows. */
  readonly latest: number;
  /** Its readings, by position, the latest first. */
  readings(): AsyncIterable<ReadingView>;
}

/** Position of a reading in its partition. */
export function positionOf({ id }: ReadingView): number {
  return Number(id.split("/")[1]);
}

/** Where a reading stands. */
export function placeOf(reading: ReadingView): ReadingPlace {
  return [reading.time, reading.sensor, positionOf(reading)];
}

/** Whether a place comes before another one. */
export function isBefore(a: ReadingPlace, b: ReadingPlace): boolean {
  if (a[0] !== b[0]) return a[0] > b[0];
  if (a[1] !== b[1]) return a[1] < b[1];
  return a[2] > b[2];
}

/**
 * Readings by position in order of time.
 *
 * @param latenessMs so much earlier than one at a lower position a reading may be: so far is looked ahead
 */
export async function* inTime(readings: AsyncIterable<ReadingView>, latenessMs: number): AsyncGenerator<ReadingView> {
  const held: ReadingView[] = [];
  let least = Infinity;
  for await (const reading of readings) {
    least = Math.min(least, reading.time);
    let at = held.length;
    while (at > 0 && isBefore(placeOf(reading), placeOf(held[at - 1]))) at--;
    held.splice(at, 0, reading);
    // What comes yet lies at lower positions, so it is at most that much later than the earliest one so far.
    while (held.length > 0 && held[0].time > least + latenessMs) yield held.shift() as ReadingView;
  }
  yield* held;
}

/** An opened sensor and its next reading. */
interface Opened {
  next: ReadingView;
  readonly rest: AsyncGenerator<ReadingView>;
}

/**
 * All candidates' readings after a place, in order.
 *
 * @param after none of them stands at it or before it
 * @throws {TooWideError} when more than {@linkcode OPENED_MOST} sensors would have to be looked into
 */
export async function* latestFirst(
  candidates: readonly Candidate[],
  after: ReadingPlace,
  latenessMs: number,
): AsyncGenerator<ReadingView> {
  const waiting = candidates.toSorted((a, b) => a.latest - b.latest), opened: Opened[] = [];
  let count = 0;
  const put = (one: Opened) => {
    let low = 0, high = opened.length; // behind those that come later: the next one is the last
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(placeOf(opened[middle].next), placeOf(one.next))) high = middle;
      else low = middle + 1;
    }
    opened.splice(low, 0, one);
  };
  for (;;) {
    // A sensor whose last reading is as late may come before the first one by its name.
    while (
      waiting.length > 0 && Math.min(waiting[waiting.length - 1].latest, after[0]) >= (opened.at(-1)?.next.time ?? -1)
    ) {
      if (++count > OPENED_MOST) {
        throw new TooWideError(`a page may look into ${OPENED_MOST} sensors: filter by sensor, type or location`);
      }
      const rest = inTime((waiting.pop() as Candidate).readings(), latenessMs);
      for (let next = await rest.next(); !next.done; next = await rest.next()) {
        if (!isBefore(after, placeOf(next.value))) continue;
        put({ next: next.value, rest });
        break;
      }
    }
    const first = opened.pop();
    if (first === undefined) return;
    yield first.next;
    const next = await first.rest.next();
    if (!next.done) put({ next: next.value, rest: first.rest });
  }
}
