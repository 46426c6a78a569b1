/**
 * What is wrong with an instance, concluded from what was seen of it: a pure function, so that every finding has a test.
 *
 * @module
 */
import type { Budget } from "../models/budget/budget.ts";
import { taskOn } from "./process/task_line.ts";
import { isLocal } from "./instance/access.ts";

/** What was seen of an instance. */
export interface Evidence {
  /** The data directory. */
  readonly dataDir: string;
  /** Whether a process holds it. */
  readonly held: boolean;
  /** Where it should answer; absent where its file cannot be read. */
  readonly url?: string;
  /** Version that `/livez` told; absent where nothing answered. */
  readonly version?: string;
  /** This program's version. */
  readonly ownVersion: string;
  /** What `/readyz` told. */
  readonly ready?: { readonly ready: boolean; readonly reasons: readonly string[] };
  /** Samples of `/metrics` by name with labels, as they are written there. */
  readonly metrics?: ReadonlyMap<string, number>;
  /** The instance's clock less this machine's, s. */
  readonly clockAhead?: number;
  /** Bytes that are free where the data directory is. */
  readonly freeBytes?: number;
  /** Bytes of the KV file and what belongs to it. */
  readonly storeBytes?: number;
  /** Settings of `/config`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The alert budget there, for those sensors whose type has none of its own. */
  readonly budget?: Budget;
  /** Keys: how many there are, and names of those that expire soon. */
  readonly keys?: { readonly count: number; readonly ending: readonly string[] };
}

/** One thing that was looked at. */
export interface Finding {
  readonly level: "ok" | "warn" | "bad";
  /** What was looked at: `disk`. */
  readonly about: string;
  /** What was seen, a sentence. */
  readonly seen: string;
  /** What to do, a sentence; absent where all is well. */
  readonly todo?: string;
}

const GIB = 1 << 30;
/** Less free room than this is bad, bytes; less than five times as much is worth a warning. */
const FREE_LEAST = GIB;
/** Clocks may differ by so much, s. */
const CLOCK_MOST = 2;
/** A live source may be behind by so much, s. */
const LAG_MOST = 60;
/** What sensors say of the time may differ from the clock by so much, s. */
const SENSOR_TIME_MOST = 3_600;
/** A partition with readings that wait makes a checkpoint within so long, s. */
const CHECKPOINT_MOST = 60;
/** Share of the time that a source may be held back. */
const PAUSED_MOST = 0.5;
/** Outputs may wait for a sink for so long, s. */
const SINK_AGE_MOST = 300;
/** Alarms an hour that one operator can handle: two in ten minutes, as ISA-18.2 has it. */
const ALARMS_MOST = 12;
/** So many batches may wait for a shard. */
const MAILBOX_MOST = 64;

const ok = (about: string, seen: string): Finding => ({ level: "ok", about, seen });
const warn = (about: string, seen: string, todo: string): Finding => ({ level: "warn", about, seen, todo });
const bad = (about: string, seen: string, todo: string): Finding => ({ level: "bad", about, seen, todo });

/** Concludes what is wrong; the order is that of the questions that a person would ask. */
export function diagnose(evidence: Evidence): Finding[] {
  const { held, url, version } = evidence;
  if (!held) {
    return [
      bad("instance", "none runs on this data directory", `Begin one: ${taskOn(evidence.dataDir, ["start"])}`),
      ...diskOf(evidence),
    ];
  }
  if (url === undefined) {
    const seen = "the data directory is held by a command that serves no address, such as a replay";
    return [bad("instance", seen, "Wait for its end, or end it with Ctrl+C."), ...diskOf(evidence)];
  }
  if (version === undefined) {
    const todo =
      "Look at its output; end it with a signal if it hangs, and start it again: nothing that was answered is lost.";
    return [bad("instance", `nothing answers at ${url}`, todo), ...diskOf(evidence)];
  }
  return [
    ok("instance", `version ${version} answers at ${url}`),
    ...versionOf(evidence),
    ...readyOf(evidence),
    ...partitionsOf(evidence),
    ...actorsOf(evidence),
    ...sinksOf(evidence),
    ...budgetOf(evidence),
    ...clockOf(evidence),
    ...diskOf(evidence),
    ...accessOf(evidence),
  ];
}

function versionOf({ version, ownVersion }: Evidence): Finding[] {
  if (version === ownVersion) return [];
  return [
    warn("version", `the instance is ${version}, this program ${ownVersion}`, "Start the instance again to update it."),
  ];
}

function readyOf({ ready }: Evidence): Finding[] {
  if (ready === undefined) return [bad("ready", "/readyz does not answer", "Look at the instance's output.")];
  if (ready.ready) return [ok("ready", "it can take and answer requests")];
  const todo =
    "Each reason names its cause; partitions that failed go on from their last checkpoint after a new start.";
  return [bad("ready", ready.reasons.join("; ") || "it is not ready", todo)];
}

function partitionsOf({ metrics }: Evidence): Finding[] {
  if (metrics === undefined) {
    return [warn("metrics", "/metrics does not answer", "Look at the instance's output.")];
  }
  const findings: Finding[] = [], each = (name: string) => samples(metrics, name);
  const now = metrics.get("sensorium_clock_seconds") ?? NaN, uptime = metrics.get("sensorium_uptime_seconds") ?? NaN;
  for (const [labels, time] of each("source_time_seconds")) {
    if (!(Math.abs(time - now) > SENSOR_TIME_MOST)) continue;
    const seen = `the sensors of ${labels} say that it is ${new Date(time * 1000).toISOString()}`;
    const todo = time > now
      ? "Their clocks, or this machine's, are wrong: readings ahead of the present are quarantined."
      : "A recording is at home in deno task replay; else their clocks are wrong, or nothing has come since then.";
    findings.push(warn("sensor time", seen, todo));
  }
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
  for (const [labels, up] of each("partition_up")) {
    if (up === 0) {
      findings.push(bad("partition", `${labels} has stopped`, "The reason is under ready, or in the output."));
    }
  }
  for (const [labels, count] of each("future_total")) {
    if (count === 0) continue;
    const todo = "A sensor's clock, or this machine's, is wrong; GET /quarantine shows which readings.";
    findings.push(
      warn("clock", `${count} ${count === 1 ? "reading" : "readings"} of ${labels} came from the future`, todo),
    );
  }
  for (const [labels, depth] of each("mailbox_depth")) {
    if (depth < MAILBOX_MOST) continue;
    findings.push(warn("mailbox", `${depth} batches wait for ${labels}`, "Readings come faster than they are judged."));
  }
  const fenced = sum(each("fenced_total"));
  if (fenced > 0) {
    findings.push(
      warn("owner", `${fenced} writes were refused: another process owns the partition`, "Stop one of the two."),
    );
  }
  const sensors = sum(each("sensors")), silent = stateCount(metrics, "silent");
  if (sensors > 0 && silent * 2 > sensors) {
    findings.push(warn("sensors", `${silent} of ${sensors} are silent`, "Look at what brings their readings."));
  }
  return findings.length > 0 ? findings : [ok("partitions", "all run, none is behind")];
}

function actorsOf({ metrics = new Map() }: Evidence): Finding[] {
  const restarts = sum(samples(metrics, "restarts_total")), failed = stateCount(metrics, "failed");
  if (failed > 0) {
    const todo =
      "GET /sensors?state=failed shows whose, GET /quarantine why; POST /sensors/NAME/restart starts one again.";
    return [bad("actors", `${failed} were stopped after failing again and again`, todo)];
  }
  if (restarts === 0) return [];
  return [warn("actors", `${restarts} restarts`, "GET /quarantine shows which readings they failed at, and why.")];
}

function sinksOf({ metrics = new Map() }: Evidence): Finding[] {
  const findings: Finding[] = [], items = new Map(samples(metrics, "sink_backlog_items"));
  const ages = new Map(samples(metrics, "sink_backlog_seconds"));
  for (const [labels, up] of samples(metrics, "sink_up")) {
    const age = ages.get(labels) ?? 0, waiting = items.get(labels) ?? 0;
    if (up === 1 && age <= SINK_AGE_MOST) continue;
    const seen = `${labels} ${up === 1 ? "is slow" : "does not take outputs"}: ${waiting} wait, the oldest for ${
      Math.round(age)
    } s`;
    findings.push(warn("sink", seen, "GET /sinks says why. What waits is kept, for a bounded time and number."));
  }
  for (const [name, what] of [["sink_set_aside_total", "were refused by"], ["sink_missed_total", "were gone before"]]) {
    for (const [labels, count] of samples(metrics, name)) {
      if (count > 0) findings.push(warn("sink", `${count} outputs ${what} ${labels}`, "GET /sinks says why."));
    }
  }
  return findings;
}

/** Whether the budget, shared out to that many sensors, is more than a person can look at. */
function budgetOf({ metrics = new Map(), budget }: Evidence): Finding[] {
  const sensors = metrics.get("sensorium_sensors") ?? 0;
  if (budget === undefined || "perReading" in budget) return [];
  const hourly = sensors * budget.alarms * 3_600_000 / budget.everyMs;
  if (hourly <= ALARMS_MOST) return [];
  const days = Math.ceil(sensors * 3_600_000 / (ALARMS_MOST / 2) / 86_400_000);
  const seen = `${sensors} sensors may raise about ${
    Math.round(hourly)
  } false alarms an hour, more than a person can handle`;
  return [warn("budget", seen, `One alarm per sensor in ${days} days would be 6 an hour: judging.budget.`)];
}

function clockOf({ clockAhead }: Evidence): Finding[] {
  if (clockAhead === undefined) return [];
  if (Math.abs(clockAhead) <= CLOCK_MOST) return [ok("clock", "agrees with this machine's")];
  const seen = `the instance's clock is ${Math.abs(clockAhead).toFixed(1)} s ${clockAhead > 0 ? "ahead" : "behind"}`;
  return [warn("clock", seen, "Set both by NTP: what counts as from the future depends on it.")];
}

function diskOf({ freeBytes, storeBytes }: Evidence): Finding[] {
  if (freeBytes === undefined) return [];
  const seen = `${gib(freeBytes)} free${storeBytes === undefined ? "" : `, the store has ${gib(storeBytes)}`}`;
  const todo = "Make room, or move the data directory: when the disk is full, readings are no longer accepted.";
  if (freeBytes < FREE_LEAST) return [bad("disk", seen, todo)];
  return [freeBytes < 5 * FREE_LEAST ? warn("disk", seen, todo) : ok("disk", seen)];
}

function accessOf({ dataDir, settings, keys, metrics }: Evidence): Finding[] {
  const findings: Finding[] = [], host = String(settings?.host ?? "127.0.0.1");
  const isOwn = isLocal(host);
  if (!isOwn) {
    const todo =
      "Put a proxy with TLS before it, unless the network is yours alone: keys go over the wire as they are.";
    findings.push(warn("network", `it listens on ${host}, without TLS`, todo));
  }
  if (keys !== undefined && keys.count === 0 && (!isOwn || settings?.requireKeys === true)) {
    findings.push(
      bad(
        "keys",
        "keys are required, and there is none",
        taskOn(dataDir, ["keys", "create", "NAME", "--scopes", "read,operate"]),
      ),
    );
  }
  if (keys !== undefined && keys.ending.length > 0) {
    findings.push(warn("keys", `${keys.ending.join(", ")} expire within 14 days`, "Make new ones, then revoke these."));
  }
  const refused = metrics?.get("sensorium_http_refused_keys_total") ?? 0;
  if (refused >= 100) {
    findings.push(warn("keys", `${refused} requests came with a wrong key`, "Somebody guesses, or has an old key."));
  }
  return findings.length > 0 ? findings : [ok("access", isOwn ? "this machine only" : `${keys?.count ?? 0} keys`)];
}

function stateCount(metrics: ReadonlyMap<string, number>, state: string): number {
  return metrics.get(`sensorium_sensors_in_state{state="${state}"}`) ?? 0;
}

/** Samples of a metric, with their labels for a person. */
function samples(metrics: ReadonlyMap<string, number>, name: string): (readonly [string, number])[] {
  const found: (readonly [string, number])[] = [];
  for (const [key, value] of metrics) {
    const [, of, labels = ""] = /^sensorium_(\w+)(?:\{(.*)\})?$/.exec(key) ?? [];
    if (of === name) {
      found.push([labels.replaceAll('",', ", ").replaceAll('"', "").replaceAll("=", " ") || "the instance", value]);
    }
  }
  return found;
}

function sum(all: readonly (readonly [string, number])[]): number {
  return all.reduce((total, [, value]) => total + value, 0);
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
