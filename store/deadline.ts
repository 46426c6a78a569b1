/**
 * A deadline on a call to the database: one that is far away may hang for ever.
 *
 * @module
 */
import type { Clock } from "../actors/ports.ts";

/** The database did not answer in time; what was asked may still happen. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/** Why a deadline is called off. One for all: made anew each time it would take longer than the rest of this. */
const ANSWERED = new Error("answered");

/**
 * The answer, if it comes within `ms`.
 *
 * @throws {DeadlineError} if it does not; the call itself goes on
 */
export async function within<T>(clock: Clock, ms: number, answer: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const late = clock.sleep(ms, answered.signal).then(() => {
    throw new DeadlineError(`The database did not answer within ${ms / 1000} s.`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    answered.abort(ANSWERED);
  }
}
