/**
 * A step of an alert as a CloudEvent 1.0 in structured JSON.
 *
 * Attributes: `id` is the step's id, `type` is `io.sensorium.alert.` and the step, `subject` the alert's id, `time` event
 * time. Extensions: `severitytext` and `severitynumber` (OpenTelemetry's numbers), `correlationid` (the alert), `sequence`
 * with `sequencetype` absent (position in the partition, zero-padded, so that texts sort as numbers do), `partitionkey`.
 *
 * @module
 */
import type { DeliveryFilter } from "../../actors/alerts/delivery.ts";
import { type AlertStep, concerns, type Priority } from "../../actors/alerts/words.ts";

/** Content type of one event. */
export const CLOUDEVENTS_TYPE = "application/cloudevents+json; charset=utf-8";

/** Severity as OpenTelemetry numbers it: INFO, WARN, ERROR, FATAL. */
const SEVERITY: Readonly<Record<Priority, readonly [string, number]>> = {
  low: ["INFO", 9],
  medium: ["WARN", 13],
  high: ["ERROR", 17],
  critical: ["FATAL", 21],
};

/** One event. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly severitytext: string;
  readonly severitynumber: number;
  readonly correlationid: string;
  readonly sequence: string;
  readonly partitionkey: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The event of a step.
 *
 * @param source URI of this instance, `/sensorium` unless it has a public address
 */
export function cloudEvent(step: AlertStep, source: string): CloudEvent {
  const [severitytext, severitynumber] = SEVERITY[step.priority];
  const { raised_at, shelved_until, time, ...said } = step;
  return {
    specversion: "1.0",
    id: step.id,
    source,
    type: `io.sensorium.alert.${step.transition}`,
    subject: step.alert,
    time: iso(time),
    datacontenttype: "application/json",
    severitytext,
    severitynumber,
    correlationid: step.alert,
    sequence: String(step.position).padStart(16, "0"),
    partitionkey: step.sensor,
    data: {
      ...said,
      time: iso(time),
      ...(raised_at === undefined ? {} : { raised_at: iso(raised_at) }),
      ...(shelved_until === undefined ? {} : { shelved_until: iso(shelved_until) }),
    },
  };
}

/** Steps after which nothing more is told of an alert for a while; a receiver must hear of them. */
const ENDS: readonly string[] = ["cleared", "shelved", "suppressed", "out_of_service"];

/**
 * Whether an endpoint gets a step.
 *
 * Hushed steps are left out, except those by which an alert that was told of ends or is hushed: a receiver that kept it
 * open would wait for ever. One that does not know the alert ignores them.
 */
export function isWanted(filter: DeliveryFilter, step: AlertStep): boolean {
  const { sensors, types, locations, conditions, transitions, priority, hushed } = filter;
  const within = (list: readonly string[] | undefined, one: string | undefined) =>
    list === undefined || (one !== undefined && list.includes(one));
  if (!within(sensors, step.sensor) || !within(types, step.type) || !within(locations, step.location)) return false;
  if (!within(conditions, step.condition) || !within(transitions, step.transition)) return false;
  if (!concerns(priority, step)) return false;
  return hushed === true || step.notify !== false || ENDS.includes(step.transition);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
