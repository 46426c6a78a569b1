/**
 * What is posted for a step, in an endpoint's format.
 *
 * @module
 */
import type { Endpoint } from "../../actors/alerts/delivery.ts";
import type { AlertStep } from "../../actors/alerts/words.ts";
import {
  alertsUrl,
  type OpenAlert,
  type PostableAlert,
  postableOpen,
  postableStep,
  webhookV4,
} from "../alertmanager.ts";
import { cloudEvent, CLOUDEVENTS_TYPE } from "./event.ts";
import type { Letter } from "./post.ts";
import { sign } from "./sign.ts";

const JSON_TYPE = "application/json";

/**
 * The body for a step; the same at every attempt, except for Alertmanager, whose times are the clock's.
 *
 * @param base address under which this instance is reached
 * @returns undefined where the receiver knows all that it should
 */
export function bodyOf(endpoint: Endpoint, step: AlertStep, now: number, base: string): string | undefined {
  if (endpoint.format === "cloudevents") return JSON.stringify(cloudEvent(step, base));
  if (endpoint.format === "alertmanager") return text(webhookV4(step, now, endpoint.name, base));
  const alert = postableStep(step, now, base);
  return text(alert && [alert]);
}

/** The body that posts open alerts again; undefined without any. */
export function bodyOfOpen(alerts: readonly OpenAlert[], now: number, base: string): string | undefined {
  const open = alerts.map((alert) => postableOpen(alert, now, base)).filter((alert) => alert !== undefined);
  return open.length === 0 ? undefined : JSON.stringify(open);
}

/** The body of a test: nothing is wrong, and it says so. */
export function bodyOfTest(endpoint: Endpoint, id: string, now: number, base: string): string {
  const time = new Date(now).toISOString(), ends = new Date(now + 60_000).toISOString();
  const message = "A test of this endpoint: nothing is wrong.";
  if (endpoint.format === "cloudevents") {
    const data = { message };
    return JSON.stringify({
      specversion: "1.0",
      id,
      source: base,
      type: "io.sensorium.test",
      time,
      datacontenttype: JSON_TYPE,
      data,
    });
  }
  const labels = { alertname: "SensoriumTest", job: "sensorium", severity: "info" };
  const alert: PostableAlert = {
    labels,
    annotations: { summary: message },
    startsAt: time,
    endsAt: ends,
    generatorURL: base,
  };
  if (endpoint.format === "alertmanager_api") return JSON.stringify([alert]);
  return JSON.stringify({
    version: "4",
    groupKey: '{}:{alertname="SensoriumTest"}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: endpoint.name,
    groupLabels: { alertname: labels.alertname },
    commonLabels: labels,
    commonAnnotations: alert.annotations,
    externalURL: base,
    alerts: [{ status: "firing", ...alert }],
  });
}

/** A body with its signature, addressed. */
export function letterOf(endpoint: Endpoint, id: string, body: string, now: number): Letter {
  const { url, format, secret } = endpoint;
  return {
    url: format === "alertmanager_api" ? alertsUrl(url) : url,
    headers: {
      "content-type": format === "cloudevents" ? CLOUDEVENTS_TYPE : JSON_TYPE,
      "user-agent": "Sensorium",
      ...sign(secret, id, body, now),
    },
    body,
  };
}

function text(value: object | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
