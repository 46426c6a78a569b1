/**
 * Who asks, and whether they may: keys, the instance's own token, and browser sessions.
 *
 * | asks with | is |
 * |---|---|
 * | `Authorization: Bearer KEY` | the key, with its scopes |
 * | `Authorization: Bearer TOKEN` of this start | `instance`: a command on this machine that may read the data directory |
 * | the cookie of a session | the key that it was opened with |
 * | nothing, where keys are not required | `local`, with every scope but `admin` |
 * | nothing, where they are, or passed on by a proxy | `anonymous`, with none |
 *
 * Every comparison of a secret takes a time that does not depend on how much of it is right.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import type { AuditLog, KeyBook, Scope, SessionStore } from "../actors/keys.ts";
import { addressOf, ANONYMOUS, INSTANCE, LOCAL, type Principal, setPrincipal, setStillMay } from "./auth/principal.ts";
import { permits, scopeOf } from "./auth/scopes.ts";
import { SESSION_COOKIE, type Sessions } from "./auth/sessions.ts";
import type { AppDeps } from "./deps.ts";
import { Buckets } from "./limits.ts";
import { answerProblem, Problem } from "./problem.ts";

/** How an instance is entered. */
export interface Access {
  readonly keys: KeyBook;
  readonly audit: AuditLog;
  /** Absent: sessions of browsers are this process's own. */
  readonly sessions?: SessionStore;
  /** Whether nobody may ask without a key: as soon as other machines can connect. */
  readonly required: boolean;
}

/** Wrong keys from one address: at once, and so many a second afterwards. */
export const WRONG_KEYS = { burst: 20, perSecond: 1 / 3 } as const;

/**
 * Finds out who asks and lets those pass who may.
 *
 * Refused are: 401 a key that is none or no key where one is needed, 403 a key without the scope, 429 too many wrong
 * keys from one address. A right key passes however many wrong ones came from its address.
 *
 * @param sessions of browsers; absent: there are none
 */
export function guard(deps: AppDeps, sessions: Sessions | undefined): MiddlewareHandler {
  const { access } = deps, wrong = new Buckets({ ...WRONG_KEYS, clock: deps.clock });
  const token = deps.token === undefined ? undefined : digest(deps.token);
  const keyless = access?.required ? ANONYMOUS : LOCAL;

  /** Undefined for a secret that is none of ours. */
  async function bearer(secret: string): Promise<Principal | undefined> {
    if (token !== undefined && timingSafeEqual(digest(secret), token)) return INSTANCE;
    return await access?.keys.check(secret);
  }

  /** Who opened the session, where nothing else says who asks. */
  async function bySession(cookie: string): Promise<Principal | undefined> {
    const key = await sessions?.find(cookie);
    return key && { ...key, byCookie: true };
  }

  function refuseKey(c: Context): Response {
    deps.counts?.refusedKey();
    const wait = wrong.take(addressOf(c));
    if (wait === undefined) return unauthorized(c, "The key is not known: it is wrong, revoked or expired.");
    const headers = { "retry-after": String(wait) };
    return answerProblem(c, new Problem(429, "Too many wrong keys came from this address.", { headers }));
  }

  /** What the request is refused with; undefined lets it pass. */
  async function judge(c: Context, secret: string | undefined, opened?: Principal): Promise<Response | undefined> {
    const scope = scopeOf(c.req.method, c.req.path), nobody = isForwarded(c) ? ANONYMOUS : keyless;
    const principal = secret === undefined ? opened ?? nobody : await bearer(secret);
    if (principal === undefined && scope !== undefined) return refuseKey(c);
    if (scope !== undefined && !permits((principal ?? nobody).scopes, scope)) {
      return refuse(c, principal ?? nobody, scope);
    }
    if (principal?.byCookie && !isSafe(c)) {
      return answerProblem(
        c,
        new Problem(403, "A browser's session may change things only from this instance's page."),
      );
    }
    setPrincipal(c, principal ?? nobody);
    if (principal !== undefined && principal !== INSTANCE && principal !== nobody) {
      setStillMay(c, () => access?.keys.valid(principal.id) !== undefined);
    }
    return undefined;
  }

  return async (c, next) => {
    const header = c.req.header("authorization");
    const secret = header === undefined ? undefined : /^Bearer +([!-~]{1,512})$/i.exec(header)?.[1];
    const cookie = secret === undefined ? getCookie(c, SESSION_COOKIE) : undefined;
    return await judge(c, secret, cookie === undefined ? undefined : await bySession(cookie)) ?? await next();
  };
}

function refuse(c: Context, principal: Principal, scope: Scope): Response {
  if (principal !== ANONYMOUS && principal !== LOCAL) {
    const detail = `This needs the scope ${scope}; the key has ${principal.scopes.join(", ")}.`;
    return answerProblem(c, new Problem(403, detail));
  }
  if (c.req.path === "/" && c.req.header("accept")?.includes("text/html")) return c.redirect("/login", 303);
  return unauthorized(c, `This needs a key with the scope ${scope}: \`Authorization: Bearer KEY\`.`);
}

function unauthorized(c: Context, detail: string): Response {
  return answerProblem(c, new Problem(401, detail, { headers: { "www-authenticate": 'Bearer realm="sensorium"' } }));
}

/** Headers that proxies add. */
const FORWARDED = ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host", "x-forwarded-proto"];

/** Whether a proxy passed it on: then it comes from elsewhere, whatever address is connected. */
function isForwarded(c: Context): boolean {
  return FORWARDED.some((name) => c.req.header(name) !== undefined);
}

/**
 * Whether a request with a cookie reads, or comes from the instance's own page. Browsers send `Origin` with whatever
 * changes something; `sameOrigin` has refused any other than ours.
 */
function isSafe(c: Context): boolean {
  if (c.req.method === "GET" || c.req.method === "HEAD" || c.req.method === "OPTIONS") return true;
  return c.req.header("origin") !== undefined || c.req.header("sec-fetch-site") === "same-origin";
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
