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

/**
 * A group's sample.
 *
 * What is stored is the sample as of a cut, while readings behind the cut come in already: so nothing is dropped for the
 * sake of a row that may have to come again.
 */
export class TrainingSample {
  private rows: SampleRow[] = [];
  private readonly ids = new Set<string>();
  /** Whether rows are in order of their keys. */
  private sorted = true;
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
    this.sorted = false;
  }

  /** The sample of the readings before a position: at most {@linkcode SAMPLE_MOST} rows, in an order that depends on them alone. */
  best(before: number = Infinity): SampleRow[] {
    if (!this.sorted) this.rows.sort((a, b) => a.key - b.key || compare(idOf(a), idOf(b)));
    this.sorted = true;
    const best: SampleRow[] = [];
    for (const row of this.rows) {
      if (row.position < before && best.push(row) === SAMPLE_MOST) break;
    }
    return best;
  }

  /** Rows before a position that came since they were last taken and are in its sample. */
  takeFresh(before: number): SampleRow[] {
    const fresh = this.fresh.filter(({ position }) => position < before);
    if (fresh.length === 0) return fresh;
    this.fresh = this.fresh.filter(({ position }) => position >= before);
    const best = new Set(this.best(before));
    return fresh.filter((row) => best.has(row));
  }

  /** Forgets what no sample of this position or a later one can hold. */
  prune(before: number): void {
    const best = new Set(this.best(before));
    this.rows = this.rows.filter((row) => {
      const stays = row.position >= before || best.has(row);
      if (!stays) this.ids.delete(idOf(row));
      return stays;
    });
  }
}

function idOf({ sensor, position }: SampleRow): string {
  return `${position}/${sensor}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
