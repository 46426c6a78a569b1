/**
 * Pages of other origins, where the configuration names them: they may ask with a key, never with a cookie.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";

/** What such pages may send and see. */
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
const HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id";
const EXPOSED = "ETag, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";
/** So long a browser remembers what it may do, seconds. */
const MAX_AGE = "600";

/** Whether a page of `origin` may ask. */
export function isAllowed(origins: readonly string[], origin: string | undefined): origin is string {
  return origin !== undefined && origins.includes(origin);
}

/**
 * Lets pages of some origins ask.
 *
 * @param origins as browsers spell them: `https://plant.example`, without a path; empty: nobody
 */
export function cors(origins: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    c.header("vary", "Origin");
    if (!isAllowed(origins, origin)) return await next();
    c.header("access-control-allow-origin", origin);
    c.header("access-control-expose-headers", EXPOSED);
    c.header("cross-origin-resource-policy", "cross-origin");
    if (c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined) {
      c.header("access-control-allow-methods", METHODS);
      c.header("access-control-allow-headers", HEADERS);
      c.header("access-control-max-age", MAX_AGE);
      return c.body(null, 204);
    }
    await next();
  };
}
