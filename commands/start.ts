/**
 * `deno task start`: watches sensors live, and serves the page and the API.
 *
 * @module
 */
import type { Hono } from "hono";
import type { CoreCounters } from "../actors/counters.ts";
import { ModelServer } from "../actors/model_server.ts";
import { SCENARIO_NAMES, scenarioByName } from "../data/mod.ts";
import { driftsOf } from "../actors/drift_view.ts";
import { detectorAgreement } from "../actors/agreement_view.ts";
import { modelName } from "../actors/training/training.ts";
import { makeApp } from "../routes/app.ts";
import { assets } from "../routes/assets.ts";
import { HttpCounts } from "../routes/metrics_counts.ts";
import { serve } from "../routes/serve.ts";
import { FilesSink, MOST_RECORDS } from "../sinks/files.ts";
import { HttpSource } from "../sources/http.ts";
import { HttpIngest } from "../sources/http_ingest.ts";
import type { KafkaSource } from "../sources/kafka/source.ts";
import { Simulator } from "../sources/simulator.ts";
import { join } from "../std/path.ts";
import { EvaluationSink } from "../store/evaluation_sink.ts";
import { KvLabelStore } from "../store/labels.ts";
import { ReadingLog } from "../store/log.ts";
import { exportSavepoint } from "../store/savepoint.ts";
import { sourceMemory } from "../store/source_memory.ts";
import { ACCESS_SETTINGS, configView, corsOrigins, isLocal, limitsOf, openAccess } from "./access.ts";
import { ALERTING_SETTINGS, openAlerting } from "./alerting.ts";
import { systemClock } from "./clock.ts";
import { configSchema } from "./config_schema.ts";
import { Engine } from "./engine.ts";
import { CommandError, EXIT } from "./errors.ts";
import { checkFeed, FEED, runFeed } from "./feed.ts";
import { announceInstance, localUrl, makeToken } from "./instance.ts";
import { KAFKA_SOURCE, kafkaSource, runKafka } from "./kafka_source.ts";
import { Outlets } from "./outlets.ts";
import { type ProgressBar, progressBar } from "./progress.ts";
import { roundOutlet } from "./round_outlet.ts";
import { choice, text, toggle, wholeNumber } from "./setting.ts";
import { type Command, COMMON, judgingOf, readSettings } from "./settings.ts";
import { stopSignal } from "./signals.ts";
import { openSinks, shownSinks, SINKS } from "./sink_settings.ts";
import { ensurePartsModel } from "./train_model.ts";
import { VERSION } from "./version.ts";

const settings = {
  host: COMMON.host,
  port: COMMON.port,
  dataDir: COMMON.dataDir,
  shards: COMMON.shards,
  seed: COMMON.seed,
  kv: COMMON.kv,
  checkpoint: COMMON.checkpoint,
  snapshot: COMMON.snapshot,
  scenario: choice({
    words: [...SCENARIO_NAMES, "none"],
    fallback: "facility",
    help: "what is simulated; none: readings come over HTTP alone",
  }),
  source: choice({
    words: ["simulator", "kafka"],
    fallback: "simulator",
    help:
      "where readings come from beside HTTP: the scenario, simulated, or Kafka (the scenario then says what types of sensors there are)",
  }),
  useKafka: toggle({ fallback: false, help: "the same as --source kafka" }),
  ...KAFKA_SOURCE,
  ...FEED,
  sink: SINKS,
  history: wholeNumber({
    min: 0,
    max: 744,
    fallback: 24,
    help: "hours before now that a new data directory begins with",
    placeholder: "HOURS",
  }),
  files: text({
    fallback: undefined,
    help: "folder for every source's stream_batch_<index>.json and stream_manifest.json",
    placeholder: "PATH",
  }),
  records: wholeNumber({ min: 1, max: MOST_RECORDS, fallback: 1000, help: "records of one batch file" }),
  ...ALERTING_SETTINGS,
  ...ACCESS_SETTINGS,
};

const command: Command<typeof settings> = {
  name: "start",
  summary: "Watches sensors live, and serves the page and the API.",
  settings,
  examples: [
    { line: "deno task start", does: "watch the simulated facility" },
    { line: "deno task start --port 9000 --shards 2", does: "another port, two workers" },
    { line: "deno task start --scenario none", does: "take readings over HTTP alone" },
    {
      line: "deno task start --source kafka --kafka kafka://127.0.0.1:9092/iot_sensors",
      does: "read a topic of Kafka",
    },
    { line: "deno task start --scenario facility --source kafka --sink postgres", does: "from Kafka to PostgreSQL" },
  ],
};

/** Longest time that a graceful end may take, ms. */
export const END_MS = 10_000;
/** As much of it as is left for connections when storing takes all that it may, ms. */
const LEAST_CLOSING_MS = 1_000;
/** Longest time that a request under way may still take, ms. */
const CLOSING_MS = 5_000;
/** Longest time that sinks are given for the last outputs at the end, ms; what they miss then they get at the next start. */
const DRAIN_MS = 3_000;
/** Time between two looks at how far catching up is, ms. */
const LOOK_MS = 200;
/** Less than this behind the present is live, ms. */
const LIVE_MS = 10_000;

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 after a graceful stop
 * @throws {CommandError} if it could not begin, or a partition could not be stored to its end
 */
export async function start(args: readonly string[]): Promise<number> {
  const { values, origins, judging: given } = await readSettings(command, args), cors = corsOrigins(values.cors);
  const scenario = values.scenario === "none" ? undefined : scenarioByName(values.scenario);
  const judging = judgingOf(given, { types: scenario?.types ?? {} });
  const from = values.useKafka ? "kafka" : values.source;
  await checkFeed(values, from, scenario);
  const sinks = await openSinks(values.sink, judging, values);
  if (values.checkConfig) {
    console.log("The configuration is valid.");
    return EXIT.done;
  }
  const stop = stopSignal(), clock = systemClock;
  const engine = await Engine.open({
    dataDir: values.dataDir,
    kv: values.kv,
    judging,
    shards: values.shards,
    clock,
    sinks: (partition, { evaluations: store }) => [
      new EvaluationSink({
        store,
        partition,
        data: partition,
        started: clock.now(),
        modelOf: (family, group) => modelName(partition, family, group),
      }),
      ...(values.files === undefined ? [] : [
        new FilesSink({
          folder: join(values.files, partition),
          partition,
          records: values.records,
          toRecord: scenario?.record && partition === scenario.name ? scenario.record : undefined,
          clock,
          log: (line) => console.error(line),
        }),
      ]),
      ...outlets.commitSinks(partition, stop.signal),
    ],
    federation: roundOutlet(sinks, () => outlets),
    failed: (partition, error) => console.error(`sensorium: ${partition} has stopped: ${error.message}`),
  });
  const outlets: Outlets = new Outlets({
    kv: engine.kv,
    sinks,
    clock,
    partitions: () => engine.supervisor.partitions().map(({ partition }) => partition),
    report: (line) => console.error(`sensorium: ${line}`),
  });
  const ending = new AbortController(), delivering = new AbortController(), delivered = outlets.run(delivering.signal);
  let kafka: KafkaSource | undefined;
  stop.signal.addEventListener("abort", () => ending.abort(stop.signal.reason));
  const closing = new AbortController(), token = makeToken(), report = sayFailure;
  try {
    const log = await ReadingLog.open(engine.kv, { clock, report }), ingest = new HttpIngest({ log, clock });
    const models = await openModels(engine, values.seed);
    const access = await openAccess(engine.kv, values, { clock, report });
    const alerting = openAlerting(engine, {
      clock,
      alerts: judging.alerts,
      base: localUrl(values.host, values.port),
      allowed: values.allowHosts,
      report: (line) => console.error(`sensorium: ${line}`),
    });
    const app = makeApp({
      queries: engine.queries,
      feed: engine.feed,
      ingest,
      models,
      federation: engine.models.federation,
      evaluations: engine.models.evaluations,
      labels: new KvLabelStore(engine.kv, { clock }),
      drift: () => driftsOf(engine.queries, engine.supervisor.runs.flatMap(({ drifts }) => drifts)),
      agreement: async (detector) => detectorAgreement(await engine.supervisor.agreement(), detector),
      clock,
      version: VERSION,
      signal: closing.signal,
      token,
      access,
      limits: limitsOf(values, origins, { access, supervisor: engine.supervisor, clock }),
      origins: cors,
      counts: new HttpCounts(),
      counters: () => countersOf(engine),
      config: () => configView({ ...values, sink: shownSinks(values.sink) }, origins, judging),
      configSchema: () => configSchema("start", settings),
      hosts: isLocal(values.host) ? ["localhost", "127.0.0.1", "[::1]", "::1"] : undefined,
      health: () => healthOf(engine, kafka?.problems()),
      ...alerting.deps,
      ...(sinks.length === 0 ? {} : { sinks: () => outlets.views() }),
      export: () =>
        Promise.resolve(exportSavepoint(engine.kv, {
          clock,
          signal: closing.signal,
          paused: (work) => engine.kv.paused(work),
        })),
      stop: () => ending.abort(new Error("stopped by a command")),
      report,
    }, assets());
    const server = listen(app, values);
    const url = localUrl(server.addr.hostname, server.addr.port);
    const leave = await announceInstance(values.dataDir, {
      pid: Deno.pid,
      url,
      token,
      started: new Date(clock.now()).toISOString(),
    });
    console.log(`Sensorium ${VERSION} watches; the page is at ${url}/`);
    if (access.required && (await access.keys.list()).length === 0) {
      console.log("There is no key to enter with yet: make one with deno task keys create NAME --scopes admin");
    }
    const running = [
      engine.run(new HttpSource(log), ending.signal),
      engine.retention.run(ending.signal, sayFailure),
      alerting.run(ending.signal),
    ];
    if (from === "kafka") {
      kafka = await kafkaSource(values, values.scenario, {
        clock,
        report: (sentence) => console.error(`sensorium: ${sentence}`),
        tickMemory: (partition) => sourceMemory(engine.kv, partition),
        tickMs: judging.tickMs,
      });
      running.push(runKafka(engine, kafka, ending.signal));
      const tell = (sentence: string) => console.error(`sensorium: ${sentence}`);
      if (values.feed !== undefined) running.push(runFeed(values, { scenario, clock, report: tell }, ending.signal));
    } else if (scenario) {
      const pace = { kind: "live", historyMs: values.history * 3_600_000 } as const;
      const simulator = new Simulator(scenario, { seed: values.seed, pace, clock });
      running.push(engine.run(simulator, ending.signal), showCatchingUp(simulator, engine, ending.signal));
    }
    ending.signal.addEventListener("abort", () => ingest.close());
    const stored = Promise.all(running);
    await Promise.race([stored, aborted(ending.signal)]);
    await aborted(ending.signal);
    const begun = clock.now(), left = () => END_MS - (clock.now() - begun);
    if (!await within(stored, left() - LEAST_CLOSING_MS)) throw unfinished();
    if (!await within(outlets.drained(delivering.signal), Math.min(left() - LEAST_CLOSING_MS, DRAIN_MS))) {
      for (const line of outlets.left()) console.log(line);
    }
    closing.abort(ending.signal.reason);
    await within(server.shutdown(), Math.min(left(), CLOSING_MS));
    await leave();
    const failed = failures(engine);
    if (failed.length > 0) {
      throw new CommandError(`ended, but ${failed.join("; ")}: the next start reads on from the last checkpoint`);
    }
  } finally {
    delivering.abort();
    await delivered;
    await engine.close();
    stop.release();
  }
  console.log("Sensorium has ended; everything is stored.");
  return EXIT.done;
}

/** The registry's models; at the very first start the parts' model is trained, in about half a second. */
async function openModels(engine: Engine, seed: number): Promise<ModelServer> {
  const { registry } = engine.models;
  await ensurePartsModel(registry, seed);
  return new ModelServer({ registry, clock: systemClock, report: sayFailure });
}

/** What the supervisor counts of itself so far. */
async function countersOf({ supervisor }: Engine): Promise<CoreCounters> {
  const { sensors, stateBytes, historyBytes } = await supervisor.memory(), now = systemClock.now();
  return {
    resident: sensors,
    state_bytes: stateBytes + historyBytes,
    partitions: supervisor.partitions().map(({ partition, state, source_time }) => ({
      partition,
      ...(state === "running" && source_time !== undefined
        ? { lag_seconds: Math.max(0, now - source_time) / 1000 }
        : {}),
    })),
  };
}

function sayFailure(error: unknown): void {
  console.error(`sensorium: ${error instanceof Error ? error.message : error}`);
}

function listen(app: Hono, { host, port }: { readonly host: string; readonly port: number }) {
  try {
    return serve(app, { hostname: host, port, report: sayFailure });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandError(`port ${port} of ${host} is taken: choose another one with --port`, { cause: error });
    }
    throw error;
  }
}

/** Partitions that have failed, each with its reason. */
function failures(engine: Engine): string[] {
  return engine.supervisor.partitions().filter(({ state }) => state === "failed")
    .map(({ partition, error }) => `partition ${partition} has failed: ${error}`);
}

async function healthOf(engine: Engine, problems: readonly string[] = []) {
  const partitions = engine.supervisor.partitions(), reasons = [...failures(engine), ...problems];
  let kv = true;
  try {
    await engine.kv.get(["meta", "format"]);
  } catch {
    kv = false;
    reasons.push("the key-value store does not answer");
  }
  return { ready: reasons.length === 0, reasons, partitions, lock: true, kv };
}

/** Shows how far the past is run through, until it is the present. */
async function showCatchingUp(simulator: Simulator, engine: Engine, signal: AbortSignal): Promise<void> {
  let bar: ProgressBar | undefined;
  const begun = performance.now();
  while (!signal.aborted) {
    await systemClock.sleep(LOOK_MS, signal).catch(() => {});
    const { behindMs, totalMs } = simulator.behind();
    if (totalMs > 0 && behindMs < LIVE_MS) break;
    if (totalMs <= LIVE_MS) continue;
    bar ??= progressBar("the last hours");
    const readings = engine.supervisor.runs.reduce((sum, run) => sum + run.readings, 0);
    const rate = Math.round(readings * 1000 / (performance.now() - begun));
    bar.update(1 - behindMs / totalMs, `${readings.toLocaleString("en")} readings, ${rate.toLocaleString("en")}/s`);
  }
  bar?.update(1, "live");
  bar?.stop();
}

function unfinished(): CommandError {
  return new CommandError(
    `a last checkpoint could not be made in ${(END_MS - LEAST_CLOSING_MS) / 1000} s: nothing is lost, the next start ` +
      "reads on from the one before",
  );
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** Whether the work was done in time. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const giveUp = new AbortController();
  const done = await Promise.race([
    work.then(() => true),
    systemClock.sleep(ms, giveUp.signal).then(() => false, () => false),
  ]);
  giveUp.abort();
  return done;
}
