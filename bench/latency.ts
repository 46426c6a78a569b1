/**
 * How long things take, live, in one run: the facility's 25 sensors over Kafka, judged, into PostgreSQL, and predictions
 * asked for meanwhile.
 *
 *     deno task bench latency [--seconds=150]
 *
 * Sensors, broker (a real one), Sensorium and PostgreSQL (a real one) share this machine, and one clock. Said is how long
 * half of all took, 99 of 100, and the longest.
 *
 * @module
 */
import type { Source } from "../actors/ports.ts";
import { isRefusal } from "../actors/reading.ts";
import { systemClock as clock } from "../commands/process/clock.ts";
import { Engine } from "../commands/instance/engine.ts";
import { kafkaTarget } from "../commands/kafka/target.ts";
import { Outlets, unitsOf } from "../commands/instance/outlets.ts";
import { sendChunks } from "../commands/replay/send.ts";
import { judgingOf } from "../commands/settings/settings.ts";
import { scenarioByName } from "../data/mod.ts";
import { serve } from "../routes/serve.ts";
import type { DeliverySink } from "../sinks/delivery/sink.ts";
import { PostgresSink } from "../sinks/postgres/sink.ts";
import { makeAdmin } from "../sources/kafka/client.ts";
import { KafkaSource } from "../sources/kafka/source.ts";
import { Simulator } from "../sources/simulator.ts";
import { kafkaBroker } from "../tests/servers/kafka.ts";
import { postgresServer } from "../tests/servers/postgres.ts";
import { flag } from "./_measure.ts";
import { makePredictApp } from "./_predict_app.ts";

const seconds = Number(flag("seconds", "150"));
const PARTITIONS = 3, TOPIC = "iot_sensors", PREDICT_EVERY_MS = 100;
const BODY = JSON.stringify({ temperature: 30, humidity: 70, sound_volume: 65 });

/** What is measured: the target, ms, and what was seen, ms. */
const rows = {
  delivered: { what: "Kafka: sent until it is handed to the sensors", target: "50 ms", taken: [] as number[] },
  judged: { what: "handed to the sensors until it is judged", target: "50 ms", taken: [] as number[] },
  predicted: { what: "`POST /predict`", target: "50 ms", taken: [] as number[] },
  inserted: { what: "an insert into PostgreSQL (what came in a second)", target: "100 ms", taken: [] as number[] },
  window: { what: "a window: from its end until it is in PostgreSQL", target: "1 s", taken: [] as number[] },
  stored: { what: "a reading: sent until it is in PostgreSQL", target: "", taken: [] as number[] },
};

const broker = await kafkaBroker(), postgres = await postgresServer(), cluster = broker.cluster();
const scenario = scenarioByName("facility"), judging = judgingOf({}, { types: scenario.types });
const dataDir = await Deno.makeTempDir({ prefix: "sensorium-bench-" }), stop = new AbortController();
const admin = makeAdmin(cluster);
await admin.createTopics({ topics: [TOPIC], partitions: PARTITIONS, replicas: 1 });
await admin.close();

/** The source, with a note of when each reading came and when it was judged. */
function watched(source: Source): Source {
  return {
    name: source.name,
    open: async (memory) =>
      (await source.open(memory)).map((partition) => ({
        id: partition.id,
        async *read(from, signal, ticks) {
          for await (const chunk of partition.read(from, signal, ticks)) {
            const now = clock.now(), handed = performance.now();
            yield chunk;
            if (chunk.kind !== "readings") continue;
            for (const arrived of chunk.arrivals ?? []) rows.delivered.taken.push(now - arrived);
            const last = chunk.items.at(-1);
            if (last === undefined || isRefusal(last)) continue;
            // The sensor answers after what was handed to it before.
            engine.queries.sensor(last.sensor).then(() => rows.judged.taken.push(performance.now() - handed));
          }
        },
      })),
    close: () => source.close(),
  };
}

/** The sink, with a note of how long its calls take and how old what it wrote is. */
function timed(sink: DeliverySink): DeliverySink {
  return {
    name: sink.name,
    wants: sink.wants,
    batchItems: sink.batchItems,
    open: (signal) => sink.open(signal),
    close: () => sink.close(),
    async deliver(batch, signal) {
      const begun = performance.now();
      await sink.deliver(batch, signal);
      rows.inserted.taken.push(performance.now() - begun);
      if (batch.kind === "windows") rows.window.taken.push(...batch.items.map(({ end }) => clock.now() - end));
      if (batch.kind === "readings") rows.stored.taken.push(...batch.items.map(({ time }) => clock.now() - time));
    },
  };
}

const sink = timed(
  new PostgresSink({ address: postgres.address({ database: await postgres.database() }), unitOf: unitsOf(judging) }),
);
const engine: Engine = await Engine.open({
  dataDir,
  judging,
  shards: 1,
  clock,
  sinks: (partition) => outlets.commitSinks(partition, stop.signal),
  failed: (_, error) => console.error(error),
});
const outlets = new Outlets({
  kv: engine.kv,
  sinks: [sink],
  clock,
  partitions: () => engine.supervisor.partitions().map(({ partition }) => partition),
  report: (line) => console.error(line),
});

/** Asks for predictions, one after the other. */
async function predicting(): Promise<void> {
  const server = serve(await makePredictApp(engine.models.registry, clock), { hostname: "127.0.0.1", port: 0 });
  const headers = { "content-type": "application/json" };
  while (!stop.signal.aborted) {
    const begun = performance.now();
    await (await fetch(`http://127.0.0.1:${server.addr.port}/predict`, { method: "POST", headers, body: BODY })).text();
    rows.predicted.taken.push(performance.now() - begun);
    await clock.sleep(PREDICT_EVERY_MS, stop.signal).catch(() => {});
  }
  await server.shutdown();
}

/**
 * The sensors, as they would send, at even seconds: then a reading comes as each window ends. Whether it has ended is known
 * by the sensor's next reading; at odd seconds that is one second later.
 */
async function sensors(): Promise<void> {
  await clock.sleep(2_000 - clock.now() % 2_000, stop.signal).catch(() => {});
  const simulator = new Simulator(scenario, { seed: 42, pace: { kind: "live", historyMs: 0 }, clock });
  const target = await kafkaTarget({ cluster, topic: TOPIC, toRecord: scenario.record });
  await sendChunks(simulator, target, stop.signal, () => {});
  await target.finish();
}

const source = new KafkaSource({ cluster, topics: [TOPIC], clock });
const running = [outlets.run(stop.signal), engine.run(watched(source), stop.signal), predicting(), sensors()];
await clock.sleep(1_000 * seconds);
stop.abort();
await Promise.all(running);
await engine.close();
await Deno.remove(dataDir, { recursive: true });

const said = (taken: readonly number[], part: number) =>
  `${(taken[Math.min(taken.length - 1, Math.floor(part * taken.length))] ?? NaN).toFixed(1)} ms`;
console.log("| what | target | half | 99 of 100 | longest | seen |\n| --- | --- | ---: | ---: | ---: | ---: |");
for (const { what, target, taken } of Object.values(rows)) {
  taken.sort((a, b) => a - b);
  console.log(`| ${[what, target, said(taken, 0.5), said(taken, 0.99), said(taken, 1), taken.length].join(" | ")} |`);
}
Deno.exit();
