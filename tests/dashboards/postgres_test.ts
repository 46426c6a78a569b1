/**
 * Every query of the dashboards over PostgreSQL, asked of a real one that our sink has filled with motes' readings.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "../../std/assert.ts";
import { need, testWith } from "../servers/needed.ts";
import { asTest, postgresServer } from "../servers/postgres.ts";
import { fill } from "./fill.ts";
import { grafanaQueries, supersetQueries } from "./queries.ts";

const server = await need("PostgreSQL", () => postgresServer());

testWith(server, "the dashboards' queries answer over tables that our sink has filled", async (postgres) => {
  const address = postgres.address({ database: await postgres.database() }), sensor = await fill(address);
  await asTest(address, async (client) => {
    const grafana = grafanaQueries(sensor), superset = supersetQueries();
    assertEquals([grafana.length, superset.length], [14, 10]);
    for (const { of, sql } of [...grafana, ...superset]) {
      const rows = await client.query(sql).catch((error) => {
        throw new Error(`${of}: ${error.message}\n${sql}`);
      });
      assertGreater(rows.length, 0, `${of} finds nothing:\n${sql}`);
      for (const value of rows.flatMap((row) => Object.values(row))) assert(value !== undefined, of);
    }
  });
});
