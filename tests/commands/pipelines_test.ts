/**
 * The pipelines of docs/how-to/configs: each started by its file, with real servers in the place of those that it names,
 * until what it is for is there, and ended by one command.
 *
 * @module
 */
import { MongoClient } from "mongodb";
import { z } from "zod";
import { scenarioByName } from "../../data/mod.ts";
import { readingWriter } from "../../data/output.ts";
import { join } from "../../std/path.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { ask, Folder, run, startInstance, until } from "../process.ts";
import { type KafkaBroker, kafkaBroker } from "../servers/kafka.ts";
import { type MongoServer, mongoServer } from "../servers/mongodb.ts";
import { need, testWith } from "../servers/needed.ts";
import { asTest, type PostgresServer, postgresServer } from "../servers/postgres.ts";
import { freshTopic, makeTopic } from "../sources/kafka/topics.ts";

const CONFIGS = "docs/how-to/configs";
const summarySchema = z.object({ sensors: z.number(), partitions: z.array(z.object({ readings: z.number() })) });

/** Starts a pipeline, waits until what it is for is there, and ends it. */
async function pipeline(
  name: string,
  flags: readonly string[],
  isThere: (url: string) => Promise<boolean>,
): Promise<void> {
  await using folder = new Folder();
  const config = ["--config", join(CONFIGS, `${name}.json`), "--data-dir", folder.at("data")];
  const { program, url } = await startInstance([...config, "--port", "0", ...flags]);
  await using _program = program;
  await until(`${name} does its work`, () => isThere(url)).catch((error) => {
    throw new Error(`${error.message}\n${program.said}`);
  });
  const { code, out, error } = await run(["stop", ...config]);
  assertEquals([code, (await program.ended).code], [0, 0], out + error);
  assertStringIncludes((await program.ended).out, "everything is stored");
}

/** A Kafka URL with a topic of its own, of one partition. */
async function topicUrl(broker: KafkaBroker): Promise<string> {
  return `kafka://${broker.cluster().brokers[0]}/${await makeTopic(broker, freshTopic())}`;
}

const servers = await need<{ broker: KafkaBroker; postgres: PostgresServer; mongo: MongoServer }>(
  "Kafka with PostgreSQL and MongoDB",
  async () => ({ broker: await kafkaBroker(), postgres: await postgresServer(), mongo: await mongoServer() }),
);

testWith(servers, "facility.json: 25 sensors over Kafka into PostgreSQL", async ({ broker, postgres }) => {
  const address = postgres.address({ database: await postgres.database() }), { host, port, user, database } = address;
  const sink = `postgres://${user}@${host}:${port}/${database}`;
  await pipeline("facility", ["--kafka", await topicUrl(broker), "--sink", sink], async () => {
    return await asTest(address, async (client) => {
      const [{ made }] = await client.query<{ made: boolean }>(
        "SELECT to_regclass('ml_anomaly_predictions') IS NOT NULL AS made",
      );
      if (!made) return false;
      const [{ sensors }] = await client.query<{ sensors: number }>(
        "SELECT count(DISTINCT r.sensor_id)::int4 AS sensors FROM sensor_readings r JOIN ml_anomaly_predictions USING (id)",
      );
      return sensors === 25;
    });
  });
});

testWith(servers, "factory.json: machine records over Kafka into batches with a manifest", async ({ broker }) => {
  await using folder = new Folder();
  const files = folder.at("batches"), flags = ["--kafka", await topicUrl(broker), "--files", files, "--records", "5"];
  const manifest = z.object({ batches: z.array(z.object({ records: z.number() })).min(1) });
  await pipeline("factory", flags, async () => {
    const partitions = await Array.fromAsync(Deno.readDir(files)).catch(() => []);
    const texts = await Promise.all(
      partitions.map(({ name }) => Deno.readTextFile(join(files, name, "stream_manifest.json")).catch(() => "{}")),
    );
    return texts.some((text) => manifest.safeParse(JSON.parse(text)).success);
  });
});

testWith(servers, "motes.json: a recording that goes round over Kafka into MongoDB", async ({ broker, mongo }) => {
  await using folder = new Folder();
  const scenario = scenarioByName("motes"), writer = readingWriter("csv", scenario), feed = folder.at("motes.csv");
  const about = { seed: 1, anchor: Date.UTC(2004, 2, 1), intervalMs: 31_000 };
  const readings = Array.from({ length: 200 }, (_, i) => scenario.reading(i, about)).filter((one) => one !== undefined);
  await Deno.writeTextFile(feed, writer.begin() + writer.write(readings) + writer.end());
  const sink = mongo.database(), flags = ["--kafka", await topicUrl(broker), "--feed", feed, "--feed-speed", "60"];
  const client = new MongoClient(sink);
  try {
    await pipeline("motes", [...flags, "--sink", sink], async () => {
      return await client.db().collection("predictions").countDocuments() > 54;
    });
  } finally {
    await client.close();
  }
});

Deno.test("parts.json: generated parts, a model from the start, predictions", async () => {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ temperature: 30, humidity: 70, sound_volume: 65 });
  await pipeline("parts", ["--history", "0"], async (url) => {
    const { partitions } = await ask(`${url}/summary`, summarySchema);
    if (!partitions.some(({ readings }) => readings > 0)) return false;
    const answer = await fetch(`${url}/predict`, { method: "POST", headers, body });
    assertEquals(answer.status, 200);
    const said = await answer.text();
    assert(said.includes("probability") || said.includes("prediction"), said);
    return true;
  });
});
