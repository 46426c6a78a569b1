/**
 * What the HTTP side counts: requests, their times, refused keys, open streams.
 *
 * Labels are the route's pattern and known methods, never what a client made up: the number of series is bounded.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { Histogram } from "../actors/counters.ts";
import { Durations } from "../actors/durations.ts";

/** One route's requests. */
interface Route {
  readonly method: string;
  readonly route: string;
  readonly byStatus: Map<number, number>;
  readonly times: Durations;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts of one instance's HTTP. */
export class HttpCounts {
  readonly #routes = new Map<string, Route>();
  #refused = 0;
  #limited = 0;
  #streams = 0;

  /** A key was wrong. */
  refusedKey(): void {
    this.#refused++;
  }

  /** A client asked too often. */
  limited(): void {
    this.#limited++;
  }

  /** A stream began (1) or ended (-1). */
  stream(change: 1 | -1): void {
    this.#streams += change;
  }

  /** Wrong keys, requests over a limit, streams that are open. */
  get sums(): { readonly refused: number; readonly limited: number; readonly streams: number } {
    return { refused: this.#refused, limited: this.#limited, streams: this.#streams };
  }

  /** A request was answered. */
  answered(method: string, route: string, status: number, seconds: number): void {
    const known = METHODS.has(method) ? method : "other", key = `${known} ${route}`;
    let one = this.#routes.get(key);
    if (one === undefined) {
      one = { method: known, route, byStatus: new Map(), times: new Durations() };
      this.#routes.set(key, one);
    }
    one.byStatus.set(status, (one.byStatus.get(status) ?? 0) + 1);
    one.times.add(seconds);
  }

  /** Requests by method, route and status. */
  *requests() {
    for (const { method, route, byStatus } of this.#routes.values()) {
      for (const [status, count] of byStatus) yield [{ method, route, status }, count] as const;
    }
  }

  /** Times of the requests of each route, until the answer began. */
  *times(): Generator<readonly [{ method: string; route: string }, Histogram]> {
    for (const { method, route, times } of this.#routes.values()) yield [{ method, route }, times.histogram()];
  }
}

/** Counts every request. */
export function counting(counts: HttpCounts, nowMs: () => number = () => performance.now()): MiddlewareHandler {
  return async (c, next) => {
    const begun = nowMs();
    await next();
    const route = matchedRoutes(c).at(-1)?.path ?? "/*";
    counts.answered(c.req.method, route === "/*" ? "other" : route, c.res.status, (nowMs() - begun) / 1000);
  };
}
