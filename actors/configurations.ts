/**
 * Versions of what is configured of judging: how a change enters while sensors are watched.
 *
 * A version has a number and never changes. Every partition takes it in band: at a position that is recorded like that of
 * a command, so that reading again meets it in the same place. What cannot change there without losing what is under way
 * is fixed for as long as a process runs.
 *
 * @module
 */
import type { Judging } from "./config.ts";
import type { FieldError } from "./reading.ts";

/** A version. */
export interface ConfigurationVersion {
  /** From 1 on. */
  readonly version: number;
  readonly judging: Judging;
  /** What the configuration file, or the program, said when it was made: as long as that says the same, the version holds. */
  readonly base: Judging;
  /** When it was made, epoch ms. */
  readonly created: number;
  /** Who made it: a key's name, `file` for the configuration file. */
  readonly by: string;
  readonly comment?: string;
}

/** Where a version came into use. */
export interface ConfigurationPlace {
  readonly partition: string;
  /** Readings of the partition from this position on are judged by it, until the next one. */
  readonly position: number;
}

/** The versions, as partitions ask for them. */
export interface Configurations {
  /** The number of the latest one: partitions that have another take it. */
  readonly latest: number;
  /** What a version says. */
  judging(version: number): Promise<Judging>;
}

/** What a change says. */
export type NewConfiguration = Pick<ConfigurationVersion, "judging" | "by" | "comment">;

/** Takes changes of the configuration. */
export interface ConfigurationDesk {
  /** The latest version. */
  readonly now: ConfigurationVersion;
  /**
   * Makes a version, which every partition takes as soon as it may.
   *
   * @param after the version that whoever asks has seen
   * @returns undefined if another one has been made since
   * @throws {ConfigurationRefused} if it says what cannot be while sensors are watched
   */
  change(change: NewConfiguration, after: number): Promise<ConfigurationVersion | undefined>;
  /** All versions that are kept, newest first, and from where on each is in force. */
  list(): Promise<readonly (ConfigurationVersion & { readonly places: readonly ConfigurationPlace[] })[]>;
}

/** A change cannot be made. */
export class ConfigurationRefused extends Error {
  override name = "ConfigurationRefused";

  /** @param errors what cannot be, by field */
  constructor(readonly errors: readonly FieldError[]) {
    super(`cannot change the configuration: ${errors.map(({ field, message }) => `${field} ${message}`).join("; ")}`);
  }
}

/** Settings that other ones depend on which are under way: windows that are open, samples, what was learnt. */
const FIXED = ["windows", "latenessMs", "tickMs", "detectors"] as const;

/** A judging with what is fixed taken from another one. */
export function withFixed(judging: Judging, fixed: Judging): Judging {
  const { windows, latenessMs, tickMs, detectors, forest: { memoryMs } } = fixed;
  return { ...judging, windows, latenessMs, tickMs, detectors, forest: { ...judging.forest, memoryMs } };
}

/** What of a change cannot be made while the process runs; empty if all of it can. */
export function fixedErrors(before: Judging, after: Judging): FieldError[] {
  const errors: FieldError[] = FIXED.filter((name) => !sameJson(before[name], after[name])).map((field) => ({
    field,
    message: `cannot be changed while sensors are watched, as ${
      WHY[field]
    }: set it in the configuration file and start again`,
  }));
  if (before.forest.memoryMs !== after.forest.memoryMs) {
    const message =
      "cannot be changed while sensors are watched, as samples that are being drawn go by it: set it in " +
      "the configuration file and start again";
    errors.push({ field: "forest.memoryMs", message });
  }
  return errors;
}

const WHY: Readonly<Record<typeof FIXED[number], string>> = {
  windows: "windows are open",
  latenessMs: "windows wait for late readings",
  tickMs: "the places of ticks go by it",
  detectors: "what sensors have learnt would begin anew",
};

/** Whether two values are the same as JSON, in whatever order their fields come. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const first = Object.entries(a).filter(([, value]) => value !== undefined);
  const second = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
  return first.length === second.size &&
    first.every(([name, value]) => second.has(name) && sameJson(value, second.get(name)));
}
