/**
 * What the core counts of itself: of readings that are known one by one, whatever the shards, and though sensors come and
 * go.
 *
 * @module
 */
import { coreCounters } from "../../actors/core_counters.ts";
import { judgingSchema } from "../../actors/config.ts";
import type { CoreCounters } from "../../actors/counters.ts";
import type { Clock } from "../../actors/ports.ts";
import { type Reading, type Refusal, refusal } from "../../actors/reading.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { MemoryKv } from "../memory_kv.ts";
import { PATIENT, type RunOptions, runSource, storeOver } from "./harness.ts";
import { ItemsSource } from "./items.ts";

const START = 1_700_000_000_000, SENSORS = 12;
const judging = judgingSchema.parse({
  types: { pump: { channels: { a: { low: 0, high: 50 } } } },
  latenessMs: 5_000,
  detectors: "rules",
});

function reading(number: number, second: number, a: number): Reading {
  return { sensor: `s${number}`, time: START + 1_000 * second, values: { a }, type: "pump" };
}

/** Two minutes of every sensor; the first one stays above its limit, and among them is one of each kind of trouble. */
function items(): (Reading | Refusal)[] {
  const all: (Reading | Refusal)[] = Array.from(
    { length: 120 * SENSORS },
    (_, i) => reading(i % SENSORS, Math.floor(i / SENSORS), i % SENSORS === 0 ? 60 : 20 + i % 7),
  );
  const late = all.at(-3), { values: { a } } = all.at(-1) as Reading;
  return [
    ...all,
    reading(11, 119, a as number),
    reading(11, 119, 1),
    reading(11, 117.5, 21),
    reading(11, 60, 22),
    reading(11, 86_400, 23),
    refusal([{ field: "time", message: "no time" }], "{}"),
    late as Reading,
  ];
}

const host: RunOptions["host"] = (options) =>
  new InlineHost(options, (_, position) => {
    if (position === 700) throw new Error("broken");
  });

async function counted(options: RunOptions): Promise<CoreCounters> {
  const { supervisor } = await runSource(new ItemsSource(items()), { judging, host, keepHistory: false, ...options });
  return await coreCounters(supervisor);
}

Deno.test("coreCounters() counts what became of readings, the same with shards and with sensors that come and go", async () => {
  const many = { batchSize: 40, checkpointReadings: 100 };
  for (const options of [{}, many, { ...many, shards: 3 }, { ...many, shards: 2, residentMost: 5 }]) {
    const { partitions: [partition] = [], restarts, resident = 0 } = await counted(options),
      how = JSON.stringify(options);
    assertEquals(
      [partition.late, partition.duplicates, partition.conflicts, restarts],
      [2, 2, 1, 1],
      how,
    );
    assertEquals(partition.quarantined, { invalid: 1, future: 1, late: 1, failed: 1 }, how);
    assertEquals([partition.fenced, resident <= SENSORS], [0, true], how);
    assertEquals(partition.checkpoint_seconds, PATIENT.now() / 1000, how);
  }
});

Deno.test("coreCounters() counts open alerts by state and priority, and names those of which there is none", async () => {
  const { alerts = [], mailboxes, commits } = await counted({ shards: 2, batchSize: 200, checkpointReadings: 500 });
  assertEquals(alerts.length, 20);
  assertEquals(alerts.filter(({ count }) => count > 0), [{ state: "active", priority: "high", count: 1 }]);
  assertEquals(mailboxes, [0, 0]);
  assert((commits?.count ?? 0) >= 2, "one on the way, and one at the end");
});

/** A clock that one sets. */
function clockAt(start: number): Clock & { time: number } {
  const clock = { ...PATIENT, time: start, now: () => clock.time };
  return clock;
}

Deno.test("coreCounters() tells how far a live partition is behind, how long it was held back, and what commits took", async () => {
  const clock = clockAt(START + 10_000), ended = Promise.withResolvers<void>(), kv = new MemoryKv();
  const partition = {
    id: "live-0",
    async *read() {
      const values = [0, 1, 2].map((second) => reading(0, second, 20));
      yield { kind: "readings" as const, items: values, positions: [0, 1, 2], next: 3 };
      await ended.promise;
    },
    waiting: (position: number) => 10 - position,
  };
  const inner = { judging, store: storeOver(kv, clock), shards: 1, clock };
  const supervisor: Supervisor = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging, checkpointReadings: 1 }, {
    ...inner,
    host: (options) => {
      const host = new InlineHost(options);
      return {
        depth: 3,
        send: (message) => host.send(message),
        close: () => host.close(),
        room: async () => {
          await Promise.resolve();
          clock.time += 1_500; // a full mailbox
        },
      };
    },
    committed: () => void (clock.time += 300), // as long as a commit takes
  });
  const source = { name: "live", open: () => Promise.resolve([partition]), close: () => Promise.resolve() };
  const memory = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const running = supervisor.run(source, memory, new AbortController().signal);
  while (supervisor.commits.histogram().count === 0) await new Promise((resolve) => setTimeout(resolve));
  const { partitions: [one] = [], mailboxes, commits } = await coreCounters(supervisor);
  assertEquals([one.lag_readings, one.paused_seconds, mailboxes], [7, 1.5, [3]]);
  assertEquals([one.lag_seconds, one.watermark_delay_seconds], [9.8, 14.8]);
  assertEquals([commits?.count, commits?.sum, commits?.counts[5]], [1, 0.3, 0]);
  ended.resolve();
  await running;
  const [after] = (await coreCounters(supervisor)).partitions ?? [];
  assertEquals([after.lag_seconds, after.lag_readings], [undefined, undefined], "one that has ended is behind nothing");
});
