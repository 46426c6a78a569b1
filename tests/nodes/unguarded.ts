/**
 * A node of the chaos without one of its guards, which `SENSORIUM_TEST_WITHOUT` names: to see that the chaos finds out.
 *
 * It takes the flags that `main.ts start` is given, as far as they matter here.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { judgingSchema } from "../../actors/config.ts";
import { systemClock as clock } from "../../commands/process/clock.ts";
import { Engine } from "../../commands/instance/engine.ts";
import { KafkaSource } from "../../sources/kafka/source.ts";
import { parseKafkaUrl } from "../../sources/kafka/address.ts";
import { ALL_GUARDS } from "../../store/checkpoint/chain.ts";
import { JUDGING, sharingOf } from "./cluster.ts";

const names = ["kafka", "kv", "data-dir", "group", "instance", "session", "port"] as const;
const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const, default: "" }]));
const { values } = parseArgs({ args: Deno.args, options, strict: false });
const given = (name: typeof names[number]) => String(values[name]);

/** As good as none: about 25 days, the longest that a timer can wait, ms. */
const NO_DEADLINE_MS = 2 ** 31 - 1;

const without = Deno.env.get("SENSORIUM_TEST_WITHOUT") ?? "";
const stop = new AbortController(), { brokers, topics } = parseKafkaUrl(given("kafka"));
Deno.addSignalListener("SIGTERM", () => stop.abort());
const group = { group: given("group"), instance: given("instance"), sessionMs: Number(given("session")) };
const source = new KafkaSource({ cluster: { brokers }, topics, clock, group });
const engine = await Engine.open({
  dataDir: given("data-dir"),
  kv: given("kv"),
  node: given("instance"),
  judging: judgingSchema.parse(JUDGING),
  shards: 1,
  clock,
  guards: { ...ALL_GUARDS, [without]: false },
  ...(without === "deadline" ? { kvDeadlineMs: NO_DEADLINE_MS } : {}),
  sharing: sharingOf(() => source),
  supervisor: { storeAwayMs: 1_000, checkpointMs: 300 },
  interrupted: (_partition, error) => console.error(error.message),
});
const server = Deno.serve(
  { port: Number(given("port")), hostname: "127.0.0.1", onListen: () => {} },
  () => Response.json({ partitions: engine.supervisor.partitions() }),
);
await engine.run(source, stop.signal);
await server.shutdown();
await engine.close();
Deno.exit(0);
