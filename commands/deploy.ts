/**
 * Sensorium without a process of its own: what `deno serve main.ts` and Deno Deploy call for every request and once a
 * minute. Readings are logged, applied and committed within their request; nothing runs between two requests, and any
 * number of processes share one store.
 *
 * @module
 */
import { detectorAgreement } from "../actors/agreement_view.ts";
import { driftsOf } from "../actors/drift_view.ts";
import type { Ingest } from "../actors/ingest.ts";
import { ModelServer } from "../actors/model_server.ts";
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
import type { OutputsValue } from "../store/outputs.ts";
import { KvFederationStore } from "../store/federation.ts";
import { KEYS } from "../store/keys.ts";
import type { KvPort } from "../store/kv.ts";
import { KvLabelStore } from "../store/labels.ts";
import { ReadingLog } from "../store/log.ts";
import { StoreQueries } from "../store/queries.ts";
import { CachedModelRegistry } from "../store/registry_cache.ts";
import { Retention } from "../store/retention.ts";
import { SnapshotCache } from "../store/snapshot_cache.ts";
import { Written } from "../store/written.ts";
import { configView, corsOrigins, limitsOf, openAccess } from "./access.ts";
import { systemClock } from "./clock.ts";
import { Applying } from "./deploy_apply.ts";
import { SharedFeed } from "./deploy_feed.ts";
import { DEPLOY } from "./deploy_settings.ts";
import { openKv } from "./database.ts";
import { checkStore, HISTORY_CHUNKS, KV_DEADLINE_MS, partitionsOf, readingsHub } from "./engine.ts";
import { CommandError } from "./errors.ts";
import { RateMeter } from "./rate_meter.ts";
import { judgingOf, readSettings } from "./settings.ts";
import { ensurePartsModel } from "./train_model.ts";
import { VERSION } from "./version.ts";

/** Looks at what others have committed, ms: over a file, which tells nobody, and over a server, which does. */
const LOOK_MS = { file: 1_000, server: 15_000 } as const;
/** Idempotency keys are looked through once in so many minutes. */
const FORGET_EVERY = 10;

/** An instance that answers requests. */
export interface Deployment {
  fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response>;
  /** What is to be done once a minute: ticks for what is silent, what requests left, retention. */
  minute(): Promise<void>;
}

/**
 * Opens the store and learns what is in it; settings are variables.
 *
 * @throws {CommandError} if the store cannot be used
 */
export async function openDeployment(): Promise<Deployment> {
  const { values, origins } = await readSettings(DEPLOY, []), judging = judgingOf(values.judging), clock = systemClock;
  const kv = values.kv === undefined ? await Deno.openKv() : await openKv(values.kv),
    freshId = () => crypto.randomUUID();
  await checkStore(kv, clock, values.kv ?? "of this app");
  await checkHeads(kv);
  const log = await ReadingLog.open(kv, { clock, partitions: values.logPartitions, report });
  const partitions = Array.from({ length: log.partitions }, (_, partition) => logPartition(partition));
  const registry = new CachedModelRegistry(kv, { clock, freshId }), federation = new KvFederationStore(kv, { clock });
  const alerts = new AlertFeed(kv), readings = readingsHub(await cutsOf(kv, partitions)), rate = new RateMeter(clock);
  const written = new Written();
  const cache = new SnapshotCache(kv, {
    clock,
    freshId,
    deadlineMs: KV_DEADLINE_MS,
    historyChunks: HISTORY_CHUNKS,
    written,
  });
  const supervisor: Supervisor = new Supervisor({
    ...SUPERVISOR_DEFAULTS,
    judging,
    sensorsMost: values.sensors,
    residentMost: 0,
    rests: true,
  }, {
    store: cache,
    clock,
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
      else readings.skip(partition, (await cutsOf(kv, [partition]))[partition] ?? -1);
    },
    failed: (partition, error) => applying.failed(partition, error),
  });
  const isServer = values.kv === undefined || /^https?:/.test(values.kv);
  const feed: SharedFeed = new SharedFeed({
    kv,
    alerts,
    readings,
    partitions,
    clock,
    lookMs: isServer ? LOOK_MS.server : LOOK_MS.file,
    refresh: () => applying.refresh(),
    report,
  });
  const applying: Applying = new Applying({ kv, log, supervisor, cache, clock, chance: Math.random });
  await supervisor.load();
  cache.takeChanged(); // nobody follows yet
  await alerts.load(await partitionsOf([kv]));
  await ensurePartsModel(registry, values.seed);

  const access = await openAccess(kv, { host: "localhost", requireKeys: values.requireKeys }, { clock, report });
  const queries = new StoreQueries(kv, supervisor, () => rate.perSecond);
  const retention = new Retention(kv, {
    clock,
    partitionOf: (sensor) => supervisor.directory.find(sensor)?.partition,
    written,
  });
  const app = makeApp({
    queries,
    feed,
    ingest: applied(new HttpIngest({ log, clock }), applying),
    models: new ModelServer({ registry, clock, report }),
    federation,
    labels: new KvLabelStore(kv, { clock }),
    drift: () => driftsOf(queries, supervisor.runs.flatMap(({ drifts }) => drifts)),
    agreement: async (detector) => detectorAgreement(await supervisor.answers.agreement(), detector),
    desk: applying,
    alerts: () => judging.alerts,
    clock,
    version: VERSION,
    signal: new AbortController().signal,
    token: values.token,
    access,
    limits: limitsOf({ ...values, host: "localhost" }, origins, { access, supervisor, clock }),
    origins: corsOrigins(values.cors),
    counts: new HttpCounts(),
    config: () => configView({ ...values, token: undefined }, origins, judging),
    health: async () => {
      await kv.get(KEYS.format());
      return { ready: true, reasons: [], partitions: supervisor.partitions(), lock: true, kv: true };
    },
    report,
  }, assets());
  let minutes = 0;
  return {
    async fetch(request, info) {
      if (asksForState(request)) await applying.refresh().catch(report); // what is known is answered then
      return await app.fetch(request, info);
    },
    async minute() {
      await log.tick();
      await applying.apply();
      if (minutes++ % FORGET_EVERY === 0) await log.forget();
      await retention.sweep();
    },
  };
}

/** An ingest that answers when what it took is applied; what could not be applied now is in the log, and taken all the same. */
function applied(ingest: Ingest, applying: Applying): Ingest {
  return {
    async take(body, request) {
      const outcome = await ingest.take(body, request);
      if (outcome.accepted > 0 || outcome.end === "taken") await applying.apply().catch(report);
      return outcome;
    },
  };
}

/** Whether an answer depends on what sensors are; streams bring themselves up to date. */
function asksForState({ method, url }: Request): boolean {
  return method === "GET" && !/^\/($|static\/|vendor\/|livez|.*\/stream$)/.test(new URL(url).pathname);
}

/** The last readings of sensors that others have changed, in order of position. */
async function lastReadings(supervisor: Supervisor, sensors: Iterable<string>): Promise<ReadingView[]> {
  const views = await Promise.all([...sensors].map((sensor) => supervisor.answers.readings(sensor)));
  const position = ({ id }: ReadingView) => Number(id.split("/")[1]);
  return views.flat().sort((a, b) => position(a) - position(b));
}

/** Positions before which readings are committed already. */
async function cutsOf(kv: KvPort, partitions: readonly string[]): Promise<Record<string, number>> {
  const cuts: Record<string, number> = {};
  for (const partition of partitions) {
    const { value } = await kv.get<OutputsValue>(KEYS.outputs(partition));
    if (value) cuts[partition] = value.cut - 1;
  }
  return cuts;
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

function report(error: unknown): void {
  console.error(`sensorium: ${error instanceof Error ? error.message : error}`);
}
