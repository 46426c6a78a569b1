/**
 * An id for each request, in its answer and wherever it is written down: `X-Request-Id`.
 *
 * A client's own is taken over where it is short and plain; any other is replaced, so that nothing can be smuggled into
 * a log with it.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";

const HEADER = "x-request-id";
const PLAIN = /^[A-Za-z0-9._:-]{1,64}$/;

/** Gives each request an id: the process's own prefix and a number. */
export function requestIds(prefix: string = crypto.randomUUID().slice(0, 8)): MiddlewareHandler {
  let number = 0;
  return (c, next) => {
    const given = c.req.header(HEADER);
    const id = given !== undefined && PLAIN.test(given) ? given : `${prefix}-${(++number).toString(36)}`;
    c.set("requestId", id);
    c.header(HEADER, id);
    return next();
  };
}

/** The request's id; undefined where none are given. */
export function requestIdOf(c: Context): string | undefined {
  const id: string | undefined = c.get("requestId");
  return id;
}
