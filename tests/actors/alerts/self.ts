/**
 * A sensor whose alerts are tried.
 *
 * @module
 */
import { type AlertsConfig, alertsSchema, makeRules } from "../../../actors/alerts/rules.ts";
import type { AlertSelf } from "../../../actors/alerts/tell.ts";

/** A pump with two channels in the hall. */
export function makeSelf(config: AlertsConfig = alertsSchema.parse({}), more: Partial<AlertSelf> = {}): AlertSelf {
  return {
    partition: "p",
    sensor: "pump",
    type: "pumps",
    location: "hall",
    channels: ["a", "b"],
    units: ["°C", undefined],
    rules: makeRules(config),
    ...more,
  };
}
