import type { LogPort, Piece } from "../../../actors/log.ts";
import { LogError } from "../../../actors/log.ts";
import { systemClock } from "../../../commands/process/clock.ts";
import { assert, assertEquals, assertMatch } from "../../../std/assert.ts";
import { ReadingLog } from "../../../store/log/log.ts";
import { MemoryKv } from "../../memory_kv.ts";
import { until } from "../../process.ts";
import { MQTT_USER } from "../../servers/mqtt.ts";
import { testWith } from "../../servers/needed.ts";
import { aedesBroker, MOSQUITTO, publish, withBrokers, World } from "./brokers.ts";

/** Message `i` of ten sensors that take turns: each says its time. */
const numbered = (prefix: string, i: number) => ({
  topic: `${prefix}/hall/s${i % 10}`,
  payload: JSON.stringify({ time: 1_790_000_000_000 + i, values: { x: i } }),
});
const many = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => numbered(prefix, from + i));
/** Readings by their number, each once, whatever came twice. */
const numbers = (lines: readonly Record<string, unknown>[]) =>
  [...new Set(lines.map(({ values }) => (values as { x: number }).x))].sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** A log whose writes wait, or fail, as a test wants it. */
class TroubledLog implements LogPort {
  gate: Promise<void> = Promise.resolve();
  fails = 0;
  appends = 0;

  constructor(private readonly log: ReadingLog) {}

  get partitions() {
    return this.log.partitions;
  }
  get pieceBytes() {
    return this.log.pieceBytes;
  }
  get isFull() {
    return this.log.isFull;
  }
  room(signal: AbortSignal) {
    return this.log.room(signal);
  }
  least(partition: number) {
    return this.log.least(partition);
  }
  end(partition: number) {
    return this.log.end(partition);
  }
  request(key: string) {
    return this.log.request(key);
  }
  async append(pieces: readonly Piece[]) {
    this.appends++;
    await this.gate;
    if (this.fails-- > 0) throw new LogError("The log did not take a write.");
    return await this.log.append(pieces);
  }
  read(partition: number, from: number, signal: AbortSignal) {
    return this.log.read(partition, from, signal);
  }
  released(partition: number, position: number) {
    return this.log.released(partition, position);
  }
  keep(signal: AbortSignal) {
    return this.log.keep(signal);
  }
}

async function troubled() {
  const log = await ReadingLog.open(new MemoryKv(), { clock: systemClock });
  return { log, trouble: new TroubledLog(log) };
}

withBrokers(
  "MqttIntake writes what comes into the log, in order, with the reason where it cannot be read",
  async (at) => {
    await using world = await World.open(at);
    await world.start();
    const { prefix } = world;
    await publish(at, [
      { topic: `${prefix}/hall/pump`, payload: "1.5" },
      { topic: `${prefix}/hall/pump`, payload: "broken" },
      { topic: `${prefix}/yard/fan`, payload: `{"time": 7, "values": {"rpm": 900, "load": null}}` },
    ]);
    const [first, second, third] = await world.written(3);
    assertEquals([first.sensor, first.location, first.values], ["pump", "hall", { value: 1.5 }]);
    assertMatch(JSON.stringify(second.errors), new RegExp(`no number and no JSON.*${prefix}/hall/pump`));
    assertEquals(third, { sensor: "fan", location: "yard", time: 7, values: { rpm: 900, load: null } });
    const { messages, readings, refused } = world.intake.counts;
    assertEquals({ messages, readings, refused }, { messages: 3, readings: 2, refused: 1 });
  },
);

withBrokers("MqttIntake logs a reading that came under a sensor's name under its id", async (at) => {
  const names = { idOf: (name: string) => name === "Boiler" ? "pump-7" : name };
  await using world = await World.open(at, { names });
  await world.start();
  const sent = [["Boiler", "1"], ["pump-7", "2"], ["fan", "3"]];
  await publish(at, sent.map(([name, payload]) => ({ topic: `${world.prefix}/hall/${name}`, payload })));
  assertEquals((await world.written(3)).map(({ sensor }) => sensor), ["pump-7", "pump-7", "fan"]);
});

withBrokers("MqttIntake acknowledges nothing before the log has it: what was under way comes again", async (at) => {
  const { log, trouble } = await troubled(), gate = Promise.withResolvers<void>();
  await using world = await World.open(at, { log: trouble }, log);
  await world.start();
  trouble.gate = gate.promise;
  await publish(at, many(world.prefix, 0, 100));
  await until("all messages are there", () => world.intake.counts.messages === 100);
  assertEquals(log.end(0), 0);
  trouble.fails = trouble.appends; // none of what is under way is written, nor acknowledged
  trouble.gate = Promise.resolve();
  gate.resolve();
  await until("the broker sends them again", () => log.end(0) >= 100);
  assertEquals(numbers(await world.lines()), upTo(100));
  assert(world.intake.counts.messages > 100, "they came again");
  assertMatch(world.said.join("\n"), /The log did not take a write/);
  await world.stop();
  await world.start();
  await publish(at, many(world.prefix, 100, 101));
  await until("what comes then", () => log.end(0) > 100);
  assertEquals(numbers(await world.lines()), upTo(101));
});

withBrokers("MqttIntake leaves out readings that the log has, also those of before its start", async (at) => {
  await using world = await World.open(at);
  await world.start();
  const messages = many(world.prefix, 0, 100), other = numbered(world.prefix, 100);
  await publish(at, messages);
  await publish(at, messages);
  await until("all of them came", () => world.intake.counts.messages === 200);
  await world.stop();
  world.intake = world.other({});
  await world.start();
  await publish(at, [...messages, other]);
  await until("the last one is written", () => world.log.end(0) > 100);
  assertEquals(world.intake.counts.again, 100);
  assertEquals(numbers(await world.lines()), upTo(101));
  assertEquals(world.log.end(0), 101);
});

withBrokers("MqttIntake misses nothing while it is away, nor while the broker is", async (at) => {
  await using world = await World.open(at);
  await world.start();
  await publish(at, many(world.prefix, 0, 50));
  await world.written(50);
  await world.stop();
  await publish(at, many(world.prefix, 50, 80)); // the broker keeps them for the session
  await world.start();
  await world.written(80);
  await at.stop();
  await until("it is said", () => world.intake.problems().length > 0);
  assertMatch(world.intake.problems()[0], /^cannot (connect to|stay connected to) MQTT at 127\.0\.0\.1:\d+: \w/);
  await at.again();
  await until("it is connected again", () => world.intake.problems().length === 0);
  await publish(at, many(world.prefix, 80, 120));
  await until("all are there", async () => numbers(await world.lines()).length === 120);
  assertEquals(numbers(await world.lines()), upTo(120));
  assertMatch(world.said.join("\n"), /MQTT is there again/);
});

withBrokers("MqttIntake leaves out what the broker retained, unless it is wanted", async (at) => {
  await using world = await World.open(at);
  const { prefix } = world, topic = `${prefix}/hall/old`;
  await publish(at, [{ topic, payload: "1", retain: true }]);
  await world.start();
  await publish(at, [{ topic, payload: "2" }]);
  assertEquals((await world.written(1))[0].values, { value: 2 });
  await world.stop();
  const wanted = world.other({ retained: true, clientId: `${prefix}b` }), stop = new AbortController();
  const running = wanted.run(stop.signal);
  assertEquals((await world.written(2))[1].values, { value: 1 });
  stop.abort();
  await running;
  await publish(at, [{ topic, payload: "", retain: true }]);
});

withBrokers(
  "MqttIntake joins the channels of a sensor, and acknowledges them once the reading is written",
  async (at) => {
    await using world = await World.open(at, { topics: ["PREFIX/{sensor}/{channel}"], joinMs: 5_000 });
    await world.start();
    const { prefix } = world;
    const values = ["a", "b", "c", "a", "b"].map((channel, i) => ({
      topic: `${prefix}/s/${channel}`,
      payload: String(i),
    }));
    await publish(at, values);
    const [first] = await world.written(1);
    assertEquals(first.values, { a: 0, b: 1, c: 2 });
    await world.stop(); // what is held open is written first
    assertEquals((await world.lines()).map((line) => line.values), [{ a: 0, b: 1, c: 2 }, { a: 3, b: 4 }]);
    await world.start();
    await publish(at, [{ topic: `${prefix}/s/c`, payload: "5" }]);
    await world.stop();
    assertEquals(world.intake.counts.again, 0, "nothing came twice: all was acknowledged");
  },
);

Deno.test("MqttIntake reads no more than it may hold while the log is slow, and goes on", async () => {
  const at = await aedesBroker(), { log, trouble } = await troubled(), gate = Promise.withResolvers<void>();
  try {
    await using world = await World.open(at, { log: trouble, sessionSeconds: 0 }, log);
    await world.start();
    trouble.gate = gate.promise;
    const text = "x".repeat(500), count = 6_000;
    const messages = upTo(count).map((i) => ({
      topic: `${world.prefix}/hall/s`,
      payload: JSON.stringify({ time: 1_790_000_000_000 + i, values: { x: i }, comment: text }),
    }));
    const sent = publish(at, messages);
    await until("messages come", () => world.intake.counts.messages > 100);
    let last = -1;
    await until("no more come", () => {
      const { messages } = world.intake.counts, isStill = messages === last;
      last = messages;
      return isStill;
    }, 20_000);
    assert(last * 600 < 4 * 1024 * 1024, `${last} messages are held`);
    gate.resolve();
    await sent;
    await until("all are written", () => log.end(0) >= count);
  } finally {
    await at.stop();
  }
});

testWith(MOSQUITTO, "MqttIntake shares a subscription: each message goes to one of the group", async (server) => {
  for (const version of ["5", "3.1.1"] as const) {
    const at = { broker: server.broker({ version }) };
    await using one = await World.open(at, { group: "plant" });
    const other = one.other({ clientId: `${one.prefix}b` }),
      stop = new AbortController(),
      running = other.run(stop.signal);
    await until("the other is connected", () => other.problems().length === 0);
    await one.start();
    await publish(at, many(one.prefix, 0, 400));
    const lines = await one.written(400);
    assertEquals(lines.length, 400);
    assertEquals(numbers(lines), upTo(400));
    const [first, second] = [one.intake.counts.messages, other.counts.messages];
    assert(first > 50 && second > 50, `${first} and ${second}`);
    stop.abort();
    await running;
  }
});

testWith(MOSQUITTO, "MqttIntake speaks TLS, with a client's certificate where one is wanted", async (server) => {
  const { ca, client } = server;
  for (const [listener, tls] of [["tls", { ca }], ["mutual", { ca, ...client }]] as const) {
    const at = { broker: server.broker({ listener, tls, host: "localhost" }) };
    await using world = await World.open(at);
    await world.start();
    await publish(at, many(world.prefix, 0, 20));
    assertEquals(numbers(await world.written(20)), upTo(20));
  }
});

testWith(
  MOSQUITTO,
  "MqttIntake says what is wrong in one sentence, without the password, and waits",
  async (server) => {
    const { user } = MQTT_USER, wrong = "hunter2-of-nobody", { ca, otherCa } = server;
    const cases = [
      [
        server.broker({ listener: "login", login: { user, password: wrong } }),
        /the user "plant" is refused: .*password/,
      ],
      [server.broker({ listener: "login", version: "3.1.1", login: { user, password: wrong } }), /"plant" is refused/],
      [server.broker({ listener: "login" }), /does not let this client in/],
      [server.broker({ port: 1 }), /MQTT at 127\.0\.0\.1:1: nothing listens there$/],
      [server.broker({ host: "no-such-host.invalid" }), /no-such-host\.invalid:\d+: there is no host of that name/],
      [server.broker({ listener: "tls", tls: { ca: otherCa } }), /certificate is not trusted: .*--mqtt-ca/],
      [server.broker({ listener: "tls", tls: {} }), /certificate is not trusted: .*--mqtt-ca/],
      [server.broker({ listener: "open", tls: { ca } }), /does not speak TLS|hung up/],
      [server.broker({ listener: "tls" }), /hung up: is it the right port, with or without TLS|it hung up/],
      [server.broker({ listener: "mutual", tls: { ca } }), /--mqtt-cert|hung up/],
    ] as const;
    for (const [broker, sentence] of cases) {
      const world = await World.open({ broker }), stop = new AbortController(), running = world.intake.run(stop.signal);
      await until(`a sentence: ${sentence}`, () => world.said.length > 0);
      assertMatch(world.said[0], sentence);
      assertEquals(world.intake.problems(), [world.said.at(-1)]);
      assert(!world.said.join().includes(wrong));
      assertEquals(world.said[0].split("\n").length, 1);
      stop.abort();
      await running;
    }
    await using world = await World.open({ broker: server.broker({ listener: "login", login: MQTT_USER }) });
    await world.start();
  },
);

testWith(
  MOSQUITTO,
  "MqttIntake notices a broker that keeps silent, and goes on when it speaks again",
  async (server) => {
    const at = { broker: server.broker() };
    await using world = await World.open(at, { keepAliveSeconds: 1 });
    await world.start();
    await server.silence(true);
    await until("it is noticed", () => world.intake.problems().length > 0);
    assertMatch(world.said[0], /it has said nothing for \d s/);
    await server.silence(false);
    await until("it is connected again", () => world.intake.problems().length === 0);
    await publish(at, many(world.prefix, 0, 10));
    assertEquals(numbers(await world.written(10)), upTo(10));
  },
);

Deno.test("MqttIntake says that a broker does not speak the version", async () => {
  const at = await aedesBroker();
  const world = await World.open({ broker: { ...at.broker, version: "5" } }), stop = new AbortController();
  const running = world.intake.run(stop.signal);
  await until("a sentence", () => world.said.length > 0);
  assertMatch(world.said[0], /does not speak this version of MQTT: try --mqtt-version/);
  stop.abort();
  await running;
  await at.stop();
});
