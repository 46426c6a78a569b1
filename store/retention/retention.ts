/**
 * Retention: what is stored stays within bounds of age and number, by a little work every minute.
 *
 * | kind | age (event time) | number |
 * |---|---|---|
 * | windows | 7 days | 2,000,000 of each length |
 * | alerts that are cleared | 90 days | 100,000, the active ones included |
 * | transitions of alerts | 90 days | 200,000 of each partition |
 * | not accepted (quarantine) | | 10,000 of each partition, the others counted by reason |
 * | parts of unfinished snapshots | 1 hour (clock) | |
 *
 * The last readings of each sensor are bounded where they are written (`checkpoint/outputs.ts`), the log by what was
 * released. A number may be exceeded by what is written between two sweeps.
 *
 * @module
 */
import { StoreAwayError } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import { unlessAway } from "../deadline.ts";
import { KEYS } from "../keys.ts";
import type { KvPort } from "../kv.ts";
import { Orphans } from "./orphans.ts";
import {
  alertsListing,
  type ListingParts,
  quarantineListing,
  readLengths,
  readProgress,
  RETENTION_DEFAULTS,
  type RetentionLimits,
  transitionsListing,
  windowsListing,
} from "./listings.ts";
import { type Budget, type Listing, Series } from "./series.ts";
import { Written } from "./written.ts";

/** How retention works. */
export interface RetentionOptions {
  readonly clock: Clock;
  /** What deviates from {@linkcode RETENTION_DEFAULTS}. */
  readonly limits?: Partial<RetentionLimits>;
  /** The partition of a sensor, if it is known. */
  readonly partitionOf: (sensor: string) => string | undefined;
  /**
   * Whether this process sweeps what is a partition's own, and what is none's (undefined), where several share a store:
   * each listing is for one of them at a time. Default: all of it.
   */
  readonly mine?: (partition: string | undefined) => boolean;
  /** The servers that the store is made of, where there are several: where one is away the others are swept. */
  readonly servers?: readonly KvPort[];
  /** What the checkpoints have written; without it only a new start counts again. */
  readonly written?: Written;
  /** Entries that one sweep removes at the most, default 5,000. */
  readonly removals?: number;
  /** Entries that one sweep looks at, at the most, default 50,000. */
  readonly looks?: number;
}

/** Kinds of what is removed. */
export type Kind = "windows" | "alerts" | "transitions" | "quarantine" | "snapshots";

/** What a sweep removed. */
export interface Swept {
  readonly removed: Readonly<Record<Kind, number>>;
  /** Whether the sweep ended before its work did: the next one should come soon, not in a minute. */
  readonly more: boolean;
}

/** Time between two sweeps, ms, and between two where there is more to do. */
const SWEEP_MS = { usual: 60_000, more: 1_000 } as const;

/** Time after which listings that other processes write to are counted again, ms. */
const RECOUNT_MS = 3_600_000;

function nameOf({ prefix }: Listing): string {
  return prefix.join("\n");
}

/** Removes what is too old or too many. One at a time. */
export class Retention {
  /** What was removed since the process began. */
  readonly removed: Record<Kind, number> = { windows: 0, alerts: 0, transitions: 0, quarantine: 0, snapshots: 0 };
  private readonly series = new Map<string, Series>();
  private readonly orphans: Orphans;
  private readonly limits: RetentionLimits;
  private readonly written: Written;
  private sweeps = 0;
  /** When all was counted again. */
  private counted: number;

  constructor(private readonly kv: KvPort, private readonly options: RetentionOptions) {
    this.orphans = new Orphans(kv, options.clock);
    this.limits = { ...RETENTION_DEFAULTS, ...options.limits };
    this.written = options.written ?? new Written();
    this.counted = options.clock.now();
  }

  /** Sweeps once. Rejects if the store does; then nothing is lost, and the next sweep goes on. */
  async sweep(): Promise<Swept> {
    const { removals = 5_000, looks = 50_000 } = this.options, budget: Budget = { removals, looks };
    const removed: Record<Kind, number> = { windows: 0, alerts: 0, transitions: 0, quarantine: 0, snapshots: 0 };
    const listings = await this.listings();
    let more = false, away: StoreAwayError | undefined;
    // Each time another one is the first: none keeps the others from their turn.
    const first = this.sweeps++ % Math.max(1, listings.length);
    for (const { kind, listing } of [...listings.slice(first), ...listings.slice(0, first)]) {
      try {
        const swept = await this.seriesOf(listing).sweep(listing, budget);
        removed[kind] += swept.removed;
        more ||= swept.more;
      } catch (error) {
        if (!(error instanceof StoreAwayError)) throw error;
        away = error; // what is next may be on another server
      }
    }
    if (!away && this.mine(undefined)) removed.snapshots = await this.orphans.sweep();
    for (const kind of Object.keys(removed) as Kind[]) this.removed[kind] += removed[kind];
    if (away) throw away;
    return { removed, more };
  }

  /** Sweeps until `signal` is aborted. A store that does not answer is told to `failed`, and asked again. */
  async run(signal: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    while (!signal.aborted) {
      let more = false;
      try {
        more = (await this.sweep()).more;
      } catch (error) {
        failed(error);
      }
      await this.options.clock.sleep(more ? SWEEP_MS.more : SWEEP_MS.usual, signal).catch(() => {}); // aborted
    }
  }

  private async listings(): Promise<{ readonly kind: Kind; readonly listing: Listing }[]> {
    const { kv, limits, written, options: { partitionOf, servers = [kv] } } = this;
    const progress = await readProgress(servers);
    const parts: ListingParts = { limits, progress, written, partitionOf };
    const listings: { kind: Kind; listing: Listing }[] = [];
    if (this.mine(undefined)) {
      listings.push({ kind: "alerts", listing: alertsListing(parts) });
      for (const lengthMs of await unlessAway(readLengths(kv)) ?? []) {
        listings.push({ kind: "windows", listing: windowsListing(parts, lengthMs) });
      }
    }
    for (const partition of progress.keys()) {
      if (!this.mine(partition)) continue;
      listings.push({ kind: "quarantine", listing: quarantineListing(kv, parts, partition) });
      const last = await this.lastKey(KEYS.transitions(partition));
      if (last) listings.push({ kind: "transitions", listing: transitionsListing(kv, parts, partition, last) });
    }
    this.forget(listings);
    return listings;
  }

  private mine(partition: string | undefined): boolean {
    return this.options.mine?.(partition) ?? true;
  }

  /** What others sweep by now is counted again when it comes back; what others write to is, every so often. */
  private forget(listings: readonly { readonly listing: Listing }[]): void {
    const { clock, mine } = this.options;
    if (mine === undefined) return;
    const kept = new Set(listings.map(({ listing }) => nameOf(listing)));
    if (clock.now() - this.counted >= RECOUNT_MS) {
      this.counted = clock.now();
      kept.clear();
    }
    for (const name of this.series.keys()) if (!kept.has(name)) this.series.delete(name);
  }

  private async lastKey(prefix: Deno.KvKey): Promise<Deno.KvKey | undefined> {
    for await (const { key } of this.kv.list({ prefix }, { reverse: true, limit: 1 })) return key;
  }

  private seriesOf(listing: Listing): Series {
    const name = nameOf(listing);
    let series = this.series.get(name);
    if (!series) this.series.set(name, series = new Series(this.kv));
    return series;
  }
}
