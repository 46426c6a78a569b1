/**
 * Analytics of an instance, put together for `start`: questions over the store, and correlations that follow the readings.
 *
 * @module
 */
import { LiveCorrelation } from "../../actors/analytics/live.ts";
import type { Analytics } from "../../actors/analytics/port.ts";
import type { Clock } from "../../actors/ports.ts";
import { StoreAnalytics } from "../../store/analytics.ts";
import type { Engine } from "./engine.ts";

/** Wait before readings are followed again, ms. */
const AGAIN_MS = 1_000;

/** What runs of it, and what routes need. */
export interface RunningAnalytics {
  readonly analytics: Analytics;
  /** Follows readings until `signal` is aborted; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

/** Puts it together. */
export function openAnalytics(
  { kv, queries, supervisor, feed }: Engine,
  { clock, zone, report }: { readonly clock: Clock; readonly zone: string; readonly report: (error: unknown) => void },
): RunningAnalytics {
  const live = new LiveCorrelation();
  return {
    analytics: new StoreAnalytics({ kv, queries, supervisor, live, clock, zone }),
    async run(signal) {
      // One that falls behind is cut off by the feed: it goes on with the readings that come then.
      while (!signal.aborted) {
        try {
          for await (const item of feed.readings(undefined, signal)) {
            if ("resync" in item) continue;
            const { sensor, time, values } = item.data, { type, location } = supervisor.directory.find(sensor) ?? {};
            live.take({ type, location, time, values });
          }
        } catch (error) {
          if (!(error instanceof Error && error.name === "LagError")) report(error);
          await clock.sleep(AGAIN_MS, signal).catch(() => {}); // aborted
        }
      }
    },
  };
}
