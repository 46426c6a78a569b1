/**
 * An app with every resource that there is, over ports whose answers have every field.
 *
 * @module
 */
import { expectedAlarms } from "../../actors/alerts/expected.ts";
import { judgingSchema } from "../../actors/config.ts";
import { Directory } from "../../actors/directory.ts";
import type { Quarantine } from "../../actors/quarantine.ts";
import { Configuring } from "../../commands/instance/configuring.ts";
import type { AppDeps } from "../../routes/deps.ts";
import { parquetBytes } from "../../commands/instance/parquet_bytes.ts";
import { HttpCounts } from "../../routes/metrics_counts.ts";
import { HttpIngest } from "../../sources/http_ingest.ts";
import { KvKeys } from "../../store/api_keys.ts";
import { KvAudit } from "../../store/audit.ts";
import { KvNames } from "../../store/names.ts";
import type { KvPort } from "../../store/kv.ts";
import { KvConfigurations } from "../../store/configurations.ts";
import { ReadingLog } from "../../store/log/log.ts";
import { MemoryKv } from "../memory_kv.ts";
import { alertingDeps } from "./alerting_fakes.ts";
import { FakeBacktests } from "./backtest_fakes.ts";
import { type FakeClock, FakeQueries, NOON, sensorView, transition } from "./fakes.ts";
import { FakeAnalytics } from "./analytics_fakes.ts";
import { learningDeps } from "./learning_fakes.ts";
import { modelDeps } from "./models_fakes.ts";

/** The token of the tests. */
export const TOKEN = "a-token-of-the-tests";

/** A sink that is away, with every field. */
const AWAY = {
  sink: "postgres",
  state: "failing",
  error: "no PostgreSQL answers at db:5432",
  failing_since: NOON,
  backlog_items: 7,
  backlog_age_ms: 1_500,
  delivered: 100,
  set_aside: 1,
  missed: 2,
  retries: 3,
  last_delivery: NOON - 1_000,
} as const;
/** What is concluded from a reading. */
const CONCLUSION = {
  score: 0.9,
  scores: { surprise: 0.9, zscore: 0.5, forest: 0.4, network: 0.3, logistic: 0.2 },
  versions: { forest: 1, network: 2, logistic: 3 },
  rate: 0.01,
  contributions: [{ channel: "t", share: 1, feature: "value", because: "t is high" }],
  explanation: "t is higher than expected.",
};

/** Queries whose answers have every field that a view can have. */
export class WholeQueries extends FakeQueries {
  override sensorViews = [
    sensorView("a", {
      name: "Boiler north",
      channels: [{
        channel: "t",
        unit: "°C",
        value: 21,
        rate: 0.5,
        mean: 20,
        std: 1,
        range: 3,
        count: 10,
        z: 1,
        low: 10,
        high: 30,
        expected: [18, 22],
        surprise: 0.3,
        stuck_since: NOON,
      }],
      ...CONCLUSION,
      warm_up: { done: 0.5, remaining_ms: 1_000 },
      budget: 0.001,
      closest: { part: 0.93, time: NOON },
      maintenance: { from: NOON, to: NOON + 1_000 },
      active_alerts: ["http-0:7:a:limit:temperature"],
    }),
    sensorView("a/b ü%2F", { state: "warming_up", warmup_left: 3, type: undefined, location: undefined }),
  ];
  override alertViews = ["limit", "zscore", "silent"].map((condition, at) => {
    const { alert: id, time: raised_at, transition: _, partition: _p, position: _n, ...rest } = transition("a", at);
    return {
      ...rest,
      id,
      raised_at,
      condition: condition as "limit",
      ...(at === 0 ? { state: "active" as const } : { state: "cleared" as const, cleared_at: NOON + 99 }),
      sensor_name: "Boiler north",
      channel: "t",
      value: 31,
      expected: [null, 30] as const,
      strength: 0.5,
      contributions: CONCLUSION.contributions,
      acknowledged_at: NOON,
      acknowledged_by: "ann",
      shelved_until: NOON + 1_000,
      one_shot: true,
      notify: false,
      chattering: true,
      realarms: 1,
      comment: "on my way",
      comment_by: "bob",
      label: "true_alarm" as const,
      labelled_by: "ann",
      suppressed: true,
      out_of_service: false,
    };
  });

  override windows() {
    const channels = { t: { count: 3, mean: 1, min: 0, max: 2, std: 1, anomalies: 0 } };
    const window = { id: `a/60000/${NOON}`, sensor: "a", type: "room", start: NOON, end: NOON + 60_000, channels };
    return Promise.resolve({ items: [{ ...window, length_ms: 60_000, hop_ms: 60_000, revision: 1 }], next: "1" });
  }

  override readings() {
    const reading = { id: "http-0/1/a", sensor: "a", time: NOON, values: { t: 1, h: null }, label: 1 as const };
    const flags = [{ detector: "limit" as const, channel: "t" }];
    const more = { ...CONCLUSION, alarm: 0.7, expected: { t: [18, 22] as const } };
    return Promise.resolve({ items: [{ ...reading, ...more, is_anomaly: true, flags }] });
  }

  override quarantine() {
    const errors = [{ field: "values.t", message: "must be a number" }];
    const item = { id: "http-0/3", partition: "http-0", position: 3, reason: "invalid" as const, row: 4, sensor: "a" };
    return Promise.resolve<{ items: never[] }>({ items: [{ ...item, errors, sample: "{}" } as never] });
  }
}

/** A quarantine in which every record is. */
const QUARANTINE: Quarantine = {
  find: async (id) => id.startsWith("http-0") ? (await new WholeQueries().quarantine()).items[0] : undefined,
  settle: () => Promise.resolve("settled"),
  counts: () => Promise.resolve([{ partition: "http-0", kept: { late: 1 }, gone: {}, retried: 0, discarded: 2 }]),
};

/** Keys and an audit log of their own. */
export async function accessOf(clock: FakeClock, kv: KvPort = new MemoryKv()) {
  return { keys: await KvKeys.open(kv, { clock }), audit: await KvAudit.open(kv, { clock }), required: false };
}

/** Versions of a configuration, the first one made by a file. */
async function configuringOf(clock: FakeClock) {
  const configurations = await KvConfigurations.open(new MemoryKv(), clock, judgingSchema.parse({}));
  const supervisor = { configure: () => {}, directory: new Directory(1) };
  return new Configuring({ configurations, supervisor, clock, report: () => {} });
}

/** Everything that an app can be given, and how to end it. */
export async function wholeDeps(more: Partial<Omit<AppDeps, "clock" | "queries" | "access">> = {}) {
  const deps = await modelDeps(), { clock } = deps;
  const log = await ReadingLog.open(new MemoryKv(), { clock });
  const names = await KvNames.open(new MemoryKv(), { clock }), ingest = new HttpIngest({ log, clock, names });
  const access = await accessOf(clock);
  return {
    ...deps,
    token: TOKEN,
    ...await learningDeps(deps.models, clock),
    ...alertingDeps(),
    analytics: new FakeAnalytics(),
    backtests: new FakeBacktests(),
    quarantine: QUARANTINE,
    parquet: parquetBytes,
    ingest,
    access,
    counts: new HttpCounts(),
    sinks: () => [AWAY],
    configuring: await configuringOf(clock),
    expected: () => expectedAlarms(judgingSchema.parse({}), new Map([["", 10_000]])),
    configSchema: () => ({ type: "object" }),
    config: () => ({
      settings: {
        port: { value: 8000, origin: "default" },
        brokerPassword: { value: "hunter2", origin: "variable" },
        token: { value: null, origin: "default" },
      },
      judging: { latenessMs: 30_000 },
    }),
    queries: new WholeQueries(),
    names,
    stop: () => {},
    export: () => Promise.resolve(new Blob(["everything"]).stream()),
    ...more,
  };
}

/** Which share of a heavy test's usual counts is wanted. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1)));
}
