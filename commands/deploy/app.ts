/**
 * The routes of an instance without a process of its own, over what judges in it.
 *
 * @module
 */
import type { Hono } from "hono";
import { detectorAgreement } from "../../actors/agreement_view.ts";
import { expectedAlarms } from "../../actors/alerts/expected.ts";
import { FloodWatch } from "../../actors/alerts/flood_watch.ts";
import { driftsOf } from "../../actors/drift_view.ts";
import type { Ingest } from "../../actors/ingest.ts";
import { ModelServer } from "../../actors/model_server.ts";
import { named } from "../../actors/names.ts";
import { makeApp } from "../../routes/app.ts";
import { assets } from "../../routes/assets.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { HttpCounts } from "../../routes/metrics_counts.ts";
import { HttpIngest } from "../../sources/http_ingest.ts";
import { StoreAnalytics } from "../../store/analytics.ts";
import { KEYS } from "../../store/keys.ts";
import { KvLabelStore } from "../../store/labels.ts";
import { KvQuarantine } from "../../store/quarantine.ts";
import { configView, corsOrigins, limitsOf, openAccess } from "../instance/access.ts";
import type { Configuring } from "../instance/configuring.ts";
import { parquetBytes } from "../instance/parquet_bytes.ts";
import { VERSION } from "../process/version.ts";
import { absentHere, NO_LIVE_CORRELATION } from "./absent.ts";
import type { Applying } from "./apply.ts";
import type { DeploySettings, Judge } from "./judge.ts";
import type { DeployWebhooks } from "./webhooks.ts";

/** What people change of it, and where it delivers to. */
export interface AppParts {
  readonly configuring: Configuring;
  readonly webhooks: DeployWebhooks;
}

/** Puts the routes together. */
export async function appOf(settings: DeploySettings, judge: Judge, parts: AppParts): Promise<Hono> {
  const { values, origins } = settings, { kv, clock, stands, names, supervisor, applying, queries, report } = judge;
  const access = await openAccess(kv, { host: "localhost", requireKeys: values.requireKeys }, { clock, report });
  return makeApp({
    ...learningDeps(judge),
    ...alertDeps(judge, parts),
    queries: {
      ...named(queries, names),
      summary: async () => ({ ...await queries.summary(), partitions: stands.views }),
    },
    names,
    feed: judge.feed,
    ingest: applied(new HttpIngest({ log: judge.readingLog, clock, names }), applying, report),
    quarantine: new KvQuarantine(kv, judge.written),
    parquet: parquetBytes,
    clock,
    version: VERSION,
    signal: new AbortController().signal,
    token: values.token,
    access,
    limits: limitsOf({ ...values, host: "localhost" }, origins, { access, supervisor, clock }),
    origins: corsOrigins(values.cors),
    counts: new HttpCounts(),
    config: () => configView({ ...values, token: undefined }, origins, parts.configuring.now.judging),
    configuring: parts.configuring,
    absent: absentHere,
    health: async () => {
      await kv.get(KEYS.format());
      return { ready: true, reasons: [], partitions: stands.views, lock: true, kv: true };
    },
    report,
  }, assets());
}

/** What routes need of models, and of statistics. */
function learningDeps({ kv, clock, registry, federation, queries, supervisor, stands, judging, report }: Judge) {
  return {
    models: new ModelServer({ registry, clock, report }),
    federation,
    labels: new KvLabelStore(kv, { clock }),
    drift: () => driftsOf(queries, supervisor.runs.flatMap(({ drifts }) => drifts)),
    agreement: async (detector) => detectorAgreement(await supervisor.answers.agreement(), detector),
    analytics: new StoreAnalytics({
      kv,
      queries,
      supervisor: { directory: supervisor.directory, partitions: () => [...stands.views] },
      live: NO_LIVE_CORRELATION,
      clock,
      zone: judging.zone,
    }),
  } satisfies Partial<AppDeps>;
}

/** What routes need of alerts. */
function alertDeps(judge: Judge, { configuring, webhooks }: AppParts) {
  return {
    desk: judge.applying,
    alerts: () => configuring.now.judging.alerts,
    floods: { list: () => floodsOf(judge) },
    deliveries: webhooks,
    expected: () => expectedAlarms(configuring.now.judging, judge.supervisor.directory.types()),
  } satisfies Partial<AppDeps>;
}

/** An ingest that answers when what it took is applied; what could not be applied now is in the log, and taken all the same. */
function applied(ingest: Ingest, applying: Applying, report: (error: unknown) => void): Ingest {
  return {
    async take(body, request) {
      const outcome = await ingest.take(body, request);
      if (outcome.accepted > 0 || outcome.end === "taken") await applying.apply().catch(report);
      return outcome;
    },
  };
}

/** The floods of the last day, made again from the alerts. */
async function floodsOf({ queries, alerts, stands }: Judge) {
  const watch = new FloodWatch({
    alerts: (filter, limit, cursor) => queries.alerts(filter, limit, cursor),
    feed: { alerts: (cursor, signal) => alerts.follow(cursor, signal) },
    sourceTime: (partition) => stands.find(partition)?.source_time,
  });
  await watch.read(new AbortController().signal);
  return watch.list();
}
