/**
 * The batch evaluation: recorded readings, scored with one version of a model, split over workers in any way.
 *
 * Each worker counts its share with {@linkcode evaluatePart}; what it answers can be posted to another worker, and
 * {@linkcode joinParts} makes the same of any split, bit for bit.
 *
 * @module
 */
import { type Block, EvaluationCounts } from "./counts.ts";
import type { ScoredReading } from "./streaming.ts";

/** What a worker answers: plain data. */
export interface EvaluationPart {
  /** Event time of its earliest and latest reading; Infinity and -Infinity for none. */
  readonly from: number;
  readonly to: number;
  readonly blocks: readonly Block[];
}

/** All parts as one. */
export interface BatchEvaluation {
  readonly from: number;
  readonly to: number;
  readonly counts: EvaluationCounts;
}

/**
 * Counts a share of the readings, such as those of some sensors.
 *
 * @param version readings that were scored with another one are left out
 */
export function evaluatePart(readings: Iterable<ScoredReading>, version: number, devices?: number): EvaluationPart {
  const counts = new EvaluationCounts(devices);
  let from = Infinity, to = -Infinity;
  for (const { version: scoredWith, sensor, time, loss, flagged, label } of readings) {
    if (scoredWith !== version) continue;
    counts.add(sensor, time, loss, flagged, label);
    from = Math.min(from, time);
    to = Math.max(to, time);
  }
  return { from, to, blocks: [...counts.all()] };
}

/** Joins parts, in whatever order they come. */
export function joinParts(parts: Iterable<EvaluationPart>, devices?: number): BatchEvaluation {
  const counts = new EvaluationCounts(devices);
  let from = Infinity, to = -Infinity;
  for (const part of parts) {
    for (const block of part.blocks) counts.put(block);
    from = Math.min(from, part.from);
    to = Math.max(to, part.to);
  }
  return { from, to, counts };
}
