/**
 * What a simulated cluster looks like from outside: who reads which partition, what is read again, how far behind it is.
 *
 * @module
 */
import type { Records } from "./readings.ts";
import type { Life } from "./store.ts";
import type { VirtualTime } from "./time.ts";

/** Time between two looks at how far behind everybody is, ms. */
const LOOK_MS = 1_000;

/** A distribution, ms. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly greatest: number;
}

/** Watches all partitions. */
export class Observer {
  private readonly owners: (Life | undefined)[];
  /** Since when nobody has read a partition. */
  private readonly lostAt: (number | undefined)[];
  private readonly readTo: number[];
  private readonly gaps: number[] = [];
  private readonly lags: number[] = [];
  private twice = 0;
  private interruptions = 0;
  private begun = Infinity;
  private ended = 0;

  constructor(private readonly records: readonly Records[], private readonly time: VirtualTime) {
    this.owners = records.map(() => undefined);
    this.lostAt = records.map(() => time.now());
    this.readTo = records.map(() => 0);
  }

  /** Everybody is there: from now on it counts. */
  begin(): void {
    this.begun = this.time.now();
  }

  /** A node begins to read a partition. */
  owns(partition: number, life: Life): void {
    this.owners[partition] = life;
    const lost = this.lostAt[partition], now = this.time.now();
    this.lostAt[partition] = undefined;
    if (lost !== undefined && now > this.begun) this.gaps.push(now - Math.max(lost, this.begun));
  }

  /** It reads no more. */
  loses(partition: number, life: Life): void {
    if (this.owners[partition] !== life) return;
    this.owners[partition] = undefined;
    this.lostAt[partition] = this.time.now();
  }

  /** A node can do nothing any more, or for a while. */
  gone(life: Life): void {
    this.owners.forEach((owner, partition) => owner === life && this.loses(partition, life));
  }

  /** A run was given up because its store was away, or somebody else had the partition. */
  interrupted(): void {
    this.interruptions++;
  }

  /** A node reads records. */
  reads(partition: number, from: number, to: number, life: Life): void {
    if (this.owners[partition] === undefined) this.owns(partition, life); // it was frozen, and nobody took its place
    this.twice += Math.max(0, Math.min(to, this.readTo[partition]) - from);
    this.readTo[partition] = Math.max(this.readTo[partition], to);
  }

  /** Looks how far behind everybody is, until then. */
  async watch(until: number): Promise<void> {
    while (this.time.now() + LOOK_MS <= until) {
      await this.time.sleep(LOOK_MS);
      const now = this.ended = this.time.now();
      this.records.forEach((records, partition) => {
        const next = this.readTo[partition];
        this.lags.push(next < records.end(now) ? now - records.timeOf(next) : 0);
      });
    }
  }

  /** How it went. */
  summary() {
    const readings = this.readTo.reduce((sum, to) => sum + to, 0), { twice, interruptions, gaps } = this;
    const without = gaps.reduce((sum, gap) => sum + gap, 0);
    return {
      readings,
      twice,
      interruptions,
      /** Share of the partitions' time in which nobody read them. */
      withoutOwner: without / (this.records.length * (this.ended - this.begun)),
      gaps: spread(gaps),
      lag: spread(this.lags),
    };
  }
}

function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort(),
    at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  return { count: sorted.length, median: at(0.5) ?? 0, p99: at(0.99) ?? 0, greatest: at(1) ?? 0 };
}
