/**
 * Nodes of a group over KV servers, as processes, with proxies between them and the servers.
 *
 * @module
 */
import { z } from "zod";
import { readInstance } from "../../commands/instance/instance.ts";
import type { SharingOptions } from "../../commands/instance/sharing.ts";
import type { KafkaSource } from "../../sources/kafka/source.ts";
import { ask, Folder, freePort, Program, until } from "../process.ts";
import { KV_TOKEN, type KvServer, kvServer } from "../servers/kv.ts";
import type { KafkaBroker } from "../servers/kafka.ts";
import { Proxy } from "./proxy.ts";

/**
 * What is watched: a reading beyond its limit raises an alert, and the next one within clears it, so that there are many.
 * Idle partitions would tick by the clock: not while this runs.
 */
export const JUDGING = {
  types: { pump: { channels: { x: { high: 90 } }, intervalMs: 5_000 } },
  alerts: { rules: { limit: { raise: 1, of: 1, clear: 1 } } },
  tickMs: 120_000,
  windows: [{ lengthMs: 300_000, hopMs: 300_000 }],
  forest: { everyMs: 120_000 },
  federation: { everyMs: 600_000 },
};

/** So long partitions wait for models that all share: for ever, since what is compared depends on it. */
const MODEL_WAIT_MS = 86_400_000;

/** How partitions of a topic share their models, in an engine without its commands. */
export function sharingOf(source: () => Pick<KafkaSource, "partitionIds">): SharingOptions {
  return {
    includes: (partition) => partition.startsWith("kafka-"),
    partitions: () => source().partitionIds,
    waitMs: MODEL_WAIT_MS,
    report: (error) => console.error(error),
  };
}

const summarySchema = z.object({
  partitions: z.array(z.object({
    partition: z.string(),
    position: z.number(),
    readings: z.number(),
    refused: z.number(),
    state: z.string(),
  })),
});

/** A partition as a node shows it. */
export type Shown = z.infer<typeof summarySchema>["partitions"][number];

/** How nodes are started. */
export interface NodeOptions {
  readonly topic: string;
  /** Time without a sign of life after which the group goes on without a node, ms. */
  readonly sessionMs: number;
  /** How readings are judged; default {@linkcode JUDGING}. */
  readonly judging?: typeof JUDGING;
  /** What is started instead of `main.ts start`, with the same flags. */
  readonly program?: string;
}

/** A node that is started again whenever it has ended, until it is to stay away. */
export class Node {
  lives = 0;
  /** Lives that ended by themselves. */
  failures = 0;
  isStopped = false;
  readonly #port = freePort();
  #program?: Program;
  #wanted = false;
  #before = "";

  constructor(readonly name: string, private readonly args: readonly string[], private readonly entry?: string) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What it said, over all its lives. */
  get said(): string {
    return this.#before + (this.#program?.said ?? "");
  }

  start(): void {
    this.#wanted = true;
    void this.#live();
  }

  async #live(): Promise<void> {
    while (this.#wanted) {
      const args = ["start", ...this.args, "--port", String(this.#port)];
      const program = this.#program = new Program(args, {
        env: { DENO_KV_ACCESS_TOKEN: KV_TOKEN },
        ...(this.entry === undefined ? {} : { entry: this.entry }),
      });
      this.lives++;
      await program.ended;
      this.#before += program.said;
      if (this.#wanted && this.#program === program) {
        this.failures++;
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }

  /** Process id of its present life. */
  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  signal(name: Deno.Signal): void {
    if (name === "SIGSTOP" || name === "SIGCONT") this.isStopped = name === "SIGSTOP";
    this.#program?.signal(name);
  }

  /** Ends it by a signal, and waits until it is gone. */
  async end(name: "SIGTERM" | "SIGKILL"): Promise<number> {
    this.#wanted = false;
    if (this.isStopped) this.signal("SIGCONT");
    this.#program?.signal(name);
    return (await this.#program?.ended)?.code ?? 0;
  }

  /** What its administrative routes want to see. */
  async token(): Promise<string> {
    return (await readInstance(this.args[this.args.indexOf("--data-dir") + 1]))?.token ?? "";
  }

  /** Its partitions; none while it does not answer. */
  async partitions(): Promise<readonly Shown[]> {
    if (!this.#wanted || this.isStopped) return [];
    return await ask(`${this.url}/summary`, summarySchema).then(({ partitions }) => partitions, () => []);
  }
}

/** KV servers with a proxy before each, and nodes that know the proxies only. */
export class Cluster implements AsyncDisposable {
  private constructor(
    readonly broker: KafkaBroker,
    readonly servers: readonly KvServer[],
    readonly proxies: readonly Proxy[],
    readonly nodes: readonly Node[],
    private readonly folder: Folder,
  ) {}

  static async start(
    broker: KafkaBroker,
    counts: { readonly nodes: number; readonly servers: number },
    options: NodeOptions,
  ): Promise<Cluster> {
    const servers: KvServer[] = [], folder = new Folder(), word = crypto.randomUUID().slice(0, 8);
    for (let i = 0; i < counts.servers; i++) servers.push(await kvServer(`${word}-${i}`));
    const proxies = servers.map(({ ports }) => new Proxy(ports.kv)), config = folder.at("config.json");
    await Deno.writeTextFile(config, JSON.stringify({ judging: options.judging ?? JUDGING }));
    const shared = sharedFlags(broker, options.topic, config);
    const nodes = Array.from({ length: counts.nodes }, (_, i) =>
      new Node(`node-${i}`, [
        ...shared,
        ...["--data-dir", folder.at(`node-${i}`), "--kv", proxies.map(({ url }) => url).join(",")],
        ...["--allow-hosts", "127.0.0.1"],
        ...["--group", options.topic, "--instance", `node-${i}`, "--session", String(options.sessionMs)],
      ], options.program));
    return new Cluster(broker, servers, proxies, nodes, folder);
  }

  /** Starts the nodes and waits until they share the partitions. */
  async ready(partitions: number): Promise<void> {
    for (const node of this.nodes) node.start();
    await until("the nodes share the partitions", async () => {
      const shown = await this.shown();
      return shown.filter(({ state }) => state === "running").length === partitions &&
        new Set(shown.map(({ node }) => node)).size === this.nodes.length;
    });
  }

  /** What all nodes show of their partitions. */
  async shown(): Promise<(Shown & { readonly node: Node })[]> {
    const all = await Promise.all(
      this.nodes.map(async (node) => (await node.partitions()).map((one) => ({ ...one, node }))),
    );
    return all.flat().filter(({ partition, state }) => partition.startsWith("kafka-") && state !== "elsewhere");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end("SIGKILL")));
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]();
    for (const server of this.servers) await server.kill();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Flags of every instance that reads the topic. */
export function sharedFlags(broker: KafkaBroker, topic: string, config: string): string[] {
  const kafka = `kafka://${broker.cluster().brokers[0]}/${topic}`;
  return ["--source", "kafka", "--kafka", kafka, "--scenario", "none", "--config", config, "--checkpoint", "300"]
    .concat(
      "--model-wait",
      String(MODEL_WAIT_MS),
    );
}
