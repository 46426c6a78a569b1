/**
 * `deno task replay FILE --to kafka://...`: recorded readings, sent instead of judged.
 *
 * @module
 */
import type { Source } from "../actors/ports.ts";
import { isRefusal, type Reading } from "../actors/reading.ts";
import { progressBar } from "./progress.ts";
import type { Target } from "./simulate_targets.ts";

/** What was sent. */
export interface Sent {
  readonly readings: number;
  /** Records that are no readings: they are not sent. */
  readonly refused: number;
}

/** Sends everything that a source gives, in order, until its end or the signal. */
export async function sendAll(source: Source, target: Target, signal: AbortSignal): Promise<Sent> {
  const bar = progressBar("sending"), nothing = () => Promise.resolve(undefined);
  let readings = 0, refused = 0;
  try {
    for (const partition of await source.open({ load: nothing, save: nothing })) {
      for await (const chunk of partition.read(0, signal)) {
        if (chunk.kind !== "readings") continue;
        const good = chunk.items.filter((item): item is Reading => !isRefusal(item));
        if (good.length > 0) await target.send(good);
        readings += good.length;
        refused += chunk.items.length - good.length;
        bar.update(chunk.progress ?? 0, `${readings.toLocaleString("en")} readings`);
      }
    }
    await target.finish();
  } finally {
    bar.stop();
    await source.close();
  }
  return { readings, refused };
}
