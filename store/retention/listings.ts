/**
 * Which listings are kept within bounds, and what has to stay in each.
 *
 * Ages are behind the source time of a partition, not behind the clock: what a replay of old data stores is not swept away
 * at once. Nothing that a recovery reads is in these listings; and outputs that may come again after a crash, those of
 * positions from the cut on, stay.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { AlertTransition, AlertView, QuarantineView } from "../../actors/views.ts";
import type { OutputsValue } from "../checkpoint/outputs.ts";
import { KEYS } from "../keys.ts";
import type { KvAtomic, KvPort } from "../kv.ts";
import type { Judgement, Listed, Listing } from "./series.ts";
import type { Written } from "./written.ts";

/** What is kept of each kind. Times are event time. */
export interface RetentionLimits {
  /** How far back windows go, ms … */
  readonly windowMs: number;
  /** … and how many there are of one length. */
  readonly windows: number;
  /** How far back cleared alerts and the transitions of alerts go, ms; an active alert stays. */
  readonly alertMs: number;
  readonly alerts: number;
  /** Transitions of one partition. */
  readonly transitions: number;
  /** Records of one partition that were not accepted; those before are counted by reason. */
  readonly quarantine: number;
}

const DAY_MS = 86_400_000;

/** What is kept where nothing else is said. */
export const RETENTION_DEFAULTS: RetentionLimits = {
  windowMs: 7 * DAY_MS,
  windows: 2_000_000,
  alertMs: 90 * DAY_MS,
  alerts: 100_000,
  transitions: 200_000,
  quarantine: 10_000,
};

/** How far each partition has come: before `cut` nothing comes again. Times are −1 before the first reading. */
export type Progress = ReadonlyMap<string, { readonly cut: number; readonly sourceTime: number }>;

/** Reads how far the partitions have come; without those of a server that is away, where there are several. */
export async function readProgress(servers: readonly KvPort[]): Promise<Progress> {
  const progress = new Map<string, { cut: number; sourceTime: number }>();
  for (const kv of servers) {
    try {
      for await (const { key, value } of kv.list<OutputsValue>({ prefix: KEYS.partitions() }, { batchSize: 20 })) {
        if (key[2] === "outputs") progress.set(String(key[1]), { cut: value.cut, sourceTime: value.sourceTime });
      }
    } catch (error) {
      if (!(error instanceof StoreAwayError) || servers.length === 1) throw error;
    }
  }
  return progress;
}

/** Lengths of the windows that are stored. */
export async function readLengths(kv: KvPort): Promise<number[]> {
  const lengths: number[] = [];
  for (let start: Deno.KvKey | undefined = KEYS.windowTimes();;) {
    const end: Deno.KvKey = KEYS.windowTimes(Number.MAX_SAFE_INTEGER);
    let found: number | undefined;
    for await (const { key } of kv.list({ start, end }, { limit: 1 })) found = Number(key[1]);
    if (found === undefined) return lengths;
    lengths.push(found);
    start = KEYS.windowTimes(found + 1); // lengths are whole numbers
  }
}

/** What every listing is made from. */
export interface ListingParts {
  readonly limits: RetentionLimits;
  readonly progress: Progress;
  readonly written: Written;
  /** The partition of a sensor, if it is known. */
  readonly partitionOf: (sensor: string) => string | undefined;
}

/** Windows of one length, in order of start. */
export function windowsListing({ limits, progress, written, partitionOf }: ListingParts, lengthMs: number): Listing {
  const times = [...progress.values()].map(({ sourceTime }) => sourceTime), prefix = KEYS.windowTimes(lengthMs);
  const greatest = Math.max(-1, ...times), least = times.length > 0 ? Math.min(...times) : -1;
  const newest = (sensor: string) => {
    const partition = partitionOf(sensor);
    // A sensor that nobody knows may belong to the partition that is farthest behind.
    return partition === undefined ? least : progress.get(partition)?.sourceTime ?? -1;
  };
  const isOld = ({ key }: Listed, now: number) => Number(key[2]) + lengthMs <= now - limits.windowMs;
  return {
    prefix,
    most: limits.windows,
    written: written.of(prefix),
    isYoung: (entry) => !isOld(entry, greatest),
    judge: (entry) => isOld(entry, newest(String(entry.key[3]))) ? "old" : "spare",
    remove: (atomic, entries) =>
      entries.reduce(
        (atomic, { key }) =>
          atomic.delete(key).delete(KEYS.window(String(key[3]), lengthMs, Number(key[4]), Number(key[2]))),
        atomic,
      ),
  };
}

/** Alerts, in order of the time when they were raised. */
export function alertsListing({ limits, progress, written }: ListingParts): Listing {
  const greatest = Math.max(-1, ...[...progress.values()].map(({ sourceTime }) => sourceTime));
  const judge = ({ value }: Listed): Judgement => {
    const { id, state, cleared_at = Infinity } = value as AlertView;
    if (state === "active") return "needed";
    const newest = progress.get(decodeURIComponent(id.split(":")[0]))?.sourceTime ?? -1;
    return cleared_at <= newest - limits.alertMs ? "old" : "spare";
  };
  return {
    prefix: KEYS.alertTimes(),
    most: limits.alerts,
    written: written.of(KEYS.alertTimes()),
    isYoung: ({ key }) => Number(key[1]) > greatest - limits.alertMs,
    judge,
    remove: (atomic, entries) =>
      entries.reduce((atomic, { key }) => atomic.delete(key).delete(KEYS.alert(String(key[2]))), atomic),
  };
}

/**
 * Transitions of a partition's alerts, in order of position: the feed. Only its beginning goes, and
 * `transition_trim` says up to where, so that a follower from before is told to begin anew. The last one stays: it says
 * where the feed stands.
 */
export function transitionsListing(
  kv: KvPort,
  { limits, progress, written }: ListingParts,
  partition: string,
  last: Deno.KvKey,
): Listing {
  const { cut = 0, sourceTime = -1 } = progress.get(partition) ?? {}, prefix = KEYS.transitions(partition);
  const isOld = ({ value }: Listed) => (value as AlertTransition).time <= sourceTime - limits.alertMs;
  return {
    prefix,
    most: limits.transitions,
    written: written.of(prefix),
    isYoung: (entry) => !isOld(entry),
    judge: (entry) => {
      if (Number(entry.key[2]) >= cut || Number(entry.key[2]) === Number(last[2])) return "needed";
      return isOld(entry) ? "old" : "spare";
    },
    remove: async (atomic, entries) => {
      const trimmed = await kv.get<number>(KEYS.trimmed(partition));
      // Others at the position of the last one may remain; a follower who stands there begins anew, too.
      const upTo = Math.max(trimmed.value ?? 0, Number(entries[entries.length - 1].key[2]) + 1);
      return without(atomic.check(trimmed).set(KEYS.trimmed(partition), upTo), entries);
    },
  };
}

/** What was not accepted of a partition, in order of position; what goes is counted by reason. */
export function quarantineListing(kv: KvPort, { limits, progress, written }: ListingParts, partition: string): Listing {
  const prefix = KEYS.quarantinesOf(partition), cut = progress.get(partition)?.cut ?? 0;
  return {
    prefix,
    most: limits.quarantine,
    written: written.of(prefix),
    isYoung: () => true,
    judge: ({ key }) => Number(key[2]) < cut ? "spare" : "needed",
    remove: async (atomic, entries) => {
      const key = KEYS.quarantineRemoved(partition), counts = await kv.get<Record<string, number>>(key);
      const sums: Record<string, number> = { ...counts.value };
      for (const { value } of entries) {
        const { reason } = value as QuarantineView;
        sums[reason] = (sums[reason] ?? 0) + 1;
      }
      return without(atomic.check(counts).set(key, sums), entries);
    },
  };
}

function without(atomic: KvAtomic, entries: readonly Listed[]): KvAtomic {
  return entries.reduce((atomic, { key }) => atomic.delete(key), atomic);
}
