/**
 * `deno task spark-check`: the jobs of `docs/how-to/spark` on a real Spark, beside a streaming run over a real Kafka.
 *
 * @module
 */
import { MongoClient } from "mongodb";
import { z } from "zod";
import { decimal, wholeNumber } from "../../commands/settings/setting.ts";
import { type Command, readSettings } from "../../commands/settings/settings.ts";
import { join } from "../../std/path.ts";
import { Program } from "../process.ts";
import { kafkaBroker } from "../servers/kafka.ts";
import { mongoServer } from "../servers/mongodb.ts";
import { makeTopic } from "../sources/kafka/topics.ts";
import { ROOT, sparkJob, sparkPython } from "./python.ts";
import { type Recording, recording } from "./recording.ts";
import { SHARED, sparkVerdicts, type Streamed, streamedSchema, streamedVerdicts } from "./same.ts";
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

/** What all steps need. */
interface Trial {
  readonly folder: string;
  readonly python: string;
  readonly recorded: Recording;
  /** A config file for whoever judges. */
  readonly config: string;
  readonly say: (text: string) => void;
}

/** What a streaming run has put into MongoDB. */
async function predictionsIn(url: string): Promise<Streamed[]> {
  const client = await MongoClient.connect(url);
  try {
    const found = client.db().collection("predictions").find({ evaluation: { $exists: false } });
    return (await found.toArray()).map((one) => streamedSchema.parse(one));
  } finally {
    await client.close();
  }
}

/** Waits until a live instance has judged so many readings, and its sink has everything. */
async function judgedLive(api: string, count: number): Promise<void> {
  const ask = async (path: string) => await (await fetch(`${api}${path}`)).json();
  const judged = async () =>
    summarySchema.parse(await ask("/summary")).partitions.reduce((sum, one) => sum + one.readings, 0);
  const waiting = async () =>
    sinksSchema.parse(await ask("/sinks")).items.reduce((sum, one) => sum + one.backlog_items, 0);
  while (await judged() < count || await waiting() > 0) await new Promise((resolve) => setTimeout(resolve, 500));
}

/** Lets Spark judge, and compares with what a streaming run has put into MongoDB; whether they are the same. */
async function judgedBySpark(
  trial: Trial,
  url: string,
  partitions: number,
  apart: ReadonlySet<string>,
): Promise<boolean> {
  const { folder, python, recorded: { path }, config, say } = trial, verdicts = join(folder, `verdicts-${partitions}`);
  const expected = streamedVerdicts(await predictionsIn(url), apart);
  await sparkJob(python, "judge.py", [
    ...[path, verdicts, "--sensorium", ROOT, "--partitions", String(partitions), "--settings", `--config ${config}`],
  ]);
  const found = await sparkVerdicts(verdicts, apart);
  const differing = [...expected].filter(([key, verdict]) => found.get(key) !== verdict);
  say(
    `judged by Spark in partitions: ${partitions}: ${found.size} verdicts, of ${expected.size} streamed ones ` +
      `${differing.length} differ (apart from ${[...apart].join(", ")})`,
  );
  for (const [key, verdict] of differing.slice(0, 3)) console.log(key, verdict, found.get(key));
  return found.size > 0 && found.size === expected.size && differing.length === 0;
}

/** Replays the recording into MongoDB: a stream whose models switch where those of a batch do. */
async function replayed({ folder, recorded: { path }, config, say }: Trial, url: string): Promise<void> {
  await using replaying = new Program([
    ...["replay", path, "--data-dir", join(folder, "replay"), "--sink", url, "--config", config],
  ]);
  if ((await replaying.ended).code !== 0) throw new Error(replaying.said);
  say("replayed");
}

/** Evaluates the recording and the topic with the latest global network; whether both agree on every reading. */
async function evaluated(trial: Trial, api: string, url: URL, topic: readonly string[]): Promise<boolean> {
  const { items } = groupsSchema.parse(await (await fetch(`${api}/federation/groups`)).json());
  const [{ group, round }] = items.filter(({ round }) => round > 0);
  const said = await sparkJob(trial.python, "evaluate.py", [
    ...[trial.recorded.path, "--sensorium", ROOT, "--api", api, "--group", group, ...topic],
    ...["--mongodb", `${url.protocol}//${url.host}`, "--database", url.pathname.slice(1)],
  ], true);
  const evaluation = evaluationSchema.parse(JSON.parse(said.trim().split("\n").at(-1) ?? ""));
  trial.say(`evaluated with the network of ${group}, round ${round}: ${JSON.stringify(evaluation)}`);
  const { batch, stream, both, differing } = evaluation;
  return both > 0 && both === batch && both === stream && differing === 0;
}

/** Runs all of it; 0 if Spark says what the streaming runs said. */
async function run(args: readonly string[]): Promise<number> {
  const { values: { hours, motes, partitions } } = await readSettings(command, args);
  const folder = await Deno.makeTempDir({ prefix: "sensorium-spark-" }), python = await sparkPython();
  try {
    const [broker, mongodb] = [await kafkaBroker(), await mongoServer()];
    const recorded = await recording(folder, hours, motes), { what, readings, sensors } = recorded;
    const url = new URL(mongodb.database()), topic = "iot_stream", config = join(folder, "config.json");
    // One mote's recording goes on for weeks after the others: its readings are not from the future.
    await Deno.writeTextFile(config, JSON.stringify({ judging: { futureMs: 90 * 86_400_000 } }));
    const kafka = broker.cluster().brokers[0], begun = performance.now();
    const say = (text: string) => console.log(`${((performance.now() - begun) / 1_000).toFixed(0)} s: ${text}`);
    const trial: Trial = { folder, python, recorded, config, say };

    await makeTopic(broker, topic, 1); // where all motes are to learn together
    await using sending = new Program(["replay", recorded.path, "--to", `kafka://${kafka}/${topic}`]);
    if ((await sending.ended).code !== 0) throw new Error(sending.said);
    say(`${readings} readings of ${sensors} ${what} motes sent`);
    await using live = new Program([
      ...["start", "--port", "0", "--data-dir", join(folder, "live"), "--scenario", "none"],
      ...["--source", "kafka", "--kafka", `kafka://${kafka}/${topic}`, "--sink", url.href, "--config", config],
    ]);
    const [, api] = await live.says(/the page is at (\S+)\//);
    await judgedLive(api, readings);
    say("judged live");
    const again = mongodb.database();
    const same = [
      await judgedBySpark(trial, url.href, partitions, SHARED.partitions),
      await evaluated(trial, api, url, ["--kafka", kafka, "--topic", topic]),
      await replayed(trial, again).then(() => judgedBySpark(trial, again, 1, SHARED.places)),
    ];
    console.log(same.every(Boolean) ? "the same, row by row" : "DIFFERENT");
    return same.every(Boolean) ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

await program(run);
