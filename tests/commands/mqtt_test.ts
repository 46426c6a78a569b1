/**
 * MQTT from the command line, with the permissions of the tasks: in, killed in between, and alerts out.
 *
 * @module
 */
import { z } from "zod";
import { assert, assertEquals, assertMatch } from "../../std/assert.ts";
import { mqttServer } from "../servers/mqtt.ts";
import { need, testWith } from "../servers/needed.ts";
import { publish } from "../sources/mqtt/brokers.ts";
import { ask, Folder, freePort, run, startInstance, until } from "../process.ts";

const needed = await need("MQTT broker", mqttServer);

const START = ["--allow-read", "--allow-write", "--allow-net", "--allow-env=SENSORIUM_*,OTEL_*", "--ignore-env"];
const summarySchema = z.object({ partitions: z.array(z.object({ readings: z.number(), refused: z.number() })) });

testWith(
  needed,
  "start --source mqtt judges what simulate sends, and misses nothing where it was killed",
  async (server) => {
    await using folder = new Folder();
    const prefix = `cmd${crypto.randomUUID().slice(0, 8)}`, url = `mqtt://127.0.0.1:${server.ports.open}`;
    const flags = [
      ...["--port", String(freePort()), "--data-dir", folder.at("data"), "--source", "mqtt", "--mqtt", url],
      ...["--mqtt-topics", `${prefix}/{location}/{sensor}`, "--sink", `${url}/${prefix}out`],
    ];
    const counted = async (url: string) => {
      const { partitions } = await ask(`${url}/summary`, summarySchema);
      return partitions.reduce((sum, { readings, refused }) => sum + readings + refused, 0);
    };
    const first = await startInstance(flags, { permissions: START });
    await until("it is ready", async () => (await fetch(`${first.url}/readyz`)).ok);
    const sent = await run(["simulate", "facility", "--interval", "0", "--count", "500", "--to", `${url}/${prefix}`], {
      permissions: START,
    });
    assertEquals(sent.code, 0, sent.error);
    assertMatch(sent.error, /500 readings of facility to mqtt:/);
    await until("the first ones are judged", async () => await counted(first.url) === 500);
    await first.program.kill();
    const broken = { topic: `${prefix}/hall/pump`, payload: "broken" };
    await publish({ broker: server.broker() }, [broken, { ...broken, payload: "7" }]); // the broker keeps them
    await using second = (await startInstance(flags, { permissions: START })).program;
    const again = /page is at (http:\S+?)\/\s/.exec(second.said)?.[1] ?? "";
    await until("what came meanwhile is judged", async () => await counted(again) >= 502);
    const metrics = await (await fetch(`${again}/metrics`)).text();
    assertMatch(metrics, /sensorium_mqtt_total\{kind="refused"\} 1/);
    second.signal("SIGTERM");
    const { code, error } = await second.ended;
    assertEquals(code, 0, error);
  },
);

testWith(needed, "start --feed and replay --to send a recording over MQTT", async (server) => {
  await using folder = new Folder();
  const prefix = `feed${crypto.randomUUID().slice(0, 8)}`, url = `mqtt://127.0.0.1:${server.ports.open}`;
  const rows = Array.from({ length: 60 }, (_, i) => `${new Date(60_000 * i).toISOString()},pump,hall,${20 + i % 3}`);
  const recording = folder.at("pump.csv");
  await Deno.writeTextFile(recording, ["time,sensor,location,temperature", ...rows, ""].join("\n"));
  const flags = ["--port", String(freePort()), "--data-dir", folder.at("data"), "--source", "mqtt", "--mqtt", url];
  const topics = ["--mqtt-topics", `${prefix}/{location}/{sensor}`],
    feed = ["--feed", recording, "--feed-speed", "600"];
  const started = await startInstance([...flags, ...topics, ...feed], { permissions: START });
  await using program = started.program;
  const counted = async () => (await ask(`${started.url}/summary`, summarySchema)).partitions[0]?.readings ?? 0;
  await until("the feed is judged", async () => await counted() >= 5);
  const sent = await run(["replay", recording, "--to", `${url}/${prefix}`], { permissions: START });
  assertMatch(sent.out, new RegExp(`60 readings to ${prefix}`), sent.error);
  await until("the recording is judged", async () => await counted() >= 60);
  program.signal("SIGTERM");
  assertEquals((await program.ended).code, 0);
});

testWith(needed, "start --source mqtt --check-config says what cannot be, without the password", async () => {
  const cases: [string[], RegExp][] = [
    [["--mqtt", "http://x"], /--mqtt: .* must be mqtt:\/\/host:port/],
    [["--mqtt", "mqtt://me:hunter2@h:0"], /a port is from 1 to 65535/],
    [["--mqtt-topics", "a/{site}"], /--mqtt-topics: .*must be \{sensor\}/],
    [["--mqtt-topics", "spBv1.0/#", "--group", "g"], /cannot share Sparkplug/],
    [["--mqtt-user", "me"], /SENSORIUM_MQTT_PASSWORD/],
    [
      ["--feed", "simulator", "--mqtt-topics", "a/{sensor}"],
      /--feed sends to PREFIX\/LOCATION\/SENSOR: .*not a\/{sensor}/,
    ],
  ];
  for (const [flags, sentence] of cases) {
    const { code, error } = await run(["start", "--source", "mqtt", "--check-config", ...flags], {
      permissions: START,
    });
    assertEquals(code, 2, error);
    assertMatch(error, sentence);
    assert(!error.includes("hunter2"), error);
  }
});
