/**
 * A window as a person sees it.
 *
 * @module
 */
import type { StoredWindow } from "./checkpoint.ts";
import type { WindowChannelView, WindowView } from "./views.ts";

/** A window as a person sees it; channels without a value in it are left out. */
export function viewWindow(window: StoredWindow): WindowView {
  const { sensor, type, location, lengthMs, hopMs, start, revision, scoreMax, channels, statistics } = window;
  const views: [string, WindowChannelView][] = channels.flatMap((channel, c) => {
    const [count, mean, min, max, std, anomalies] = statistics.subarray(6 * c, 6 * c + 6);
    return count > 0 ? [[channel, { count, mean, min, max, std, anomalies }]] : [];
  });
  return {
    id: [sensor, lengthMs, start].map((part) => encodeURIComponent(part)).join("/"),
    sensor,
    ...(type === undefined ? {} : { type }),
    ...(location === undefined ? {} : { location }),
    start,
    end: start + lengthMs,
    length_ms: lengthMs,
    hop_ms: hopMs,
    revision,
    ...(scoreMax === undefined ? {} : { score_max: scoreMax }),
    channels: Object.fromEntries(views),
  };
}
