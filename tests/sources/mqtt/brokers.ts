/**
 * Brokers that tests run against: mosquitto in both versions of the protocol where it is installed, and aedes, which is in
 * npm, everywhere.
 *
 * @module
 */
import { Aedes } from "aedes";
import net from "node:net";
import { systemClock } from "../../../commands/process/clock.ts";
import type { MqttBroker } from "../../../sources/mqtt/address.ts";
import { type IntakeOptions, MqttIntake } from "../../../sources/mqtt/intake.ts";
import { MqttPublisher, type OutgoingMessage } from "../../../sources/mqtt/publisher.ts";
import { parseTopic } from "../../../sources/mqtt/topics.ts";
import { ReadingLog } from "../../../store/log/log.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { until } from "../../process.ts";
import { mqttServer } from "../../servers/mqtt.ts";
import { need, type Needed, testWith } from "../../servers/needed.ts";

/** A broker that can go away. */
export interface TestBroker {
  readonly broker: MqttBroker;
  /** Stops it; sessions are kept. */
  stop(): Promise<void>;
  /** Starts it again, at the same place. */
  again(): Promise<void>;
}

/** aedes in this process, over TCP; what it keeps, it keeps while it is away. */
export async function aedesBroker(): Promise<TestBroker> {
  const aedes = await Aedes.createBroker(), sockets = new Set<net.Socket>();
  let server: net.Server;
  const listen = (port: number) =>
    new Promise<number>((resolve) => {
      server = net.createServer((socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        aedes.handle(socket);
      });
      server.listen(port, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port));
    });
  const port = await listen(0);
  return {
    broker: { host: "127.0.0.1", port, version: "3.1.1" },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    again: async () => void await listen(port),
  };
}

const mosquitto = await need("MQTT broker", mqttServer);

/** mosquitto, or why it is not there. */
export const MOSQUITTO = mosquitto;

/** Registers a test for mosquitto, in both versions of the protocol. */
export function withMosquitto(name: string, run: (broker: TestBroker) => Promise<void>): void {
  for (const version of ["5", "3.1.1"] as const) {
    const needed: Needed<TestBroker> = "missing" in mosquitto ? mosquitto : {
      server: {
        broker: mosquitto.server.broker({ version }),
        stop: () => mosquitto.server.stop(),
        again: () => mosquitto.server.again(),
      },
    };
    testWith(needed, `${name} (mosquitto, MQTT ${version})`, run);
  }
}

/** Registers a test for every broker. */
export function withBrokers(name: string, run: (broker: TestBroker) => Promise<void>): void {
  withMosquitto(name, run);
  Deno.test({
    name: `${name} (aedes, MQTT 3.1.1)`,
    fn: async () => {
      const broker = await aedesBroker();
      try {
        await run(broker);
      } finally {
        await broker.stop();
      }
    },
    sanitizeOps: false, // a broker of Node's goes on with its own timers
    sanitizeResources: false,
  });
}

/** An intake with a log of its own. */
export class World implements AsyncDisposable {
  readonly said: string[] = [];
  readonly prefix = `t${crypto.randomUUID().slice(0, 8)}`;
  readonly log: ReadingLog;
  intake: MqttIntake;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  readonly #options: IntakeOptions;

  private constructor(log: ReadingLog, broker: MqttBroker, options: Partial<IntakeOptions>) {
    this.log = log;
    this.#options = {
      broker,
      log,
      clock: systemClock,
      topics: [parseTopic(`${this.prefix}/{location}/{sensor}`)],
      clientId: this.prefix,
      sessionSeconds: 600,
      keepAliveSeconds: 30,
      retained: false,
      report: (sentence) => void this.said.push(sentence),
      ...options,
    };
    this.intake = new MqttIntake(this.#options);
  }

  /** @param topics with `PREFIX` for what is this test's own */
  static async open(
    { broker }: Pick<TestBroker, "broker">,
    { topics, ...options }: Partial<Omit<IntakeOptions, "topics">> & { readonly topics?: readonly string[] } = {},
    log?: ReadingLog,
  ): Promise<World> {
    const world = new World(log ?? await ReadingLog.open(new MemoryKv(), { clock: systemClock }), broker, options);
    if (topics !== undefined) {
      const own = topics.map((topic) => parseTopic(topic.replace("PREFIX", world.prefix)));
      world.intake = new MqttIntake({ ...world.#options, topics: own });
    }
    return world;
  }

  /** Another intake with these deviations, of the same session unless they say otherwise. */
  other(options: Partial<IntakeOptions>): MqttIntake {
    return new MqttIntake({ ...this.#options, ...options });
  }

  /** Starts the intake; resolves when it is subscribed. */
  async start(): Promise<void> {
    this.#stop = new AbortController();
    this.#running = this.intake.run(this.#stop.signal);
    await until("it is connected", () => this.intake.problems().length === 0);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Everything that is in the log. */
  async lines(): Promise<Record<string, unknown>[]> {
    const end = this.log.end(0), stop = new AbortController(), lines: Record<string, unknown>[] = [];
    for (let at = 0; at < end;) {
      for await (const entry of this.log.read(0, at, stop.signal)) {
        at = entry.kind === "tick" ? entry.position + 1 : entry.position + entry.count;
        if (entry.kind === "lines") {
          const text = new TextDecoder().decode(entry.bytes).split("\n", entry.count);
          lines.push(...text.map((line) => JSON.parse(line)));
        }
        if (at >= end) break;
      }
    }
    return lines;
  }

  /** Waits until so many lines are in the log. */
  async written(count: number): Promise<Record<string, unknown>[]> {
    await until(`${count} lines in the log`, () => this.log.end(0) >= count);
    return await this.lines();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Sends messages over a connection of their own. */
export async function publish({ broker }: Pick<TestBroker, "broker">, messages: readonly OutgoingMessage[]) {
  const publisher = await MqttPublisher.open({ broker, clock: systemClock, signal: new AbortController().signal });
  try {
    await publisher.send(messages);
  } finally {
    await publisher.close();
  }
}
