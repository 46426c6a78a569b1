/**
 * The servers of `deno task stack`.
 *
 * @module
 */
import { makeAdmin } from "../../sources/kafka/client.ts";
import { kafkaBroker } from "./kafka.ts";
import { mongoServer } from "./mongodb.ts";
import { mqttServer } from "./mqtt.ts";
import { asTest, postgresServer } from "./postgres.ts";

/** A server that a person may start. */
export interface StackServer {
  readonly name: string;
  readonly about: string;
  /** Starts it, unless it runs; how it is reached. @throws {ServerMissing} */
  readonly start: () => Promise<string>;
}

const TOPICS = ["iot_sensors", "iot_stream", "smartfactory-stream"];
const OUTPUT_TOPICS = ["sensorium.verdicts", "sensorium.windows", "sensorium.alerts"];

/** Every server, in the order in which they are started. */
export const STACK: readonly StackServer[] = [
  { name: "kafka", about: "Apache Kafka 4.1", start: startKafka },
  { name: "postgres", about: "PostgreSQL", start: startPostgres },
  { name: "mongodb", about: "MongoDB's protocol, from a server in Java", start: startMongo },
  { name: "mqtt", about: "mosquitto, MQTT 3.1.1 and 5", start: startMqtt },
];

async function startKafka(): Promise<string> {
  const broker = await kafkaBroker(0), cluster = broker.cluster(), admin = makeAdmin(cluster);
  try {
    const known = new Set(await admin.listTopics());
    const topics = [...TOPICS, ...OUTPUT_TOPICS].filter((topic) => !known.has(topic));
    if (topics.length > 0) await admin.createTopics({ topics, partitions: 3, replicas: 1 });
  } finally {
    await admin.close();
  }
  return `kafka://${cluster.brokers[0]} with the topics ${[...TOPICS, ...OUTPUT_TOPICS].join(", ")}`;
}

async function startPostgres(): Promise<string> {
  const server = await postgresServer(0), address = server.address(), { host, port } = address;
  await asTest(address, async (client) => {
    const roles = await client.query("SELECT 1 FROM pg_roles WHERE rolname = 'sensorium'");
    if (roles.length > 0) return;
    await client.script("CREATE ROLE sensorium LOGIN");
    await client.script("CREATE DATABASE sensorium OWNER sensorium");
  });
  return `postgres://sensorium@${host}:${port}/sensorium`;
}

async function startMongo(): Promise<string> {
  const { ports: { mongodb } } = await mongoServer(0);
  return `mongodb://127.0.0.1:${mongodb}/sensorium`;
}

async function startMqtt(): Promise<string> {
  const { ports: { open } } = await mqttServer(0);
  return `mqtt://127.0.0.1:${open}`;
}
