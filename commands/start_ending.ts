/**
 * The times of a graceful end, and waiting for it.
 *
 * @module
 */
import { systemClock } from "./clock.ts";
import { CommandError } from "./errors.ts";

/** Longest time that a graceful end may take, ms. */
export const END_MS = 10_000;
/** As much of it as is left for connections when storing takes all that it may, ms. */
export const LEAST_CLOSING_MS = 1_000;
/** Longest time that a request under way may still take, ms. */
export const CLOSING_MS = 5_000;
/** Longest time that sinks are given for the last outputs at the end, ms; what they miss then they get at the next start. */
export const DRAIN_MS = 3_000;

/** The last checkpoint took too long. */
export function unfinished(): CommandError {
  return new CommandError(
    `a last checkpoint could not be made in ${(END_MS - LEAST_CLOSING_MS) / 1000} s: nothing is lost, the next start ` +
      "reads on from the one before",
  );
}

/** Resolves once the signal is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** Whether the work was done in time. */
export async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const giveUp = new AbortController();
  const done = await Promise.race([
    work.then(() => true),
    systemClock.sleep(ms, giveUp.signal).then(() => false, () => false),
  ]);
  giveUp.abort();
  return done;
}
