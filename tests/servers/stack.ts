/**
 * The servers of `deno task stack`.
 *
 * @module
 */
import { makeAdmin } from "../../sources/kafka/client.ts";
import { kafkaBroker } from "./kafka.ts";
import { mongoServer } from "./mongodb.ts";
import { postgresServer } from "./postgres.ts";

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
  const server = await postgresServer(0), { host, port, user } = server.address();
  return `postgres://${user}@${host}:${port}/${await server.database()}`;
}

async function startMongo(): Promise<string> {
  return (await mongoServer(0)).database();
}
