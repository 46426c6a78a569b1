/**
 * Three Kafka brokers that are one cluster: each topic on all of them, written when two have it.
 *
 * @module
 */
import { join } from "../../std/path.ts";
import { brokerCommand, formatStorage, kafkaJars, LOGGING, READY } from "./kafka.ts";
import { endProcess, freePorts, type Owner, type Running, serverAgain, serverFor, type ServerSpec } from "./server.ts";

const NODES = [1, 2, 3] as const;

/** A cluster of which one broker can be taken away. */
export interface KafkaTrio {
  /** How to reach it: every broker. */
  cluster(): { readonly brokers: readonly string[] };
  /** Ends one broker as it stands: the next one at each call. */
  kill(): Promise<void>;
  /** Starts it again with all that it had. */
  again(): Promise<void>;
}

function properties(folder: string, node: number, port: number, controllers: readonly number[]): string {
  return [
    "process.roles=broker,controller",
    `node.id=${node}`,
    `controller.quorum.voters=${NODES.map((id, i) => `${id}@127.0.0.1:${controllers[i]}`).join(",")}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllers[node - 1]}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    "inter.broker.listener.name=PLAINTEXT",
    "controller.listener.names=CONTROLLER",
    "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    `log.dirs=${join(folder, "data")}`,
    "auto.create.topics.enable=false",
    "default.replication.factor=3",
    "min.insync.replicas=2",
    "offsets.topic.replication.factor=3",
    "offsets.topic.num.partitions=3",
    "transaction.state.log.replication.factor=3",
    "transaction.state.log.min.isr=2",
    "transaction.state.log.num.partitions=3",
    "share.coordinator.state.topic.replication.factor=3",
    "share.coordinator.state.topic.min.isr=2",
    "group.initial.rebalance.delay.ms=0",
    "group.min.session.timeout.ms=1000",
    "broker.session.timeout.ms=3000",
    "broker.heartbeat.interval.ms=500",
    "replica.lag.time.max.ms=3000",
    "log.retention.ms=-1",
    "num.network.threads=2",
    "num.io.threads=2",
    "background.threads=2",
    "",
  ].join("\n");
}

/**
 * The cluster of this run, started by whoever asks first: about 350 MB for each broker.
 *
 * @throws {ServerMissing} without Java or Maven, or where Maven cannot fetch
 */
export async function kafkaTrio(owner: Owner = Deno.pid): Promise<KafkaTrio> {
  const libs = await kafkaJars(), controllers = freePorts(NODES.length);
  const specs = NODES.map((node): ServerSpec => ({
    name: `kafka-of-3-${node}`,
    ports: ["plain"],
    ready: READY,
    async prepare(folder, { plain }) {
      const file = join(folder, "server.properties");
      await Deno.writeTextFile(file, properties(folder, node, plain, controllers));
      await Deno.writeTextFile(join(folder, "log4j2.yaml"), LOGGING);
      await formatStorage(libs, file);
      return brokerCommand(libs, folder);
    },
    again: (folder) => brokerCommand(libs, folder),
  }));
  // Together: none of them is ready before there is a majority.
  const running: Running[] = await Promise.all(specs.map((spec) => serverFor(spec, owner)));
  let away = -1;
  return {
    cluster: () => ({ brokers: running.map(({ ports }) => `127.0.0.1:${ports.plain}`) }),
    async kill() {
      away = (away + 1) % NODES.length;
      await endProcess(running[away].pid, "SIGKILL");
    },
    again: async () => void (running[away] = await serverAgain(specs[away], running[away], owner)),
  };
}
