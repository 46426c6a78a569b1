import { DuckDBInstance } from "@duckdb/node-api";
import { systemClock } from "../../../commands/process/clock.ts";
import { Engine } from "../../../commands/instance/engine.ts";
import { CommandError, UsageError } from "../../../commands/process/errors.ts";
import { exportData } from "../../../commands/export.ts";
import { announceInstance, makeToken } from "../../../commands/instance/instance.ts";
import { judgingOf } from "../../../commands/settings/settings.ts";
import { scenarioByName } from "../../../data/mod.ts";
import { TablesSink } from "../../../sinks/tables/sink.ts";
import { Simulator } from "../../../sources/simulator.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../../../std/assert.ts";
import { exportSavepoint } from "../../../store/savepoint/savepoint.ts";
import { Folder } from "../../process.ts";
import { textOf } from "../../project/tree.ts";

/** Half an hour over midnight: two days. */
const ANCHOR = Date.parse("2026-03-01T23:45:00Z"), ROUNDS = 900;
const scenario = scenarioByName("facility");
const judging = judgingOf({}, { types: scenario.types });

/** The facility into a data directory, with tables beside it. */
async function facility(dataDir: string, tables: string): Promise<void> {
  const engine = await Engine.open({
    dataDir,
    judging,
    shards: 1,
    clock: systemClock,
    sinks: (partition) => [new TablesSink({ folder: tables, partition, format: "parquet", period: "day" })],
    supervisor: { checkpointReadings: 3_000 },
  });
  const pace = { kind: "finite", anchor: ANCHOR, rounds: ROUNDS } as const;
  await engine.run(new Simulator(scenario, { seed: 42, pace, clock: systemClock }), new AbortController().signal);
  await engine.close();
}

/** Runs an export; what it printed. */
async function exported(args: string[]): Promise<string> {
  const lines: string[] = [], log = console.log;
  console.log = (line: string) => lines.push(line);
  try {
    assertEquals(await exportData(args), 0);
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}

/** The rows of a query, over `tables/` below a folder. */
async function ask(folder: string, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    return (await connection.runAndReadAll(sql.replaceAll("'tables/", `'${folder}/tables/`))).getRowObjectsJson();
  } finally {
    connection.closeSync();
  }
}

/** Without the bands: the store keeps them in single precision. */
const READINGS = "SELECT * EXCLUDE (expected_low, expected_high) FROM " +
  "read_parquet('tables/readings/**/*.parquet', hive_partitioning = true) ORDER BY id, channel";

Deno.test("docs/how-to/duckdb.md's queries give rows, of tables that a run wrote and of tables that were exported", async () => {
  await using folder = new Folder();
  const live = folder.at("live"), rest = folder.at("rest");
  await facility(folder.at("data"), `${live}/tables`);
  await Deno.mkdir(rest);
  const said = await exported([`${rest}/tables`, "--format", "parquet", "--data-dir", folder.at("data")]);
  assert(/written below \S+: 22,500 readings, 22,500 verdicts, \d+ windows, \d+ alerts/.test(said), said);
  const queries = [...textOf("docs/how-to/duckdb.md").matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql);
  assertGreater(queries.length, 4);
  for (const sql of queries) {
    const rows = (await ask(live, sql)).length;
    assertGreater(rows, 0, sql);
    if (!sql.includes("alert_transitions")) assertEquals((await ask(rest, sql)).length, rows, sql);
  }
  const rows = await ask(live, READINGS);
  assertEquals(rows.length, 22_500);
  assertEquals(await ask(rest, READINGS), rows);
  assertEquals([...new Set(rows.map(({ date }) => date))].sort(), ["2026-03-01", "2026-03-02"]);
});

Deno.test("exportData() writes tables of a running instance, of a period and of some kinds", async () => {
  await using folder = new Folder();
  const dataDir = folder.at("data"), token = makeToken();
  await facility(dataDir, folder.at("beside"));
  const engine = await Engine.open({ dataDir, judging, shards: 1, clock: systemClock }); // holds the data directory
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response(exportSavepoint(engine.kv, { clock: systemClock })),
  );
  try {
    const url = `http://127.0.0.1:${server.addr.port}`;
    await announceInstance(dataDir, { pid: Deno.pid, url, token, started: new Date(0).toISOString() });
    const period = ["--from", "2026-03-01T23:50:00Z", "--to", "2026-03-02T00:00:00Z"];
    const args = [folder.at("tables"), "--data-dir", dataDir, "--format", "parquet", "--kinds", "readings,windows"];
    await exported([...args, ...period]);
    const [first] = await ask(
      folder.path,
      `SELECT count(*)::INT AS rows, min(time)::TEXT AS first, max(time)::TEXT AS last FROM (${READINGS})`,
    );
    assertEquals(first, { rows: 7_500, first: "2026-03-01 23:50:00+00", last: "2026-03-01 23:59:58+00" });
    assertEquals([...Deno.readDirSync(folder.at("tables"))].map(({ name }) => name).sort(), ["readings", "windows"]);
    await assertRejects(() => exportData([...args, ...period]), CommandError, "is there already");
    await assertRejects(
      () => exportData([folder.at("other"), "--format", "csv", "--from", "yesterday"]),
      UsageError,
      '--from must be a time: ISO 8601 with a zone, or epoch ms, not "yesterday"',
    );
    const left = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
    assertEquals(left, ["beside", "data", "tables"]); // no copy, nothing half done
  } finally {
    await server.shutdown();
    await engine.close();
  }
});
