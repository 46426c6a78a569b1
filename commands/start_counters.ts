/**
 * What a running instance counts of itself, for `/metrics`.
 *
 * @module
 */
import type { CoreCounters } from "../actors/counters.ts";
import { systemClock } from "./clock.ts";
import type { Engine } from "./engine.ts";

/** What the supervisor counts of itself so far. */
export async function countersOf({ supervisor }: Engine): Promise<CoreCounters> {
  const { sensors, stateBytes, historyBytes } = await supervisor.memory(), now = systemClock.now();
  return {
    resident: sensors,
    state_bytes: stateBytes + historyBytes,
    partitions: supervisor.partitions().map(({ partition, state, source_time }) => ({
      partition,
      ...(state === "running" && source_time !== undefined
        ? { lag_seconds: Math.max(0, now - source_time) / 1000 }
        : {}),
    })),
  };
}
