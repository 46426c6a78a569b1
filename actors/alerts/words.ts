/**
 * The words of alerts: conditions, priorities, and the steps of a life, after OPC UA Part 9 and ISA-18.2.
 *
 * @module
 */

/**
 * What can be wrong with a sensor, each with a life of its own. Its place in this list stands in snapshots: new ones
 * come at the end.
 *
 * `limit` and `warning` are configured bounds, `rate` a change too fast, `zscore` and `anomaly` what detectors say,
 * `stuck` a value that does not move, `dirty` too much bad data, `silent` no readings, `offline` a device whose
 * connection says that it has gone, `drift` values that have become others than those learnt.
 */
export const CONDITIONS = [
  "limit",
  "warning",
  "rate",
  "zscore",
  "anomaly",
  "stuck",
  "silent",
  "dirty",
  "offline",
  "drift",
] as const;
/** What can be wrong with a sensor. */
export type Condition = typeof CONDITIONS[number];

/** Priorities, as ISA-18.2 names them, from the least. */
export const PRIORITIES = ["low", "medium", "high", "critical"] as const;
/** Priority of an alert. */
export type Priority = typeof PRIORITIES[number];

/** Whether a step concerns who wants alerts of at least this priority; the one by which an alert falls below it does too. */
export function concerns(least: Priority | undefined, step: { priority: Priority; transition: Transition }): boolean {
  return least === undefined || step.transition === "eased" ||
    PRIORITIES.indexOf(step.priority) >= PRIORITIES.indexOf(least);
}

/** Severity of OPC UA Part 9 (1 to 1000) for each priority: the middle of the ranges that it recommends. */
export const SEVERITY: Readonly<Record<Priority, number>> = { low: 200, medium: 500, high: 700, critical: 900 };

/** Steps of a life. `raised` is the first; after `cleared` come at most `acknowledged`, `commented` and `labelled`. */
export const TRANSITIONS = [
  "raised",
  "escalated",
  "eased",
  "realarmed",
  "acknowledged",
  "commented",
  "labelled",
  "shelved",
  "unshelved",
  "suppressed",
  "unsuppressed",
  "out_of_service",
  "in_service",
  "cleared",
] as const;
/** A step of a life. */
export type Transition = typeof TRANSITIONS[number];

/** A channel's part in an anomaly. */
export interface AlertContribution {
  readonly channel: string;
  /** 0..1; those of a reading add up to 1. */
  readonly share: number;
  readonly feature: string;
  /** The same in words. */
  readonly because: string;
}

/** Whether a person found an alert to be right. */
export type Label = "true_alarm" | "false_alarm";

/** What an alert is about and what was seen: what its steps say, and the alert as it stands. Times are event time, epoch ms. */
export interface AlertFacts {
  readonly sensor: string;
  readonly type?: string;
  readonly location?: string;
  readonly condition: Condition;
  readonly channel?: string;
  /** As it stands, in a step from this step on. */
  readonly priority: Priority;
  /** What was seen when it was raised; absent for silence. */
  readonly value?: number;
  /** What was expected: [low, high], null where open. */
  readonly expected?: readonly [number | null, number | null];
  /** One plain sentence; of the alert, what was said when it was raised. */
  readonly message: string;
  /** Of an anomaly when it was raised: strength in 0..1, and what contributed. */
  readonly strength?: number;
  readonly contributions?: readonly AlertContribution[];
  /** False while shelved, suppressed or out of service: kept in the history, and told to nobody. Absent means true. */
  readonly notify?: boolean;
  /** The condition came and went three times within a minute: it is held until it is calm. */
  readonly chattering?: boolean;
  /** How many times it was raised again because it stayed. */
  readonly realarms?: number;
  readonly comment?: string;
  readonly label?: Label;
  /** When the shelf ends; of a raised alert whose condition is shelved already, and of `shelved`. */
  readonly shelved_until?: number;
  /** The shelf also ends when the alert clears. */
  readonly one_shot?: boolean;
}

/**
 * One step in an alert's life. A record makes at most one at its position, and commands are numbered, so that steps have an
 * order.
 *
 * Times are event time in epoch ms; the routes write them as ISO 8601.
 */
export interface AlertStep extends AlertFacts {
  /** Stable: `alert id/raised`, `alert id/cleared`, `alert id/STEP/POSITION[/COMMAND]` for the others. */
  readonly id: string;
  /** `partition:position:sensor:condition:channel` of its raising. */
  readonly alert: string;
  readonly transition: Transition;
  readonly time: number;
  readonly partition: string;
  readonly position: number;
  /** Number, in its partition, of the command that made it: it took effect before the record at the position. */
  readonly command?: number;
  /** When the alert was raised. */
  readonly raised_at?: number;
  /** Who did it, for a step that a person made. */
  readonly by?: string;
}
