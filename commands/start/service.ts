/**
 * The API and the page of `start` over its engine, and what runs beside the sources: retention, alerting, statistics, names.
 *
 * @module
 */
import type { Hono } from "hono";
import { detectorAgreement } from "../../actors/agreement_view.ts";
import { expectedAlarms } from "../../actors/alerts/expected.ts";
import { coreCounters } from "../../actors/core_counters.ts";
import { driftsOf } from "../../actors/drift_view.ts";
import { ModelServer } from "../../actors/model_server.ts";
import { named } from "../../actors/names.ts";
import type { Tracing } from "../../actors/tracing.ts";
import { makeApp } from "../../routes/app.ts";
import { assets } from "../../routes/assets.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { HttpCounts } from "../../routes/metrics_counts.ts";
import { HttpSource } from "../../sources/http.ts";
import { HttpIngest } from "../../sources/http_ingest.ts";
import { unlessAway } from "../../store/deadline.ts";
import { whileHeld } from "../../store/nodes/hold.ts";
import { KvLabelStore } from "../../store/labels.ts";
import { lateLog } from "../../store/log/late_log.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { KvNames } from "../../store/names.ts";
import { NO_LOG } from "../../store/log/no_log.ts";
import { exportSavepoint } from "../../store/savepoint/savepoint.ts";
import { configView, isLocal, limitsOf, localNames, openAccess } from "../instance/access.ts";
import { openAlerting } from "../instance/alerting.ts";
import { openAnalytics } from "../instance/analytics.ts";
import { BacktestJobs } from "../backtest/jobs.ts";
import { configSchema } from "../settings/config_schema.ts";
import { Configuring } from "../instance/configuring.ts";
import { holdOptions } from "../instance/database.ts";
import type { Engine } from "../instance/engine.ts";
import { CommandError } from "../process/errors.ts";
import { localUrl } from "../instance/instance.ts";
import { parquetBytes } from "../instance/parquet_bytes.ts";
import { shownSinks } from "../settings/sinks.ts";
import { takeAlone } from "../instance/sole.ts";
import type { StartedEngine } from "./engine.ts";
import { healthOf } from "./health.ts";
import type { StartInputs } from "./inputs.ts";
import type { StartPlan } from "./plan.ts";
import { START } from "./settings.ts";
import type { Telemetry } from "../instance/telemetry.ts";
import { topicIngest } from "../kafka/topic_ingest.ts";
import { ensurePartsModel } from "../train/model.ts";
import { VERSION } from "../process/version.ts";

/** What it stands on. */
export interface ServiceParts extends StartedEngine {
  /** As far as they are open. */
  readonly inputs: StartInputs;
  readonly tracing: (Tracing & { readonly tracer: Telemetry }) | undefined;
  /** What commands against this instance identify themselves with. */
  readonly token: string;
  /** Aborted when streams and exports are to end. */
  readonly closing: AbortSignal;
  /** Ends the instance. */
  readonly stop: () => void;
}

/** It, ready to be served. */
export interface Service {
  readonly app: Hono;
  readonly readings: ReadingLog | typeof NO_LOG;
  readonly names: KvNames;
  readonly ingest: HttpIngest;
  /** Whether a key is needed, and there is none to enter with yet. */
  readonly lacksKey: boolean;
  /** Runs until the signal: the log of readings, where it is this process's, and all that is done now and then. */
  run(signal: AbortSignal): Promise<void>[];
}

/** Puts it together. @throws {CommandError} if another process takes readings over HTTP into the same store */
export async function openService(plan: StartPlan, parts: ServiceParts): Promise<Service> {
  const { values, log, clock, judging, node, isMember } = plan, { engine, tracing, closing } = parts;
  const report = (error: unknown) => log.error(error), tell = (sentence: string) => log.warn(sentence);
  const alone = isMember || values.kv === undefined
    ? undefined
    : await takeAlone(engine.fleet ?? engine.kv, { clock, node, where: values.kv, say: (line) => log.say(line) });
  const open = () => ReadingLog.open(engine.kv, { clock, report }), readings = isMember ? NO_LOG : await open();
  const names = await KvNames.open(engine.kv, { clock });
  // What is read of the log belongs to one process; a group's nodes hand on to the topic that they share.
  const topic = isMember ? await topicIngest(plan, engine, lateLog(open)) : undefined;
  const ingest = new HttpIngest({ log: topic?.log ?? readings, clock, names });
  if (isMember && !topic) ingest.close("This node takes readings from its Kafka group alone: send them to the topics.");
  await unlessAway(ensurePartsModel(engine.models.registry, values.seed)); // at the very first start no server is away
  const configuring = openConfiguring(engine, plan), access = await openAccess(engine.kv, values, { clock, report });
  const alerting = openAlerting(engine, {
    clock,
    alerts: () => configuring.now.judging.alerts,
    base: values.publicUrl ?? localUrl(values.host, values.port),
    allowed: values.allowHosts,
    report: tell,
    tracing,
  });
  const statistics = openAnalytics(engine, { clock, zone: judging.zone, report });
  const backtests = await BacktestJobs.open({ dataDir: values.dataDir, judging, clock, report });
  closing.addEventListener("abort", () => void backtests.close());
  const app = makeApp({
    ...engineDeps(plan, parts),
    ...settingsDeps(plan, configuring, engine),
    ...alerting.deps,
    queries: named(engine.queries, names),
    names,
    ingest,
    analytics: statistics.analytics,
    backtests,
    access,
    limits: limitsOf(values, plan.origins, { access, supervisor: engine.supervisor, clock }),
    counters: async () => ({
      ...await coreCounters(engine.supervisor),
      log_bytes: readings.backlogBytes,
      mqtt: parts.inputs.mqtt?.all(),
      lease_held: engine.lease?.isHeld,
    }),
  }, assets());
  return {
    app,
    readings,
    names,
    ingest,
    lacksKey: access.required && (await unlessAway(access.keys.list()))?.length === 0,
    run: (signal) => [
      ...(isMember ? [] : [engine.run(new HttpSource(readings), signal)]),
      ...(topic ? [topic.run(signal)] : []),
      engine.retention.run(signal, report),
      alerting.run(signal),
      configuring.run(signal),
      statistics.run(signal),
      names.run(signal, report),
      ...(alone ? [alone(signal)] : []),
    ],
  };
}

function openConfiguring({ configurations, supervisor }: Engine, { clock, log }: StartPlan): Configuring {
  if (!configurations) throw new CommandError("the engine keeps no versions of the configuration");
  const report = (sentence: string) => log.warn(sentence), { latest } = configurations;
  if (configurations.replaced) {
    report(`what is configured has changed since the last start: it is version ${latest} from here on`);
  }
  return new Configuring({ configurations, supervisor, clock, report });
}

/** What routes need of the engine, and of how this instance runs. */
function engineDeps({ values, clock, log, sinks, cors }: StartPlan, parts: ServiceParts) {
  const { engine, outlets, inputs, tracing, token, closing, stop } = parts, { kv, fleet, supervisor, models } = engine;
  const report = (error: unknown) => log.error(error);
  return {
    feed: engine.feed,
    models: new ModelServer({ registry: models.registry, clock, report }),
    federation: models.federation,
    evaluations: models.evaluations,
    labels: new KvLabelStore(kv, { clock }),
    drift: () => driftsOf(engine.queries, supervisor.runs.flatMap(({ drifts }) => drifts)),
    agreement: async (detector) => detectorAgreement(await supervisor.answers.agreement(), detector),
    quarantine: engine.quarantine,
    parquet: parquetBytes,
    clock,
    version: VERSION,
    signal: closing,
    token,
    origins: cors,
    follow: tracing?.tracer.follow,
    counts: new HttpCounts(),
    hosts: isLocal(values.host) ? localNames(values.publicUrl) : undefined,
    health: () => healthOf(engine, [...inputs.kafka?.problems() ?? [], ...inputs.mqtt?.problems() ?? []]),
    ...(sinks.length === 0 ? {} : { sinks: () => outlets.views() }),
    export: () => {
      const paused = (work: () => Promise<void>) =>
        fleet ? whileHeld(fleet, holdOptions(clock), work) : kv.paused(work);
      return Promise.resolve(exportSavepoint(kv, { clock, signal: closing, paused }));
    },
    stop,
    report,
  } satisfies Partial<AppDeps>;
}

/** What routes say of settings, and what changes them. */
function settingsDeps({ values, origins }: StartPlan, configuring: Configuring, { supervisor }: Engine) {
  return {
    config: () => configView({ ...values, sink: shownSinks(values.sink) }, origins, configuring.now.judging),
    configuring,
    expected: () => expectedAlarms(configuring.now.judging, supervisor.directory.types()),
    configSchema: () => configSchema("start", START.settings),
  } satisfies Partial<AppDeps>;
}
