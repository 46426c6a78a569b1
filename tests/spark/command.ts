/**
 * `deno task spark-check`: the jobs of `docs/how-to/spark` on a real Spark, beside a streaming run over a real Kafka.
 *
 * @module
 */
import { MongoClient } from "mongodb";
import { z } from "zod";
import { decimal, wholeNumber } from "../../commands/setting.ts";
import { type Command, readSettings } from "../../commands/settings.ts";
import { join } from "../../std/path.ts";
import { Program } from "../process.ts";
import { kafkaBroker } from "../servers/kafka.ts";
import { mongoServer } from "../servers/mongodb.ts";
import { makeTopic } from "../sources/kafka/topics.ts";
import { ROOT, sparkJob, sparkPython } from "./python.ts";
import { recording } from "./recording.ts";
import { sparkVerdicts, type Streamed, streamedSchema, streamedVerdicts } from "./same.ts";
import { program } from "../../tools/program.ts";

const settings = {
  hours: decimal({
    min: 6,
    max: 1_000,
    fallback: 6,
    help: "event time of the simulated motes; a round wants some hours",
  }),
  motes: wholeNumber({ min: 12, max: 54, fallback: 12, help: "how many of them" }),
  partitions: wholeNumber({ min: 1, max: 1_000, fallback: 4, help: "partitions of Spark" }),
};

const command: Command<typeof settings> = {
  name: "spark-check",
  summary: "Judges and evaluates motes on Spark, and compares with a streaming run.",
  settings,
  examples: [
    { line: "deno task spark-check", does: "some minutes; fetches PySpark at the first time" },
    {
      line: "SENSORIUM_TEST_DATA=DIR deno task spark-check",
      does: "the recorded motes in DIR instead of simulated ones",
    },
  ],
};

const evaluationSchema = z.object({
  batch: z.number(),
  stream: z.number(),
  both: z.number(),
  differing: z.number(),
  mean_score: z.number().optional(),
});
const summarySchema = z.object({ partitions: z.array(z.object({ readings: z.number() })) });
const sinksSchema = z.object({ items: z.array(z.object({ backlog_items: z.number() })) });
const groupsSchema = z.object({ items: z.array(z.object({ group: z.string(), round: z.number() })) });

/** The verdicts of a streaming run, once all readings are judged and the sink has everything. */
async function streamed(client: MongoClient, database: string, api: string, count: number): Promise<Streamed[]> {
  const ask = async (path: string) => await (await fetch(`${api}${path}`)).json();
  const judged = async () =>
    summarySchema.parse(await ask("/summary")).partitions.reduce((sum, one) => sum + one.readings, 0);
  const waiting = async () =>
    sinksSchema.parse(await ask("/sinks")).items.reduce((sum, one) => sum + one.backlog_items, 0);
  while (await judged() < count || await waiting() > 0) await new Promise((resolve) => setTimeout(resolve, 500));
  const predictions = client.db(database).collection("predictions").find({ evaluation: { $exists: false } });
  return (await predictions.toArray()).map((one) => streamedSchema.parse(one));
}

/** Runs all of it; 0 if Spark says what the streaming run said. */
async function run(args: readonly string[]): Promise<number> {
  const { values: { hours, motes, partitions } } = await readSettings(command, args);
  const folder = await Deno.makeTempDir({ prefix: "sensorium-spark-" }), python = await sparkPython();
  try {
    const [broker, mongodb] = [await kafkaBroker(), await mongoServer()];
    const { path, what, readings, sensors } = await recording(folder, hours, motes);
    const url = new URL(mongodb.database()), topic = "iot_stream", config = join(folder, "config.json");
    // One mote's recording goes on for weeks after the others: its readings are not from the future.
    await Deno.writeTextFile(config, JSON.stringify({ judging: { futureMs: 90 * 86_400_000 } }));
    const kafka = broker.cluster().brokers[0], database = url.pathname.slice(1);
    await makeTopic(broker, topic, 1); // where all motes are to learn together
    await using sending = new Program(["replay", path, "--to", `kafka://${kafka}/${topic}`]);
    if ((await sending.ended).code !== 0) throw new Error(sending.said);
    await using live = new Program([
      ...["start", "--port", "0", "--data-dir", join(folder, "live"), "--scenario", "none"],
      ...["--source", "kafka", "--kafka", `kafka://${kafka}/${topic}`, "--sink", url.href, "--config", config],
    ]);
    const [, api] = await live.says(/the page is at (\S+)\//);
    const client = await MongoClient.connect(url.href), begun = performance.now();
    const expected = streamedVerdicts(await streamed(client, database, api, readings));
    const seconds = () => ((performance.now() - begun) / 1_000).toFixed(0);
    console.log(`${readings} readings of ${sensors} ${what} motes through Kafka, judged live after ${seconds()} s`);

    const verdicts = join(folder, "verdicts");
    await sparkJob(python, "judge.py", [
      ...[path, verdicts, "--sensorium", ROOT, "--partitions", String(partitions), "--settings", `--config ${config}`],
    ]);
    const found = await sparkVerdicts(verdicts);
    const differing = [...expected].filter(([key, verdict]) => found.get(key) !== verdict);
    console.log(
      `judged by Spark after ${seconds()} s: ${found.size} verdicts, ${differing.length} differ from the live ones`,
    );
    for (const [key, verdict] of differing.slice(0, 3)) console.log(key, verdict, found.get(key));

    const { items } = groupsSchema.parse(await (await fetch(`${api}/federation/groups`)).json());
    const [{ group, round }] = items.filter(({ round }) => round > 0);
    const said = await sparkJob(python, "evaluate.py", [
      ...[path, "--sensorium", ROOT, "--api", api, "--group", group, "--kafka", kafka, "--topic", topic],
      ...["--mongodb", `${url.protocol}//${url.host}`, "--database", database],
    ], true);
    await client.close();
    const evaluation = evaluationSchema.parse(JSON.parse(said.trim().split("\n").at(-1) ?? ""));
    console.log(
      `evaluated with the network of ${group}, round ${round}, after ${seconds()} s: ${JSON.stringify(evaluation)}`,
    );
    const { batch, stream, both } = evaluation;
    const same = found.size === expected.size && differing.length === 0 && both > 0 && both === batch &&
      both === stream &&
      evaluation.differing === 0;
    console.log(same ? "the same, row by row" : "DIFFERENT");
    return same ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await program(run);
