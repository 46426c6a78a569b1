/**
 * The port of stored evaluations of models.
 *
 * @module
 */
import type { CellView } from "./cell.ts";
import type { EvaluationCounts } from "./counts.ts";

/** Over recorded readings, or as readings come. */
export type EvaluationKind = "batch" | "streaming";

/** What an evaluation is of. */
export interface EvaluationPlace {
  readonly kind: EvaluationKind;
  /** Name of the model in the registry. */
  readonly model: string;
  readonly version: number;
  /** Which readings: a source's name, a file's. The same for batch and streaming where they are to be compared. */
  readonly data: string;
}

/** An evaluation as it stands. */
export interface EvaluationRecord extends EvaluationPlace {
  /** Its kind, model, version and data, percent-encoded, with colons between. */
  readonly id: string;
  /** When it was begun, epoch ms of the clock. */
  readonly started: number;
  /** Event time of its earliest and latest reading. */
  readonly from: number;
  readonly to: number;
  /** Devices with counts of their own. */
  readonly devices: number;
  /** Readings of versions that were no longer counted, among all versions. */
  readonly late: number;
  readonly overall: CellView;
}

/** Which evaluations. */
export interface EvaluationFilter {
  readonly model?: string;
  readonly version?: number;
  readonly kind?: EvaluationKind;
}

/** Stored evaluations. */
export interface Evaluations {
  /** By model in order of name, newest version first; at most `limit`. */
  list(filter: EvaluationFilter, limit: number): Promise<EvaluationRecord[]>;
  /** One, with all counts; undefined if there is none. */
  find(id: string): Promise<{ readonly record: EvaluationRecord; readonly counts: EvaluationCounts } | undefined>;
}

/** The id of an evaluation. */
export function evaluationId({ kind, model, version, data }: EvaluationPlace): string {
  return [kind, model, String(version), data].map(encodeURIComponent).join(":");
}

/** What an id is of; undefined for a text that {@linkcode evaluationId} does not make. */
export function readEvaluationId(id: string): EvaluationPlace | undefined {
  let parts: string[];
  try {
    parts = id.split(":").map(decodeURIComponent);
  } catch {
    return undefined; // a percent sign that begins nothing
  }
  const [kind, model, digits, data] = parts, version = Number(digits);
  if (parts.length !== 4 || (kind !== "batch" && kind !== "streaming") || !Number.isSafeInteger(version)) {
    return undefined;
  }
  const place: EvaluationPlace = { kind, model, version, data };
  return evaluationId(place) === id ? place : undefined;
}
