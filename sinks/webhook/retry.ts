/**
 * What comes of an attempt: delivered, again later, given up, or never again.
 *
 * | answer | then |
 * |---|---|
 * | 2xx | delivered |
 * | 410 Gone | the endpoint is stopped |
 * | 408, 425, 429, 5xx, no answer | again, after the backoff, or after `Retry-After` where it says later |
 * | 3xx | dead: redirects are never followed, since they may lead anywhere |
 * | any other 4xx | dead: the receiver does not want this event, and will not like it better later |
 *
 * @module
 */

/** How attempts are repeated. */
export interface RetryPolicy {
  /** Attempts before an event is given up. */
  readonly attempts: number;
  /** Wait after the first failed attempt, ms; doubled after each further one. */
  readonly firstMs: number;
  /** Longest wait of the backoff, ms. */
  readonly mostMs: number;
  /** Longest wait that a `Retry-After` can ask for, ms; a longer one is cut to it. */
  readonly retryAfterMostMs: number;
}

/** Twelve attempts within 10 to 20 minutes; a `Retry-After` of an hour at most. */
export const RETRY: RetryPolicy = { attempts: 12, firstMs: 1_000, mostMs: 300_000, retryAfterMostMs: 3_600_000 };

/** What a receiver answered. */
export interface Answer {
  /** Absent where there was no answer. */
  readonly status?: number;
  /** Header `Retry-After` as it came. */
  readonly retryAfter?: string;
  /** One sentence without a secret, where it failed. */
  readonly error?: string;
}

/** What is to be done. */
export type Outcome =
  | { readonly outcome: "delivered" | "dead" | "gone" }
  | { readonly outcome: "retry"; readonly waitMs: number };

const AGAIN: readonly number[] = [408, 425, 429];

/**
 * Judges an answer.
 *
 * @param attempt from 1
 * @param now epoch ms, for a `Retry-After` that is a date
 * @param chance uniform in [0, 1): the wait is between half of the backoff and all of it, so that many do not come back at once
 */
export function judge(answer: Answer, attempt: number, policy: RetryPolicy, now: number, chance: number): Outcome {
  const { status } = answer;
  if (status !== undefined && status >= 200 && status < 300) return { outcome: "delivered" };
  if (status === 410) return { outcome: "gone" };
  const transient = status === undefined || status >= 500 || AGAIN.includes(status);
  if (!transient || attempt >= policy.attempts) return { outcome: "dead" };
  const backoff = Math.min(policy.mostMs, policy.firstMs * 2 ** (attempt - 1));
  const asked = Math.min(policy.retryAfterMostMs, retryAfterMs(answer.retryAfter, now) ?? 0);
  return { outcome: "retry", waitMs: Math.max(asked, Math.round(backoff * (1 + chance) / 2)) };
}

/** What a `Retry-After` asks for, ms from now; undefined for one that is neither seconds nor a date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
