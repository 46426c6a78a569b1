/**
 * A stored window as a person sees it: what is in its key and what is in its value, put together.
 *
 * @module
 */
import type { WindowChannelView, WindowView } from "../actors/views.ts";
import type { WindowValue } from "./checkpoint_store.ts";

/** A stored window as a person sees it. */
export function viewWindow(
  key: Deno.KvKey,
  { type, location, revision, channels, statistics }: WindowValue,
): WindowView {
  const [, sensor, length, hop, start] = key.map((part) => typeof part === "number" ? part : String(part));
  const views: [string, WindowChannelView][] = channels.flatMap((channel, c) => {
    const [count, mean, min, max, std, anomalies] = statistics.subarray(6 * c, 6 * c + 6);
    return count > 0 ? [[channel, { count, mean, min, max, std, anomalies }]] : [];
  });
  return {
    id: [sensor, length, start].map((part) => encodeURIComponent(part)).join("/"),
    sensor: String(sensor),
    ...(type === undefined ? {} : { type }),
    ...(location === undefined ? {} : { location }),
    start: Number(start),
    end: Number(start) + Number(length),
    length_ms: Number(length),
    hop_ms: Number(hop),
    revision,
    channels: Object.fromEntries(views),
  };
}
