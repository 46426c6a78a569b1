import type { AlertItem, Batch, ReadingItem } from "../../../sinks/delivery/item.ts";
import { RefusedError, SinkUnavailableError } from "../../../sinks/delivery/sink.ts";
import type { PostgresAddress } from "../../../sinks/postgres/address.ts";
import type { PostgresClient } from "../../../sinks/postgres/client.ts";
import { MIGRATIONS } from "../../../sinks/postgres/migrations.ts";
import { PostgresSink, type PostgresSinkOptions } from "../../../sinks/postgres/sink.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import { need, type Needed, testWith } from "../../servers/needed.ts";
import { asTest, type PostgresServer, postgresServer } from "../../servers/postgres.ts";
import { freePorts } from "../../servers/server.ts";
import { sinkConformance, type SinkServer } from "../conformance.ts";
import { alertAt, FIRST_DAY, readingAt } from "../delivery/partition.ts";
import { World } from "../delivery/world.ts";

const server = await need("PostgreSQL", () => postgresServer()), signal = new AbortController().signal;
const DAY_MS = 86_400_000;

/** All rows of a table, in order of their keys. */
async function rowsOf(client: PostgresClient, table: string): Promise<object[]> {
  return await client.query(`SELECT * FROM ${table} ORDER BY 1, 2`);
}

function forSuite(server: PostgresServer): SinkServer {
  let latest = "";
  return {
    async place() {
      const database = await server.database(), address = server.address({ database });
      latest = database;
      return {
        sink: () => new PostgresSink({ address }),
        poison: (item) => ({ ...item, time: 1e15 }), // no date is so late
        stored: () =>
          asTest(address, async (client) => ({
            readings: [await rowsOf(client, "sensor_readings"), await rowsOf(client, "ml_anomaly_predictions")].flat(),
            windows: await rowsOf(client, "sensor_aggregates"),
            alerts: await rowsOf(client, "alerts"),
            more: await rowsOf(client, "alert_transitions"),
          })),
      };
    },
    stop: () => server.kill(),
    start: () => server.again(),
    silence: (isSilent) => server.silence(latest, isSilent),
  };
}

const needed: Needed<SinkServer> = "server" in server ? { server: forSuite(server.server) } : server;
sinkConformance("PostgresSink", needed);

/** Readings of these positions as a batch. */
function readings(items: readonly ReadingItem[]): Batch {
  return { kind: "readings", partition: "hall", items };
}

/** Registers a test with a database of its own. */
function testIn(name: string, run: (server: PostgresServer, address: PostgresAddress) => Promise<void>): void {
  testWith(server, name, async (server) => await run(server, server.address({ database: await server.database() })));
}

/** Does something with a sink, and closes it. */
async function withSink(options: PostgresSinkOptions, work: (sink: PostgresSink) => Promise<void>): Promise<void> {
  const sink = new PostgresSink(options);
  try {
    await work(sink);
  } finally {
    await sink.close();
  }
}

testIn("PostgresSink writes a row for each channel, with unit, flags and what was expected", async (_, address) => {
  const item: ReadingItem = {
    ...readingAt("hall", 3),
    sensor: 'odd "name" \\ {with}, NULL',
    type: "pump",
    location: "hall 2",
    values: { temperature: 21.5, vibration: 0.25, humidity: null },
    is_anomaly: true,
    flags: [{ detector: "limit", channel: "temperature" }],
    score: 0.97,
    expected: { temperature: [19, 21] },
    explanation: "temperature is above its limit",
    versions: { forest: 4 },
  };
  await withSink({
    address,
    unitOf: (type, channel) => type === "pump" && channel === "temperature" ? "°C" : undefined,
  }, async (sink) => {
    await sink.deliver(readings([item]), signal);
  });
  await asTest(address, async (client) => {
    const time = new Date(item.time), common = { id: item.id, sensor_id: item.sensor, sensor_type: "pump" };
    assertEquals(await client.query("SELECT * FROM sensor_readings ORDER BY channel"), [
      {
        ...common,
        channel: "temperature",
        location: "hall 2",
        value: 21.5,
        unit: "°C",
        timestamp: time,
        anomaly: true,
      },
      { ...common, channel: "vibration", location: "hall 2", value: 0.25, unit: null, timestamp: time, anomaly: false },
    ]);
    const verdict = { is_anomaly: true, anomaly_score: 0.97, rule_based_anomaly: true, explanation: item.explanation };
    assertEquals(await client.query("SELECT * FROM ml_anomaly_predictions ORDER BY channel"), [
      {
        ...common,
        ...verdict,
        channel: "temperature",
        value: 21.5,
        timestamp: time,
        expected_low: 19,
        expected_high: 21,
        model_versions: { forest: 4 },
      },
      {
        ...common,
        ...verdict,
        channel: "vibration",
        value: 0.25,
        timestamp: time,
        expected_low: null,
        expected_high: null,
        model_versions: { forest: 4 },
      },
    ]);
  });
});

testIn("PostgresSink writes a round once, and drops it with its day", async (_, address) => {
  const common = { group: "motes {t, h}", readings: 900, weights: [0.5] };
  const at = (round: number) => ({ ...common, round, time: FIRST_DAY + round * DAY_MS });
  const local = (round: number) => ({
    ...at(round),
    id: `motes/${round}/sensor/mote-1`,
    participant: "mote-1",
    kind: "sensor" as const,
    loss: null,
  });
  const global = (round: number) => ({
    ...at(round),
    id: `motes/${round}`,
    model: "network:motes",
    version: round,
    participant_count: 3,
    loss: 0.25,
  });
  await withSink({ address, retentionDays: 2 }, async (sink) => {
    for (const rounds of [[1, 2], [2, 2]]) {
      await sink.deliver({ kind: "local_models", partition: "-models", items: rounds.map(local) }, signal);
      await sink.deliver({ kind: "global_models", partition: "-models", items: rounds.map(global) }, signal);
    }
    const rows = { group_name: common.group, round: "2", timestamp: new Date(at(2).time), reading_count: "900" };
    await asTest(address, async (client) => {
      assertEquals(await client.query("SELECT * FROM local_models WHERE round = 2"), [
        { ...rows, id: local(2).id, participant: "mote-1", kind: "sensor", loss: null },
      ]);
      assertEquals(await client.query("SELECT * FROM global_models WHERE round = 2"), [
        { ...rows, id: global(2).id, model: "network:motes", version: "2", participant_count: "3", loss: 0.25 },
      ]);
    });
    await sink.deliver(readings([{ ...readingAt("hall", 0), time: at(3).time }]), signal);
    await asTest(address, async (client) => {
      const left = await client.query("SELECT round FROM local_models UNION ALL SELECT round FROM global_models");
      assertEquals(left, [{ round: "2" }, { round: "2" }]);
    });
  });
});

testIn("PostgresSink knows how an alert stands, whatever steps came first", async (_, address) => {
  const raised = alertAt("hall", 0),
    { alert } = raised,
    step = (transition: string, position: number, more = {}) => {
      const { value: _value, expected: _expected, ...rest } = raised;
      return {
        ...rest,
        transition,
        position,
        time: FIRST_DAY + position,
        id: `${alert}/${transition}/${position}`,
        ...more,
      };
    };
  const steps: AlertItem[] = [
    raised,
    step("acknowledged", 3, { by: "kim", comment: "on my way" }),
    step("escalated", 4, { priority: "critical" }),
    step("cleared", 7),
    step("labelled", 9, { by: "kim", label: "true_alarm" }),
  ];
  const [a, b, c, d, e] = steps;
  for (
    const order of [[steps], [[a], [b, c], [d, e]], [[d, e], [a, b, c]], [[e], [d], [c], [b], [a]], [[a, d], [b, e], [
      c,
    ]]]
  ) {
    await withSink({ address }, async (sink) => {
      for (const items of order) await sink.deliver({ kind: "alerts", partition: "hall", items }, signal);
    });
    await asTest(address, async (client) => {
      assertEquals(await rowsOf(client, "alerts"), [{
        id: alert,
        sensor_id: "pump-1",
        sensor_type: "pump",
        location: "hall 2",
        condition: "limit",
        channel: "temperature",
        priority: "high", // the last step says it
        state: "cleared",
        raised_at: new Date(FIRST_DAY),
        cleared_at: new Date(FIRST_DAY + 7),
        acknowledged_at: new Date(FIRST_DAY + 3),
        acknowledged_by: "kim",
        label: "true_alarm",
        value: 21.5,
        expected_low: null,
        expected_high: 21,
        message: raised.message,
        position: "9",
      }]);
      assertEquals((await rowsOf(client, "alert_transitions")).length, 5);
      await client.script("TRUNCATE alerts, alert_transitions");
    });
  }
});

testIn("PostgresSink keeps each day in a partition, and of them as many as are wanted", async (_, address) => {
  const day = (number: number) => ({ ...readingAt("hall", number), time: FIRST_DAY + number * DAY_MS });
  const days = async () =>
    await asTest(address, async (client) =>
      (await client.query<{ name: string }>(
        "SELECT relname AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid AND relkind = 'r' " +
          "WHERE relname LIKE 'sensor\\_readings\\_%' ORDER BY 1",
      )).map(({ name }) => name.slice(-8)));
  await withSink({ address, retentionDays: 3 }, async (sink) => {
    await sink.deliver(readings([day(0), day(1), day(2)]), signal);
    assertEquals(await days(), ["20260301", "20260302", "20260303"]);
    await sink.deliver(readings([day(4), day(0)]), signal); // the first day is too old by now
    assertEquals(await days(), ["20260303", "20260305"]);
    await asTest(address, (client) => client.script("DROP TABLE sensor_readings_20260305"));
    await assertRejects(() => sink.deliver(readings([day(4)]), signal), SinkUnavailableError); // and made again
    await sink.deliver(readings([day(4)]), signal);
    assertEquals(await days(), ["20260303", "20260305"]);
  });
  await asTest(address, async (client) => {
    const [{ columns }] = await client.query<{ columns: string }>(
      "SELECT string_agg(indexdef, ' ' ORDER BY indexname) AS columns FROM pg_indexes WHERE tablename = 'sensor_readings'",
    );
    assert(columns.includes('("timestamp" DESC)') && columns.includes('(location, "timestamp")'));
  });
});

testIn("PostgresSink writes as a role without DDL once an administrator has made the tables", async (server, admin) => {
  const writer = `writer_${crypto.randomUUID().slice(0, 8)}`, { database } = admin, schema = "plant data";
  const address = server.address({ database, user: writer, password: "s3cret" });
  await asTest(admin, (client) => client.script(`CREATE ROLE ${writer} LOGIN PASSWORD 's3cret'`));
  await withSink({ address, schema }, async (sink) => {
    const refusal = await assertRejects(() => sink.open(signal), SinkUnavailableError);
    assertEquals(
      refusal.message,
      `the tables are missing in database ${database} at 127.0.0.1:${address.port} and role ${writer} may not make ` +
        "them: give an administrator's URL once, or make them as docs/how-to/postgres.md says",
    );
  });
  await withSink({ address, admin, schema, retentionDays: 10 }, (sink) => sink.open(signal));
  await withSink({ address, schema, retentionDays: 10 }, async (sink) => {
    await sink.deliver(readings([readingAt("hall", 0)]), signal);
  });
  await asTest(address, async (client) => {
    const [{ rows }] = await client.query<{ rows: number }>(
      'SELECT count(*)::int4 AS rows FROM "plant data".sensor_readings',
    );
    assertEquals(rows, 1);
    for (const statement of ["DROP TABLE", "TRUNCATE TABLE"]) {
      await assertRejects(() => client.script(`${statement} "plant data".sensor_readings`));
    }
    await assertRejects(() => client.script('CREATE TABLE "plant data".mine (id int)'));
  });
  await asTest(admin, (client) => client.script(`REVOKE INSERT ON "plant data".alerts FROM ${writer}`));
});

testIn("migrate() runs once, whoever comes first, and refuses tables of a later program", async (_, address) => {
  const sinks = Array.from({ length: 4 }, () => new PostgresSink({ address }));
  await Promise.all(sinks.map((sink) => sink.open(signal)));
  await Promise.all(sinks.map((sink) => sink.close()));
  await asTest(address, async (client) => {
    const rows = await client.query<{ version: number }>("SELECT version FROM sensorium_migrations ORDER BY 1");
    assertEquals(rows.map(({ version }) => version), MIGRATIONS.map(({ version }) => version));
    await client.script("INSERT INTO sensorium_migrations (version, name) VALUES (99, 'later')");
  });
  await withSink({ address }, async (sink) => {
    const { message } = await assertRejects(() => sink.open(signal), SinkUnavailableError);
    assert(/are of version 99, this program knows \d+: use a newer one$/.test(message), message);
  });
});

testIn(
  "PostgresSink refuses what PostgreSQL does not take; a delivery sets it aside and goes on",
  async (_, address) => {
    await withSink({ address }, async (sink) => {
      await sink.open(signal);
      await asTest(
        address,
        (client) => client.script("ALTER TABLE sensor_readings ADD CONSTRAINT no_pump_3 CHECK (sensor_id <> 'pump-3')"),
      );
      await assertRejects(
        () => sink.deliver(readings([readingAt("hall", 3)]), signal),
        RefusedError,
        "23514",
      );
      await using world = await World.open([sink]);
      await world.partition.commit(100);
      await world.drained();
      const [{ delivered, set_aside }] = world.deliveries.views();
      assertEquals([delivered, set_aside], [80 + 1 + 2, 20]);
      const [aside] = await world.outbox.setAside("postgres", { partition: "hall", kind: "readings" });
      assert(aside.reason.includes("no_pump_3"));
    });
  },
);

testWith(server, "PostgresSink says in one sentence what is wrong, without the password", async (server) => {
  const database = await server.database(), role = `r_${crypto.randomUUID().slice(0, 8)}`, { ca } = server;
  const address = server.address({ database }), port = freePorts(1)[0], at = `127.0.0.1:${address.port}`;
  await asTest(address, (client) => client.script(`CREATE ROLE ${role} LOGIN PASSWORD 's3cret'`));
  await withSink({ address }, (sink) => sink.open(signal));
  const user = { ...address, user: role, password: "s3cret" };
  const cases: [string, PostgresSinkOptions, string][] = [
    [
      "wrong password",
      { address: { ...user, password: "s3cret?" } },
      `the password of role ${role} is not the one that PostgreSQL at ${at} knows`,
    ],
    ["wrong port", { address: { ...user, port } }, `no PostgreSQL answers at 127.0.0.1:${port}`],
    [
      "wrong host",
      { address: { ...user, host: "no-such-host.invalid" } },
      "there is no host no-such-host.invalid: look at the PostgreSQL URL",
    ],
    [
      "no database",
      { address: { ...user, database: "elsewhere" } },
      `there is no database elsewhere at ${at}: create it, or name another one in the URL`,
    ],
    [
      "untrusted",
      { address: { ...user, sslmode: "verify-full" } },
      `the certificate of PostgreSQL at ${at} is not signed by anybody who is trusted here: give its authority's certificate`,
    ],
    [
      "no rights",
      { address: user },
      `role ${role} lacks a right in database ${database} at ${at}: permission denied for table sensorium_migrations`,
    ],
  ];
  for (const [name, options, message] of cases) {
    await withSink(options, async (sink) => {
      const error = await assertRejects(() => sink.open(signal), SinkUnavailableError);
      assertEquals(error.message, message, name);
    });
  }
  await withSink({ address: { ...address, sslmode: "verify-full" }, ca }, (sink) => sink.open(signal)); // trusted
  await asTest(address, (client) => client.script("DROP TABLE ml_anomaly_predictions"));
  await withSink({ address }, async (sink) => {
    const { message } = await assertRejects(() => sink.deliver(readings([readingAt("hall", 0)]), signal), Error);
    assert(message.includes(`missing in database ${database} at ${at} (relation "ml_anomaly_predictions"`), message);
  });
});
