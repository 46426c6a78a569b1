/**
 * The same readings give the same digest and the same stored outputs at any speed, batch size and number of shards, in
 * the main thread or in workers, with or without passivation.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import { type Judging, judgingSchema } from "../../actors/config.ts";
import type { Chunk, Source } from "../../actors/ports.ts";
import type { Reading } from "../../actors/reading.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { WorkerHost } from "../../actors/runtime/worker_host.ts";
import { facility } from "../../data/facility.ts";
import { type ReplayOptions, ReplaySource } from "../../sources/replay.ts";
import { Simulator } from "../../sources/simulator.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { isSame } from "../simulation/same.ts";
import { MemoryKv } from "../memory_kv.ts";
import { makeWorld } from "../simulation/world.ts";
import { gzip, JumpingClock, realData, TestFolder } from "../sources/files.ts";
import { scoredReading } from "../store/scored.ts";
import { PATIENT, type RunOptions, runSource, storedOutputs } from "./harness.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** Of the facility: 24 would be the first start's, and take minutes with every detector on; SENSORIUM_TEST_HOURS=24 runs them. */
const HOURS = Number(Deno.env.get("SENSORIUM_TEST_HOURS") ?? 3);
const ANCHOR = Date.UTC(2026, 0, 31);

/** One way to run. */
interface Way extends RunOptions {
  readonly says: string;
  readonly workers?: boolean;
  readonly replay?: Omit<ReplayOptions, "paths">;
}

const WAYS: readonly Way[] = [
  { says: "batches of 1", batchSize: 1, replay: { batchSize: 1 } },
  { says: "batches of 7", batchSize: 7, replay: { batchSize: 7 } },
  { says: "batches of 1,000", batchSize: 1_000, replay: { batchSize: 1_000 } },
  { says: "2 shards", shards: 2 },
  { says: "5 shards, batches of 7", shards: 5, batchSize: 7, replay: { batchSize: 7 } },
  { says: "1 worker", shards: 1, workers: true },
  { says: "2 workers", shards: 2, workers: true },
  { says: "5 workers, batches of 1,000", shards: 5, workers: true, batchSize: 1_000, replay: { batchSize: 1_000 } },
  { says: "few sensors in memory", residentMost: 2, checkpointReadings: 500 },
  { says: "few sensors in memory, 2 workers", residentMost: 2, checkpointReadings: 500, shards: 2, workers: true },
  { says: "many small checkpoints", checkpointReadings: 100, snapshotReadings: 1_000 },
];

const SPEEDS: readonly Way[] = [
  { says: "as recorded", replay: { speed: "recorded" } },
  { says: "60 times as fast", replay: { speed: 60 }, shards: 2 },
  {
    says: "as recorded, in batches of 7, by 2 workers",
    replay: { speed: "recorded", batchSize: 7 },
    shards: 2,
    workers: true,
  },
  { says: "batches of 50 at an interval", replay: { speed: "max", batchSize: 50, batchIntervalMs: 200 } },
];

interface Outcome {
  readonly digest: string;
  readonly counts: unknown;
  readonly outputs: ReadonlyMap<string, unknown>;
}

async function run(
  source: Source,
  judging: Judging,
  { workers, says: _, replay: _r, ...options }: Way,
): Promise<Outcome> {
  const { digest, kv, supervisor } = await runSource(source, {
    checkpointReadings: 20_000,
    ...options,
    judging,
    host: (shard) => workers ? new WorkerHost(shard) : new InlineHost(shard),
  });
  return { digest, counts: supervisor.counts(), outputs: await storedOutputs(kv) };
}

function compare(found: Outcome, expected: Outcome, says: string): void {
  assertEquals(found.digest, expected.digest, says);
  assertEquals(found.counts, expected.counts, says);
  assertEquals(found.outputs.size, expected.outputs.size, says);
  for (const [key, value] of expected.outputs) {
    if (!isSame(found.outputs.get(key), value)) assertEquals(found.outputs.get(key), value, `${says}: ${key}`);
  }
}

function watch(rounds: number): Source {
  const pace = { kind: "finite", anchor: ANCHOR, rounds } as const;
  return new Simulator(facility(), { seed: 42, pace, clock: PATIENT });
}

Deno.test("Supervisor.run() gives one digest of the facility's hours, in the main thread and in workers", async () => {
  const judging = judgingSchema.parse({ types: facility().types }),
    rounds = Math.max(1_800, Math.round(HOURS * 1_800 * SCALE));
  const { digest, supervisor } = await runSource(watch(rounds), { judging, checkpointReadings: 50_000 });
  assertEquals(supervisor.counts()[0].counts.readings, 25 * rounds);
  const workers = await runSource(watch(rounds), {
    judging,
    shards: 2,
    checkpointReadings: 30_000,
    host: (options) => new WorkerHost(options),
  });
  assertEquals(workers.digest, digest);
  const small = await runSource(watch(rounds), {
    judging,
    batchSize: 100,
    residentMost: 20,
    checkpointReadings: 10_000,
  });
  assertEquals(small.digest, digest);
});

Deno.test("Supervisor.run() gives the same of the facility's first minutes in every way", async () => {
  const judging = judgingSchema.parse({ types: facility().types, windows: [{ lengthMs: 60_000, hopMs: 20_000 }] });
  const rounds = Math.max(200, Math.round(600 * SCALE)),
    expected = await run(watch(rounds), judging, { says: "plain" });
  assert([...expected.outputs.keys()].some((key) => key.startsWith('["alert"')), "there are alerts to compare");
  for (const way of WAYS) compare(await run(watch(rounds), judging, way), expected, way.says);
});

Deno.test("Supervisor.run() gives the same of late, duplicate and future readings in every way and at every speed", async () => {
  using folder = new TestFolder();
  const { text, judging } = makeWorld(31, Math.max(500, Math.round(3_000 * SCALE)));
  const path = folder.write("dirt.ndjson", text);
  const replay = (way: Way) =>
    new ReplaySource({ paths: [path], pieceBytes: 10_000, ...way.replay }, new JumpingClock());
  const expected = await run(replay({ says: "plain" }), judging, { says: "plain" });
  const kinds = new Set([...expected.outputs.keys()].map((key) => JSON.parse(key)[0]));
  assertEquals(kinds.size, 9, `all kinds of outputs are compared: ${[...kinds]}`);
  for (const way of [...WAYS, ...SPEEDS]) {
    const found = await run(replay(way), judging, way);
    // What is wrong with a line is said in other words where lines are parsed by the source.
    for (const outcome of [found, expected]) {
      for (const value of outcome.outputs.values()) {
        if (typeof value === "object" && value !== null && "errors" in value) Object.assign(value, { errors: [] });
      }
    }
    compare(found, expected, way.says);
  }
});

/** A recording like that of mote 1: gaps, doubled epochs, steps back, the lies of an empty battery. */
function likeMote1(rows: number): string {
  const lines = [",date,time,epochId,moteId,temp,humidity,light,voltage"];
  let time = Date.UTC(2004, 1, 28);
  for (let i = 0; i < rows; i++) {
    time += i % 97 === 96 ? -20_000 : i % 41 === 40 ? 0 : i % 500 === 499 ? 90_000_000 : i % 3 === 0 ? 62_000 : 31_000;
    const stamp = new Date(time).toISOString(), lies = i > rows * 0.85;
    const values = lies ? "122.153,-4,11.04,2.03" : `${(20 + (i % 99) / 10).toFixed(4)},37.0933,45.08,2.69964`;
    lines.push(`${i + 1},${stamp.slice(0, 10)},${stamp.slice(11, 23)}85,${i * 2},1.0,${values}`);
  }
  return lines.join("\n") + "\n";
}

Deno.test("Supervisor.run() gives the same of mote 1 in every way and at every speed", async () => {
  using folder = new TestFolder();
  const path = realData("intel/mote1.csv.gz") ?? folder.write("mote1.csv.gz", await gzip(likeMote1(43_047)));
  // A forest a day: more often growing them is most of the time that the test takes.
  const judging = judgingSchema.parse({ forest: { everyMs: 24 * 3_600_000 } });
  const replay = (way: Way) => new ReplaySource({ paths: [path], zone: "UTC", ...way.replay }, new JumpingClock());
  const expected = await run(replay({ says: "plain" }), judging, { says: "plain" });
  assertEquals(expected.counts, [{
    partition: "mote1",
    counts: { readings: 43_047, refused: 0, refusedHash: 0, future: 0, foreign: 0 },
  }]);
  // It is one sensor: passivation has nothing to choose from, and more shards have nothing to do. Each way takes seconds.
  const ways = WAYS.filter(({ says }) => /batches of 7$|batches of 1,000$|^2 /.test(says) && !/few|5 /.test(says));
  assertEquals(ways.length, 4);
  for (const way of [...ways, ...SPEEDS.filter(({ workers }) => !workers)]) {
    compare(await run(replay(way), judging, way), expected, way.says);
  }
});

/** A live partition: readings come in bursts, and the clock's ticks between them are recorded. */
class BurstSource implements Source {
  readonly name = "bursts";

  constructor(private readonly stopAfter = Infinity, private readonly stop = new AbortController()) {}

  open() {
    return Promise.resolve([{ id: "bursts-0", read: (from: number) => this.#read(from) }]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#read(from: number): AsyncGenerator<Chunk> {
    for (let at = from - from % 10, chunks = 0; at < 2_000; at += 10) {
      const time = ANCHOR + at * 700;
      const items = Array.from({ length: 9 }, (_, i): Reading => ({
        sensor: `s${(at / 10 + i) % (4 + at % 3)}`,
        time: time + 100 * i,
        values: { temperature: 20 + (at + i) % 7 },
        type: "server_room",
      }));
      const positions = items.map((_, i) => at + i), first = Math.max(0, from - at);
      yield await Promise.resolve({
        kind: "readings",
        items: items.slice(first),
        positions: positions.slice(first),
        next: at + 9,
      });
      yield { kind: "tick", time: time + (at % 50 === 0 ? 90_000 : 6_000), position: at + 9, next: at + 10 };
      if (++chunks === this.stopAfter) this.stop.abort();
    }
  }
}

Deno.test("Supervisor.run() gives the same of recorded ticks in every way, stopped and gone on with too", async () => {
  const judging = judgingSchema.parse({
    types: { server_room: { channels: {}, intervalMs: 500, silentAfterMs: 5_000 } },
    windows: [{ lengthMs: 5_000, hopMs: 5_000 }],
    latenessMs: 2_000,
    tickMs: 1_000,
  });
  const expected = await run(new BurstSource(), judging, { says: "plain" });
  assert([...expected.outputs.keys()].some((key) => key.includes(":silent")), "silence was noticed");
  for (const way of WAYS) compare(await run(new BurstSource(), judging, way), expected, way.says);
  const kv = new MemoryKv();
  for (let life = 1; life < 30; life++) {
    const stop = new AbortController(), source = new BurstSource(1 + life % 9, stop);
    await run(source, judging, {
      says: "",
      kv,
      signal: stop.signal,
      checkpointReadings: 20,
      snapshotReadings: 50,
      shards: 1 + life % 3,
    });
  }
  compare(await run(new BurstSource(), judging, { says: "", kv }), expected, "in thirty pieces");
});

Deno.test("CutOutputs.scored() gives of the records what the views say", async () => {
  const found: string[] = [], told: string[] = [];
  const sink: CommitSink = {
    name: "compare",
    recover: () => Promise.resolve(),
    cut: () => (outputs) => {
      for (const family of ["forest", "network"] as const) {
        for (const { group, reading } of outputs.scored(family)) found.push(JSON.stringify([family, group, reading]));
        for (const view of outputs.readings()) {
          const reading = scoredReading(view, family), { group } = outputs.about(view.sensor);
          if (reading) told.push(JSON.stringify([family, group, reading]));
        }
      }
      return Promise.resolve(null);
    },
    close: () => Promise.resolve(),
  };
  const judging = judgingSchema.parse({ types: facility().types, federation: { everyMs: 60_000 } });
  await runSource(watch(700), { judging, shards: 2, sinks: () => [sink], checkpointReadings: 3_000 });
  assert(found.length > 20_000 && told.some((line) => line.startsWith('["network","humidity"')));
  assertEquals(found.toSorted(), told.toSorted());
});
