/**
 * An Apache Kafka broker, the real one: fetched by Maven once, one JVM, with four listeners.
 *
 * `plain` asks for nothing; `sasl` for a login; `tls` speaks TLS; `saslTls` both. Clients without a login may do everything,
 * as may `alice`; `bob` may log in, and nothing else. Passwords: {@linkcode KAFKA_PASSWORD}.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import type { KafkaCluster, KafkaMechanism } from "../../sources/kafka/address.ts";
import { jars } from "./maven.ts";
import {
  endProcess,
  type Owner,
  type Running,
  runTool,
  serverAgain,
  serverFor,
  type ServerSpec,
  signal,
} from "./server.ts";

/** The password of `alice` and `bob`. */
export const KAFKA_PASSWORD = "correct-horse";
const KEYSTORE_PASSWORD = "changeit";
/** Any id of a cluster: 16 bytes in base64. */
const CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ";
/** What a broker says once it answers. */
export const READY = /Kafka Server started/;

/** A broker that runs. */
export interface KafkaBroker extends Running {
  /** How to reach a listener, as nobody or as somebody. */
  cluster(listener?: Listener, login?: { user: string; password?: string; mechanism?: KafkaMechanism }): KafkaCluster;
  /** The certificate that its own one is signed by: itself. */
  readonly ca: string;
  /** Lets it keep silent in open connections, and speak again. */
  silence(isSilent: boolean): Promise<void>;
  /** Ends it as it stands. */
  kill(): Promise<void>;
  /** Starts it again with all that it had, after a kill. */
  again(): Promise<void>;
}

/** A way in. */
export type Listener = "plain" | "sasl" | "tls" | "saslTls";
const LISTENERS: Readonly<Record<Listener, string>> = {
  plain: "PLAINTEXT",
  sasl: "SASL_PLAINTEXT",
  tls: "SSL",
  saslTls: "SASL_SSL",
};

/** Where the broker's jars are. @throws {ServerMissing} */
export const kafkaJars = () => jars("kafka-4.1.2", "kafka.pom.xml");

function javaOf(libs: string, options: readonly string[]): string[] {
  return ["java", "-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true", ...options, "-cp", join(libs, "*")];
}

/** The command that starts the broker of a folder. */
export function brokerCommand(libs: string, folder: string): string[] {
  const options = ["-Xmx384m", "-XX:TieredStopAtLevel=1", `-Dlog4j2.configurationFile=${join(folder, "log4j2.yaml")}`];
  return [...javaOf(libs, options), "kafka.Kafka", join(folder, "server.properties")];
}

/** Its log: what may be wrong, and that it has started. */
export const LOGGING = `Configuration:
  Appenders:
    Console: { name: OUT, PatternLayout: { pattern: "[%d] %p %m (%c)%n" } }
  Loggers:
    Root: { level: WARN, AppenderRef: { ref: OUT } }
    Logger: [{ name: kafka.server.KafkaRaftServer, level: INFO }]
`;

/** Makes the folder for a broker's data, as its configuration says. */
export async function formatStorage(libs: string, properties: string, more: readonly string[] = []): Promise<void> {
  const [java, ...flags] = javaOf(libs, ["-XX:TieredStopAtLevel=1"]);
  await runTool(java, [...flags, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", properties, ...more]);
}

/** The broker's configuration. */
function properties(folder: string, ports: Readonly<Record<string, number>>): string {
  const named = Object.entries(LISTENERS).map(([name, protocol]) => `${protocol}://127.0.0.1:${ports[name]}`);
  const mechanisms = ["plain", "scram-sha-256", "scram-sha-512"].flatMap((mechanism) => {
    const module = mechanism === "plain"
      ? `org.apache.kafka.common.security.plain.PlainLoginModule required ${
        ["alice", "bob"].map((user) => `user_${user}="${KAFKA_PASSWORD}"`).join(" ")
      };`
      : "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    return ["sasl_plaintext", "sasl_ssl"].map((name) =>
      `listener.name.${name}.${mechanism}.sasl.jaas.config=${module}`
    );
  });
  return [
    "process.roles=broker,controller",
    "node.id=1",
    `controller.quorum.voters=1@127.0.0.1:${ports.controller}`,
    `listeners=${named.join(",")},CONTROLLER://127.0.0.1:${ports.controller}`,
    `advertised.listeners=${named.join(",")}`,
    "inter.broker.listener.name=PLAINTEXT",
    "controller.listener.names=CONTROLLER",
    `listener.security.protocol.map=${
      Object.values(LISTENERS).map((name) => `${name}:${name}`).join(",")
    },CONTROLLER:PLAINTEXT`,
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    ...mechanisms,
    "ssl.keystore.type=PKCS12",
    `ssl.keystore.location=${join(folder, "keys.p12")}`,
    `ssl.keystore.password=${KEYSTORE_PASSWORD}`,
    `ssl.key.password=${KEYSTORE_PASSWORD}`,
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:ANONYMOUS;User:alice",
    `log.dirs=${join(folder, "data")}`,
    "num.partitions=3",
    "auto.create.topics.enable=false",
    "offsets.topic.replication.factor=1",
    "offsets.topic.num.partitions=3",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "transaction.state.log.num.partitions=3",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    "group.min.session.timeout.ms=1000",
    "broker.session.timeout.ms=2000",
    "broker.heartbeat.interval.ms=300",
    "log.segment.bytes=67108864",
    "log.retention.ms=-1", // tests write messages of any age
    "num.network.threads=2",
    "num.io.threads=2",
    "background.threads=2",
    "",
  ].join("\n");
}

async function spec(): Promise<ServerSpec> {
  const libs = await kafkaJars();
  return {
    name: "kafka",
    ports: ["controller", ...Object.keys(LISTENERS)],
    usual: { plain: 9092 },
    ready: READY,
    async prepare(folder, ports) {
      const keys = join(folder, "keys.p12"), certificate = join(folder, "ca.pem");
      const store = ["-keystore", keys, "-storetype", "PKCS12", "-storepass", KEYSTORE_PASSWORD, "-alias", "broker"];
      const about = ["-dname", "CN=localhost", "-ext", "SAN=IP:127.0.0.1,DNS:localhost", "-ext", "BC=ca:true"];
      await runTool("keytool", [
        "-genkeypair",
        ...store,
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-validity",
        "30",
        ...about,
      ]);
      await Deno.writeTextFile(certificate, await runTool("keytool", ["-exportcert", "-rfc", ...store]));
      const file = join(folder, "server.properties");
      await Deno.writeTextFile(file, properties(folder, ports));
      await Deno.writeTextFile(join(folder, "log4j2.yaml"), LOGGING);
      const scram = ["alice", "bob"].flatMap((user) =>
        ["256", "512"].flatMap((bits) => ["--add-scram", `SCRAM-SHA-${bits}=[name=${user},password=${KAFKA_PASSWORD}]`])
      );
      await formatStorage(libs, file, scram);
      return brokerCommand(libs, folder);
    },
    again: (folder) => brokerCommand(libs, folder),
  };
}

/**
 * The broker of this run of tests, started by whoever asks first; or, with owner 0, that of a person's stack.
 *
 * @throws {ServerMissing} without Java, keytool or Maven, or where Maven cannot fetch
 */
export async function kafkaBroker(owner: Owner = Deno.pid): Promise<KafkaBroker> {
  const made = await spec(), running = await serverFor(made, owner), { folder, ports } = running;
  const ca = await Deno.readTextFile(join(folder, "ca.pem"));
  return {
    ...running,
    ca,
    cluster: (listener = "plain", login) => ({
      brokers: [`127.0.0.1:${ports[listener]}`],
      ...(/tls/i.test(listener) ? { tls: { ca } } : {}),
      ...(login === undefined ? {} : { login: { mechanism: "PLAIN", password: KAFKA_PASSWORD, ...login } }),
    }),
    silence: async (isSilent) => signal((await serverFor(made, owner)).pid, isSilent ? "SIGSTOP" : "SIGCONT"),
    kill: async () => await endProcess((await serverFor(made, owner)).pid, "SIGKILL"),
    again: async () => void await serverAgain(made, running, owner),
  };
}
