/**
 * An alert and a sensor of a given name, for routes that only ask whether there is one.
 *
 * @module
 */
import type { AlertView, SensorView } from "../../actors/views.ts";

/** An active alert. */
export function alertNamed(id: string): AlertView {
  const told = { sensor: "pump", condition: "limit", priority: "high", message: "too hot" } as const;
  return { id, state: "active", ...told, raised_at: 0 };
}

/** A sensor that has said nothing yet. */
export function sensorNamed(sensor: string): SensorView {
  const counts = {
    readings: 0,
    anomalies: 0,
    late: 0,
    duplicates: 0,
    conflicts: 0,
    steps_back: 0,
    impossible: 0,
    warmup_left: 0,
  };
  const moment = { state_since: 0, last_time: 0, hour_sin: 0, hour_cos: 1 };
  return {
    sensor,
    partition: "http-00",
    state: "ok",
    is_anomaly: false,
    channels: [],
    active_alerts: [],
    ...counts,
    ...moment,
  };
}
