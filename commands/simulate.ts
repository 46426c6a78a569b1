/**
 * `deno task simulate SCENARIO`: a scenario's readings on the screen, in a file, or sent to a running Sensorium.
 *
 * @module
 */
import { z } from "zod";
import type { Clock, ReadingsChunk, Source } from "../actors/ports.ts";
import { isRefusal, parseTime, type Reading } from "../actors/reading.ts";
import { SCENARIO_NAMES, scenarioByName } from "../data/mod.ts";
import { OUTPUT_FORMATS, type OutputFormat, readingWriter } from "../data/output.ts";
import type { Scenario } from "../data/scenario.ts";
import { INJECTION_RULE } from "../models/injection.ts";
import { Injection } from "../sources/injection.ts";
import { isMqttUrl } from "../sources/mqtt/address.ts";
import { isKafkaUrl, type KafkaUrl } from "../sources/kafka/address.ts";
import { Simulator } from "../sources/simulator.ts";
import { systemClock } from "./process/clock.ts";
import { EXIT, nearMiss, UsageError } from "./process/errors.ts";
import { KAFKA_ACCESS, kafkaCluster, kafkaUrl, LOCAL_KAFKA, topicOf } from "./kafka/settings.ts";
import { kafkaTarget } from "./kafka/target.ts";
import { MQTT_ACCESS, MQTT_PREFIX, mqttBroker, mqttUrl } from "./mqtt/settings.ts";
import { type Log, LOG_SETTINGS, withLog } from "./process/log.ts";
import { mqttTarget } from "./mqtt/target.ts";
import { progressBar } from "./process/progress.ts";
import { custom, decimal, list, text, toggle, wholeNumber } from "./settings/setting.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";
import { type Plan, planOf } from "./simulate/plan.ts";
import { fileTarget, httpTarget, ReaderGone, standardOutput, type Target } from "./simulate/targets.ts";
import { stopSignal } from "./process/signals.ts";

const settings = {
  to: text({
    fallback: "-",
    help:
      "- for standard output, a file, http://host:port/readings, kafka://host:port/topic, or mqtt://host:port/topic",
    placeholder: "TARGET",
  }),
  useKafka: toggle({ fallback: false, help: `the same as --to ${LOCAL_KAFKA}, to the scenario's own topic` }),
  ...KAFKA_ACCESS,
  ...MQTT_ACCESS,
  seed: COMMON.seed,
  interval: custom<number | undefined>({
    schema: z.coerce.number().int().min(0).max(86_400_000),
    allowed: "a whole number of milliseconds from 0 to 86400000",
    fallback: undefined,
    help: "time between two rounds, 0 for as fast as possible (default: the scenario's own; into a file 0)",
    placeholder: "MS",
  }),
  count: wholeNumber({ min: 0, max: 1e12, fallback: 0, help: "end after so many readings; 0 for no such end" }),
  hours: decimal({ min: 0, max: 87_600, fallback: 0, help: "end after so much event time; 0 for no such end" }),
  loop: toggle({ fallback: false, help: "go on for ever, also where the scenario has an end" }),
  start: custom<number | undefined>({
    schema: z.string().transform((value) => parseTime(/^\d+$/.test(value) ? Number(value) : value))
      .refine((time) => !Number.isNaN(time)),
    allowed: "ISO 8601 with a zone (2026-01-31T12:00:00Z) or epoch milliseconds",
    fallback: undefined,
    help: "time of the first round (default: now; as fast as possible, so that the run ends now)",
    placeholder: "TIME",
  }),
  format: custom<OutputFormat | undefined>({
    schema: z.enum(OUTPUT_FORMATS),
    allowed: "ndjson, csv or json",
    fallback: undefined,
    help: "form of the output (default: by the file's name; factory json, else ndjson)",
    placeholder: OUTPUT_FORMATS.join("|"),
  }),
  inject: toggle({ fallback: false, help: "inject anomalies (default: facility yes, the others no)" }),
  chance: decimal({ min: 0, max: 1, fallback: INJECTION_RULE.chance, help: "share of the readings that are injected" }),
  channels: list({ help: "channels that may be injected (default: all)", placeholder: "NAME" }),
  factorLeast: decimal({
    min: 1e-6,
    max: 1e6,
    fallback: INJECTION_RULE.factorLeast,
    help: "least factor of an injection",
  }),
  factorGreatest: decimal({
    min: 1e-6,
    max: 1e6,
    fallback: INJECTION_RULE.factorGreatest,
    help: "greatest factor of an injection",
  }),
  ...LOG_SETTINGS,
};

const command: Command<typeof settings> = {
  name: "simulate",
  summary: "Writes a scenario's readings to the screen, a file, or a running Sensorium.",
  positional: { what: "SCENARIO", least: 1, most: 1 },
  settings,
  examples: [
    { line: "deno task simulate facility", does: "prints 25 sensors' readings every 2 s" },
    { line: "deno task simulate parts --to sensor_data.csv", does: "writes 6,600 labelled parts" },
    { line: "deno task simulate factory --hours 1 --to factory.json --inject", does: "an hour of machine records" },
    {
      line: "deno task simulate factory --to kafka://127.0.0.1:9092",
      does: "sends machine records to smartfactory-stream",
    },
    { line: "deno task simulate motes --to http://127.0.0.1:8000/readings", does: "sends 54 motes' readings" },
  ],
  notes: [`Scenarios: ${SCENARIO_NAMES.map((name) => `${name} (${scenarioByName(name).about})`).join("; ")}.`],
};

type Given = Awaited<ReturnType<typeof readSettings<typeof settings>>>;
type Values = Given["values"];

/**
 * Runs the command.
 *
 * @param args what stands behind its name
 * @returns the exit code
 * @throws {CommandError} one sentence, where it cannot be done
 */
export async function simulate(args: readonly string[]): Promise<number> {
  const given = await readSettings(command, args);
  return await withLog(given.values, (log) => send(given, log));
}

async function send({ values, origins, positional: [name] }: Given, log: Log): Promise<number> {
  if (!SCENARIO_NAMES.includes(name)) {
    const meant = nearMiss(name, SCENARIO_NAMES);
    const hint = meant === undefined ? `there are ${SCENARIO_NAMES.join(", ")}` : `did you mean ${meant}?`;
    throw new UsageError(`unknown scenario ${JSON.stringify(name)}: ${hint}`);
  }
  if (values.factorLeast > values.factorGreatest) {
    throw new UsageError(
      `--factor-least must be at most --factor-greatest (${values.factorGreatest}), not ${values.factorLeast}`,
    );
  }
  if (values.count > 0 && values.hours > 0) throw new UsageError("--count and --hours cannot both set the end");
  const inject = origins.inject === "default" ? name === "facility" : values.inject;
  const ruled = (["chance", "channels", "factorLeast", "factorGreatest"] as const)
    .some((name) => origins[name] !== "default");
  // Facility's own anomalies are those of the defaults, and another rule takes their place; other scenarios' belong to them.
  const anomalies = name === "facility" ? inject && !ruled : origins.inject === "default" || values.inject;
  const scenario = scenarioByName(name, { anomalies });
  const to = values.useKafka && origins.to === "default" ? LOCAL_KAFKA : values.to;
  const kafka = isKafkaUrl(to) ? kafkaUrl("--to", to) : undefined;
  const mqtt = isMqttUrl(to) ? mqttUrl("--to", to) : undefined;
  const address = kafka === undefined && mqtt === undefined ? addressOf(to) : undefined;
  const plan = planOf(
    scenario,
    { ...values, toFile: to !== "-" && address === undefined && !kafka && !mqtt },
    systemClock.now(),
  );
  const stop = stopSignal();
  try {
    const target = kafka !== undefined
      ? await sender(kafka, values, scenario)
      : mqtt !== undefined
      ? await mqttTarget({ broker: await mqttBroker(mqtt, values), prefix: mqtt.path || MQTT_PREFIX }, stop.signal)
      : await targetOf(values, address, scenario, { signal: stop.signal, log });
    const source = sourceOf(scenario, plan, values, inject && (ruled || name !== "facility"));
    const sent = await run(source, scenario, plan, target, stop.signal, to);
    const where = to === "-" ? "standard output" : kafka ? kafkaTopic(kafka, scenario) : to.replace(/\/\/.*@/, "//");
    const stopped = stop.signal.aborted ? ", stopped" : "";
    if (sent !== undefined) log.info(`${sent.toLocaleString("en")} readings of ${name} to ${where}${stopped}`);
    return EXIT.done;
  } finally {
    stop.release();
  }
}

/** The address to send to, if it is one; its path is that of readings by default. */
function addressOf(to: string): URL | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(to)) return undefined;
  const url = URL.parse(to);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--to must be -, a file or an http or https URL, not ${JSON.stringify(to)}`);
  }
  if (url.pathname === "/") url.pathname = "/readings";
  return url;
}

function targetOf(
  values: Values,
  url: URL | undefined,
  scenario: Scenario,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Target | Promise<Target> {
  if (url !== undefined) {
    if (values.format !== undefined && values.format !== "ndjson") {
      throw new UsageError(`--format must be ndjson where readings are sent to a URL, not ${values.format}`);
    }
    return httpTarget({ url, clock: systemClock, signal, note: (sentence) => log.warn(sentence) });
  }
  const extension = /\.(csv|json|ndjson)$/.exec(values.to)?.[1] as OutputFormat | undefined;
  const own = scenario.record === undefined ? "ndjson" : "json";
  const writer = readingWriter(values.format ?? extension ?? own, scenario);
  return values.to === "-" ? standardOutput(writer) : fileTarget(values.to, writer);
}

/** Sends to Kafka: records of the scenario's own kind where it has one, as a device would. */
async function sender(url: KafkaUrl, values: Values, scenario: Scenario): Promise<Target> {
  if (values.format === "csv") {
    throw new UsageError("--format must be ndjson or json where readings go to Kafka, not csv");
  }
  if (url.topics.length > 1) throw new UsageError(`--to must name one topic, not ${url.topics.length}`);
  return kafkaTarget({
    cluster: await kafkaCluster(url, values),
    topic: kafkaTopic(url, scenario),
    toRecord: values.format === "ndjson" ? undefined : scenario.record,
  });
}

function kafkaTopic(url: KafkaUrl, scenario: Scenario): string {
  return url.topics[0] ?? topicOf(scenario.name);
}

function sourceOf(scenario: Scenario, plan: Plan, values: Values, inject: boolean): Source {
  const { anchor, rounds, intervalMs } = plan;
  const pace = { kind: "finite", anchor, rounds } as const;
  const source = new Simulator(scenario, { seed: values.seed, pace, clock: systemClock, intervalMs });
  if (!inject) return source;
  const { chance, channels, factorLeast, factorGreatest } = values;
  const rule = { chance, factorLeast, factorGreatest, ...(channels.length === 0 ? {} : { channels: [...channels] }) };
  return new Injection(source, values.seed, rule);
}

/** Sends round by round until the end or the signal; how many readings were sent, if they were read to the end. */
async function run(
  source: Source,
  scenario: Scenario,
  plan: Plan,
  target: Target,
  signal: AbortSignal,
  label: string,
): Promise<number | undefined> {
  const bar = progressBar(`simulating ${scenario.name}`, Deno.stderr.isTerminal() && label !== "-");
  const expected = Math.min(plan.count, plan.rounds * scenario.perRound);
  let sent = 0;
  try {
    for await (const readings of batches(source, scenario, plan, systemClock, signal)) {
      const part = readings.slice(0, plan.count - sent);
      await target.send(part);
      sent += part.length;
      bar.update(Number.isFinite(expected) ? sent / expected : 0, `${sent.toLocaleString("en")} readings`);
      if (sent >= plan.count) break;
    }
    await target.finish();
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
    return undefined; // a closed pipe is an end like any other
  } finally {
    bar.stop();
    await source.close();
  }
  return sent;
}

/** Readings in the portions in which they are sent: a round when it is due, or chunks as fast as they are taken. */
export async function* batches(
  source: Source,
  scenario: Pick<Scenario, "perRound">,
  plan: Pick<Plan, "paceMs">,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Reading[]> {
  const memory = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() }; // a finite run needs none
  const [partition] = await source.open(memory);
  const begin = clock.now();
  for await (const chunk of partition.read(0, signal)) {
    if (chunk.kind !== "readings") continue;
    for (const { round, readings } of roundsOf(chunk, plan.paceMs === 0 ? Infinity : scenario.perRound)) {
      await clock.sleep(begin + round * plan.paceMs - clock.now(), signal).catch((error) => {
        if (!signal.aborted) throw error;
      });
      if (signal.aborted) return;
      yield readings;
    }
  }
}

/** A chunk's readings, cut where a new round begins. */
function roundsOf({ items, positions }: ReadingsChunk, perRound: number): { round: number; readings: Reading[] }[] {
  const rounds: { round: number; readings: Reading[] }[] = [];
  for (const [at, item] of items.entries()) {
    const round = Math.floor(positions[at] / perRound);
    if (rounds.at(-1)?.round !== round) rounds.push({ round, readings: [] });
    if (!isRefusal(item)) rounds[rounds.length - 1].readings.push(item);
  }
  return rounds;
}
