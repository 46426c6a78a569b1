/**
 * Kafka from the command line, with the permissions of the tasks: in, out, and killed in between.
 *
 * @module
 */
import { z } from "zod";
import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import { type KafkaBroker, kafkaBroker } from "../servers/kafka.ts";
import { need, testWith } from "../servers/needed.ts";
import { ask, Folder, freePort, Program, run, startInstance, until } from "../process.ts";
import { freshTopic, makeTopic, put } from "../sources/kafka/topics.ts";

const needed = await need("Kafka", kafkaBroker);

/** The task's own flags: what the client needs must be among them. */
const START = ["--allow-read", "--allow-write", "--allow-net", "--allow-env=SENSORIUM_*,OTEL_*", "--ignore-env"];
const SEND = ["--allow-read", "--allow-net", "--allow-env=SENSORIUM_*,OTEL_*", "--ignore-env"];

const urlOf = (broker: KafkaBroker, topic: string) => `kafka://${broker.cluster().brokers[0]}/${topic}`;
const summarySchema = z.object({
  partitions: z.array(z.object({ partition: z.string(), readings: z.number(), refused: z.number() })),
});
const quarantineSchema = z.object({ items: z.array(z.object({ errors: z.array(z.object({ message: z.string() })) })) });
const readySchema = z.object({ status: z.string() });

/** Readings and refused records of all partitions of a topic. */
async function counted(url: string): Promise<readonly [number, number]> {
  const { partitions } = await ask(`${url}/summary`, summarySchema);
  const kafka = partitions.filter(({ partition }) => partition.startsWith("kafka-"));
  return [
    kafka.reduce((sum, { readings }) => sum + readings, 0),
    kafka.reduce((sum, { refused }) => sum + refused, 0),
  ];
}

testWith(
  needed,
  "start --source kafka judges what simulate and replay send, and goes on where it was killed",
  async (broker) => {
    await using folder = new Folder();
    const topic = await makeTopic(broker, freshTopic(), 3), url = urlOf(broker, topic);
    const sent = await run(["simulate", "facility", "--interval", "0", "--count", "500", "--to", url], {
      permissions: SEND,
    });
    assertEquals(sent.code, 0, sent.error);
    assertMatch(sent.error, /500 readings of facility/);
    const flags = ["--port", String(freePort()), "--data-dir", folder.at("data"), "--source", "kafka", "--kafka", url];
    const first = await startInstance(flags, { permissions: START });
    await until("the first ones are judged", async () => (await counted(first.url))[0] === 500);
    await first.program.kill();
    await Deno.writeTextFile(
      folder.at("more.ndjson"),
      Array.from(
        { length: 40 },
        (_, i) => JSON.stringify({ sensor: "late-comer", time: Date.now() - 40_000 + i * 1000, values: { x: i } }),
      ).join("\n"),
    );
    const replayed = await run(["replay", folder.at("more.ndjson"), "--to", url], { permissions: SEND });
    assertMatch(replayed.out, /40 readings to /);
    await put(broker, topic, [{ value: "{ nothing" }]);
    const second = await startInstance(flags, { permissions: START });
    await using _program = second.program;
    await until("all are judged once", async () => {
      const [readings, refused] = await counted(second.url);
      assert(readings <= 540, `${readings} readings`);
      return readings === 540 && refused === 1;
    });
    const { items } = await until("the quarantine is stored", async () => {
      const page = await ask(`${second.url}/quarantine`, quarantineSchema);
      return page.items.length > 0 && page;
    });
    assertMatch(
      items[0].errors[0].message,
      new RegExp(`the message at ${topic}, partition 0, offset \\d+ is not JSON`),
    );
    assertEquals((await ask(`${second.url}/readyz`, readySchema)).status, "ready");
    second.program.signal("SIGTERM");
    assertEquals((await second.program.ended).code, 0);
  },
);

testWith(needed, "consume shows the messages of a topic, a line of JSON each", async (broker) => {
  const topic = await makeTopic(broker, freshTopic());
  await put(broker, topic, [{ key: "a", value: { x: 1 }, timestamp: 1_790_000_000_000 }, { value: "text" }, {
    value: null,
  }]);
  const shown = await run(["consume", urlOf(broker, topic)], { permissions: SEND });
  const lines = shown.out.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines[0], { partition: 0, offset: 0, time: "2026-09-21T14:13:20.000Z", key: "a", value: { x: 1 } });
  assertEquals(lines.map(({ value }) => value), [{ x: 1 }, "text", null]);
  const some = await run(["consume", urlOf(broker, topic), "--count", "2"], { permissions: SEND });
  assertEquals(some.out.trim().split("\n").length, 2);
});

testWith(needed, "consume --follow shows messages as they come, until it is told to end", async (broker) => {
  const topic = await makeTopic(broker, freshTopic(), 2);
  await put(broker, topic, [{ value: "early" }]);
  await using program = new Program(["consume", urlOf(broker, topic), "--follow"], { permissions: SEND });
  await program.says(/"value":"early"/);
  await put(broker, topic, [{ partition: 1, value: "late" }]);
  await program.says(/"partition":1.*"value":"late"/);
  program.signal("SIGINT");
  assertEquals((await program.ended).code, 0);
});

testWith(needed, "start, replay, simulate and consume end with one sentence when Kafka says no", async (broker) => {
  await using folder = new Folder();
  const missing = urlOf(broker, "no-such-topic"), env = { SENSORIUM_KAFKA_PASSWORD: "hunter2-secret" };
  await Deno.writeTextFile(folder.at("a.ndjson"), '{"sensor":"a","time":1,"values":{"x":1}}\n');
  const start = [
    "start",
    "--port",
    String(freePort()),
    "--data-dir",
    folder.at("data"),
    "--source",
    "kafka",
    "--kafka",
    missing,
  ];
  for (
    const args of [
      start,
      ["replay", folder.at("a.ndjson"), "--to", missing],
      ["simulate", "facility", "--to", missing],
      ["consume", missing],
    ]
  ) {
    const { code, error } = await run(args, { permissions: args === start ? START : SEND });
    assertEquals(code, 1, error);
    assertMatch(error, /^sensorium: cannot .* of Kafka at 127\.0\.0\.1:\d+: there is no topic "no-such-topic"/m);
  }
  const [address] = broker.cluster("sasl").brokers;
  const wrong = await run(["consume", `kafka://${address}/t`, "--kafka-user", "alice", "--kafka-mechanism", "PLAIN"], {
    permissions: SEND,
    env,
  });
  assertMatch(wrong.error, /the broker refuses the user "alice": wrong name or password/);
  assert(!`${wrong.error}${wrong.out}`.includes("hunter2"));
  assertEquals((await run(["consume", "kafka://h:1/a,b"], { permissions: SEND })).code, 2);
});
