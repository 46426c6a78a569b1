/**
 * A deadline on a call to the other side, which is told when it is given up.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";

/** The other side did not answer in time; what was asked may still happen. */
class SinkDeadlineError extends Error {
  override name = "SinkDeadlineError";
}

/**
 * Makes a call that ends within `ms`, or when `signal` is aborted, whatever it does itself.
 *
 * @throws {SinkDeadlineError} if it did not end in time
 */
export async function callWithin<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController(), given = new AbortController();
  const stop = () => given.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  clock.sleep(ms, ended.signal).then(
    () => given.abort(new SinkDeadlineError(`no answer within ${ms / 1000} s`)),
    () => {}, // the call ended first
  );
  const givenUp = new Promise<never>((_, reject) => {
    if (given.signal.aborted) reject(given.signal.reason);
    given.signal.addEventListener("abort", () => reject(given.signal.reason), { once: true });
  });
  givenUp.catch(() => {});
  try {
    const answer = call(given.signal);
    answer.catch(() => {}); // may come after it was given up
    return await Promise.race([answer, givenUp]);
  } finally {
    ended.abort();
    signal.removeEventListener("abort", stop);
  }
}
