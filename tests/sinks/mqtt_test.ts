/**
 * MQTT as a sink, under the suite of all sinks and against a real broker.
 *
 * @module
 */
import { z } from "zod";
import { systemClock as clock } from "../../commands/process/clock.ts";
import type { AlertItem, Batch } from "../../sinks/delivery/item.ts";
import { SinkUnavailableError } from "../../sinks/delivery/sink.ts";
import { MqttSink, type MqttSinkOptions } from "../../sinks/mqtt.ts";
import type { MqttBroker } from "../../sources/mqtt/address.ts";
import { MqttConnection } from "../../sources/mqtt/connection.ts";
import { MqttPublisher } from "../../sources/mqtt/publisher.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { until } from "../process.ts";
import { MQTT_USER, type MqttServer, mqttServer } from "../servers/mqtt.ts";
import { need, type Needed, testWith } from "../servers/needed.ts";
import { publish } from "../sources/mqtt/brokers.ts";
import { sinkConformance, type SinkServer } from "./conformance.ts";

const server = await need("MQTT broker", mqttServer), signal = new AbortController().signal;
const fresh = () => `out${crypto.randomUUID().slice(0, 8)}`;

function sinkTo(broker: MqttBroker, prefix: string, options: Partial<MqttSinkOptions> = {}): MqttSink {
  return new MqttSink({ sender: (signal) => MqttPublisher.open({ broker, clock, signal }), prefix, ...options });
}

const messageSchema = z.looseObject({
  id: z.string(),
  alert: z.string().optional(),
  revision: z.number().optional(),
  position: z.number().optional(),
});
type Message = z.infer<typeof messageSchema> & { readonly topic: string };

/** Hears everything below a prefix, over a session that outlives the broker. */
class Ear {
  readonly heard: Message[] = [];
  readonly #marks = new Set<string>();

  constructor(private readonly broker: MqttBroker, private readonly prefix: string) {}

  async listen(): Promise<this> {
    let ready: () => void = () => {};
    const subscribed = new Promise<void>((resolve) => ready = resolve);
    (async () => {
      for (;;) {
        try {
          await this.#hear(ready);
        } catch {
          await clock.sleep(20); // the broker is away, as the suite wants it
        }
      }
    })();
    await subscribed;
    return this;
  }

  async #hear(ready: () => void): Promise<void> {
    const options = {
      broker: this.broker,
      clock,
      clientId: this.prefix,
      sessionSeconds: 600,
      keepAliveSeconds: 30,
      signal,
    };
    const connection = await MqttConnection.open(options);
    connection.subscribe([`${this.prefix}/#`], true).then(ready, () => {});
    for await (const messages of connection.messages()) {
      for (const { topic, payload, id } of messages) {
        const text = new TextDecoder().decode(payload);
        if (topic === `${this.prefix}/mark`) this.#marks.add(text);
        else this.heard.push({ topic, ...messageSchema.parse(JSON.parse(text)) });
        if (id !== 0) connection.ack([id]);
      }
    }
  }

  /** Waits until everything that was sent before has come. */
  async whole(): Promise<readonly Message[]> {
    const mark = crypto.randomUUID();
    await publish({ broker: this.broker }, [{ topic: `${this.prefix}/mark`, payload: mark }]);
    await until("the mark comes", () => this.#marks.has(mark));
    return this.heard;
  }
}

/** What a reader keeps that knows each event by a name: the one of the greatest order. */
function folded(messages: readonly Message[], nameOf: (one: Message) => string, orderOf: (one: Message) => number) {
  const kept = new Map<string, Message>();
  for (const one of messages) {
    const before = kept.get(nameOf(one));
    if (before === undefined || orderOf(one) >= orderOf(before)) kept.set(nameOf(one), one);
  }
  return [...kept].sort(([a], [b]) => a < b ? -1 : 1).map(([, { topic, ...one }]) => ({
    topic: topic.split("/").slice(1).join("/"),
    ...one,
  }));
}

function forSuite(server: MqttServer): SinkServer {
  return {
    async place() {
      const prefix = fresh(), broker = server.broker(), ear = await new Ear(broker, prefix).listen();
      return {
        sink: () => sinkTo(broker, prefix, { kinds: ["alerts", "windows", "verdicts"], retain: false }),
        poison: (item) => ({ ...item, channel: "c".repeat(70_000) }), // no topic is so long
        async stored() {
          const heard = await ear.whole(),
            of = (kind: string) => heard.filter(({ topic }) => topic.startsWith(`${prefix}/${kind}/`));
          const id = (one: Message) => one.id, none = () => 0;
          return {
            readings: folded(of("verdicts"), id, none),
            windows: folded(of("windows"), id, ({ revision = 0 }) => revision),
            alerts: folded(of("alerts"), ({ alert = "" }) => alert, ({ position = 0 }) => position),
            more: folded(of("alerts"), id, none),
          };
        },
      };
    },
    stop: () => server.stop(),
    start: () => server.again(),
    silence: (isSilent) => server.silence(isSilent),
  };
}

const needed: Needed<SinkServer> = "server" in server ? { server: forSuite(server.server) } : server;
sinkConformance("MqttSink", needed);

const step = (transition: string, position: number, more: Partial<AlertItem> = {}): AlertItem => ({
  id: `hall:7:boiler-1:limit:temperature/${transition}/${position}`,
  alert: "hall:7:boiler-1:limit:temperature",
  transition,
  sensor: "boiler-1",
  location: "hall 3/east",
  condition: "limit",
  channel: "temperature",
  priority: "high",
  time: 1_790_000_000_000,
  partition: "hall",
  position,
  message: "temperature is 99",
  ...more,
});
const alerts = (...items: AlertItem[]): Batch => ({ kind: "alerts", partition: "hall", items });

testWith(
  server,
  "MqttSink retains the last step of an alert, which an older one that comes again does not take back",
  async (server) => {
    const prefix = fresh(), broker = server.broker(), sink = sinkTo(broker, prefix);
    const raised = step("raised", 7), cleared = step("cleared", 9);
    const { channel: _, location: __, ...other } = step("raised", 8, { sensor: "a" });
    await sink.open(signal);
    await sink.deliver(alerts(raised), signal);
    await sink.deliver(alerts(cleared, other), signal);
    await sink.deliver(alerts(raised), signal);
    await sink.close();
    const late = await new Ear(broker, prefix).listen(), heard = await late.whole();
    assertEquals(folded(heard, ({ topic }) => topic, () => 0), [
      { topic: "alerts/-/a/limit", ...shown(other) },
      { topic: "alerts/hall 3%2Feast/boiler-1/limit/temperature", ...shown(cleared) },
    ]);
  },
);

testWith(server, "MqttSink.open() says what is wrong in one sentence, without the password", async (server) => {
  const wrong = "hunter2-of-nobody",
    broker = server.broker({ listener: "login", login: { ...MQTT_USER, password: wrong } });
  const error = await assertRejects(
    () => sinkTo(broker, fresh()).open(signal),
    SinkUnavailableError,
    '"plant" is refused',
  );
  assert(!error.message.includes(wrong));
  await assertRejects(
    () => sinkTo(server.broker({ port: 1 }), fresh()).open(signal),
    SinkUnavailableError,
    "nothing listens",
  );
});

/** As it stands in a message. */
function shown(item: AlertItem): z.infer<typeof messageSchema> {
  return { ...item, time: "2026-09-21T14:13:20.000Z" };
}
