/**
 * The port of the quarantine: what was not accepted is looked at one by one, and settled by a person.
 *
 * @module
 */
import type { QuarantineView } from "./views.ts";

/** How a person settles it: it went in again, or it is given up. */
export type Settlement = "retried" | "discarded";

/** What became of a partition's records that were not accepted, by reason. */
export interface QuarantineCounts {
  readonly partition: string;
  /** Those that can be listed. */
  readonly kept: Readonly<Record<string, number>>;
  /** Those that are gone: settled, or more than are kept. */
  readonly gone: Readonly<Record<string, number>>;
  /** Of those that are gone. */
  readonly retried: number;
  readonly discarded: number;
}

/** What was not accepted. */
export interface Quarantine {
  /** The record of an id; undefined if there is none. */
  find(id: string): Promise<QuarantineView | undefined>;
  /**
   * Takes a record out; what is gone is counted.
   *
   * @returns `gone` if it is no longer there; `early` while it may come again after a crash: its checkpoint is not whole
   */
  settle(id: string, how: Settlement): Promise<"settled" | "gone" | "early">;
  /** By partition. */
  counts(): Promise<readonly QuarantineCounts[]>;
}
