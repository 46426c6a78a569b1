import { judgingOf } from "../../../commands/settings/settings.ts";
import { systemClock } from "../../../commands/process/clock.ts";
import { Engine } from "../../../commands/instance/engine.ts";
import { Outlets, unitsOf } from "../../../commands/instance/outlets.ts";
import { sinkOf } from "../../../sinks/open.ts";
import { ReplaySource } from "../../../sources/replay.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { need, testWith } from "../../servers/needed.ts";
import { asTest, postgresServer } from "../../servers/postgres.ts";

const server = await need("PostgreSQL", () => postgresServer());
const START = Date.parse("2026-03-01T00:00:00Z");

testWith(
  server,
  "Outlets bring a replayed file to PostgreSQL, each reading once, also when it is replayed in two parts",
  async (server) => {
    const folder = await Deno.makeTempDir(), path = `${folder}/in.ndjson`, database = await server.database();
    const { host, port, user } = server.address(), url = `postgres://${user}@${host}:${port}/${database}`;
    const judging = judgingOf({}, { types: { pump: { channels: { t: { unit: "°C", high: 50 } } } } });
    const lines = Array.from({ length: 700 }, (_, i) => {
      const values = { t: i % 100 === 7 ? 99 : 20 + i % 3, h: i };
      return JSON.stringify({ sensor: `s${i % 5}`, type: "pump", time: START + 1_000 * i, values }) + "\n";
    });
    await Deno.writeTextFile(path, lines.join(""));
    const replay = async (isStopped: boolean) => {
      const stop = new AbortController(), ended = new AbortController(), sizes: number[] = [];
      const sink = await sinkOf({ url, unitOf: unitsOf(judging) }), deliver = sink.deliver.bind(sink);
      sink.deliver = async (batch, signal) => {
        await deliver(batch, signal);
        if (batch.kind === "readings") sizes.push(batch.items.length);
        if (isStopped) stop.abort(new Error("stopped in the middle"));
      };
      const engine = await Engine.open({
        dataDir: `${folder}/data`,
        judging,
        shards: 1,
        clock: systemClock,
        sinks: (partition) => outlets.commitSinks(partition, stop.signal),
        supervisor: { checkpointReadings: 60 },
        failed: (_, error) => console.error(error.message),
      });
      const outlets: Outlets = new Outlets({
        kv: engine.kv,
        sinks: [sink],
        clock: systemClock,
        partitions: () => engine.supervisor.partitions().map(({ partition }) => partition),
        report: (line) => console.error(line),
        waitItems: 100,
      });
      const running = outlets.run(ended.signal);
      await engine.run(new ReplaySource({ paths: [path], batchSize: 20 }, systemClock), stop.signal);
      if (!isStopped) await outlets.drained(ended.signal);
      ended.abort();
      await running;
      await engine.close();
      return { sizes, ...outlets.views()[0] };
    };
    try {
      const first = await replay(true);
      assert(first.sizes[0] < 400, `${first.sizes[0]} readings came before the stop`); // a replay waits for its sinks
      const { backlog_items, set_aside, missed } = await replay(false);
      assertEquals([backlog_items, set_aside, missed], [0, 0, 0]);
      await asTest(server.address({ database }), async (client) => {
        const [row] = await client.query(
          `SELECT count(*)::int4 AS rows, count(DISTINCT id)::int4 AS readings, sum(value) FILTER (WHERE channel = 'h') AS sum,
           count(*) FILTER (WHERE unit = '°C')::int4 AS degrees, min("timestamp") AS first FROM sensor_readings`,
        );
        assertEquals(row, { rows: 1_400, readings: 700, sum: 699 * 350, degrees: 700, first: new Date(START) });
        const [{ anomalies }] = await client.query<{ anomalies: number }>(
          "SELECT count(*)::int4 AS anomalies FROM ml_anomaly_predictions WHERE rule_based_anomaly AND channel = 't'",
        );
        assertEquals(anomalies >= 7, true);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
