/**
 * The models one by one, for programs of one's own: pure arithmetic over typed arrays, without clock, randomness or I/O.
 *
 * State lies in arrays of the caller, all 0 at first, so saving it is a copy; a step scores first and learns then, and
 * allocates nothing. To judge whole sensors take `Watch`, the package's main entry.
 *
 * @module
 */

// Features: the last ten values of a channel, and what is made of them.
export {
  FEATURE,
  FEATURE_LENGTH,
  hourCos,
  hourSin,
  lastPlace,
  placeOfTime,
  pushValue,
  rangeOf,
  replaceValue,
  ROLLING,
  zScore,
} from "./features.ts";
export { CHANNEL_FEATURES, forestFeatures, HOUR_FEATURES, writeChannel, writeHour } from "./forest_features.ts";

// Windows: count, mean, deviation, least and greatest of what came in one.
export { addMoment, clearMoments, deviation, MOMENT, MOMENTS_LENGTH, replaceMoment } from "./moments.ts";

// Detectors: the surprise of a channel and what was expected of it, whether it is stuck, its rhythm, its drift.
export type { Band } from "./band.ts";
export { FULL, LIGHT, Surprise, SURPRISE_MOST, type SurpriseSettings, type View, VIEWS } from "./surprise/surprise.ts";
export type { Windows as MemberWindows } from "./surprise/member.ts";
export type { Direction } from "./surprise/two_sided.ts";
export { isStuck, STUCK_DOUBLES, stuckAfter, stuckStep } from "./states/stuck.ts";
export { RHYTHM_DOUBLES, rhythmLearn, silentAfter, usualIntervalMs } from "./states/rhythm.ts";
export { DRIFT, DRIFT_DOUBLES, driftIndex, driftStatus, driftStep } from "./drift/drift.ts";

// The alert budget: from the surprises of a sensor's channels to alarms, no more often than asked for.
export { combine } from "./budget/combiner.ts";
export { type Budget, BUDGET_DEFAULT, budgetPerReading } from "./budget/budget.ts";
export { BudgetRule, readyAge, RULE_DOUBLES, strengthOf } from "./budget/rule.ts";

// Isolation forests: grown from a seed, scored in batches, written to bytes.
export { IsolationForest } from "./forest.ts";
export { FOREST_DEFAULTS, type ForestTraining, trainForest } from "./forest_train.ts";
export { FOREST_VERSION, ForestFormatError, readForest, writeForest } from "./forest_bytes.ts";
export type { ForestTrees } from "./forest_trees.ts";

// Networks: a sensor's own, learning online, and the average of many.
export { Network, NETWORK_CHANNELS_MOST, NETWORK_WARM, type NetworkSettings } from "./network/network.ts";
export {
  type Aggregate,
  aggregate,
  type AggregateSettings,
  type Aggregation,
  AGGREGATIONS,
} from "./federation/aggregate.ts";
export type { LocalUpdate } from "./federation/update.ts";
