/**
 * `deno task replay`: runs recorded readings through the sensors, and says what came of it.
 *
 * @module
 */
import { z } from "zod";
import type { Source } from "../actors/ports.ts";
import type { Reading } from "../actors/reading.ts";
import { join, resolve } from "../std/path.ts";
import { Injection } from "../sources/injection.ts";
import type { Speed } from "../sources/pace.ts";
import { type ReplayOptions, ReplaySource } from "../sources/replay.ts";
import { hashText } from "../models/hash.ts";
import { systemClock } from "./process/clock.ts";
import { Engine } from "./instance/engine.ts";
import { CommandError, EXIT, UsageError } from "./process/errors.ts";
import { FILES, fileSinks } from "./settings/files.ts";
import { intelFindings, sayFindings } from "./replay/intel_report.ts";
import { KAFKA_ACCESS, LOCAL_KAFKA } from "./kafka/settings.ts";
import { type Log, LOG_SETTINGS, withLog } from "./process/log.ts";
import { readMapping } from "./settings/mapping_file.ts";
import { Outlets } from "./instance/outlets.ts";
import { oldFlags, sourceFiles } from "./replay/old_names.ts";
import { progressBar } from "./process/progress.ts";
import { ReplayEvaluation } from "./replay/evaluation.ts";
import { type ReplayResult, replayResult, sayResult } from "./replay/result.ts";
import { sendAll, sendTarget } from "./replay/send.ts";
import { roundOutlet } from "./instance/round_outlet.ts";
import { choice, custom, decimal, list, text, toggle, wholeNumber } from "./settings/setting.ts";
import { type Command, COMMON, judgingOf, readSettings, type Settings } from "./settings/settings.ts";
import { type StopSignal, stopSignal } from "./process/signals.ts";
import { MQTT_ACCESS } from "./mqtt/settings.ts";
import { openSinks, SINKS } from "./settings/sinks.ts";

const speed: z.ZodType<Speed> = z.union([
  z.enum(["recorded", "max"]),
  z.string().regex(/^\d+(\.\d+)?$/).transform(Number).refine((times) => times > 0),
  z.number().positive(),
]);
const ALL_AT_ONCE = 0;
/** Readings of a batch that is sent, where nobody says. */
const SENT_TOGETHER = 1000;

const settings = {
  dataDir: text({
    fallback: undefined,
    help: "folder of this replay's state (default: one of its own below .sensorium/replays)",
    placeholder: "PATH",
  }),
  kv: COMMON.kv,
  checkpoint: COMMON.checkpoint,
  snapshot: COMMON.snapshot,
  sensors: COMMON.sensors,
  shards: COMMON.shards,
  seed: COMMON.seed,
  speed: custom({
    schema: speed,
    allowed: "recorded, max or a number of times as fast, such as 60",
    fallback: "max",
    help: "as recorded, so many times as fast, or as fast as possible",
    placeholder: "recorded|N|max",
  }),
  batchSize: wholeNumber({
    min: 0,
    max: 1000,
    fallback: ALL_AT_ONCE,
    help: "readings of a batch; 0 leaves it to the program",
  }),
  interval: wholeNumber({
    min: -1,
    max: 86_400_000,
    fallback: -1,
    help: "time between two batches in ms; -1 for none",
    placeholder: "MS",
  }),
  stamp: choice({
    words: ["recorded", "now"],
    fallback: "recorded",
    help: "times as they were recorded, or as if it happened now",
  }),
  loop: toggle({ fallback: false, help: "begin again at the end, for ever, times shifted forward" }),
  fresh: toggle({ fallback: false, help: "begin anew, instead of going on where it was stopped" }),
  digest: toggle({ fallback: false, help: "end with a line that is the same for the same results" }),
  zone: text({ fallback: undefined, help: "zone of times that name none: UTC, Europe/Berlin", placeholder: "ZONE" }),
  start: text({
    fallback: undefined,
    help: "time of the first record of a file without times (ISO 8601 with a zone); wants --step",
    placeholder: "TIME",
  }),
  step: wholeNumber({
    min: 0,
    max: 86_400_000,
    fallback: 0,
    help: "time between two records of a file without times, in ms",
    placeholder: "MS",
  }),
  mapping: text({
    fallback: undefined,
    help: "JSON file that says which columns are what (default: seen from the file)",
    placeholder: "PATH",
  }),
  inject: decimal({ min: 0, max: 1, fallback: 0, help: "chance that a reading is made anomalous, labelled as such" }),
  channels: list({ help: "channels that may be made anomalous (default: all)", placeholder: "NAME" }),
  evaluate: toggle({
    fallback: false,
    help: "evaluate the shared models over the whole recording, and compare with what was counted on the way",
  }),
  ...FILES,
  sink: SINKS,
  to: text({
    fallback: undefined,
    help: "send the readings to kafka://host:port/topic or mqtt://host:port/topic, instead of judging them here",
    placeholder: "URL",
  }),
  useKafka: toggle({ fallback: false, help: `the same as --to ${LOCAL_KAFKA}/iot_sensors` }),
  ...LOG_SETTINGS,
  ...KAFKA_ACCESS,
  ...MQTT_ACCESS,
};
type ReplaySettings = Settings<typeof settings>;

const command: Command<typeof settings> = {
  name: "replay",
  summary: "Runs recorded readings through the sensors, and says what came of it. It goes on where it was stopped.",
  settings,
  positional: { what: "FILE...", least: 0, most: 1000 },
  examples: [
    { line: "deno task replay readings.csv", does: "as fast as possible" },
    { line: "deno task replay readings.ndjson.gz --speed 60", does: "a minute in a second" },
    { line: "deno task replay readings.csv --to kafka://127.0.0.1:9092/iot_sensors", does: "into a topic of Kafka" },
    { line: "deno task replay lab.csv --zone UTC --digest", does: "times without a zone, and a digest at the end" },
  ],
};

/** Below this folder every replay has a data directory of its own. */
const REPLAYS = ".sensorium/replays";
/** Time between two steps of the progress bar, ms. */
const LOOK_MS = 200;
/** Items of a kind that may wait for a sink before reading waits too. */
const WAIT_ITEMS = 50_000;

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 once the input has ended, or after a graceful stop
 */
export async function replay(args: readonly string[]): Promise<number> {
  const read = await readSettings(command, [...oldFlags(), ...args]);
  const given = { ...read, positional: sourceFiles(read.positional) }, stop = stopSignal();
  try {
    const to = given.values.to ?? (given.values.useKafka ? LOCAL_KAFKA : undefined);
    if (to !== undefined) return await send(given, to, stop.signal);
    const dataDir = given.values.dataDir ?? defaultDataDir(given);
    if (given.values.fresh && given.values.kv !== undefined) {
      throw new UsageError("--fresh begins anew in the data directory's own KV alone: give it another --kv instead");
    }
    return await withLog(given.values, (log) => run(given, dataDir, { stop, log }));
  } finally {
    stop.release();
  }
}

/** Sends the recording to Kafka or MQTT, a batch at a time. */
async function send(given: ReplaySettings, to: string, signal: AbortSignal): Promise<number> {
  const options = await replayOptions(given);
  const source = new ReplaySource({ ...options, batchSize: options.batchSize ?? SENT_TOGETHER }, systemClock);
  // Records that a mapping describes keep their shape: who reads the topic reads it with the same mapping.
  const toRecord = given.values.mapping === undefined
    ? undefined
    : (reading: Reading) => source.toRecord(reading) ?? reading;
  const { target, place } = await sendTarget(to, given.values, { toRecord, signal });
  const { readings, refused } = await sendAll(injected(source, given), target, signal);
  const left = refused === 0 ? "" : `, ${refused.toLocaleString("en")} records were none`;
  console.log(`${readings.toLocaleString("en")} readings to ${place}${left}${signal.aborted ? ", stopped" : ""}`);
  return EXIT.done;
}

/** The recording with anomalies, where they are asked for. */
function injected(recorded: ReplaySource, { values }: ReplaySettings): Source {
  if (values.inject === 0) return recorded;
  return new Injection(recorded, values.seed, {
    chance: values.inject,
    ...(values.channels.length > 0 ? { channels: [...values.channels] } : {}),
  });
}

async function run(
  given: ReplaySettings,
  dataDir: string,
  { stop, log }: { readonly stop: StopSignal; readonly log: Log },
): Promise<number> {
  const { values } = given;
  const recorded = new ReplaySource(await replayOptions(given), systemClock);
  const source = injected(recorded, given), evaluation = new ReplayEvaluation(values.evaluate, systemClock);
  const judging = judgingOf(given.judging), sinks = await openSinks(values.sink, judging, values);
  let failure: Error | undefined;
  const engine = await Engine.open({
    dataDir,
    fresh: values.fresh,
    kv: values.kv,
    judging,
    shards: values.shards,
    clock: systemClock,
    supervisor: { checkpointMs: values.checkpoint, snapshotMs: values.snapshot, sensorsMost: values.sensors },
    sinks: (partition, { evaluations }) => [
      ...evaluation.sinks(partition, evaluations),
      ...fileSinks(values, {
        partition,
        batches: (folder) => folder,
        toRecord: (reading) => recorded.toRecord(reading),
        clock: systemClock,
        log: (line) => log.info(line, { partition }),
      }),
      ...outlets.commitSinks(partition, stop.signal),
    ],
    federation: roundOutlet(sinks, () => outlets),
    failed: (_, error) => failure = error,
  });
  const outlets: Outlets = new Outlets({
    kv: engine.kv,
    sinks,
    clock: systemClock,
    partitions: () => engine.supervisor.partitions().map(({ partition }) => partition),
    report: (line) => log.warn(line),
    waitItems: WAIT_ITEMS,
  });
  const delivering = new AbortController(), delivered = outlets.run(delivering.signal);
  try {
    const begun = performance.now(), ended = new AbortController();
    const bar = showProgress(engine, recorded, ended.signal);
    const retention = engine.retention.run(ended.signal, (error) => log.error(error));
    try {
      await engine.run(source, stop.signal);
      if (!failure) await outlets.drained(stop.signal);
    } finally {
      ended.abort();
      await Promise.all([bar, retention]);
    }
    if (failure) throw new CommandError(`the replay has stopped: ${failure.message}`, { cause: failure });
    const result: ReplayResult = await replayResult(engine, performance.now() - begun);
    console.log(sayResult(result));
    const stopped = result.state === "stopped";
    for (const line of outlets.left()) console.log(line);
    if (stopped) console.log("stopped; the same command goes on from here");
    if (values.evaluate && !stopped) console.log(await evaluation.finish(engine.models.evaluations));
    const findings = stopped ? undefined : await intelFindings(given.positional);
    if (findings) console.log(sayFindings(findings));
    if (values.digest) console.log(`digest ${await engine.digest()}`);
  } finally {
    delivering.abort();
    await delivered;
    await engine.close();
  }
  return EXIT.done;
}

async function replayOptions({ values, positional }: ReplaySettings): Promise<ReplayOptions> {
  return {
    paths: positional,
    mapping: values.mapping === undefined ? undefined : await readMapping(values.mapping),
    speed: values.speed,
    batchSize: values.batchSize === ALL_AT_ONCE ? undefined : values.batchSize,
    batchIntervalMs: values.interval < 0 ? undefined : values.interval,
    stamp: values.stamp,
    loop: values.loop,
    zone: values.zone,
    start: values.start,
    intervalMs: values.step > 0 ? values.step : undefined,
    partition: "replay",
  };
}

/** A folder that the same files find again. */
function defaultDataDir({ positional }: ReplaySettings): string {
  const paths = positional.map((path) => resolve(path)), last = paths[0].split(/[/\\]/).at(-1) ?? "file";
  const name = last.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 40);
  return join(REPLAYS, `${name}-${hashText(paths.join("\n")).toString(16).padStart(8, "0")}`);
}

async function showProgress(engine: Engine, source: ReplaySource, signal: AbortSignal): Promise<void> {
  const bar = progressBar("replay"), begun = performance.now();
  let from = -1;
  const show = () => {
    const run = engine.supervisor.runs[0];
    if (!run) return;
    if (from < 0) from = run.readings;
    const rate = Math.round((run.readings - from) * 1000 / (performance.now() - begun));
    const lag = source.lagMs > 0 ? `, ${(source.lagMs / 1000).toFixed(1)} s behind` : "";
    bar.update(
      run.state === "finished" ? 1 : run.progress ?? 0,
      `${run.readings.toLocaleString("en")} readings, ${rate.toLocaleString("en")}/s${lag}`,
    );
  };
  while (!signal.aborted) {
    await systemClock.sleep(LOOK_MS, signal).catch(() => {});
    show(); // at the end too
  }
  bar.stop();
}
