/**
 * `deno task replay FILE --to kafka://...`: recorded readings, sent instead of judged.
 *
 * @module
 */
import type { ReadingsChunk, Source } from "../actors/ports.ts";
import { isRefusal, type Reading } from "../actors/reading.ts";
import { progressBar } from "./progress.ts";
import type { Target } from "./simulate_targets.ts";

/** What was sent. */
export interface Sent {
  readonly readings: number;
  /** Records that are no readings: they are not sent. */
  readonly refused: number;
}

/** Sends one chunk after the other, in order, until the source's end or the signal; each is told to `sent` behind it. */
export async function sendChunks(
  source: Source,
  target: Target,
  signal: AbortSignal,
  sent: (chunk: ReadingsChunk, good: number) => void,
): Promise<void> {
  const nothing = () => Promise.resolve(undefined);
  for (const partition of await source.open({ load: nothing, save: nothing })) {
    for await (const chunk of partition.read(0, signal)) {
      if (chunk.kind !== "readings") continue;
      const good = chunk.items.filter((item): item is Reading => !isRefusal(item));
      if (good.length > 0) await target.send(good);
      sent(chunk, good.length);
    }
  }
}

/** Sends everything that a source gives, in order, until its end or the signal. */
export async function sendAll(source: Source, target: Target, signal: AbortSignal): Promise<Sent> {
  const bar = progressBar("sending");
  let readings = 0, refused = 0;
  try {
    await sendChunks(source, target, signal, ({ items, progress }, good) => {
      readings += good;
      refused += items.length - good;
      bar.update(progress ?? 0, `${readings.toLocaleString("en")} readings`);
    });
    await target.finish();
  } finally {
    bar.stop();
    await source.close();
  }
  return { readings, refused };
}
