/**
 * Questions to the API about whole periods: statistics, correlation, profiles and distributions.
 *
 * @module
 * @import { CorrelationView, DistributionView, LiveCorrelationView, ProfileView, SummaryStatistics } from "../../actors/analytics/port.ts"
 * @import { Query } from "./api.js"
 */
import { ask } from "./api.js";

/** Statistics by location and type. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<SummaryStatistics>} */
export async function statistics(query, signal) {
  return /** @type {SummaryStatistics} */ (await ask("/analytics/summary", query, signal));
}

/** How channels go together. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<CorrelationView>} */
export async function correlation(query, signal) {
  return /** @type {CorrelationView} */ (await ask("/analytics/correlation", query, signal));
}

/** How the types of each location go together lately. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<LiveCorrelationView[]>} */
export async function liveCorrelation(query, signal) {
  const { items } = /** @type {{ items: LiveCorrelationView[] }} */ (await ask(
    "/analytics/correlation/live",
    query,
    signal,
  ));
  return items;
}

/** Each channel by hour of day. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<ProfileView>} */
export async function profile(query, signal) {
  return /** @type {ProfileView} */ (await ask("/analytics/profile", query, signal));
}

/** Which values and scores occur how often. @param {Query} query @param {AbortSignal} [signal] @returns {Promise<DistributionView>} */
export async function distribution(query, signal) {
  return /** @type {DistributionView} */ (await ask("/analytics/distribution", query, signal));
}
