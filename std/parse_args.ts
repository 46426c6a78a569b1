/**
 * The typed face of the standard library's command line parser; its package ships without types.
 *
 * @module
 */
import * as std from "@std/cli/parse-args";

/** How arguments are to be read. Names are those of the flags, without dashes. */
export interface ParseArgsOptions {
  /** Flags that take no value. */
  readonly boolean?: readonly string[];
  /** Flags whose value stays a text, `--port 08` included. */
  readonly string?: readonly string[];
  /** Flags that may come several times; their value is an array. */
  readonly collect?: readonly string[];
  /** Boolean flags that may be written `--no-NAME`. */
  readonly negatable?: readonly string[];
  /** Other names of a flag. */
  readonly alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Whether everything after the first argument that is no flag is left alone. */
  readonly stopEarly?: boolean;
  /**
   * Called for what is none of the flags above.
   *
   * @param argument as it was written, `--prot=1`
   * @param key the flag's name, absent for an argument that is no flag
   * @returns false to leave it out of the result
   */
  readonly unknown?: (argument: string, key?: string, value?: unknown) => boolean;
}

/** What was found: the arguments that are no flags under `_`, the others by name, unjudged. */
export interface ParsedArgs {
  /** Arguments that are no flags, in order. */
  readonly _: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

/** Reads command line arguments into flags and the rest; judges nothing. */
export const parseArgs: (args: readonly string[], options?: ParseArgsOptions) => ParsedArgs = std.parseArgs;
