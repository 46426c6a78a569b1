/**
 * What is wrong with an instance, concluded from what was seen of it: a pure function, so that every finding has a test.
 *
 * @module
 */

/** What was seen of an instance. */
export interface Evidence {
  /** Whether a process holds the data directory. */
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
/** So many batches may wait for a shard. */
const MAILBOX_MOST = 64;

const ok = (about: string, seen: string): Finding => ({ level: "ok", about, seen });
const warn = (about: string, seen: string, todo: string): Finding => ({ level: "warn", about, seen, todo });
const bad = (about: string, seen: string, todo: string): Finding => ({ level: "bad", about, seen, todo });

/** Concludes what is wrong; the order is that of the questions that a person would ask. */
export function diagnose(evidence: Evidence): Finding[] {
  const { held, url, version } = evidence;
  if (!held) {
    return [bad("instance", "none runs on this data directory", "Begin one: deno task start."), ...diskOf(evidence)];
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
  for (const [labels, lag] of each("lag_seconds")) {
    if (lag <= LAG_MOST) continue;
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
    findings.push(warn("clock", `${count} readings of ${labels} came from the future`, todo));
  }
  for (const [labels, depth] of each("mailbox_depth")) {
    if (depth < MAILBOX_MOST) continue;
    findings.push(warn("mailbox", `${depth} batches wait for ${labels}`, "Readings come faster than they are judged."));
  }
  const restarts = sum(each("restarts_total")), fenced = sum(each("fenced_total"));
  if (restarts > 0) {
    findings.push(
      warn("actors", `${restarts} restarts`, "GET /sensors?state=failed shows who was stopped, GET /quarantine why."),
    );
  }
  if (fenced > 0) {
    findings.push(
      warn("owner", `${fenced} writes were refused: another process owns the partition`, "Stop one of the two."),
    );
  }
  const sensors = sum(each("sensors")), silent = metrics.get('sensorium_sensors_in_state{state="silent"}') ?? 0;
  if (sensors > 0 && silent * 2 > sensors) {
    findings.push(warn("sensors", `${silent} of ${sensors} are silent`, "Look at what brings their readings."));
  }
  return findings.length > 0 ? findings : [ok("partitions", "all run, none is behind")];
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

function accessOf({ settings, keys, metrics }: Evidence): Finding[] {
  const findings: Finding[] = [], host = String(settings?.host ?? "127.0.0.1");
  const isLocal = /^(localhost|127\.|::1|\[::1\])/.test(host);
  if (!isLocal) {
    const todo =
      "Put a proxy with TLS before it, unless the network is yours alone: keys go over the wire as they are.";
    findings.push(warn("network", `it listens on ${host}, without TLS`, todo));
  }
  if (keys !== undefined && keys.count === 0 && (!isLocal || settings?.requireKeys === true)) {
    findings.push(
      bad("keys", "keys are required, and there is none", "deno task keys create NAME --scopes read,operate"),
    );
  }
  if (keys !== undefined && keys.ending.length > 0) {
    findings.push(warn("keys", `${keys.ending.join(", ")} expire within 14 days`, "Make new ones, then revoke these."));
  }
  const refused = metrics?.get("sensorium_http_refused_keys_total") ?? 0;
  if (refused >= 100) {
    findings.push(warn("keys", `${refused} requests came with a wrong key`, "Somebody guesses, or has an old key."));
  }
  return findings.length > 0 ? findings : [ok("access", isLocal ? "this machine only" : `${keys?.count ?? 0} keys`)];
}

/** Samples of a metric, with their labels for a person. */
function samples(metrics: ReadonlyMap<string, number>, name: string): (readonly [string, number])[] {
  const found: (readonly [string, number])[] = [];
  for (const [key, value] of metrics) {
    const [, of, labels = ""] = /^sensorium_(\w+)(?:\{(.*)\})?$/.exec(key) ?? [];
    if (of === name) found.push([labels.replaceAll('"', "").replaceAll("=", " ") || "the instance", value]);
  }
  return found;
}

function sum(all: readonly (readonly [string, number])[]): number {
  return all.reduce((total, [, value]) => total + value, 0);
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
