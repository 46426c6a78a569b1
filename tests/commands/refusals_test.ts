/**
 * What a person reads in `/readyz` and in the log when a sink's server says no: one sentence that names what and where, with
 * no secret in it. Every sink by its URL, as it stands in the configuration, against a real server.
 *
 * @module
 */
import { judgingOf } from "../../commands/settings/settings.ts";
import { openSinks, type SinkPart } from "../../commands/settings/sinks.ts";
import { KAFKA_ACCESS } from "../../commands/kafka/settings.ts";
import { MQTT_ACCESS } from "../../commands/mqtt/settings.ts";
import type { DeliverySink } from "../../sinks/delivery/sink.ts";
import { mongoError } from "../../sinks/mongodb/errors.ts";
import { MongoSink } from "../../sinks/mongodb/sink.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../std/assert.ts";
import { freePort } from "../process.ts";
import { KAFKA_PASSWORD, type KafkaBroker, kafkaBroker } from "../servers/kafka.ts";
import { type MongoServer, mongoServer } from "../servers/mongodb.ts";
import { type MqttServer, mqttServer } from "../servers/mqtt.ts";
import { need, testWith } from "../servers/needed.ts";
import { asTest, type PostgresServer, postgresServer } from "../servers/postgres.ts";
import { makeTopic } from "../sources/kafka/topics.ts";

type Access = Parameters<typeof openSinks>[2];
const SECRET = "hunter2-is-secret", NOWHERE = "no-such-host.invalid";
/** As where nobody says how to log in. */
const NO_ACCESS = Object.fromEntries(
  Object.entries({ ...KAFKA_ACCESS, ...MQTT_ACCESS }).map(([name, { fallback }]) => [name, fallback]),
) as Access;
/** What is wrong, the sink, and what its sentence must name. */
type Case = readonly [what: string, part: SinkPart, says: RegExp, access?: Partial<Access>];

type Make = (part: SinkPart, access: Access) => Promise<DeliverySink>;

/** As a start makes it. */
const asConfigured: Make = async (part, access) => (await openSinks([part], judgingOf({}), access))[0];

/** The sentence, for each case; it must be one, without a secret. */
async function sentences(cases: readonly Case[], make = asConfigured): Promise<void> {
  for (const [what, part, says, access] of cases) {
    const sink = await make(part, { ...NO_ACCESS, ...access });
    const signal = AbortSignal.timeout(20_000);
    const { message } = await assertRejects(() => sink.open(signal), Error).finally(() => sink.close());
    assertMatch(message, says, what);
    assert(!message.includes("\n") && message.length < 400, `${what}: ${message}`);
    for (const secret of [SECRET, KAFKA_PASSWORD]) assert(!message.includes(secret), `${what}: ${message}`);
  }
}

/** A place as it stands in a sentence. */
const exactly = (text: string) => text.replaceAll(/[.[\]]/g, "\\$&");

const postgres = await need("PostgreSQL", () => postgresServer());
testWith(
  postgres,
  "openSinks(): what PostgreSQL refuses is said in one sentence each",
  async (server: PostgresServer) => {
    const database = await server.database(), address = server.address({ database });
    const at = `127.0.0.1:${address.port}`, role = `w_${crypto.randomUUID().slice(0, 8)}`, closed = freePort();
    await asTest(address, async (client) => {
      await client.script(`CREATE ROLE ${role} LOGIN PASSWORD '${SECRET}'`);
      await client.script("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    });
    const url = (host: string, password = SECRET, rest = "") =>
      `postgres://${role}:${password}@${host}/${database}${rest}`;
    await sentences([
      [
        "wrong address",
        { url: url(`127.0.0.1:${closed}`) },
        new RegExp(`no PostgreSQL answers at 127\\.0\\.0\\.1:${closed}`),
      ],
      ["wrong host", { url: url(NOWHERE, SECRET, "?sslmode=disable") }, new RegExp(`no host ${exactly(NOWHERE)}`)],
      ["wrong password", { url: url(at, `${SECRET}x`) }, new RegExp(`password of role ${role} .* ${exactly(at)}`)],
      [
        "untrusted certificate",
        { url: url(at, SECRET, "?sslmode=verify-full") },
        new RegExp(`certificate of PostgreSQL at ${exactly(at)} is not signed by anybody who is trusted`),
      ],
      [
        "missing database",
        { url: `postgres://${role}:${SECRET}@${at}/elsewhere` },
        new RegExp(`there is no database elsewhere at ${exactly(at)}`),
      ],
      [
        "missing tables, and no right to make them",
        { url: url(at) },
        new RegExp(
          `the tables are missing in database ${database} at ${exactly(at)} and role ${role} may not make them`,
        ),
      ],
    ]);
    const maker = await asConfigured({ url: `postgres://test@${at}/${database}` }, NO_ACCESS);
    await maker.open(AbortSignal.timeout(20_000));
    await maker.close();
    await sentences([
      [
        "no rights",
        { url: url(at) },
        new RegExp(`role ${role} lacks a right in database ${database} at ${exactly(at)}`),
      ],
    ]);
  },
);

const kafka = await need("Kafka", kafkaBroker);
testWith(kafka, "openSinks(): what Kafka refuses is said in one sentence each", async (broker: KafkaBroker) => {
  const prefix = `out-${crypto.randomUUID().slice(0, 8)}`, closed = freePort();
  for (const kind of ["verdicts", "windows", "alerts"]) await makeTopic(broker, `${prefix}.${kind}`);
  const [plain] = broker.cluster().brokers,
    [sasl] = broker.cluster("sasl").brokers,
    [tls] = broker.cluster("tls").brokers;
  const login = (kafkaUser: string, kafkaPassword: string) => ({ kafkaUser, kafkaPassword });
  await sentences([
    [
      "wrong address",
      { url: `kafka://127.0.0.1:${closed}/${prefix}` },
      new RegExp(`127\\.0\\.0\\.1:${closed}: nothing listens`),
    ],
    [
      "wrong host",
      { url: `kafka://${NOWHERE}:9092/${prefix}` },
      new RegExp(`${exactly(NOWHERE)}:9092: there is no host`),
    ],
    ["missing topic", { url: `kafka://${plain}/nobody` }, /there is no topic "nobody\.verdicts"/],
    [
      "wrong password",
      { url: `kafka://${sasl}/${prefix}` },
      new RegExp(`${exactly(sasl)}: the broker refuses the user "alice"`),
      login("alice", SECRET),
    ],
    [
      "untrusted certificate",
      { url: `kafkas://${tls}/${prefix}` },
      new RegExp(`${exactly(tls)}: its certificate is not trusted`),
    ],
    [
      "no rights",
      { url: `kafka://${sasl}/${prefix}` },
      /no right to the topic|there is no topic .*, or it may not be seen/,
      login("bob", KAFKA_PASSWORD),
    ],
  ]);
});

const mqtt = await need("MQTT broker", mqttServer);
testWith(mqtt, "openSinks(): what MQTT refuses is said in one sentence each", async (server: MqttServer) => {
  const { open, login, tls, mutual } = server.ports,
    closed = freePort(),
    at = (port: number) => `mqtt://127.0.0.1:${port}`;
  const user = (mqttUser: string, mqttPassword: string) => ({ mqttUser, mqttPassword });
  const says = (port: number, what: string) => new RegExp(`127\\.0\\.0\\.1:${port}.*${what}`);
  await sentences([
    ["wrong address", { url: at(closed) }, says(closed, "nothing listens")],
    ["wrong host", { url: `mqtt://${NOWHERE}` }, new RegExp(`${exactly(NOWHERE)}.*there is no host`)],
    ["wrong password", { url: at(login) }, says(login, "refused"), user("plant", SECRET)],
    ["nobody", { url: at(login) }, says(login, "does not let this client in")],
    ["untrusted certificate", { url: `mqtts://127.0.0.1:${tls}` }, says(tls, "certificate")],
    ["no certificate of its own", { url: `mqtts://127.0.0.1:${mutual}` }, says(mutual, "certificate")],
    ["TLS where there is none", { url: `mqtts://127.0.0.1:${open}` }, says(open, "")],
  ]);
});

const mongodb = await need("MongoDB", () => mongoServer());
testWith(mongodb, "openSinks(): what MongoDB refuses is said in one sentence each", async (server: MongoServer) => {
  const at = `127.0.0.1:${server.ports.mongodb}`, closed = freePort();
  const read = (name: string) => Deno.readTextFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
  const tls = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: read("hooks.test.pem"),
    key: read("hooks.test.key.pem"),
  });
  const shaking = (async () => {
    for await (const connection of tls) connection.handshake().catch(() => {}).finally(() => connection.close());
  })().catch(() => {}); // closed at the end
  const within = (serverMs: number): Make => ({ url }) => Promise.resolve(new MongoSink({ url, serverMs })); // else 10 s
  await sentences([
    [
      "wrong address",
      { url: `mongodb://me:${SECRET}@127.0.0.1:${closed}/plant` },
      new RegExp(`no MongoDB answers at 127\\.0\\.0\\.1:${closed}`),
    ],
  ], within(500));
  await sentences([
    [
      "wrong host",
      { url: `mongodb://me:${SECRET}@${NOWHERE}/plant` },
      new RegExp(`no host ${exactly(NOWHERE)}`),
    ],
    [
      "untrusted certificate",
      { url: `mongodb://127.0.0.1:${tls.addr.port}/plant?tls=true` },
      new RegExp(`certificate of MongoDB at 127\\.0\\.0\\.1:${tls.addr.port} is not signed by anybody who is trusted`),
    ],
  ], within(3_000));
  await sentences([
    [
      "a login that it does not know",
      { url: `mongodb://me:${SECRET}@${at}/plant` },
      new RegExp(`MongoDB at ${exactly(at)} knows no logins`),
    ],
  ]);
  tls.close();
  await shaking;
});

Deno.test("mongoError() says what a server with logins refuses", () => {
  // Codes of MongoDB's own list; the server that the tests have knows neither logins nor rights.
  const place = { hosts: "db.example:27017", database: "plant", user: "me" };
  const said = (code: number, message: string) => mongoError({ code, message }, place).message;
  assertEquals(
    said(18, "Authentication failed."),
    "MongoDB at db.example:27017 does not let user me in: the password or the user is wrong",
  );
  assertEquals(
    said(13, "not authorized on plant to execute command"),
    "user me lacks a right in database plant of MongoDB at db.example:27017: not authorized on plant to execute command",
  );
});
