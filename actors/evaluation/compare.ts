/**
 * Batch against streaming: two evaluations of one model version over the same readings must agree, cell by cell and bit
 * by bit. Where they do not, this says where.
 *
 * @module
 */
import { CELL } from "./cell.ts";
import type { EvaluationCounts } from "./counts.ts";

/** Differences that are named; all are counted. */
export const DIFFERENCES_MOST = 100;

/** Where two evaluations differ. */
export interface Difference {
  /** Absent for devices without cells of their own. */
  readonly device?: string;
  /** Of the day, UTC. */
  readonly hour: number;
  /** What differs, and how it is in either; losses are in units of 2^-24. */
  readonly field: CountName;
  readonly batch: number;
  readonly streaming: number;
}

/** What is counted in a cell. */
export type CountName = keyof typeof CELL;

/** What a comparison came to. */
export interface Comparison {
  readonly equal: boolean;
  /** Cells that were compared: devices by hour of the day. */
  readonly cells: number;
  /** Values that differ. */
  readonly different: number;
  /** The first of them, in order of device and hour. */
  readonly differences: readonly Difference[];
}

const FIELDS = Object.entries(CELL) as [CountName, number][];

/** Compares two evaluations. */
export function compareEvaluations(batch: EvaluationCounts, streaming: EvaluationCounts): Comparison {
  const places = new Map<string, { readonly device: string; readonly hour: number }>();
  for (const counts of [batch, streaming]) {
    for (const { devices, hour } of counts.all()) {
      for (const device of devices) places.set(`${device}\n${String(hour).padStart(2, "0")}`, { device, hour });
    }
  }
  const differences: Difference[] = [];
  let different = 0;
  for (const [, { device, hour }] of [...places].sort(([a], [b]) => a < b ? -1 : 1)) {
    const one = batch.cell(device, hour), other = streaming.cell(device, hour);
    for (const [field, at] of FIELDS) {
      if (one[at] === other[at] || ++different > DIFFERENCES_MOST) continue;
      const place = device === "" ? { hour } : { device, hour };
      differences.push({ ...place, field, batch: one[at], streaming: other[at] });
    }
  }
  return { equal: different === 0, cells: places.size, different, differences };
}
