/**
 * Labels that people give to readings: true alarm or not. They train supervised models, and reach no feature.
 *
 * @module
 */
import type { Page } from "./views.ts";

/** Bounds of what is kept. */
export const LABEL_LIMITS = {
  /** Labels in all; beyond, further ones are refused: what a person said is not thrown away. */
  labels: 100_000,
  /** Characters of who gave it. */
  whoLength: 128,
  /** Characters of a comment. */
  commentLength: 512,
} as const;

/** What a person said of one reading. */
export interface Label {
  readonly sensor: string;
  /** Event time of the reading, epoch ms. */
  readonly time: number;
  /** Sensors that are judged alike: their type, or their set of channels. */
  readonly group: string;
  /** 1 anomalous, 0 normal. */
  readonly label: 0 | 1;
  /** The reading's values as they were; absent where there was no reading, such as for a silence. */
  readonly values?: Readonly<Record<string, number | null>>;
  /** The reading's id. */
  readonly reading?: string;
  /** The alert that was labelled. */
  readonly alert?: string;
  /** Who gave it. */
  readonly who?: string;
  readonly comment?: string;
  /** When it was given, epoch ms. */
  readonly created: number;
}

/** How many labels a group has. */
export interface LabelCount {
  readonly group: string;
  readonly zeros: number;
  readonly ones: number;
}

/** Which labels. */
export interface LabelFilter {
  readonly group?: string;
  readonly sensor?: string;
  readonly label?: 0 | 1;
}

/** Labels, kept by reading: one reading has one label, the last that was given. */
export interface LabelStore {
  /**
   * Keeps a label in place of the one that its reading has.
   *
   * @returns whether the reading had none; "full" where there is no room for one more
   */
  put(label: Label): Promise<"new" | "replaced" | "full">;
  /** Labels by time of their readings, newest first. */
  list(filter: LabelFilter, limit: number, cursor?: string): Promise<Page<Label>>;
  /** The label of a reading; undefined if it has none. */
  find(sensor: string, time: number): Promise<Label | undefined>;
  /** Counts of all groups in order of name. */
  counts(): Promise<LabelCount[]>;
}
