/**
 * What protects an instance that anybody's browser may be pointed at: headers, and the checks of `Host` and `Origin`.
 *
 * A page of another origin can read nothing, unless the configuration names it (`cors.ts`). Every header is a default that
 * a route may replace.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import { isAllowed } from "./cors.ts";
import { answerProblem, Problem } from "./problem.ts";

/** Sent with every answer that does not set its own. The page sets a wider content policy. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Every answer has this one, and with it the others. */
const MARK = "x-content-type-options";

const HEADER_LIST = Object.entries(HEADERS);

/**
 * Adds the default headers: before the answer is made, so that it is made with them (to add them to one that is there
 * means to copy it, which costs as much as all the rest), and afterwards to one that was made without the context.
 */
export function defaultHeaders(): MiddlewareHandler {
  return async (c, next) => {
    for (const [name, value] of HEADER_LIST) c.header(name, value);
    await next();
    if (c.res.headers.has(MARK)) return; // made with them
    for (const [name, value] of HEADER_LIST) if (!c.res.headers.has(name)) c.header(name, value);
  };
}

/** Names under which this machine reaches itself. */
/** The name in a `Host` header, without port, in lower case. */
function hostname(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}

/**
 * Refuses a request under another name than `allowed` (DNS rebinding), and one that a page of another origin makes
 * a browser send to change something.
 *
 * @param origins of other pages that may
 */
export function sameOrigin(allowed: readonly string[] | undefined, origins: readonly string[] = []): MiddlewareHandler {
  return (c, next) => {
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    if (allowed !== undefined && !allowed.includes(hostname(host))) {
      return refuse(c, `This instance answers to ${allowed.join(", ")} only.`);
    }
    const origin = c.req.header("origin");
    const reads = c.req.method === "GET" || c.req.method === "HEAD";
    if (!reads && origin !== undefined && !isOrigin(origin, host) && !isAllowed(origins, origin)) {
      return refuse(c, "A page of another origin may not send requests here.");
    }
    return next();
  };
}

function refuse(c: Context, detail: string): Promise<Response> {
  return Promise.resolve(answerProblem(c, new Problem(403, detail)));
}

/** Whether a page of `origin` comes from `host`. Any scheme, since a proxy may have taken the TLS off. */
function isOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase().replace(/:(80|443)$/, "");
}
