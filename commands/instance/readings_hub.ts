/**
 * The feed of readings of a process.
 *
 * @module
 */
import type { ReadingView } from "../../actors/views.ts";
import { Hub } from "../../store/hub.ts";

/** Readings that the feed of readings can go back. */
const READINGS_RING = 20_000;
/**
 * The feed of readings.
 *
 * @param start by partition the position up to which readings came before this process: they are not in the feed
 */
export function readingsHub(start: Readonly<Record<string, number>> = {}): Hub<ReadingView> {
  const parts = (reading: ReadingView) => reading.id.split("/");
  return new Hub<ReadingView>({
    partitionOf: (reading) => parts(reading)[0],
    positionOf: (reading) => Number(parts(reading)[1]),
    capacity: READINGS_RING,
    start,
  });
}
