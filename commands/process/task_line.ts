/**
 * A command as a person would type it: what a hint says can be copied as it stands.
 *
 * @module
 */
import { COMMON } from "../settings/common.ts";

/** `deno task` with these words, quoted for a shell where they need it. */
export function taskLine(words: readonly string[]): string {
  const quoted = words.map((word) => /^[\w./:=,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
  return ["deno task", ...quoted].join(" ");
}

/** A command about a data directory, which is named where it is not the usual one. */
export function taskOn(dataDir: string, words: readonly string[]): string {
  return taskLine(dataDir === COMMON.dataDir.fallback ? words : [...words, "--data-dir", dataDir]);
}
