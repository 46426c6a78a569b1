/**
 * What is wrong with an instance, concluded from what was seen of it: a pure function, so that every finding has a test.
 *
 * @module
 */
import type { Budget } from "../../models/budget/budget.ts";
import { isLocal } from "../instance/access.ts";
import { taskOn } from "../process/task_line.ts";
import { bad, type Finding, ok, warn } from "./finding.ts";
import { type Metrics, samples, stateCount, sum } from "./metrics.ts";
import { partitionsOf } from "./partitions.ts";

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
  readonly metrics?: Metrics;
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

const GIB = 1 << 30;
/** Less free room than this is bad, bytes; less than five times as much is worth a warning. */
const FREE_LEAST = GIB;
/** Clocks may differ by so much, s. */
const CLOCK_MOST = 2;
/** Outputs may wait for a sink for so long, s. */
const SINK_AGE_MOST = 300;
/** Alarms an hour that one operator can handle: two in ten minutes, as ISA-18.2 has it. */
const ALARMS_MOST = 12;
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
    ...partitionsOf(evidence.metrics),
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

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
