/**
 * A deadline on a call to the database: one that is far away may hang for ever.
 *
 * @module
 */
import { StoreAwayError } from "../actors/checkpoint.ts";
import type { Clock } from "../actors/ports.ts";

/** The database did not answer in time; what was asked may still happen. */
export class DeadlineError extends StoreAwayError {
  override name = "DeadlineError";
}

/** Why a deadline is called off. One for all: made anew each time it would take longer than the rest of this. */
const ANSWERED = new Error("answered");

/**
 * The answer, if it comes within `ms`.
 *
 * @throws {DeadlineError} if it does not; the call itself goes on
 * @throws {StoreAwayError} if the call fails, but for being a wrong one
 */
export async function within<T>(clock: Clock, ms: number, answer: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const late = clock.sleep(ms, answered.signal).then(() => {
    throw new DeadlineError(`The database did not answer within ${ms / 1000} s.`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    if (error instanceof StoreAwayError || error instanceof TypeError || error instanceof RangeError) throw error;
    if (!(error instanceof Error) || error.name !== "Error") throw error; // ours, with a name of its own
    throw new StoreAwayError(`The database failed: ${error.message}`, { cause: error });
  } finally {
    answered.abort(ANSWERED);
  }
}

/** The answer, or undefined if the database is away: for what is asked for again later. */
export async function unlessAway<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StoreAwayError) return undefined;
    throw error;
  }
}
