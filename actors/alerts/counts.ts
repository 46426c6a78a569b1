/**
 * Open alerts counted by how they stand and by priority.
 *
 * @module
 */
import type { AlertCount } from "../counters.ts";
import { LIFE, LIFE_LENGTH, type Lives, STATE } from "./lives.ts";
import { PRIORITIES } from "./words.ts";

/** How an open alert stands: the first of these that holds, else {@linkcode OPEN}. */
const STANDS = [
  ["out_of_service", STATE.outOfService],
  ["suppressed", STATE.suppressed],
  ["shelved", STATE.shelved],
  ["acknowledged", STATE.acknowledged],
] as const;
const OPEN = "active";

/** Counts of every state and priority, those of none included: a series that goes would not be a series at 0. */
export function countAlerts(all: Iterable<Lives | undefined>): AlertCount[] {
  const states = [OPEN, ...STANDS.map(([state]) => state)] as const;
  const counts = states.flatMap((state) => PRIORITIES.map((priority) => ({ state, priority, count: 0 })));
  for (const lives of all) {
    if (!lives) continue;
    for (let at = 0; at < lives.data.length; at += LIFE_LENGTH) {
      const bits = lives.data[at + LIFE.state];
      if ((bits & STATE.active) === 0) continue;
      const place = 1 + STANDS.findIndex(([, bit]) => (bits & bit) !== 0);
      counts[place * PRIORITIES.length + lives.data[at + LIFE.priority]].count++;
    }
  }
  return counts;
}

/** Sums of shards' counts, which stand in the same order. */
export function sumAlerts(all: readonly (readonly AlertCount[])[]): AlertCount[] {
  return countAlerts([]).map((one, i) => ({ ...one, count: all.reduce((sum, counts) => sum + counts[i].count, 0) }));
}
