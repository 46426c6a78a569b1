/**
 * Alerts in the shapes of Prometheus Alertmanager: what its `POST /api/v2/alerts` takes, and its webhook of version 4.
 *
 * Times of Alertmanager are the clock's: an alert ends there when `endsAt` has passed, so that an open one is posted again
 * every {@linkcode REPEAT_MS} with an `endsAt` four times that ahead, as Prometheus does; if this instance dies, its alerts end
 * there within that time. Severity and priority are labels, and labels are an alert's identity there: an escalated alert is
 * a new one to Alertmanager, and the old one ends by itself.
 *
 * @module
 */
import type { AlertRecord } from "../actors/alerts/fold.ts";
import type { AlertStep, Priority } from "../actors/alerts/words.ts";
import type { AlertFilter, Page } from "../actors/views.ts";

/** How often open alerts are posted again, ms. */
export const REPEAT_MS = 60_000;
const HOLDS_MS = 4 * REPEAT_MS;

/** An alert as Alertmanager takes it. */
export interface PostableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

/** Alertmanager's webhook, version 4, with one alert. */
export interface WebhookV4 {
  readonly version: "4";
  readonly groupKey: string;
  readonly truncatedAlerts: 0;
  readonly status: "firing" | "resolved";
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly alerts:
    readonly (PostableAlert & { readonly status: "firing" | "resolved"; readonly fingerprint: string })[];
}

const SEVERITY: Readonly<Record<Priority, string>> = {
  low: "info",
  medium: "warning",
  high: "critical",
  critical: "critical",
};

/** What both an alert and a step of it say. */
type Said = Pick<AlertRecord, "sensor" | "type" | "location" | "condition" | "channel" | "priority" | "message">;

function labelsOf({ sensor, type, location, condition, channel, priority }: Said): Record<string, string> {
  return {
    alertname: `Sensorium${condition[0].toUpperCase()}${condition.slice(1)}`,
    job: "sensorium",
    sensor,
    condition,
    ...(channel === undefined ? {} : { channel }),
    ...(type === undefined ? {} : { sensor_type: type }),
    ...(location === undefined ? {} : { location }),
    priority,
    severity: SEVERITY[priority],
  };
}

function postable(said: Said, id: string, raised: number, ends: number, now: number, base: string): PostableAlert {
  const start = Math.min(raised, now); // Alertmanager's times are the clock's, and event time may be ahead of it
  return {
    labels: labelsOf(said),
    annotations: { summary: `${said.sensor}: ${said.message}`, alert: id },
    startsAt: new Date(start).toISOString(),
    endsAt: new Date(Math.max(ends, start + 1)).toISOString(),
    generatorURL: `${base.replace(/\/$/, "")}/alerts/${encodeURIComponent(id)}`,
  };
}

/** Steps by which an alert ends, or is to be heard no more. */
const ENDS: readonly string[] = ["cleared", "shelved", "suppressed", "out_of_service"];

/**
 * The alert after a step.
 *
 * @param now of the clock, epoch ms
 * @param base address under which this instance is reached, for links
 * @returns undefined for a step after which Alertmanager knows all that it should: a hushed one that ends nothing, and what is said of a cleared alert
 */
export function postableStep(step: AlertStep, now: number, base: string): PostableAlert | undefined {
  const ended = ENDS.includes(step.transition);
  if (step.raised_at === undefined && step.transition !== "raised" && step.transition !== "cleared") return undefined;
  if (!ended && step.notify === false) return undefined;
  const ends = ended ? (step.transition === "cleared" ? Math.min(step.time, now) : now) : now + HOLDS_MS;
  return postable(step, step.alert, step.raised_at ?? step.time, ends, now, base);
}

/** An alert that is open, to be posted again; undefined for one that nobody is to hear of. */
export function postableOpen(alert: OpenAlert, now: number, base: string): PostableAlert | undefined {
  const hushed = alert.suppressed === true || alert.out_of_service === true || (alert.shelved_until ?? 0) > now;
  if (alert.state !== "active" || hushed) return undefined;
  return postable(alert, alert.id, alert.raised_at, now + HOLDS_MS, now, base);
}

/** What is needed of an open alert. */
export type OpenAlert =
  & Said
  & Pick<AlertRecord, "id" | "state" | "raised_at" | "suppressed" | "out_of_service" | "shelved_until">;

/** All open alerts, in pages: what is posted again every minute. */
export async function* openAlerts<A extends OpenAlert>(queries: OpenListing<A>): AsyncGenerator<readonly A[]> {
  let cursor: string | undefined;
  do {
    const page = await queries.alerts({ state: "active" }, PAGE, cursor);
    yield page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** Where alerts are asked for: a part of `Queries`. */
export interface OpenListing<A extends OpenAlert> {
  alerts(filter: AlertFilter, limit: number, cursor?: string): Promise<Page<A>>;
}

/** Alerts of one post to an Alertmanager. */
const PAGE = 500;

/** The webhook of one alert, as Alertmanager itself would send it. */
export function webhookV4(step: AlertStep, now: number, receiver: string, base: string): WebhookV4 | undefined {
  const alert = postableStep(step, now, base);
  if (alert === undefined) return undefined;
  const status = ENDS.includes(step.transition) ? "resolved" : "firing";
  const { alertname } = alert.labels, zero = "0001-01-01T00:00:00Z"; // Alertmanager's "has not ended"
  return {
    version: "4",
    groupKey: `{}:{alertname="${alertname}"}`,
    truncatedAlerts: 0,
    status,
    receiver,
    groupLabels: { alertname },
    commonLabels: alert.labels,
    commonAnnotations: alert.annotations,
    externalURL: base,
    alerts: [{
      status,
      ...alert,
      endsAt: status === "firing" ? zero : alert.endsAt,
      fingerprint: fingerprint(alert.labels),
    }],
  };
}

/** Where an Alertmanager takes alerts, from its base address. */
export function alertsUrl(url: string): string {
  const address = new URL(url);
  if (!address.pathname.endsWith("/api/v2/alerts")) {
    address.pathname = `${address.pathname.replace(/\/$/, "")}/api/v2/alerts`;
  }
  return address.href;
}

/** Prometheus's fingerprint of a set of labels: FNV-1a of 64 bits over names and values in order of name, with 0xff between. */
export function fingerprint(labels: Readonly<Record<string, string>>): string {
  const encoder = new TextEncoder();
  let hash = 0xcbf29ce484222325n;
  const add = (byte: number) => hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  for (const name of Object.keys(labels).sort()) {
    for (const text of [name, labels[name]]) {
      for (const byte of encoder.encode(text)) add(byte);
      add(0xff);
    }
  }
  return hash.toString(16).padStart(16, "0");
}
