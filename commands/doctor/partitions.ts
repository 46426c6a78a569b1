/**
 * What is wrong with an instance's partitions, concluded from its metrics.
 *
 * @module
 */
import { bad, type Finding, ok, warn } from "./finding.ts";
import { type Metrics, samples, stateCount, sum } from "./metrics.ts";

/** A live source may be behind by so much, s. */
const LAG_MOST = 60;
/** What sensors say of the time may differ from the clock by so much, s. */
const SENSOR_TIME_MOST = 3_600;
/** A partition with readings that wait makes a checkpoint within so long, s. */
const CHECKPOINT_MOST = 60;
/** Share of the time that a source may be held back. */
const PAUSED_MOST = 0.5;
/** So many batches may wait for a shard. */
const MAILBOX_MOST = 64;

/** What its metrics say of the partitions; absent where they do not answer. */
export function partitionsOf(metrics: Metrics | undefined): Finding[] {
  if (metrics === undefined) {
    return [warn("metrics", "/metrics does not answer", "Look at the instance's output.")];
  }
  const findings = [
    ...sensorTimesOf(metrics),
    ...delaysOf(metrics),
    ...stoppedOf(metrics),
    ...futureOf(metrics),
    ...mailboxesOf(metrics),
    ...fencedOf(metrics),
    ...silentOf(metrics),
  ];
  return findings.length > 0 ? findings : [ok("partitions", "all run, none is behind")];
}

function sensorTimesOf(metrics: Metrics): Finding[] {
  const findings: Finding[] = [], now = metrics.get("sensorium_clock_seconds") ?? NaN;
  for (const [labels, time] of samples(metrics, "source_time_seconds")) {
    if (!(Math.abs(time - now) > SENSOR_TIME_MOST)) continue;
    const seen = `the sensors of ${labels} say that it is ${new Date(time * 1000).toISOString()}`;
    const todo = time > now
      ? "Their clocks, or this machine's, are wrong: readings ahead of the present are quarantined."
      : "A recording is at home in deno task replay; else their clocks are wrong, or nothing has come since then.";
    findings.push(warn("sensor time", seen, todo));
  }
  return findings;
}

/** What is written down, or dealt with, later than it should be. */
function delaysOf(metrics: Metrics): Finding[] {
  const findings: Finding[] = [], each = (name: string) => samples(metrics, name);
  const now = metrics.get("sensorium_clock_seconds") ?? NaN, uptime = metrics.get("sensorium_uptime_seconds") ?? NaN;
  const checkpoints = new Map(each("checkpoint_seconds"));
  for (const [labels, waiting] of each("lag_readings")) {
    const age = now - (checkpoints.get(labels) ?? NaN);
    if (!(waiting > 0 && age > CHECKPOINT_MOST)) continue;
    const todo = "The disk or the KV server is slow or full, or a sink holds everything up: look at ready and the log.";
    findings.push(bad("checkpoint", `${labels} made its last one ${Math.round(age)} s ago, ${waiting} wait`, todo));
  }
  for (const [labels, paused] of each("paused_seconds_total")) {
    if (!(paused / uptime > PAUSED_MOST)) continue;
    const seen = `${labels} was held back for ${Math.round(paused * 100 / uptime)} % of the time`;
    findings.push(warn("paused", seen, "Readings come faster than they are judged or stored: give more --shards."));
  }
  for (const [labels, lag] of each("lag_seconds")) {
    if (lag <= LAG_MOST || lag > SENSOR_TIME_MOST) continue;
    const todo =
      "If it grows, readings come faster than they are dealt with: give more --shards, or look at the disk. " +
      "If nothing comes, look at the source.";
    findings.push(warn("lag", `${labels} is ${Math.round(lag)} s behind the clock`, todo));
  }
  return findings;
}

function stoppedOf(metrics: Metrics): Finding[] {
  return samples(metrics, "partition_up").filter(([, up]) => up === 0).map(([labels]) =>
    bad("partition", `${labels} has stopped`, "The reason is under ready, or in the output.")
  );
}

function futureOf(metrics: Metrics): Finding[] {
  const todo = "A sensor's clock, or this machine's, is wrong; GET /quarantine shows which readings.";
  return samples(metrics, "future_total").filter(([, count]) => count !== 0).map(([labels, count]) =>
    warn("clock", `${count} ${count === 1 ? "reading" : "readings"} of ${labels} came from the future`, todo)
  );
}

function mailboxesOf(metrics: Metrics): Finding[] {
  return samples(metrics, "mailbox_depth").filter(([, depth]) => !(depth < MAILBOX_MOST)).map(([labels, depth]) =>
    warn("mailbox", `${depth} batches wait for ${labels}`, "Readings come faster than they are judged.")
  );
}

function fencedOf(metrics: Metrics): Finding[] {
  const fenced = sum(samples(metrics, "fenced_total"));
  if (!(fenced > 0)) return [];
  return [warn("owner", `${fenced} writes were refused: another process owns the partition`, "Stop one of the two.")];
}

function silentOf(metrics: Metrics): Finding[] {
  const sensors = sum(samples(metrics, "sensors")), silent = stateCount(metrics, "silent");
  if (!(sensors > 0 && silent * 2 > sensors)) return [];
  return [warn("sensors", `${silent} of ${sensors} are silent`, "Look at what brings their readings.")];
}
