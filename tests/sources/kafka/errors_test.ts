/**
 * What a person reads when Kafka says no, from a real broker: what and where, in one sentence, and no secret.
 *
 * @module
 */
import { systemClock } from "../../../commands/process/clock.ts";
import type { KafkaCluster, KafkaMechanism } from "../../../sources/kafka/address.ts";
import { KAFKA_MECHANISMS } from "../../../sources/kafka/address.ts";
import { KafkaProducer } from "../../../sources/kafka/producer.ts";
import { KafkaSource } from "../../../sources/kafka/source.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../../std/assert.ts";
import { SourceError } from "../../../actors/ports.ts";
import { type KafkaBroker, kafkaBroker, type Listener } from "../../servers/kafka.ts";
import { need, testWith } from "../../servers/needed.ts";
import { freePort } from "../../process.ts";
import { readAll, TestMemory } from "../conformance.ts";
import { freshTopic, makeTopic, put } from "./topics.ts";

const needed = await need("Kafka", kafkaBroker);
const SECRET = "hunter2-not-the-password";

/** Opens a source and a producer; both must say the same of it. */
async function refusal(cluster: KafkaCluster, topic: string): Promise<string> {
  const source = new KafkaSource({ cluster, topics: [topic], clock: systemClock });
  const error = await assertRejects(() => source.open(new TestMemory()), SourceError).finally(() => source.close());
  assert(!error.message.includes(SECRET), "no secret in the message");
  assertEquals(error.message.includes("\n"), false);
  return error.message;
}

testWith(needed, "KafkaSource.open() says in one sentence what is wrong, and where", async (broker) => {
  const topic = await makeTopic(broker, freshTopic()), port = freePort();
  const at = (listener: Listener) => broker.cluster(listener).brokers[0].replaceAll(".", "\\.");
  const as = (user: string, password?: string) => ({ user, ...(password === undefined ? {} : { password }) });
  const cases: readonly (readonly [KafkaCluster, string, RegExp])[] = [
    [{ brokers: [`127.0.0.1:${port}`] }, topic, new RegExp(`127\\.0\\.0\\.1:${port}: nothing listens there`)],
    [{ brokers: ["no-such-host.invalid:9092"] }, topic, /no-such-host\.invalid:9092: there is no host of that name/],
    [broker.cluster(), "no-such-topic", /there is no topic "no-such-topic"/],
    [
      broker.cluster("sasl", as("alice", SECRET)),
      topic,
      new RegExp(`${at("sasl")}: the broker refuses the user "alice"`),
    ],
    [
      broker.cluster("sasl", { user: "alice", password: SECRET, mechanism: "SCRAM-SHA-512" }),
      topic,
      /refuses the user "alice"/,
    ],
    [broker.cluster("plain", as("alice")), topic, /this port takes no login by PLAIN/],
    [broker.cluster("sasl", as("bob")), topic, /no right to the topic|there is no topic .*, or it may not be seen/],
    [{ ...broker.cluster("tls"), tls: {} }, topic, new RegExp(`${at("tls")}: its certificate is not trusted`)],
    [{ ...broker.cluster("plain"), tls: {} }, topic, /this port does not speak TLS|hangs up/],
    [{ brokers: broker.cluster("tls").brokers }, topic, /TLS|hangs up/],
  ];
  for (const [cluster, name, expected] of cases) assertMatch(await refusal(cluster, name), expected);
});

testWith(needed, "KafkaProducer.open() says the same", async (broker) => {
  const producer = new KafkaProducer(broker.cluster("saslTls", { user: "alice", password: SECRET }));
  const error = await assertRejects(() => producer.open(["any"]), SourceError).finally(() => producer.close());
  assertMatch(error.message, /the broker refuses the user "alice": wrong name or password/);
  assert(!error.message.includes(SECRET));
});

async function reads(broker: KafkaBroker, cluster: KafkaCluster): Promise<void> {
  const topic = await makeTopic(broker, freshTopic());
  await put(broker, topic, [{ value: { sensor: "s", time: 1, values: { x: 1 } } }]);
  const source = new KafkaSource({ cluster, topics: [topic], clock: systemClock, waitMs: 50 });
  const [partition] = await source.open(new TestMemory());
  assertEquals((await readAll(partition, 0, 1)).taken.length, 1);
  await source.close();
}

testWith(needed, "KafkaSource reads over TLS, and with every kind of login", async (broker) => {
  const logins: readonly (KafkaMechanism | undefined)[] = [undefined, ...KAFKA_MECHANISMS];
  for (const mechanism of logins) {
    const login = mechanism === undefined ? undefined : { user: "alice", mechanism };
    await reads(broker, broker.cluster(mechanism === undefined ? "tls" : "saslTls", login));
  }
  await reads(broker, broker.cluster("sasl", { user: "alice", mechanism: "SCRAM-SHA-256" }));
});
