/**
 * What a database says when the disk below it fails, as an error that says what to do.
 *
 * SQLite rolls a write back that fails like this: nothing of it is there. Deno hands its words on as a `TypeError`, which
 * elsewhere means a wrong call; so they are told apart here, where they come out of the database.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";

/** The disk does not take what is written; it may later. */
export class DiskError extends StoreAwayError {
  override name = "DiskError";
}

/** The database's words, and ours. */
const TROUBLES: readonly (readonly [RegExp, string])[] = [
  [/database or disk is full|no space left/i, "the disk of the store is full: make room, then it goes on by itself"],
  [/readonly database|read-only file system/i, "the store is read-only: give this process the right to write to it"],
  [
    /disk i\/o error|input\/output error/i,
    "the disk of the store fails, or is full (input/output error): look at it and at the system's log",
  ],
];

/** The same error, or, if it is the disk's, one that says so. */
export function troubleOf(error: unknown): unknown {
  const text = error instanceof Error ? error.message : String(error);
  const found = error instanceof StoreAwayError ? undefined : TROUBLES.find(([words]) => words.test(text));
  return found === undefined ? error : new DiskError(found[1], { cause: error });
}
