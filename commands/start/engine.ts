/**
 * The engine of `start`, with its sinks.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import type { Tracing } from "../../actors/tracing.ts";
import { SHARED } from "../../actors/training/epochs.ts";
import { modelName } from "../../actors/training/maker.ts";
import { join } from "../../std/path.ts";
import { EvaluationSink } from "../../store/evaluation_sink.ts";
import { Engine } from "../instance/engine.ts";
import type { EngineModels } from "../instance/engine_options.ts";
import { fileSinks } from "../settings/files.ts";
import { Outlets } from "../instance/outlets.ts";
import { roundOutlet } from "../instance/round_outlet.ts";
import type { StartInputs } from "./inputs.ts";
import type { StartPlan } from "./plan.ts";

/** A partition whose store did not answer is tried again after so long, ms. */
const STORE_AWAY_MS = 1_000;

/** Whether a partition shares its models with others: those of Kafka, which any node may run. */
function isShared(partition: string): boolean {
  return partition.startsWith("kafka-");
}

/** What `start` runs. */
export interface StartedEngine {
  readonly engine: Engine;
  readonly outlets: Outlets;
}

/**
 * Opens it.
 *
 * @param inputs where readings come from, as far as that is open
 * @param stopping aborted when the instance ends: then no checkpoint waits for a sink any more
 * @throws as {@linkcode Engine.open}
 */
export async function openEngine(
  plan: StartPlan,
  tracing: Tracing | undefined,
  inputs: StartInputs,
  stopping: AbortSignal,
): Promise<StartedEngine> {
  const { values, log, clock, judging, from, sinks, node } = plan;
  const sharing = {
    includes: isShared,
    partitions: () => inputs.kafka?.partitionIds ?? [],
    waitMs: values.modelWait,
    report: (error: unknown) => log.error(error),
  };
  const engine = await Engine.open({
    tracing,
    dataDir: values.dataDir,
    kv: values.kv,
    node,
    judging,
    configurable: true,
    shards: values.shards,
    clock,
    sinks: (partition, models) => [
      ...ownSinks(plan, partition, models),
      ...outlets.commitSinks(partition, stopping),
    ],
    federation: roundOutlet(sinks, () => outlets),
    ...(from === "kafka" ? { sharing } : {}),
    supervisor: {
      storeAwayMs: STORE_AWAY_MS,
      sensorsMost: values.sensors,
      checkpointMs: values.checkpoint,
      snapshotMs: values.snapshot,
    },
    leased: (line) => log.info(line),
    failed: (partition, error) => log.error(`${partition} has stopped: ${error.message}`, { partition }),
    interrupted: (partition, error) =>
      log.warn(`${partition} waits, nothing more of it was written: ${error.message}`, { partition }),
    resumed: (partition) => log.info(`${partition} goes on`, { partition }),
  });
  const outlets: Outlets = new Outlets({
    kv: engine.kv,
    sinks,
    clock,
    partitions: () => engine.supervisor.runs.map(({ partition }) => partition.id),
    report: (sentence) => log.warn(sentence),
    tracing,
  });
  return { engine, outlets };
}

/** The sinks that a partition has to itself: how well models do, and files. */
function ownSinks(
  { values, scenario, clock, log }: StartPlan,
  partition: string,
  { evaluations: store }: EngineModels,
): CommitSink[] {
  return [
    new EvaluationSink({
      store,
      partition,
      data: partition,
      started: clock.now(),
      modelOf: (family, group) => modelName(isShared(partition) ? SHARED : partition, family, group),
    }),
    ...fileSinks(values, {
      partition,
      batches: (folder) => join(folder, partition),
      toRecord: scenario?.record && partition === scenario.name ? scenario.record : undefined,
      clock,
      log: (line) => log.info(line, { partition }),
    }),
  ];
}
