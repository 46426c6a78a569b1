/**
 * The straight line stage by stage, on one thread, for few and for many sensors: reading the file, routing its lines, scanning
 * their values, features and windows, snapshots, checkpoints. And all of it end to end, see `job_f.ts`.
 *
 *     deno run -A bench/stages.ts [--sensors=100,10000,100000] [--readings=2000000] [--piece=BYTES]
 *
 * Every piece of the file goes through all stages before the next one is read, as in the product, so each finds the
 * caches as the others left them. Features and windows get the values that were scanned as those of parsed readings: what
 * is timed is the shard without the scanner. The first fifth warms up and is not counted.
 *
 * @module
 */
import process from "node:process";
import type { ShardBatch, Snapshot } from "../actors/batch.ts";
import { judgingSchema } from "../actors/config.ts";
import { Directory } from "../actors/directory.ts";
import { RECORD, RECORD_HEAD, Records } from "../actors/records.ts";
import { Router } from "../actors/router.ts";
import { Shard } from "../actors/shard.ts";
import { ChannelTable } from "../models/scan.ts";
import { systemClock as clock } from "../commands/process/clock.ts";
import { ReplaySource } from "../sources/replay.ts";
import { KvCheckpointStore } from "../store/checkpoint/store.ts";
import { sourceMemory } from "../store/source_memory.ts";
import { readingsFile } from "./_data.ts";
import { flag, measure, say, type Taken } from "./_measure.ts";
import { runJobF } from "./job_f.ts";

/** Time of one stage, summed over pieces. */
class Stage {
  private seconds = 0;
  private busy = 0;

  /** Runs a piece's work. */
  run<T>(work: () => T): T {
    const cpu = process.cpuUsage(), begun = performance.now(), result = work();
    this.seconds += (performance.now() - begun) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    this.busy += (user + system) / 1e6;
    return result;
  }

  forget(): void {
    this.seconds = this.busy = 0;
  }

  get taken(): Taken {
    return { seconds: this.seconds, busy: this.busy };
  }
}

/** The batch as if a source had parsed it. */
function parsedOf(batch: ShardBatch, { array }: Records, names: readonly string[]): ShardBatch {
  const { count, text: _, ...rest } = batch, valueAt = new Int32Array(count + 1);
  const channels: number[] = [], values: number[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    if (array[at] !== i) throw new Error("a line of the benchmark's data is no reading");
    const from = at + RECORD_HEAD;
    at = from + 2 * array[at + RECORD.count];
    for (let k = from; k < at; k += 2) {
      channels.push(array[k]);
      values.push(array[k + 1]);
    }
    valueAt[i + 1] = values.length;
  }
  return {
    ...rest,
    count,
    valueAt,
    lineAt: new Int32Array(count).fill(-1),
    channels: Int32Array.from(channels),
    values: Float64Array.from(values),
    channelNames: names,
  };
}

const judging = judgingSchema.parse({ detectors: "rules" });
const SHARD = {
  judging,
  wanted: { verdicts: false, flags: false, history: false },
  keepHistory: false,
};

/** Runs all stages over one file. */
async function run(sensors: number, readings: number): Promise<void> {
  console.log(`\n${readings.toLocaleString("en")} readings of 4 channels, ${sensors.toLocaleString("en")} sensors`);
  const pieceBytes = Number(flag("piece", "0")) || undefined;
  const source = new ReplaySource({ paths: [await readingsFile(sensors, readings)], pieceBytes }, clock);
  const dataDir = await Deno.makeTempDir({ prefix: "sensorium-bench-" }), kv = await Deno.openKv(`${dataDir}/kv`);
  const [partition] = await source.open(sourceMemory(kv, "bench"));
  const directory = new Directory(1), router = new Router(partition.id, directory, 1, judging, () => []);
  const table = new ChannelTable(), records = new Records(table), shard = new Shard(SHARD);
  const route = new Stage(), scan = new Stage(), apply = new Stage();
  let counted = 0, seen = 0, warm = false, last = performance.now(), cpu = process.cpuUsage(), reading = 0, readCpu = 0;
  for await (const chunk of partition.read(0, new AbortController().signal)) {
    reading += performance.now() - last;
    const { user, system } = process.cpuUsage(cpu);
    readCpu += user + system;
    const batch = route.run(() => {
      router.take(chunk);
      const arrivals = router.takeArrivals().map(({ sensor, name }) => ({ sensor, name }));
      return router.builders[0].take(arrivals);
    });
    scan.run(() => records.fill(batch, [], () => ""));
    const parsed = parsedOf(batch, records, table.names);
    apply.run(() => shard.handle(parsed));
    seen += batch.count;
    if (warm) counted += batch.count;
    else if (seen >= Math.max(readings / 5, sensors)) {
      warm = true;
      reading = readCpu = 0;
      for (const stage of [route, scan, apply]) stage.forget();
    }
    last = performance.now();
    cpu = process.cpuUsage();
  }
  say("read the file", counted, { seconds: reading / 1_000, busy: readCpu / 1e6 });
  say("route: sensor and time of a line", counted, route.taken);
  say("parse: values of a line", counted, scan.taken);
  say("features + windows", counted, apply.taken);
  let snapshots: readonly Snapshot[] = [];
  const cut = { kind: "cut", partition: partition.id, position: 1e15, share: 1, least: 0, release: [] } as const;
  say("snapshots (sensors)", sensors, await measure(() => snapshots = shard.handle(cut).snapshots));
  const store = new KvCheckpointStore(kv, {
    clock,
    freshId: () => crypto.randomUUID(),
    deadlineMs: 30_000,
    historyChunks: 10,
  });
  const claim = await store.claim(partition.id);
  say("checkpoint: snapshots to the KV (sensors)", sensors, await measure(() => claim.writeSnapshots(snapshots)));
  const bytes = snapshots.reduce((sum, snapshot) => sum + snapshot.bytes.length, 0);
  const answer = shard.handle({ kind: "ask", about: "memory" });
  const state = answer.about === "memory" ? answer.memory.stateBytes / sensors : NaN;
  console.log(
    `a sensor: state ${state.toFixed(0)} bytes (${(state / 4).toFixed(0)} a channel), snapshot ` +
      `${(bytes / sensors).toFixed(0)} bytes`,
  );
  await source.close();
  kv.close();
  const input = await readingsFile(sensors, readings), output = `${dataDir}/rows.csv`;
  for (const shards of [1, 2]) {
    const result = await runJobF({ input, output, shards });
    say(`end to end, ${shards === 1 ? "this thread" : `${shards} workers`}`, readings, result);
    say("  second half of the time", result.warm.readings, result.warm);
  }
  await Deno.remove(dataDir, { recursive: true });
}

if (import.meta.main) {
  const readings = Number(flag("readings", "2000000"));
  for (const sensors of flag("sensors", "100,10000,100000").split(",")) await run(Number(sensors), readings);
}
