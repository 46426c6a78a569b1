/**
 * How long a question of `/analytics` takes over what is stored in a KV file, and how long it keeps the event loop.
 *
 * 200 sensors of 4 channels with 1,000 windows each: as many as one question may read. `--sensors=10000` spreads as many
 * over that many sensors.
 *
 * @module
 */
import { LiveCorrelation } from "../actors/analytics/live.ts";
import { Directory } from "../actors/directory.ts";
import type { PartitionView } from "../actors/views.ts";
import { systemClock } from "../commands/process/clock.ts";
import { StoreAnalytics } from "../store/analytics.ts";
import { KEYS } from "../store/keys.ts";
import type { StoreQueries } from "../store/queries.ts";
import { flag, measure } from "./_measure.ts";

const SENSORS = Number(flag("sensors", "200")),
  WINDOWS = 200_000 / SENSORS,
  LENGTH_MS = 60_000,
  START = 1_700_000_040_000;
const CHANNELS = ["temperature", "humidity", "pressure", "co2"];

/** Windows of every sensor, as checkpoints store them. */
async function fill(kv: Deno.Kv, directory: Directory): Promise<void> {
  for (let s = 0; s < SENSORS; s++) {
    const name = `sensor-${s}`, entry = directory.of(name, "p");
    const type = entry.type = `type-${s % 5}`, location = entry.location = `hall-${s % 8}`;
    for (let from = 0; from < WINDOWS; from += 400) {
      const atomic = kv.atomic();
      for (let w = from; w < Math.min(WINDOWS, from + 400); w++) {
        const start = START + w * LENGTH_MS;
        const statistics = Float64Array.from(
          CHANNELS.flatMap((_, c) => [30, 20 + c + Math.sin(w + s), 18, 24, 1, w % 2]),
        );
        const value = { type, location, revision: 0, channels: CHANNELS, statistics };
        atomic.set(KEYS.window(name, LENGTH_MS, LENGTH_MS, start), value).set(
          KEYS.windowAt(LENGTH_MS, start, name, LENGTH_MS),
          0,
        );
      }
      await atomic.commit();
    }
  }
}

/** Runs work; the longest time, ms, for which nothing else had a turn. */
async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0, last = performance.now();
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 0);
  await work();
  clearInterval(timer);
  look();
  return longest;
}

const file = await Deno.makeTempFile({ suffix: ".kv" }), kv = await Deno.openKv(file), directory = new Directory(1);
await fill(kv, directory);
const partition: PartitionView = {
  partition: "p",
  source: "bench",
  position: 0,
  source_time: START + WINDOWS * LENGTH_MS,
  readings: 0,
  refused: 0,
  future: 0,
  state: "running",
};
const analytics = new StoreAnalytics({
  kv,
  queries: { alerts: () => Promise.resolve({ items: [] }) } as unknown as StoreQueries,
  supervisor: { directory, partitions: () => [partition] },
  live: new LiveCorrelation(),
  clock: systemClock,
  zone: "Europe/Berlin",
});
const questions = {
  summary: () => analytics.summary({ from: 0 }),
  "correlation of 24 series": () => analytics.correlation({ from: 0, by: "sensor", source: "windows" }),
  "correlation by type": () => analytics.correlation({ from: 0, by: "type", source: "windows" }),
  profile: () => analytics.profile({ from: 0, weekday: true }),
};
for (const [name, ask] of Object.entries(questions)) {
  let turn = 0;
  const { seconds, busy } = await measure(async () => turn = await longestTurn(ask));
  console.log(
    `${name.padEnd(26)} ${seconds.toFixed(2)} s, ${busy.toFixed(2)} s of the processor; longest turn ${
      turn.toFixed(0)
    } ms`,
  );
}
kv.close();
await Deno.remove(file);
