/**
 * "Job F": features and windows of readings, from NDJSON to rows, through the product's own supervisor, shards, rows sink
 * and checkpoints in Deno KV.
 *
 *     deno run -A bench/job_f.ts [IN] [OUT] [--shards=N] [--piece=BYTES] [--runs=N]
 *
 * Every reading gives the features of its four channels over the last 10 and enters windows of 60 s; rows are closed
 * windows and values beyond three standard deviations. Rules alone judge: nothing is learnt. Without IN, 2,000,000 readings of 10,000 sensors are made. Every run
 * begins anew, with a data directory and workers of its own. The clock goes from before the file is opened until the last
 * checkpoint is durable. *Warm* is what comes after half of the time, when everything is compiled, last checkpoint included.
 *
 * @module
 */
import process from "node:process";
import { judgingSchema } from "../actors/config.ts";
import { systemClock } from "../commands/process/clock.ts";
import { Engine } from "../commands/instance/engine.ts";
import { ReplaySource } from "../sources/replay.ts";
import { RowsSink } from "../sinks/rows.ts";
import { readingsFile } from "./_data.ts";
import { flag, residentMiB, type Taken } from "./_measure.ts";

/** What is run. */
export interface JobF {
  readonly input: string;
  /** Path of the rows. */
  readonly output: string;
  readonly shards: number;
  readonly pieceBytes?: number;
}

/** How it went. */
export interface JobFResult {
  readonly readings: number;
  readonly sensors: number;
  readonly seconds: number;
  readonly busy: number;
  readonly digest: string;
  /** The second half of the time. */
  readonly warm: Taken & { readonly readings: number };
}

/** Readings done by and by. */
interface Sample extends Taken {
  readonly readings: number;
}

/** Runs `work`, looks at `readings` every 20 ms, and returns what the second half of the time took. */
async function measureHalves(
  readings: () => number,
  work: () => Promise<void>,
): Promise<Pick<JobFResult, "warm"> & Taken> {
  const cpu = process.cpuUsage(), begun = performance.now(), samples: Sample[] = [];
  const look = (): Sample => {
    const { user, system } = process.cpuUsage(cpu);
    return { seconds: (performance.now() - begun) / 1_000, busy: (user + system) / 1e6, readings: readings() };
  };
  const timer = setInterval(() => samples.push(look()), 20);
  await work();
  clearInterval(timer);
  const end = look(), half = samples.find(({ seconds }) => seconds >= end.seconds / 2) ?? end;
  const warm = {
    seconds: end.seconds - half.seconds,
    busy: end.busy - half.busy,
    readings: end.readings - half.readings,
  };
  return { seconds: end.seconds, busy: end.busy, warm };
}

/** Runs it once. */
export async function runJobF({ input, output, shards, pieceBytes }: JobF): Promise<JobFResult> {
  const dataDir = await Deno.makeTempDir({ prefix: "sensorium-bench-" });
  const engine = await Engine.open({
    dataDir,
    judging: judgingSchema.parse({ detectors: "rules" }),
    shards,
    clock: systemClock,
    sinks: () => [new RowsSink(output)],
    supervisor: {
      keepHistory: false,
      storeWindows: false,
      feedReadings: 0,
      wanted: { verdicts: false, flags: false, history: false, windows: false, rows: true },
    },
    failed: (_, error) => {
      throw error;
    },
  });
  try {
    const source = new ReplaySource({ paths: [input], ...(pieceBytes ? { pieceBytes } : {}) }, systemClock);
    const taken = await measureHalves(
      () => engine.supervisor.runs[0]?.readings ?? 0,
      () => engine.run(source, new AbortController().signal),
    );
    const [{ readings }] = engine.supervisor.partitions(), { sensors } = await engine.supervisor.answers.memory();
    return { readings, sensors, ...taken, digest: await engine.digest() };
  } finally {
    await engine.close();
    await Deno.remove(dataDir, { recursive: true });
  }
}

if (import.meta.main) {
  const [given, output = await Deno.makeTempFile()] = Deno.args.filter((argument) => !argument.startsWith("-"));
  const input = given ?? await readingsFile(10_000, 2_000_000);
  const shards = Number(flag("shards", "2")), pieceBytes = Number(flag("piece", "0")) || undefined;
  for (let run = 0; run < Number(flag("runs", "1")); run++) {
    const { readings, sensors, seconds, busy, digest, warm } = await runJobF({ input, output, shards, pieceBytes });
    console.log(
      `sensorium f, ${shards} shards: ${readings} readings, ${sensors} sensors, ${seconds.toFixed(2)} s, ` +
        `rate ${(readings / seconds).toFixed(0)}, ${(1e9 * busy / readings).toFixed(0)} ns of processor each, ` +
        `warm rate ${(warm.readings / warm.seconds).toFixed(0)}, ${(1e9 * warm.busy / warm.readings).toFixed(0)} ns, ` +
        `rss ${residentMiB().toFixed(0)} MiB, ${digest.slice(0, 24)}`,
    );
  }
}
