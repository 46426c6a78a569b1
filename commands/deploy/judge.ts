/**
 * What judges in an instance without a process of its own, and what it knows: the store, and over it the supervisor, whose
 * partitions are run by requests.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import type { ReadingView } from "../../actors/views.ts";
import { logPartition } from "../../sources/http.ts";
import { AlertFeed } from "../../store/alert_feed.ts";
import { SnapshotCache } from "../../store/checkpoint/snapshot_cache.ts";
import { KvConfigurations } from "../../store/configurations.ts";
import { KvFederationStore } from "../../store/federation.ts";
import { KEYS } from "../../store/keys.ts";
import type { KvPort } from "../../store/kv.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { KvNames } from "../../store/names.ts";
import { type KvConnection, TimedKv } from "../../store/nodes/timed_kv.ts";
import { StoreQueries } from "../../store/queries.ts";
import { CachedModelRegistry } from "../../store/registry_cache.ts";
import { Written } from "../../store/retention/written.ts";
import { checkStore, HISTORY_CHUNKS, KV_DEADLINE_MS, partitionsOf } from "../instance/engine_store.ts";
import { RateMeter } from "../instance/rate_meter.ts";
import { readingsHub } from "../instance/readings_hub.ts";
import { CommandError } from "../process/errors.ts";
import { Log } from "../process/log.ts";
import { judgingOf, type readSettings, type SettingsWorld } from "../settings/settings.ts";
import { ensurePartsModel } from "../train/model.ts";
import { Applying } from "./apply.ts";
import { SharedFeed } from "./feed.ts";
import type { DEPLOY } from "./settings.ts";
import { Stands } from "./stands.ts";

/** Longest wait for an answer of the store, ms: of one that is there, however busy, it comes before. */
const DEADLINE_MS = { file: KV_DEADLINE_MS, server: 10_000 } as const;
/** Looks at what others have committed, ms: over a file, which tells nobody, and over a server, which does. */
const LOOK_MS = { file: 1_000, server: 15_000 } as const;

/** What it runs over; passed in, so that a test can own it. */
export interface DeploymentWorld {
  readonly clock: Clock;
  /** Where the settings are. */
  readonly settings: SettingsWorld;
  /** Opens the store of these settings' `kv`; the app's own where there is none. */
  open(kv: string | undefined): Promise<KvConnection>;
}

/** What settings come to. */
export type DeploySettings = Awaited<ReturnType<typeof readSettings<typeof DEPLOY.settings>>>;
/** What judges, and what it knows. */
export type Judge = Awaited<ReturnType<typeof openJudge>>;

/** Opens the store, and what judges over it. @throws {CommandError} if the store cannot be used */
export async function openJudge({ values }: DeploySettings, { clock, open }: DeploymentWorld) {
  const judging = judgingOf(values.judging), freshId = () => crypto.randomUUID();
  const log = new Log({ format: values.logFormat, level: values.logLevel });
  const report = (error: unknown) => log.error(error), tell = (sentence: string) => log.warn(sentence);
  const kv = await timed(values.kv, { clock, open });
  await checkStore(kv, clock, values.kv ?? "of this app");
  await checkHeads(kv);
  const makeRoom = () => applying.apply();
  const readingLog = await ReadingLog.open(kv, { clock, partitions: values.logPartitions, report, makeRoom });
  const partitions = Array.from({ length: readingLog.partitions }, (_, partition) => logPartition(partition));
  const stands = new Stands(kv, partitions), names = await KvNames.open(kv, { clock });
  const configurations = await KvConfigurations.open(kv, clock, judging);
  await stands.refresh();
  const registry = new CachedModelRegistry(kv, { clock, freshId }), federation = new KvFederationStore(kv, { clock });
  const alerts = new AlertFeed(kv), readings = readingsHub(stands.cuts), rate = new RateMeter(clock);
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
  const lookMs = isFile(values.kv) ? LOOK_MS.file : LOOK_MS.server, refresh = () => applying.refresh();
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

function isFile(place: string | undefined): boolean {
  return place !== undefined && !/^https?:/.test(place);
}

/** The store with a deadline on every call: over a new connection where one keeps silent. */
async function timed(place: string | undefined, { clock, open }: Pick<DeploymentWorld, "clock" | "open">) {
  const name = place !== undefined && URL.canParse(place) ? new URL(place).host : place ?? "of this app";
  const kv = await open(place);
  return isFile(place)
    ? new TimedKv(kv, name, clock, DEADLINE_MS.file)
    : new TimedKv(kv, name, clock, DEADLINE_MS.server, () => open(place));
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

/** The last readings of sensors that others have changed, in order of position. */
async function lastReadings(supervisor: Supervisor, sensors: Iterable<string>): Promise<ReadingView[]> {
  const views = await Promise.all([...sensors].map((sensor) => supervisor.answers.readings(sensor)));
  const position = ({ id }: ReadingView) => Number(id.split("/")[1]);
  return views.flat().sort((a, b) => position(a) - position(b));
}
