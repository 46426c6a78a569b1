/**
 * What came over MQTT, under the suite of all sources: real brokers, through the log.
 *
 * @module
 */
import { HttpSource } from "../../../sources/http.ts";
import type { OutgoingMessage } from "../../../sources/mqtt/publisher.ts";
import { sourceConformance } from "../conformance.ts";
import { aedesBroker, MOSQUITTO, publish, type TestBroker, World } from "./brokers.ts";

const START = 1_790_000_000_000;
const BAD = ["", "off", "[]", `{"values": {"x": "high"}}`];

function messages(prefix: string): OutgoingMessage[] {
  const good = Array.from({ length: 60 }, (_, i) => ({
    topic: `${prefix}/hall/s${i % 5}`,
    payload: JSON.stringify({ time: START + i * 1000, values: { x: i, y: i % 3 ? i / 7 : null } }),
  }));
  const bad = BAD.map((payload, i) => ({ topic: `${prefix}/hall/s${i}`, payload }));
  return [...good.slice(0, 30), ...bad, ...good.slice(30)];
}

async function conforms(name: string, broker: Pick<TestBroker, "broker">): Promise<void> {
  await using world = await World.open(broker);
  await world.start();
  await publish(broker, messages(world.prefix));
  await world.written(60 + BAD.length);
  const { log } = world;
  sourceConformance(`MQTT's log (${name})`, () => new HttpSource(log), { take: 60 + BAD.length, refused: BAD.length });
}

const aedes = await aedesBroker();
await conforms("aedes", aedes);
await aedes.stop();
if ("missing" in MOSQUITTO) Deno.test(`MQTT's log (mosquitto: not run: ${MOSQUITTO.missing})`, () => {});
else {
  for (const version of ["5", "3.1.1"] as const) {
    await conforms(`mosquitto, ${version}`, { broker: MOSQUITTO.server.broker({ version }) });
  }
}
