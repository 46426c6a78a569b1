/**
 * Sensorium without a process of its own: what `deno serve main.ts` and Deno Deploy call for every request and once a
 * minute. Readings are logged, applied and committed within their request; nothing runs between two requests, and any
 * number of processes share one store.
 *
 * @module
 */
import type { Hono } from "hono";
import { detectorAgreement } from "../actors/agreement_view.ts";
import { expectedAlarms } from "../actors/alerts/expected.ts";
import { FloodWatch } from "../actors/alerts/flood_watch.ts";
import { driftsOf } from "../actors/drift_view.ts";
import type { Ingest } from "../actors/ingest.ts";
import { ModelServer } from "../actors/model_server.ts";
import { named } from "../actors/names.ts";
import type { Clock } from "../actors/ports.ts";
import { InlineHost } from "../actors/runtime/host.ts";
import { Supervisor } from "../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../actors/supervisor_options.ts";
import type { ReadingView } from "../actors/views.ts";
import { makeApp } from "../routes/app.ts";
import { assets } from "../routes/assets.ts";
import { HttpCounts } from "../routes/metrics_counts.ts";
import { logPartition } from "../sources/http.ts";
import { HttpIngest } from "../sources/http_ingest.ts";
import { AlertFeed } from "../store/alert_feed.ts";
import { StoreAnalytics } from "../store/analytics.ts";
import { KvConfigurations } from "../store/configurations.ts";
import { KvFederationStore } from "../store/federation.ts";
import { KEYS } from "../store/keys.ts";
import type { KvPort } from "../store/kv.ts";
import { KvLabelStore } from "../store/labels.ts";
import { ReadingLog } from "../store/log/log.ts";
import { KvNames } from "../store/names.ts";
import { KvQuarantine } from "../store/quarantine.ts";
import { StoreQueries } from "../store/queries.ts";
import { CachedModelRegistry } from "../store/registry_cache.ts";
import { Retention } from "../store/retention/retention.ts";
import { SnapshotCache } from "../store/checkpoint/snapshot_cache.ts";
import { Written } from "../store/retention/written.ts";
import { configView, corsOrigins, limitsOf, openAccess } from "./instance/access.ts";
import { systemClock } from "./process/clock.ts";
import { Configuring } from "./instance/configuring.ts";
import { absentHere, NO_LIVE_CORRELATION } from "./deploy/absent.ts";
import { Applying } from "./deploy/apply.ts";
import { SharedFeed, type Watched } from "./deploy/feed.ts";
import { DEPLOY } from "./deploy/settings.ts";
import { Stands } from "./deploy/stands.ts";
import { DeployWebhooks } from "./deploy/webhooks.ts";
import { openKv } from "./instance/database.ts";
import { HISTORY_CHUNKS } from "./instance/engine.ts";
import { checkStore, KV_DEADLINE_MS, partitionsOf } from "./instance/engine_store.ts";
import { readingsHub } from "./instance/readings_hub.ts";
import { CommandError } from "./process/errors.ts";
import { Log } from "./process/log.ts";
import { parquetBytes } from "./instance/parquet_bytes.ts";
import { RateMeter } from "./instance/rate_meter.ts";
import { judgingOf, readSettings } from "./settings/settings.ts";
import { ensurePartsModel } from "./train/model.ts";
import { VERSION } from "./process/version.ts";

/** Looks at what others have committed, ms: over a file, which tells nobody, and over a server, which does. */
const LOOK_MS = { file: 1_000, server: 15_000 } as const;
/** Idempotency keys are looked through once in so many minutes. */
const FORGET_EVERY = 10;
/** Webhooks are delivered for so long at most after a request, and in the minute's turn, ms. */
const DELIVER_MS = { request: 5_000, minute: 40_000 } as const;

/** An instance that answers requests. */
export interface Deployment {
  fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response>;
  /** What is to be done once a minute: ticks for what is silent, what requests left, retention. */
  minute(): Promise<void>;
}

/** What it runs over; passed in, so that a test can own it. */
export interface DeploymentWorld {
  readonly clock: Clock;
  /** Opens the store of these settings' `kv`; the app's own where there is none. */
  open(kv: string | undefined): Promise<KvPort & Watched>;
}

/** The machine's clock, and the store that the settings name. */
const machine: DeploymentWorld = {
  clock: systemClock,
  open: (kv) => kv === undefined ? Deno.openKv() : openKv(kv),
};

/**
 * Opens the store and learns what is in it; settings are variables.
 *
 * @throws {CommandError} if the store cannot be used
 */
export async function openDeployment(world: DeploymentWorld = machine): Promise<Deployment> {
  const settings = await readSettings(DEPLOY, []), judge = await openJudge(settings, world), { clock } = world;
  const { kv, stands, names, configurations, applying, readingLog, report, tell } = judge;
  const configuring = new Configuring({
    configurations,
    supervisor: { configure: () => applying.configure(), directory: judge.supervisor.directory },
    clock,
    report: tell,
  });
  const webhooks = webhooksOf(settings, judge), app = await appOf(settings, judge, { configuring, webhooks });
  const { written, supervisor } = judge, partitionOf = (sensor: string) => supervisor.directory.find(sensor)?.partition;
  const retention = new Retention(kv, { clock, partitionOf, written });
  const catchUp = async (some: boolean) => {
    await Promise.all([
      names.refresh(),
      configurations.refresh(),
      ...some ? [] : [stands.refresh(), applying.refresh()],
    ]);
  };
  let minutes = 0;
  return {
    async fetch(request, info) {
      const page = isOfThePage(request);
      if (!page) await catchUp(isIngest(request)).catch(report); // what is known is answered then
      const answer = await app.fetch(request, info);
      if (page || request.method === "GET") return answer;
      await applying.settle().catch(report);
      // Not waited for: what the process is not left the time for is for the minute.
      void webhooks.deliver(DELIVER_MS.request).catch(report);
      return answer;
    },
    async minute() {
      await Promise.all([readingLog.tick(), configurations.refresh()]);
      await applying.apply();
      await applying.refresh();
      if (await configuring.shareOut()) await applying.settle();
      await webhooks.minute(DELIVER_MS.minute);
      if (minutes++ % FORGET_EVERY === 0) await readingLog.forget();
      await retention.sweep();
    },
  };
}

/** What settings come to. */
type DeploySettings = Awaited<ReturnType<typeof readSettings<typeof DEPLOY.settings>>>;
/** What judges, and what it knows. */
type Judge = Awaited<ReturnType<typeof openJudge>>;

/** Opens the store, and what judges over it. @throws {CommandError} if the store cannot be used */
async function openJudge({ values }: DeploySettings, { clock, open }: DeploymentWorld) {
  const judging = judgingOf(values.judging), freshId = () => crypto.randomUUID();
  const log = new Log({ format: values.logFormat, level: values.logLevel });
  const report = (error: unknown) => log.error(error), tell = (sentence: string) => log.warn(sentence);
  const kv = await open(values.kv);
  await checkStore(kv, clock, values.kv ?? "of this app");
  await checkHeads(kv);
  const readingLog = await ReadingLog.open(kv, { clock, partitions: values.logPartitions, report });
  const partitions = Array.from({ length: readingLog.partitions }, (_, partition) => logPartition(partition));
  const stands = new Stands(kv, partitions), names = await KvNames.open(kv, { clock });
  const configurations = await KvConfigurations.open(kv, clock, judging);
  await stands.refresh();
  const registry = new CachedModelRegistry(kv, { clock, freshId }), federation = new KvFederationStore(kv, { clock });
  const alerts = new AlertFeed(kv), readings = readingsHub(cutsOf(stands)), rate = new RateMeter(clock);
  const written = new Written(), deadlineMs = KV_DEADLINE_MS, historyChunks = HISTORY_CHUNKS;
  const cache = new SnapshotCache(kv, { clock, freshId, deadlineMs, historyChunks, written });
  const how = { ...SUPERVISOR_DEFAULTS, judging, sensorsMost: values.sensors, residentMost: 0, rests: true };
  const supervisor: Supervisor = new Supervisor(how, {
    store: cache,
    clock,
    configurations,
    models: { registry, federation },
    shards: 1,
    host: (options) => new InlineHost(options),
    committed: (partition, verdicts, transitions) => {
      readings.publish(verdicts);
      alerts.publish(partition, transitions.map(({ transition }) => transition));
      rate.note(supervisor.runs.reduce((sum, run) => sum + run.readings, 0));
    },
    overtaken: async (partition) => {
      await alerts.load([partition]);
      const changed = cache.takeChanged();
      if (feed.isFollowed) readings.publish(await lastReadings(supervisor, changed));
      else {
        await stands.refresh();
        readings.skip(partition, stands.positionOf(partition) - 1);
      }
    },
    failed: (partition, error) => applying.failed(partition, error),
  });
  const isServer = values.kv === undefined || /^https?:/.test(values.kv),
    lookMs = isServer ? LOOK_MS.server : LOOK_MS.file;
  const refresh = () => applying.refresh();
  const feed: SharedFeed = new SharedFeed({ kv, alerts, readings, partitions, clock, lookMs, refresh, report });
  const applying: Applying = new Applying({ kv, log: readingLog, supervisor, cache, clock, chance: Math.random });
  await supervisor.load();
  cache.takeChanged(); // nobody follows yet
  await alerts.load(await partitionsOf([kv]));
  await ensurePartsModel(registry, values.seed);
  const queries = new StoreQueries(kv, supervisor, () => rate.perSecond);
  const stored = { kv, clock, readingLog, stands, names, configurations, registry, federation, written, alerts };
  return { ...stored, supervisor, feed, applying, queries, judging, report, tell };
}

function webhooksOf({ values }: DeploySettings, { kv, clock, alerts, queries, tell }: Judge): DeployWebhooks {
  return new DeployWebhooks({
    kv,
    alerts,
    queries,
    clock,
    id: crypto.randomUUID(),
    base: values.publicUrl ?? "http://localhost",
    allowed: values.allowHosts,
    report: tell,
  });
}

/** The routes over it. */
async function appOf(
  { values, origins }: DeploySettings,
  judge: Judge,
  { configuring, webhooks }: { readonly configuring: Configuring; readonly webhooks: DeployWebhooks },
): Promise<Hono> {
  const { kv, clock, readingLog, stands, names, registry, federation, written, alerts, supervisor } = judge;
  const { applying, queries, report } = judge;
  const access = await openAccess(kv, { host: "localhost", requireKeys: values.requireKeys }, { clock, report });
  return makeApp({
    queries: {
      ...named(queries, names),
      summary: async () => ({ ...await queries.summary(), partitions: stands.views }),
    },
    names,
    feed: judge.feed,
    ingest: applied(new HttpIngest({ log: readingLog, clock, names }), applying, report),
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
      zone: judge.judging.zone,
    }),
    quarantine: new KvQuarantine(kv, written),
    parquet: parquetBytes,
    desk: applying,
    alerts: () => configuring.now.judging.alerts,
    floods: { list: () => floodsOf(queries, alerts, stands) },
    deliveries: webhooks,
    clock,
    version: VERSION,
    signal: new AbortController().signal,
    token: values.token,
    access,
    limits: limitsOf({ ...values, host: "localhost" }, origins, { access, supervisor, clock }),
    origins: corsOrigins(values.cors),
    counts: new HttpCounts(),
    config: () => configView({ ...values, token: undefined }, origins, configuring.now.judging),
    configuring,
    expected: () => expectedAlarms(configuring.now.judging, supervisor.directory.types()),
    absent: absentHere,
    health: async () => {
      await kv.get(KEYS.format());
      return { ready: true, reasons: [], partitions: stands.views, lock: true, kv: true };
    },
    report,
  }, assets());
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

/** Whether an answer depends on nothing that is stored, or is a stream, which brings itself up to date. */
function isOfThePage({ method, url }: Request): boolean {
  return method === "GET" && /^\/($|static\/|vendor\/|livez|.*\/stream$)/.test(new URL(url).pathname);
}

/** Whether a request brings readings: what they change is brought up to date when they are applied. */
function isIngest({ method, url }: Request): boolean {
  return method === "POST" && new URL(url).pathname === "/readings";
}

/** The floods of the last day, made again from the alerts. */
async function floodsOf(queries: StoreQueries, alerts: AlertFeed, stands: Stands) {
  const watch = new FloodWatch({
    alerts: (filter, limit, cursor) => queries.alerts(filter, limit, cursor),
    feed: { alerts: (cursor, signal) => alerts.follow(cursor, signal) },
    sourceTime: (partition) => stands.find(partition)?.source_time,
  });
  await watch.read(new AbortController().signal);
  return watch.list();
}

/** The last readings of sensors that others have changed, in order of position. */
async function lastReadings(supervisor: Supervisor, sensors: Iterable<string>): Promise<ReadingView[]> {
  const views = await Promise.all([...sensors].map((sensor) => supervisor.answers.readings(sensor)));
  const position = ({ id }: ReadingView) => Number(id.split("/")[1]);
  return views.flat().sort((a, b) => position(a) - position(b));
}

/** By partition the position of its last committed reading. */
function cutsOf({ views }: Stands): Record<string, number> {
  return Object.fromEntries(views.map(({ partition, position }) => [partition, position - 1]));
}

/** Refuses a store whose snapshots have no heads: another kind of instance has written it. */
async function checkHeads(kv: KvPort): Promise<void> {
  const isThere = async (prefix: Deno.KvKey) => {
    for await (const _ of kv.list({ prefix }, { limit: 1 })) return true;
    return false;
  };
  if (await isThere(KEYS.sensors()) && !await isThere(KEYS.sensorHeads())) {
    throw new CommandError("the store belongs to `deno task start`: give this app one of its own");
  }
}
