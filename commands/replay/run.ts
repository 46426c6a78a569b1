/**
 * Judging a recording: an engine over its data directory, the sinks beside it, and what is told at the end.
 *
 * @module
 */
import type { ReplaySource } from "../../sources/replay.ts";
import { Engine } from "../instance/engine.ts";
import { Outlets } from "../instance/outlets.ts";
import { roundOutlet } from "../instance/round_outlet.ts";
import { systemClock } from "../process/clock.ts";
import { CommandError, EXIT } from "../process/errors.ts";
import type { Log } from "../process/log.ts";
import { progressBar } from "../process/progress.ts";
import type { StopSignal } from "../process/signals.ts";
import { fileSinks } from "../settings/files.ts";
import { judgingOf } from "../settings/settings.ts";
import { openSinks } from "../settings/sinks.ts";
import { ReplayEvaluation } from "./evaluation.ts";
import { intelFindings, sayFindings } from "./intel_report.ts";
import { injected, recordingOf } from "./recording.ts";
import { replayResult, sayResult } from "./result.ts";
import type { ReplaySettings } from "./settings.ts";

/** Time between two steps of the progress bar, ms. */
const LOOK_MS = 200;
/** Items of a kind that may wait for a sink before reading waits too. */
const WAIT_ITEMS = 50_000;

/** What a replay is run under. */
export interface ReplayWorld {
  readonly stop: StopSignal;
  readonly log: Log;
}

/** A replay, ready to be run. */
interface Replay {
  readonly recorded: ReplaySource;
  readonly evaluation: ReplayEvaluation;
  readonly engine: Engine;
  readonly outlets: Outlets;
  /** Why it has stopped, if it failed. */
  failure(): Error | undefined;
}

/**
 * Runs the recording, and prints what came of it.
 *
 * @param dataDir where it goes on, or begins
 * @returns the exit code, also after a graceful stop
 * @throws {CommandError} if it fails on the way
 */
export async function runReplay(given: ReplaySettings, dataDir: string, world: ReplayWorld): Promise<number> {
  const replay = await openReplay(given, dataDir, world), { engine, outlets } = replay;
  const delivering = new AbortController(), delivered = outlets.run(delivering.signal);
  try {
    const begun = performance.now();
    await readAll(given, replay, world);
    const failure = replay.failure();
    if (failure) throw new CommandError(`the replay has stopped: ${failure.message}`, { cause: failure });
    await tell(given, replay, performance.now() - begun);
  } finally {
    delivering.abort();
    await delivered;
    await engine.close();
  }
  return EXIT.done;
}

async function openReplay(given: ReplaySettings, dataDir: string, { stop, log }: ReplayWorld): Promise<Replay> {
  const { values } = given, judging = judgingOf(given.judging);
  const recorded = await recordingOf(given), evaluation = new ReplayEvaluation(values.evaluate, systemClock);
  const sinks = await openSinks(values.sink, judging, values);
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
  return { recorded, evaluation, engine, outlets, failure: () => failure };
}

/** Reads to the end, or until it is to stop, and waits for the sinks. */
async function readAll(given: ReplaySettings, replay: Replay, { stop, log }: ReplayWorld): Promise<void> {
  const { recorded, engine, outlets } = replay, ended = new AbortController();
  const bar = showProgress(engine, recorded, ended.signal);
  const retention = engine.retention.run(ended.signal, (error) => log.error(error));
  try {
    await engine.run(injected(recorded, given), stop.signal);
    if (!replay.failure()) await outlets.drained(stop.signal);
  } finally {
    ended.abort();
    await Promise.all([bar, retention]);
  }
}

/** Prints what came of it. @param elapsedMs time that it took */
async function tell(given: ReplaySettings, replay: Replay, elapsedMs: number): Promise<void> {
  const { values, positional } = given, { engine, outlets, evaluation } = replay;
  const result = await replayResult(engine, elapsedMs), stopped = result.state === "stopped";
  console.log(sayResult(result));
  for (const line of outlets.left()) console.log(line);
  if (stopped) console.log("stopped; the same command goes on from here");
  if (values.evaluate && !stopped) console.log(await evaluation.finish(engine.models.evaluations));
  const findings = stopped ? undefined : await intelFindings(positional);
  if (findings) console.log(sayFindings(findings));
  if (values.digest) console.log(`digest ${await engine.digest()}`);
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
