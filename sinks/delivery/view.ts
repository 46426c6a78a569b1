/**
 * How a sink is doing, as `/metrics`, `/readyz` and the page show it.
 *
 * @module
 */

/** One sink now. Times are epoch ms of the clock. */
export interface DeliveryView {
  readonly sink: string;
  /** `starting` until it was reached first; `failing` while its last call did not succeed. */
  readonly state: "starting" | "ok" | "failing" | "stopped";
  /** Why it is failing: one sentence without a secret. */
  readonly error?: string;
  readonly failing_since?: number;
  /** Committed items that it does not have yet. */
  readonly backlog_items: number;
  /** Age of the oldest of them, ms; 0 where there is none. */
  readonly backlog_age_ms: number;
  /** Since the data directory began. */
  readonly delivered: number;
  /** Items that it did not take; the last of them are kept with the reason. */
  readonly set_aside: number;
  /** Items that retention took while it was away. */
  readonly missed: number;
  /** Calls that were made again, since the process began. */
  readonly retries: number;
  readonly last_delivery?: number;
}
