/**
 * How long to wait before a call is made again.
 *
 * @module
 */

/** Waits grow from the first to the longest, doubling, ms. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Half a second, then twice as long each time, at most half a minute. */
export const BACKOFF_DEFAULT: BackoffOptions = { firstMs: 500, longestMs: 30_000 };

/**
 * The wait before try `again` (1 for the first repetition), ms: half of it for certain, the rest by chance, so that many
 * who were cut off together do not come back together.
 *
 * @param chance from 0 to 1
 */
export function backoffMs(again: number, chance: number, { firstMs, longestMs }: BackoffOptions): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(30, again - 1));
  return full / 2 + chance * full / 2;
}
