/**
 * What a sensor of four channels takes in memory, by detectors, with and without its last readings: the supervisor's
 * directory, the actor, its state and history. Each in a process of its own that collects its garbage before it looks.
 *
 *     deno run -A bench/memory.ts
 *
 * @module
 */
import { type Judging, judgingSchema } from "../actors/config.ts";
import { Directory } from "../actors/directory.ts";
import type { Reading } from "../actors/reading.ts";
import { Router } from "../actors/router.ts";
import { Shard } from "../actors/shard.ts";

/** More than the 128 rows that a history holds. */
const READINGS = 130;
const START = 1_700_000_000_000;

/** Deno hands this out with `--v8-flags=--expose-gc`. */
const { gc } = globalThis as { gc?: () => void };

/** Bytes in use: objects, buffers outside of the heap, and all that the system gave. */
function inUse(): { readonly heap: number; readonly buffers: number; readonly resident: number } {
  gc?.();
  const { heapUsed, external, rss } = Deno.memoryUsage();
  return { heap: heapUsed, buffers: external, resident: rss };
}

/** Makes the sensors and says what each took. */
function weigh(sensors: number, detectors: Judging["detectors"], keepHistory: boolean): void {
  const judging = judgingSchema.parse({ detectors });
  const directory = new Directory(1), router = new Router("p", directory, 1, judging, () => []);
  const shard = new Shard({ judging, keepHistory, wanted: { verdicts: false, flags: false, history: false } });
  const before = inUse();
  for (let n = 0; n < READINGS; n++) {
    for (let from = 0; from < sensors; from += 5_000) {
      const items: Reading[] = [];
      for (let i = from; i < Math.min(sensors, from + 5_000); i++) {
        const values = { temperature: 20 + n % 7, humidity: 50 + n % 5, pressure: 1010 + n % 3, co2: 500 + n };
        items.push({ sensor: `sensor-${i}`, time: START + 10_000 * n, values });
      }
      const positions = items.map((_, i) => n * sensors + from + i);
      router.take({ kind: "readings", items, positions, next: positions[positions.length - 1] + 1 });
      const arrivals = router.takeArrivals().map(({ sensor, name }) => ({ sensor, name }));
      shard.handle(router.builders[0].take(arrivals));
    }
  }
  const after = inUse(), answer = shard.handle({ kind: "ask", about: "memory" });
  const { stateBytes, historyBytes } = answer.about === "memory"
    ? answer.memory
    : { stateBytes: NaN, historyBytes: NaN };
  const each = (bytes: number) => Math.round(bytes / sensors).toLocaleString("en").padStart(9);
  console.log(
    String(sensors).padStart(8),
    detectors.padStart(10),
    (keepHistory ? "yes" : "no").padStart(9),
    each(stateBytes),
    each(historyBytes),
    each(after.heap - before.heap),
    each(after.buffers - before.buffers),
    each(after.resident - before.resident),
  );
}

if (import.meta.main) {
  const [sensors, detectors, history] = Deno.args;
  if (history) weigh(Number(sensors), judgingSchema.shape.detectors.parse(detectors), history === "true");
  else {
    console.log(" sensors detectors   history     state   history      heap   buffers  resident   bytes a sensor");
    const runs = [
      [100, "rules", false],
      [10_000, "rules", false],
      [100_000, "rules", false],
      [10_000, "rules", true],
      [1_000, "light", true],
      [1_000, "full", false],
      [1_000, "full", true],
    ];
    for (const run of runs) {
      const args = ["run", "-A", "--v8-flags=--expose-gc", "--config", "tests/deno.json", "--no-lock"];
      args.push("bench/memory.ts", ...run.map(String));
      await new Deno.Command(Deno.execPath(), { args }).spawn().status;
    }
  }
}
