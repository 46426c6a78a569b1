/**
 * Rate limits: a bucket of tokens for each client, and the `RateLimit` headers that tell of it.
 *
 * Source of the headers: IETF draft-ietf-httpapi-ratelimit-headers-10. A client is a key, or an address without one.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../actors/ports.ts";
import { clientOf } from "./auth/principal.ts";
import { scopeOf } from "./auth/scopes.ts";
import type { AppDeps } from "./deps.ts";
import { answerProblem, Problem } from "./problem.ts";

/** How often a client may ask. */
export interface RateLimit {
  /** Requests a second in the long run. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
}

/** Clients that are remembered; beyond that the one not heard of for longest begins anew. */
export const CLIENTS_MAX = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** Buckets of tokens by client. */
export class Buckets {
  /** The one heard of last at the end. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly options: RateLimit & { readonly clock: Clock; readonly clients?: number }) {}

  /**
   * Takes a token.
   *
   * @returns undefined if there was one, else whole seconds after which there is one again
   */
  take(client: string): number | undefined {
    const bucket = this.filled(client);
    if (bucket.tokens >= 1) {
      bucket.tokens--;
      return undefined;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.options.perSecond));
  }

  /** Whole tokens that are left to a client. */
  left(client: string): number {
    return Math.floor(this.#buckets.get(client)?.tokens ?? this.options.burst);
  }

  private filled(client: string): Bucket {
    const { clock, burst, perSecond, clients = CLIENTS_MAX } = this.options, now = clock.now();
    const bucket = this.#buckets.get(client) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, now - bucket.at) * perSecond / 1000);
    bucket.at = now;
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > clients) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return bucket;
  }
}

/** Limits how often a client may ask; probes and the page's own files are free. */
export function rateLimit(deps: AppDeps, limit: RateLimit): MiddlewareHandler {
  const buckets = new Buckets({ ...limit, clock: deps.clock }), { burst, perSecond } = limit;
  const policy = `"default";q=${burst};w=${Math.ceil(burst / perSecond)}`;
  return (c, next) => {
    if (scopeOf(c.req.method, c.req.path) === undefined && c.req.path !== "/session") return next();
    const client = clientOf(c), wait = buckets.take(client), left = buckets.left(client);
    c.header("ratelimit-policy", policy);
    c.header("ratelimit", `"default";r=${left};t=${wait ?? Math.ceil((burst - left) / perSecond)}`);
    if (wait !== undefined) {
      deps.counts?.limited();
      const detail = `A client may ask ${perSecond} times a second, and ${burst} times at once.`;
      const headers = { "retry-after": String(wait) };
      return Promise.resolve(answerProblem(c, new Problem(429, detail, { headers })));
    }
    return next();
  };
}
