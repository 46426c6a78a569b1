/**
 * One thing that `deno task doctor` has looked at, and what it thinks of it.
 *
 * @module
 */

/** One thing that was looked at. */
export interface Finding {
  readonly level: "ok" | "warn" | "bad";
  /** What was looked at: `disk`. */
  readonly about: string;
  /** What was seen, a sentence. */
  readonly seen: string;
  /** What to do, a sentence; absent where all is well. */
  readonly todo?: string;
}

/** All is well. */
export const ok = (about: string, seen: string): Finding => ({ level: "ok", about, seen });
/** Worth a look. */
export const warn = (about: string, seen: string, todo: string): Finding => ({ level: "warn", about, seen, todo });
/** Wrong. */
export const bad = (about: string, seen: string, todo: string): Finding => ({ level: "bad", about, seen, todo });
