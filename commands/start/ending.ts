/**
 * The times of a graceful end, and waiting for it.
 *
 * @module
 */
import { systemClock } from "../process/clock.ts";
import { CommandError } from "../process/errors.ts";
import type { Outlets } from "../instance/outlets.ts";
import type { StartPlan } from "./plan.ts";

/** Longest time that a graceful end may take, ms. */
export const END_MS = 10_000;
/** As much of it as is left for connections when storing takes all that it may, ms. */
const LEAST_CLOSING_MS = 1_000;
/** Longest time that a request under way may still take, ms. */
const CLOSING_MS = 5_000;
/** Longest time that sinks are given for the last outputs at the end, ms; what they miss then they get at the next start. */
const DRAIN_MS = 3_000;

/** The last checkpoint took too long. */
function unfinished(): CommandError {
  return new CommandError(
    `a last checkpoint could not be made in ${(END_MS - LEAST_CLOSING_MS) / 1000} s: nothing is lost, the next start ` +
      "reads on from the one before",
  );
}

/** Resolves once the signal is aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** Whether the work was done in time. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const giveUp = new AbortController();
  const done = await Promise.race([
    work.then(() => true),
    systemClock.sleep(ms, giveUp.signal).then(() => false, () => false),
  ]);
  giveUp.abort();
  return done;
}

/** What is to end. */
export interface Ending {
  readonly outlets: Outlets;
  readonly server: Pick<Deno.HttpServer, "shutdown">;
  /** What runs until `ending` is aborted; a rejection ends all. */
  readonly running: readonly Promise<void>[];
  readonly ending: AbortSignal;
  /** Aborted when nothing is delivered any more. */
  readonly delivering: AbortSignal;
  /** Aborted when everything is stored: streams and exports end then. */
  readonly closing: AbortController;
}

/**
 * Waits for the end that somebody asks for, then lets everything be stored, delivered and answered, each within its time.
 *
 * @throws {CommandError} if a last checkpoint could not be made in time
 */
export async function endGracefully(
  { clock, log }: Pick<StartPlan, "clock" | "log">,
  { outlets, server, running, ending, delivering, closing }: Ending,
): Promise<void> {
  const stored = Promise.all(running);
  await Promise.race([stored, aborted(ending)]);
  await aborted(ending);
  log.debug(`ending: ${ending.reason?.message ?? "asked to"}`);
  const begun = clock.now(), left = () => END_MS - (clock.now() - begun);
  if (!await within(stored, left() - LEAST_CLOSING_MS)) throw unfinished();
  if (!await within(outlets.drained(delivering), Math.min(left() - LEAST_CLOSING_MS, DRAIN_MS))) {
    for (const line of outlets.left()) log.say(line);
  }
  closing.abort(ending.reason);
  await within(server.shutdown(), Math.min(left(), CLOSING_MS));
}
