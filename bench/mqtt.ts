/**
 * MQTT, broker included: messages taken into the log and acknowledged, and taken through features, windows and checkpoints.
 *
 *     deno run -A --config tests/deno.json bench/mqtt.ts [--messages=200000] [--sensors=1000] [--version=5] [--shards=1]
 *
 * A mosquitto is started on this machine and shares its cores; its time of the processor is not in what is said of ours.
 * The messages wait in the broker, in a persistent session, before they are taken in: sending them is not measured with it.
 *
 * @module
 */
import { judgingSchema } from "../actors/config.ts";
import { systemClock as clock } from "../commands/process/clock.ts";
import { Engine } from "../commands/instance/engine.ts";
import { HttpSource } from "../sources/http.ts";
import type { MqttVersion } from "../sources/mqtt/address.ts";
import { type IntakeOptions, MqttIntake } from "../sources/mqtt/intake.ts";
import { MqttPublisher } from "../sources/mqtt/publisher.ts";
import { parseTopic } from "../sources/mqtt/topics.ts";
import { ReadingLog } from "../store/log/log.ts";
import { mqttServer } from "../tests/servers/mqtt.ts";
import { flag, measure, residentMiB, say } from "./_measure.ts";

const messages = Number(flag("messages", "200000")), sensors = Number(flag("sensors", "1000"));
const version = flag("version", "5") as MqttVersion, shards = Number(flag("shards", "1"));
/** Messages of one call of the publisher. */
const SENT_TOGETHER = 5_000;

const server = await mqttServer(), broker = server.broker({ version });
const first = Date.now() - messages / sensors * 1000;

/** Message `i`: the sensors take turns, a second apart, four channels and their time; or a bare number. */
function message(i: number, prefix: string, isBare: boolean) {
  const x = i % 997, time = first + Math.floor(i / sensors) * 1000;
  const values = { temperature: 20 + x / 100, humidity: 40 + x / 50, pressure: 1000 + x / 10, flow: x / 7 };
  const payload = isBare ? String(20 + x / 100) : JSON.stringify({ time, values });
  return { topic: `${prefix}/hall/sensor-${i % sensors}`, payload };
}

/** A session for which the broker keeps everything that is sent. */
async function filled(isBare: boolean): Promise<Omit<IntakeOptions, "log">> {
  const prefix = `bench${crypto.randomUUID().slice(0, 8)}`, dataDir = await Deno.makeTempDir();
  const options = {
    broker,
    clock,
    topics: [parseTopic(`${prefix}/{location}/{sensor}`)],
    clientId: prefix,
    sessionSeconds: 3_600,
    keepAliveSeconds: 60,
    retained: false,
  };
  const kv = await Deno.openKv(`${dataDir}/kv`), stop = new AbortController();
  const intake = new MqttIntake({ ...options, log: await ReadingLog.open(kv, { clock }) });
  const running = intake.run(stop.signal);
  while (intake.problems().length > 0) await clock.sleep(5);
  stop.abort();
  await running;
  kv.close();
  await Deno.remove(dataDir, { recursive: true });
  const publisher = await MqttPublisher.open({ broker, clock, signal: new AbortController().signal });
  const sent = await measure(async () => {
    for (let from = 0; from < messages; from += SENT_TOGETHER) {
      const count = Math.min(SENT_TOGETHER, messages - from);
      await publisher.send(Array.from({ length: count }, (_, i) => message(from + i, prefix, isBare)));
    }
  });
  await publisher.close();
  say(`sent, QoS 1, ${isBare ? "bare numbers" : "four channels"}`, messages, sent);
  return options;
}

/** Takes everything into a log on disk; sees to it that all was acknowledged. */
async function takeIn(options: Omit<IntakeOptions, "log">): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "sensorium-bench-" }), kv = await Deno.openKv(`${dataDir}/kv`);
  const log = await ReadingLog.open(kv, { clock }), stop = new AbortController();
  const intake = new MqttIntake({ ...options, log }), running = intake.run(stop.signal);
  while (log.end(0) < messages) await clock.sleep(5);
  stop.abort();
  await running;
  kv.close();
  await Deno.remove(dataDir, { recursive: true });
}

/** The same, while the log is read, judged and stored. */
async function judge(options: Omit<IntakeOptions, "log">): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "sensorium-bench-" }), stop = new AbortController();
  const judging = judgingSchema.parse({});
  const engine = await Engine.open({ dataDir, judging, shards, clock, failed: (_, error) => console.error(error) });
  const log = await ReadingLog.open(engine.kv, { clock }), intake = new MqttIntake({ ...options, log });
  const running = Promise.all([intake.run(stop.signal), engine.run(new HttpSource(log), stop.signal)]);
  const count = () => engine.supervisor.runs.reduce((sum, run) => sum + run.readings, 0);
  while (count() < messages) await clock.sleep(5);
  stop.abort();
  await running;
  await engine.close();
  await Deno.remove(dataDir, { recursive: true });
}

for (const isBare of [false, true]) {
  const what = isBare ? "bare numbers" : "four channels";
  const options = await filled(isBare);
  say(`in the log and acknowledged, ${what}`, messages, await measure(() => takeIn(options)));
}
const options = await filled(false);
say("judged and stored, four channels", messages, await measure(() => judge(options)));
console.log(
  `${messages.toLocaleString("en")} messages of ${sensors} sensors, MQTT ${version}, ${shards} shards, ${
    residentMiB().toFixed(0)
  } MiB resident`,
);
Deno.exit();
