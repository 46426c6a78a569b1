/**
 * What the way of committed outputs to PostgreSQL takes: into the outbox, out of it, and into the tables.
 *
 *     deno task bench postgres [--readings=100000] [--channels=4] [--url=postgres://...]
 *
 * Without a URL it starts Debian's PostgreSQL on this machine, which then shares its cores. A reading of 4 channels is 8
 * rows: 4 in `sensor_readings` and 4 in `ml_anomaly_predictions`, each table with its key and two indexes more.
 *
 * @module
 */
import { systemClock } from "../commands/process/clock.ts";
import { Deliveries } from "../sinks/delivery/deliveries.ts";
import type { Batch, ReadingItem } from "../sinks/delivery/item.ts";
import { postgresUrlSchema } from "../sinks/postgres/address.ts";
import { PostgresSink } from "../sinks/postgres/sink.ts";
import { KvOutbox } from "../store/outbox/outbox.ts";
import { postgresServer } from "../tests/servers/postgres.ts";
import { FakePartition, readingAt } from "../tests/sinks/delivery/partition.ts";
import { flag, measure, say } from "./_measure.ts";

const readings = Number(flag("readings", "100000")), channels = Number(flag("channels", "4"));
const url = flag("url", ""), batchItems = Number(flag("batch", "2000"));
const BATCH = 20_000;

async function address() {
  if (url !== "") return postgresUrlSchema.parse(url);
  const server = await postgresServer();
  return server.address({ database: await server.database() });
}

const never = new AbortController().signal, rows = 2 * channels * readings;
console.log(`${readings.toLocaleString("en")} readings of ${channels} channels are ${rows.toLocaleString("en")} rows`);

const sink = new PostgresSink({ address: await address(), batchItems });
const batches: Batch[] = [];
for (let at = 0; at < readings; at += batchItems) {
  const items: ReadingItem[] = [];
  for (let i = at; i < Math.min(readings, at + batchItems); i++) {
    items.push({ ...readingAt("bench", i, channels), type: "pump", location: `hall ${i % 3}` });
  }
  batches.push({ kind: "readings", partition: "bench", items });
}
await sink.open(never);
const write = async () => {
  for (const batch of batches) await sink.deliver(batch, never);
};
say("rows into empty tables", rows, await measure(write));
say("the same rows again", rows, await measure(write));
const times: number[] = [], [first] = batches;
for (let i = 0; i < 200; i++) { // as live: what a second brings of 100 sensors
  const items = Array.from({ length: 100 }, (_, k) => readingAt("live", 100 * i + k, channels));
  const begun = performance.now();
  await sink.deliver({ kind: "readings", partition: first.partition, items }, never);
  times.push(performance.now() - begun);
}
times.sort((a, b) => a - b);
console.log(
  `100 readings (${200 * channels} rows) are inserted in ${times[100].toFixed(1)} ms (median), ${
    times[197].toFixed(1)
  } ms (99 of 100)`,
);
await sink.close();

const folder = await Deno.makeTempDir({ prefix: "sensorium-bench-" }), kv = await Deno.openKv(`${folder}/kv`);
try {
  const outbox = new KvOutbox(kv, { clock: systemClock, deadlineMs: 60_000 });
  const partition = await FakePartition.claim(kv, "bench", outbox, channels);
  const put = await measure(async () => {
    while (partition.cut < readings) await partition.commit(Math.min(readings, partition.cut + BATCH));
  });
  say("readings into the outbox", readings, put);
  const stop = new AbortController();
  const deliveries = new Deliveries(outbox, [new PostgresSink({ address: await address(), batchItems })], {
    clock: systemClock,
    partitions: () => ["bench"],
    report: (line) => console.error(line),
  });
  const running = deliveries.run(stop.signal);
  const delivered = await measure(() => deliveries.drained(never));
  say("readings from the outbox to the tables", readings, delivered);
  console.log(`that is ${Math.round(rows / delivered.seconds).toLocaleString("en")} rows/s`);
  stop.abort();
  await running;
} finally {
  kv.close();
  await Deno.remove(folder, { recursive: true });
}
