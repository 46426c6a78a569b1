/**
 * What the core counts of itself, put together when somebody asks.
 *
 * @module
 */
import { sumAlerts } from "./alerts/counts.ts";
import type { ShardCounters } from "./batch.ts";
import type { CoreCounters, LateCounts, PartitionCounters } from "./counters.ts";
import type { PartitionRun } from "./partition_run.ts";
import type { Supervisor } from "./supervisor.ts";

/** The counters of a supervisor now. Asks every shard once: O(sensors in memory). */
export async function coreCounters(supervisor: Supervisor): Promise<CoreCounters> {
  const [{ sensors, stateBytes, historyBytes }, shards] = await Promise.all([
    supervisor.answers.memory(),
    askShards(supervisor),
  ]);
  const now = supervisor.clock.now();
  return {
    partitions: supervisor.runs.map((run) => ({
      partition: run.partition.id,
      ...delays(run, supervisor.options.judging.latenessMs, now),
      ...tallied(run),
      ...sumLate(shards.map(({ partitions }) => partitions[run.partition.id])),
    })),
    mailboxes: supervisor.hosts.map(({ depth }) => depth),
    commits: supervisor.commits.histogram(),
    restarts: shards.reduce((sum, { restarts }) => sum + restarts, 0),
    alerts: sumAlerts(shards.map(({ alerts }) => alerts)),
    resident: sensors,
    state_bytes: stateBytes + historyBytes,
  };
}

async function askShards({ hosts }: Supervisor): Promise<ShardCounters[]> {
  const answers = await Promise.all(hosts.map((host) => host.send({ kind: "ask", about: "counters" })));
  return answers.flatMap((answer) => answer.about === "counters" ? answer.counters : []);
}

/** How far behind a partition is; a time only of one that goes on. */
function delays(run: PartitionRun, latenessMs: number, now: number): Partial<PartitionCounters> {
  const waiting = run.state === "running" ? run.partition.waiting?.(run.position) : undefined;
  const readings = waiting === undefined ? {} : { lag_readings: waiting };
  if (run.state !== "running" || run.sourceTime < 0) return readings;
  const lag_seconds = Math.max(0, now - run.sourceTime) / 1000;
  return { ...readings, lag_seconds, watermark_delay_seconds: lag_seconds + latenessMs / 1000 };
}

function tallied({ tally }: PartitionRun): Partial<PartitionCounters> {
  const { pausedMs, fenced, quarantined, checkpointAt } = tally;
  return {
    paused_seconds: pausedMs / 1000,
    fenced,
    quarantined,
    ...(checkpointAt < 0 ? {} : { checkpoint_seconds: checkpointAt / 1000 }),
  };
}

function sumLate(all: readonly (LateCounts | undefined)[]): LateCounts {
  const sum = (of: keyof LateCounts) => all.reduce((total, counts) => total + (counts?.[of] ?? 0), 0);
  return { late: sum("late"), duplicates: sum("duplicates"), conflicts: sum("conflicts") };
}
