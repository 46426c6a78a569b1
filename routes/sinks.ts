/**
 * `GET /sinks`: where outputs are written beside the store, how each place is doing and what waits for it.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { DeliveryView } from "../sinks/delivery/view.ts";
import type { AppDeps } from "./deps.ts";
import type { MetricsText } from "./metrics_text.ts";
import { onlyMethods } from "./problem.ts";
import { readQuery } from "./query.ts";
import { iso } from "./wire.ts";

/** A sink as it goes over the wire: times in ISO 8601, spans in seconds. */
export function wireSink({ failing_since, last_delivery, backlog_age_ms, ...rest }: DeliveryView) {
  return {
    ...rest,
    backlog_age_seconds: backlog_age_ms / 1000,
    ...(failing_since === undefined ? {} : { failing_since: iso(failing_since) }),
    ...(last_delivery === undefined ? {} : { last_delivery: iso(last_delivery) }),
  };
}

/** The route of the sinks; an empty list where there is none. */
export function sinks(deps: AppDeps): Hono {
  const app = new Hono();
  app.get("/sinks", (c) => {
    readQuery(c, z.object({}));
    return c.json({ items: (deps.sinks?.() ?? []).map(wireSink) });
  });
  onlyMethods(app, "/sinks", ["GET"]);
  return app;
}

/** The sinks' lines of the metrics. */
export function sinkMetrics(page: MetricsText, views: readonly DeliveryView[]): void {
  const each = (value: (one: DeliveryView) => number) => views.map((one) => [{ sink: one.sink }, value(one)] as const);
  page.gauge("sink_up", "1 while the last call of the sink succeeded.", each(({ state }) => state === "ok" ? 1 : 0));
  page.gauge(
    "sink_backlog_items",
    "Committed items that the sink does not have yet.",
    each((one) => one.backlog_items),
  );
  page.gauge("sink_backlog_seconds", "Age of the oldest of them.", each((one) => one.backlog_age_ms / 1000));
  page.counter("sink_delivered_total", "Items that the sink has.", each((one) => one.delivered));
  page.counter("sink_set_aside_total", "Items that the sink did not take.", each((one) => one.set_aside));
  page.counter("sink_missed_total", "Items that retention took while the sink was away.", each((one) => one.missed));
  page.counter("sink_retries_total", "Calls of the sink that were made again.", each((one) => one.retries));
}
