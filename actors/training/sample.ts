/**
 * The sample of a group that its models are trained from: the readings with the least keys, see `models/sample.ts`.
 *
 * Candidates come from shards in any order, and may come again; what is kept depends on which they are alone.
 *
 * @module
 */
import { SAMPLE_MOST } from "../../models/sample.ts";
import { SAMPLE_HEAD } from "../shared_models.ts";

/** One reading of a sample. */
export interface SampleRow {
  readonly key: number;
  readonly sensor: string;
  readonly position: number;
  readonly row: Float64Array;
}

/** A candidate as a shard names it: by the numbers of its plan and its sensor. */
export interface Candidate extends Omit<SampleRow, "sensor"> {
  readonly plan: number;
  readonly sensor: number;
}

/** The candidates that a shard has given out: see `shared_models.ts`. */
export function* candidatesIn(records: Float64Array): Generator<Candidate> {
  for (let at = 0; at < records.length;) {
    const [plan, key, position, sensor, width] = records.subarray(at, at + SAMPLE_HEAD),
      next = at + SAMPLE_HEAD + width;
    yield { plan, key, position, sensor, row: records.slice(at + SAMPLE_HEAD, next) };
    at = next;
  }
}

/** Candidates that are held before those that are too many are dropped. */
const HELD_MOST = 2 * SAMPLE_MOST;

/** A group's sample. */
export class TrainingSample {
  private rows: SampleRow[] = [];
  private readonly ids = new Set<string>();
  /** Rows that came since they were last stored. */
  private fresh: SampleRow[] = [];

  /** @param channels of the group, in order of name: the order in the rows */
  constructor(readonly channels: readonly string[]) {}

  /** Takes a candidate; one that is there already is left out. */
  offer(candidate: SampleRow): void {
    const id = idOf(candidate);
    if (this.ids.has(id)) return;
    this.ids.add(id);
    this.rows.push(candidate);
    this.fresh.push(candidate);
    if (this.rows.length > HELD_MOST) this.settle();
  }

  /** The sample: at most {@linkcode SAMPLE_MOST} rows in an order that depends on them alone. */
  settle(): readonly SampleRow[] {
    this.rows.sort((a, b) => a.key - b.key || compare(idOf(a), idOf(b)));
    for (const { length } = this.rows; this.rows.length > SAMPLE_MOST && length > 0;) {
      const dropped = this.rows.pop();
      if (dropped) this.ids.delete(idOf(dropped));
    }
    return this.rows;
  }

  /** Rows that came since the last call and are still in the sample. */
  takeFresh(): SampleRow[] {
    const { fresh } = this;
    this.fresh = [];
    return fresh.filter((row) => this.ids.has(idOf(row)));
  }
}

function idOf({ sensor, position }: SampleRow): string {
  return `${position}/${sensor}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
