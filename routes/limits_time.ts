/**
 * Time-outs: a request whose answer does not begin in time is answered without it, so that a slow sender or a store that
 * hangs holds nothing for ever.
 *
 * What streams (events, an export, readings, whose body has a time-out of its own) is left alone.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../actors/ports.ts";
import { answerProblem, Problem } from "./problem.ts";

/** How often the requests under way are looked at, ms: they end that much late at the most. */
const LOOK_MS = 1_000;
const STREAMING = /(^\/readings|\/stream|^\/admin\/(export|models)|^\/backtests(\/.*)?)$/;

interface Waiting {
  readonly until: number;
  readonly give: (late: "late") => void;
}

/**
 * Answers what takes longer than `ms`: 503 for a question, 408 for a request with a body.
 *
 * One timer looks at all of them, and only while there are any: a timer for each would cost more than most answers.
 */
export function timeOut(clock: Clock, ms: number, signal: AbortSignal): MiddlewareHandler {
  const waiting = new Set<Waiting>();
  let isLooking = false;

  async function look(): Promise<void> {
    isLooking = true;
    while (waiting.size > 0 && !signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => {});
      const now = clock.now();
      for (const one of waiting) {
        if (one.until > now) break; // they are in order of time
        waiting.delete(one);
        one.give("late");
      }
    }
    isLooking = false;
  }

  return async (c, next) => {
    if (STREAMING.test(c.req.path)) return await next();
    const { promise, resolve } = Promise.withResolvers<"late">();
    const one = { until: clock.now() + ms, give: resolve };
    waiting.add(one);
    if (!isLooking) void look();
    try {
      if (await Promise.race([next(), promise]) !== "late") return;
    } finally {
      waiting.delete(one);
    }
    const reads = c.req.method === "GET" || c.req.method === "HEAD" || c.req.method === "DELETE";
    const headers = { "retry-after": "5" };
    return answerProblem(
      c,
      reads
        ? new Problem(503, `There was no answer within ${ms / 1000} s.`, { headers })
        : new Problem(408, `The request was not done within ${ms / 1000} s.`, { headers }),
    );
  };
}
