import { MongoClient } from "mongodb";
import { z } from "zod";
import { assert, assertEquals, assertGreater, assertStringIncludes } from "../../std/assert.ts";
import { recording } from "../crash/recording.ts";
import { ask, Folder, freePort, PATIENCE_MS, run, startInstance, until, within } from "../process.ts";
import { mongoServer } from "../servers/mongodb.ts";
import { need, testWith } from "../servers/needed.ts";

const SECRET = "s3cret";
const sinkSchema = z.object({
  sink: z.string(),
  state: z.string(),
  error: z.string().optional(),
  backlog_items: z.number(),
});
const readySchema = z.object({ status: z.string(), reasons: z.array(z.string()), sinks: z.array(sinkSchema) });
const perRound = z.object({
  _id: z.string(),
  group: z.string(),
  round: z.number(),
  participant_count: z.number(),
  weights: z.array(z.number()).min(1),
});
const server = await need("MongoDB", () => mongoServer());

Deno.test("start() is ready without its sink, says what waits for it and why, and tells nobody the password", async () => {
  await using folder = new Folder();
  const port = freePort(), sink = `postgres://me:${SECRET}@127.0.0.1:${port}/plant`;
  const { program, url } = await startInstance(
    ["--scenario", "none", "--port", "0", "--data-dir", folder.at("data"), "--checkpoint", "20"],
    { env: { SENSORIUM_SINK: `${sink} mongodb://me:${SECRET}@127.0.0.1:${port}/plant` } },
  );
  await using _ = program;
  const body = JSON.stringify({ sensor: "a", time: "2026-03-01T00:00:00Z", values: { t: 1 } });
  const headers = { "content-type": "application/json" };
  const sent = await fetch(`${url}/readings`, { method: "POST", headers, body });
  assertEquals([sent.status, (await sent.body?.cancel()) ?? 0], [202, 0]);
  const ready = await until("both are missed", async () => {
    const seen = await ask(`${url}/readyz`, readySchema);
    return seen.sinks.every(({ error, backlog_items }) => error !== undefined && backlog_items > 0) && seen;
  });
  assertEquals([ready.status, ready.reasons, ready.sinks.map(({ sink }) => sink)], ["ready", [], [
    "postgres",
    "mongodb",
  ]]);
  assertStringIncludes(ready.sinks[0].error ?? "", `no PostgreSQL answers at 127.0.0.1:${port}`);
  const told = await Promise.all(["config", "sinks", "readyz", "metrics"].map(async (path) => {
    return await (await fetch(`${url}/${path}`)).text();
  }));
  assertStringIncludes(told[0], `postgres://(hidden)@127.0.0.1:${port}/plant`);
  assertStringIncludes(told[3], `sensorium_sink_up{sink="postgres"} 0`);
  program.signal("SIGTERM");
  const end = await within(program.ended, PATIENCE_MS, "a graceful end");
  assertEquals(end.code, 0);
  assertStringIncludes(end.out, "wait for the sink postgres: it gets them after the next start");
  assertStringIncludes(end.error, " WARN  sink postgres: no PostgreSQL answers");
  for (const text of [...told, program.said]) assert(!text.includes(SECRET), text);
});

Deno.test("start() refuses a sink that cannot be, before anything begins, without its password", async () => {
  await using folder = new Folder();
  const args = ["start", "--data-dir", folder.at("data"), "--port", "0", "--sink"];
  for (
    const [sink, sentence] of [[`ftp://me:${SECRET}@h/d`, "a sink must be"], [
      `postgres://me:${SECRET}@h`,
      "must name role",
    ]]
  ) {
    const end = await run([...args, sink]);
    assertEquals(
      [end.code, end.error.trimEnd().split("\n").length, end.error.includes(SECRET)],
      [2, 1, false],
      end.error,
    );
    assertStringIncludes(end.error, sentence);
  }
});

testWith(
  server,
  "replay() to MongoDB ends with a prediction for each reading, and every round of the federation",
  async (server) => {
    await using folder = new Folder();
    const url = server.database(), rounds = 600;
    const lines = [...recording({ rounds, garbage: false })];
    await Deno.writeTextFile(folder.at("in.ndjson"), lines.join("\n") + "\n");
    const judging = { detectors: "full", federation: { everyMs: 60_000 } };
    await Deno.writeTextFile(
      folder.at("c.json"),
      JSON.stringify({ judging, replay: { sink: [{ url, name: "models" }] } }),
    );
    const args = ["replay", folder.at("in.ndjson"), "--config", folder.at("c.json"), "--data-dir", folder.at("data")];
    const client = await new MongoClient(url).connect();
    try {
      const database = client.db(), count = (name: string) => database.collection(name).countDocuments();
      const end = await run(args);
      assertEquals([end.code, end.error], [0, ""]);
      const predictions = await count("predictions");
      assertGreater(predictions, 25 * rounds);
      const models = async () =>
        (await database.collection("global_model").find().toArray()).map((one) => perRound.parse(one));
      const global = (await models()).filter(({ _id }) => !_id.endsWith("/current"));
      const local = await database.collection("local_models").find().toArray();
      assertGreater(global.length, 1);
      for (const { group, round, participant_count } of global) {
        assertEquals(local.filter((one) => one.group === group && one.round === round).length, participant_count);
      }
      // The same again, from the beginning: nothing is there twice.
      assertEquals((await run([...args, "--fresh"])).code, 0);
      assertEquals([await count("predictions"), await count("local_models")], [predictions, local.length]);
      assertEquals((await models()).length, global.length + new Set(global.map(({ group }) => group)).size); // current ones
    } finally {
      await client.close();
    }
  },
);
