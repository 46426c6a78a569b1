/**
 * `deno task start`: watches sensors live, and serves the page and the API.
 *
 * @module
 */
import type { Hono } from "hono";
import { ModelServer } from "../actors/model_server.ts";
import { scenarioByName } from "../data/mod.ts";
import { named } from "../actors/names.ts";
import { coreCounters } from "../actors/core_counters.ts";
import { expectedAlarms } from "../actors/alerts/expected.ts";
import { driftsOf } from "../actors/drift_view.ts";
import { detectorAgreement } from "../actors/agreement_view.ts";
import { TraceBook } from "../actors/tracing.ts";
import { SHARED } from "../actors/training/epochs.ts";
import { modelName } from "../actors/training/maker.ts";
import { makeApp } from "../routes/app.ts";
import { assets } from "../routes/assets.ts";
import { HttpCounts } from "../routes/metrics_counts.ts";
import { serve } from "../routes/serve.ts";
import { HttpSource } from "../sources/http.ts";
import { HttpIngest } from "../sources/http_ingest.ts";
import type { KafkaSource } from "../sources/kafka/source.ts";
import type { MqttIntake } from "../sources/mqtt/intake.ts";
import { Simulator } from "../sources/simulator.ts";
import { join } from "../std/path.ts";
import { EvaluationSink } from "../store/evaluation_sink.ts";
import { KvLabelStore } from "../store/labels.ts";
import { whileHeld } from "../store/hold.ts";
import { ReadingLog } from "../store/log.ts";
import { KvNames } from "../store/names.ts";
import { exportSavepoint } from "../store/savepoint.ts";
import { sourceMemory } from "../store/source_memory.ts";
import { configView, corsOrigins, isLocal, limitsOf, localNames, openAccess } from "./access.ts";
import { openAlerting } from "./alerting.ts";
import { openAnalytics } from "./analytics.ts";
import { BacktestJobs } from "./backtest_jobs.ts";
import { systemClock } from "./clock.ts";
import { configSchema } from "./config_schema.ts";
import { Configuring } from "./configuring.ts";
import { holdOptions } from "./database.ts";
import { Engine } from "./engine.ts";
import { CommandError, EXIT } from "./errors.ts";
import { checkFeed, runFeed } from "./feed.ts";
import { fileSinks } from "./files_settings.ts";
import { announceInstance, localUrl, makeToken } from "./instance.ts";
import { kafkaSource } from "./kafka_source.ts";
import { type Log, withLog } from "./log.ts";
import { mqttInput, mqttIntake } from "./mqtt_source.ts";
import { Outlets } from "./outlets.ts";
import { parquetBytes } from "./parquet_bytes.ts";
import { roundOutlet } from "./round_outlet.ts";
import { judgingOf, readSettings } from "./settings.ts";
import { stopSignal } from "./signals.ts";
import { takeAlone } from "./sole.ts";
import { openSinks, shownSinks } from "./sink_settings.ts";
import { showCatchingUp } from "./start_catching_up.ts";
import { aborted, CLOSING_MS, DRAIN_MS, END_MS, LEAST_CLOSING_MS, unfinished, within } from "./start_ending.ts";
import { failures, healthOf } from "./start_health.ts";
import { START, type StartSettings } from "./start_settings.ts";
import { isTracing, openTelemetry } from "./telemetry.ts";
import { ensurePartsModel } from "./train_model.ts";
import { VERSION } from "./version.ts";
import { taskOn } from "./task_line.ts";

/** Whether a partition shares its models with others: those of Kafka, which any node may run. */
function isShared(partition: string): boolean {
  return partition.startsWith("kafka-");
}

/** A partition whose store did not answer is tried again after so long, ms. */
const STORE_AWAY_MS = 1_000;

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 after a graceful stop
 * @throws {CommandError} if it could not begin, or a partition could not be stored to its end
 */
export async function start(args: readonly string[]): Promise<number> {
  const settings = await readSettings(START, args);
  return await withLog(settings.values, (log) => watch(settings, log));
}

async function watch({ values, origins, judging: given }: StartSettings, log: Log): Promise<number> {
  const cors = corsOrigins(values.cors);
  const scenario = values.scenario === "none" ? undefined : scenarioByName(values.scenario);
  const judging = judgingOf(given, { types: scenario?.types ?? {} });
  const from = values.useKafka ? "kafka" : values.source;
  await checkFeed(values, from, scenario);
  const broker = from === "mqtt" ? await mqttInput(values) : undefined;
  const sinks = await openSinks(values.sink, judging, values);
  if (values.checkConfig) {
    log.say("The configuration is valid.");
    return EXIT.done;
  }
  const stop = stopSignal(), clock = systemClock, tell = (sentence: string) => log.warn(sentence);
  const telemetry = isTracing() ? await openTelemetry(values.traceEvery) : undefined;
  const tracing = telemetry && { tracer: telemetry, book: new TraceBook() };
  const node = values.instance ?? localUrl(values.host, values.port);
  const engine = await Engine.open({
    tracing,
    dataDir: values.dataDir,
    kv: values.kv,
    node,
    judging,
    configurable: true,
    shards: values.shards,
    clock,
    sinks: (partition, { evaluations: store }) => [
      new EvaluationSink({
        store,
        partition,
        data: partition,
        started: clock.now(),
        modelOf: (family, group) => modelName(isShared(partition) ? SHARED : partition, family, group),
      }),
      ...fileSinks(values, {
        partition,
        batches: (folder) => join(folder, partition),
        toRecord: scenario?.record && partition === scenario.name ? scenario.record : undefined,
        clock,
        log: (line) => log.info(line, { partition }),
      }),
      ...outlets.commitSinks(partition, stop.signal),
    ],
    federation: roundOutlet(sinks, () => outlets),
    ...(from === "kafka"
      ? {
        sharing: {
          includes: isShared,
          partitions: () => kafka?.partitionIds ?? [],
          waitMs: values.modelWait,
          report: (error) => log.error(error),
        },
      }
      : {}),
    supervisor: {
      storeAwayMs: STORE_AWAY_MS,
      sensorsMost: values.sensors,
      checkpointMs: values.checkpoint,
      snapshotMs: values.snapshot,
    },
    leased: (line) => log.info(line),
    failed: (partition, error) => log.error(`${partition} has stopped: ${error.message}`, { partition }),
    interrupted: (partition, error) =>
      log.warn(`${partition} waits, nothing more of it was written: ${error.message}`, { partition }),
  });
  const outlets: Outlets = new Outlets({
    kv: engine.kv,
    sinks,
    clock,
    partitions: () => engine.supervisor.runs.map(({ partition }) => partition.id),
    report: tell,
    tracing,
  });
  const ending = new AbortController(), delivering = new AbortController(), delivered = outlets.run(delivering.signal);
  let kafka: KafkaSource | undefined, mqtt: MqttIntake | undefined;
  stop.signal.addEventListener("abort", () => ending.abort(stop.signal.reason));
  const closing = new AbortController(), token = makeToken(), report = (error: unknown) => log.error(error);
  // What is read of the log belongs to one process; what a group shares out is Kafka's.
  const isMember = from === "kafka" && values.group !== undefined;
  try {
    const alone = isMember || values.kv === undefined
      ? undefined
      : await takeAlone(engine.fleet ?? engine.kv, { clock, node, where: values.kv, say: (line) => log.say(line) });
    const readings = await ReadingLog.open(engine.kv, { clock, report });
    const names = await KvNames.open(engine.kv, { clock });
    const ingest = new HttpIngest({ log: readings, clock, names });
    const models = await openModels(engine, values.seed, report);
    const { configurations, supervisor } = engine;
    if (!configurations) throw new CommandError("the engine keeps no versions of the configuration");
    const configuring = new Configuring({ configurations, supervisor, clock, report: tell });
    if (configurations.replaced) {
      tell(`what is configured has changed since the last start: it is version ${configurations.latest} from here on`);
    }
    const access = await openAccess(engine.kv, values, { clock, report });
    const alerting = openAlerting(engine, {
      clock,
      alerts: () => configuring.now.judging.alerts,
      base: values.publicUrl ?? localUrl(values.host, values.port),
      allowed: values.allowHosts,
      report: tell,
      tracing,
    });
    const statistics = openAnalytics(engine, { clock, zone: judging.zone, report });
    const { dataDir } = values, backtests = await BacktestJobs.open({ dataDir, judging, clock, report });
    closing.signal.addEventListener("abort", () => void backtests.close());
    const app = makeApp({
      queries: named(engine.queries, names),
      names,
      feed: engine.feed,
      ingest,
      models,
      federation: engine.models.federation,
      evaluations: engine.models.evaluations,
      labels: new KvLabelStore(engine.kv, { clock }),
      drift: () => driftsOf(engine.queries, engine.supervisor.runs.flatMap(({ drifts }) => drifts)),
      agreement: async (detector) => detectorAgreement(await engine.supervisor.answers.agreement(), detector),
      analytics: statistics.analytics,
      backtests,
      quarantine: engine.quarantine,
      parquet: parquetBytes,
      clock,
      version: VERSION,
      signal: closing.signal,
      token,
      access,
      limits: limitsOf(values, origins, { access, supervisor: engine.supervisor, clock }),
      origins: cors,
      follow: telemetry?.follow,
      counts: new HttpCounts(),
      counters: async () => ({
        ...await coreCounters(engine.supervisor),
        log_bytes: readings.backlogBytes,
        mqtt: mqtt?.all(),
        lease_held: engine.lease?.isHeld,
      }),
      config: () => configView({ ...values, sink: shownSinks(values.sink) }, origins, configuring.now.judging),
      configuring,
      expected: () => expectedAlarms(configuring.now.judging, supervisor.directory.types()),
      configSchema: () => configSchema("start", START.settings),
      hosts: isLocal(values.host) ? localNames(values.publicUrl) : undefined,
      health: () => healthOf(engine, [...kafka?.problems() ?? [], ...mqtt?.problems() ?? []]),
      ...alerting.deps,
      ...(sinks.length === 0 ? {} : { sinks: () => outlets.views() }),
      export: () =>
        Promise.resolve(exportSavepoint(engine.kv, {
          clock,
          signal: closing.signal,
          paused: (work) => engine.fleet ? whileHeld(engine.fleet, holdOptions(clock), work) : engine.kv.paused(work),
        })),
      stop: () => ending.abort(new Error("stopped by a command")),
      report,
    }, assets());
    const server = listen(app, values, report);
    const url = localUrl(server.addr.hostname, server.addr.port);
    const leave = await announceInstance(values.dataDir, {
      pid: Deno.pid,
      url,
      token,
      started: new Date(clock.now()).toISOString(),
    });
    log.say(`Sensorium ${VERSION} watches; the page is at ${url}/`);
    if (access.required && (await access.keys.list()).length === 0) {
      const make = taskOn(values.dataDir, ["keys", "create", "NAME", "--scopes", "admin"]);
      log.say(`There is no key to enter with yet: make one with ${make}`);
    }
    if (isMember) ingest.close("This node takes readings from its Kafka group alone: send them to the topic.");
    const running = [
      ...(isMember ? [] : [engine.run(new HttpSource(readings), ending.signal)]),
      engine.retention.run(ending.signal, report),
      alerting.run(ending.signal),
      configuring.run(ending.signal),
      statistics.run(ending.signal),
      names.run(ending.signal, report),
      ...(alone ? [alone(ending.signal)] : []),
    ];
    const fed = from !== "simulator" && values.feed !== undefined;
    if (fed) running.push(runFeed(values, { to: from, scenario, clock, report: tell }, ending.signal));
    if (from === "kafka") {
      kafka = await kafkaSource(values, values.scenario, {
        clock,
        report: tell,
        tickMs: judging.tickMs,
      });
      running.push(engine.run(kafka, ending.signal));
    } else if (broker) {
      mqtt = await mqttIntake(broker, sourceMemory(engine.kv, "mqtt"), { log: readings, clock, names, report: tell });
      running.push(mqtt.run(ending.signal));
    } else if (scenario) {
      const pace = { kind: "live", historyMs: values.history * 3_600_000 } as const;
      const simulator = new Simulator(scenario, { seed: values.seed, pace, clock });
      running.push(engine.run(simulator, ending.signal), showCatchingUp(simulator, engine, ending.signal));
    }
    ending.signal.addEventListener("abort", () => ingest.close());
    const stored = Promise.all(running);
    await Promise.race([stored, aborted(ending.signal)]);
    await aborted(ending.signal);
    log.debug(`ending: ${ending.signal.reason?.message ?? "asked to"}`);
    const begun = clock.now(), left = () => END_MS - (clock.now() - begun);
    if (!await within(stored, left() - LEAST_CLOSING_MS)) throw unfinished();
    if (!await within(outlets.drained(delivering.signal), Math.min(left() - LEAST_CLOSING_MS, DRAIN_MS))) {
      for (const line of outlets.left()) log.say(line);
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
  log.say("Sensorium has ended; everything is stored.");
  return EXIT.done;
}

/** The registry's models; at the very first start the parts' model is trained, in about half a second. */
async function openModels(engine: Engine, seed: number, report: (error: unknown) => void): Promise<ModelServer> {
  const { registry } = engine.models;
  await ensurePartsModel(registry, seed);
  return new ModelServer({ registry, clock: systemClock, report });
}

function listen(
  app: Hono,
  { host, port }: { readonly host: string; readonly port: number },
  report: (error: unknown) => void,
) {
  try {
    return serve(app, { hostname: host, port, report });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandError(`port ${port} of ${host} is taken: choose another one with --port`, { cause: error });
    }
    throw error;
  }
}
