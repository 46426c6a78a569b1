/**
 * `GET /metrics`: what the instance counts of itself, in Prometheus's text format.
 *
 * Base units, the prefix `sensorium_`, and no label by sensor. What nobody has counted is left out, not shown as 0.
 *
 * @module
 */
import { Hono } from "hono";
import type { CoreCounters, PartitionCounters } from "../actors/counters.ts";
import type { ModelServer } from "../actors/model_server.ts";
import type { SummaryView } from "../actors/views.ts";
import type { AppDeps } from "./deps.ts";
import type { HttpCounts } from "./metrics_counts.ts";
import { type Labels, MetricsText } from "./metrics_text.ts";
import { onlyMethods } from "./problem.ts";
import { sinkMetrics } from "./sinks.ts";

/** Models whose versions are shown; more would be series without a bound. */
const MODELS_SHOWN = 200;

/** The route of the metrics. */
export function metrics(deps: AppDeps): Hono {
  const app = new Hono(), started = deps.clock.now();
  app.get("/metrics", async (c) => {
    const page = new MetricsText(), now = deps.clock.now();
    page.gauge("build_info", "The program's version.", [[{ version: deps.version }, 1]]);
    page.gauge("uptime_seconds", "Time since the start.", [[{}, (now - started) / 1000]]);
    page.gauge("clock_seconds", "The instance's clock, since 1970.", [[{}, now / 1000]]);
    sensorMetrics(page, await deps.queries.summary(true));
    coreMetrics(page, await deps.counters?.() ?? {});
    if (deps.models !== undefined) await modelMetrics(page, deps.models, now);
    if (deps.sinks !== undefined) sinkMetrics(page, deps.sinks());
    if (deps.counts !== undefined) httpMetrics(page, deps.counts);
    return c.body(page.toString(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
  onlyMethods(app, "/metrics", ["GET"]);
  return app;
}

function sensorMetrics(page: MetricsText, { partitions: known, ...summary }: SummaryView): void {
  // One that runs elsewhere is told of there: here it would count twice, and be down.
  const partitions = known.filter(({ state }) => state !== "elsewhere");
  const { sensors, anomalous, active_alerts, readings_per_second, ...states } = summary;
  page.gauge("sensors", "Sensors that are known.", [[{}, sensors]]);
  page.gauge("sensors_anomalous", "Sensors whose last reading was anomalous.", [[{}, anomalous]]);
  const byState = Object.entries(states).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  page.gauge("sensors_in_state", "Sensors in a state that is not ok.", byState.map(([state, n]) => [{ state }, n]));
  page.gauge("alerts_active", "Alerts that are active.", [[{}, active_alerts]]);
  page.gauge("readings_per_second", "Readings a second over the last seconds.", [[{}, readings_per_second]]);
  const each = (value: (one: typeof partitions[number]) => number): [Labels, number][] =>
    partitions.map((one) => [{ partition: one.partition, source: one.source }, value(one)]);
  page.counter("readings_total", "Readings taken since the partition began.", each(({ readings }) => readings));
  page.counter("refused_total", "Records that were no readings.", each(({ refused }) => refused));
  page.counter("future_total", "Readings from the future.", each(({ future }) => future));
  page.gauge("partition_position", "Position of the last checkpoint.", each(({ position }) => position));
  page.gauge("partition_up", "1 while the partition runs or has finished.", each(({ state }) => isUp(state) ? 1 : 0));
  page.gauge(
    "source_time_seconds",
    "Time that several sensors of the partition have reached, since 1970.",
    partitions.filter(({ source_time }) => source_time !== undefined)
      .map(({ partition, source, source_time = 0 }) => [{ partition, source }, source_time / 1000]),
  );
}

function isUp(state: string): boolean {
  return state === "running" || state === "finished";
}

function coreMetrics(page: MetricsText, core: CoreCounters): void {
  const { partitions = [], mailboxes = [], commits, restarts, alerts = [] } = core;
  const each = (name: keyof PartitionCounters) =>
    partitions.flatMap((one): [Labels, number][] => {
      const value = one[name];
      return typeof value === "number" ? [[{ partition: one.partition }, value]] : [];
    });
  page.gauge("lag_readings", "Records that wait to be read.", each("lag_readings"));
  page.gauge("lag_seconds", "How far the source time is behind the clock.", each("lag_seconds"));
  page.gauge("watermark_delay_seconds", "How far the watermark is behind the clock.", each("watermark_delay_seconds"));
  page.gauge("checkpoint_seconds", "When the last checkpoint was durable, since 1970.", each("checkpoint_seconds"));
  page.counter("paused_seconds_total", "How long the source was held back.", each("paused_seconds"));
  page.counter("fenced_total", "Writes refused because of another owner.", each("fenced"));
  page.counter("late_total", "Readings that came too late.", each("late"));
  page.counter("duplicates_total", "Readings that came again.", each("duplicates"));
  page.counter("conflicts_total", "Readings that came again with another value.", each("conflicts"));
  page.counter(
    "quarantined_total",
    "What was not accepted, by reason.",
    partitions.flatMap(({ partition, quarantined = {} }) =>
      Object.entries(quarantined).map(([reason, count]): [Labels, number] => [{ partition, reason }, count])
    ),
  );
  page.gauge("mailbox_depth", "Batches that wait.", mailboxes.map((depth, shard) => [{ shard }, depth]));
  if (commits) page.histogram("commit_duration_seconds", "How long commits took.", [[{}, commits]]);
  if (restarts !== undefined) page.counter("restarts_total", "Actors started again after an error.", [[{}, restarts]]);
  page.gauge(
    "alerts",
    "Open alerts of sensors in memory.",
    alerts.map(({ state, priority, count }) => [{ state, priority }, count]),
  );
  if (core.log_bytes !== undefined) {
    page.gauge("log_bytes", "What the log of readings keeps to be read again.", [[{}, core.log_bytes]]);
  }
  if (core.lease_held !== undefined) {
    page.gauge("lease_held", "1 where this node does what one node does for all.", [[{}, core.lease_held ? 1 : 0]]);
  }
  if (core.resident !== undefined) page.gauge("sensors_resident", "Sensors in memory.", [[{}, core.resident]]);
  const mqtt = Object.entries(core.mqtt ?? {}).map(([kind, count]): [Labels, number] => [{ kind }, count]);
  if (mqtt.length > 0) page.counter("mqtt_total", "What came over MQTT, by what it was.", mqtt);
  if (core.state_bytes !== undefined) page.gauge("state_bytes", "States in memory.", [[{}, core.state_bytes]]);
}

async function modelMetrics(page: MetricsText, models: ModelServer, now: number): Promise<void> {
  const { registry } = models, all = await registry.list();
  const versions = all.slice(0, MODELS_SHOWN).map(async (state) => ({
    state,
    version: await registry.version(state.name, state.active),
  }));
  const shown = await Promise.all(versions);
  page.gauge("models", "Models that there are.", [[{}, all.length]]);
  page.gauge("model_version", "Version in use.", shown.map(({ state }) => [{ model: state.name }, state.active]));
  page.gauge(
    "model_age_seconds",
    "Time since the version in use was registered.",
    shown.flatMap(({ state, version }): [Labels, number][] =>
      version === undefined ? [] : [[{ model: state.name }, Math.max(0, now - version.created) / 1000]]
    ),
  );
}

function httpMetrics(page: MetricsText, counts: HttpCounts): void {
  const { refused, limited, streams } = counts.sums;
  page.counter("http_requests_total", "Requests by route and status.", counts.requests());
  page.histogram("http_request_duration_seconds", "Time until an answer began.", counts.times());
  page.counter("http_refused_keys_total", "Requests with a key that is none.", [[{}, refused]]);
  page.counter("http_limited_total", "Requests refused for coming too often.", [[{}, limited]]);
  page.gauge("sse_clients", "Streams that are open.", [[{}, streams]]);
}
