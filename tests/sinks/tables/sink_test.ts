import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { SinkError } from "../../../sinks/disk.ts";
import { assert, assertEquals, assertGreater, assertRejects } from "../../../std/assert.ts";
import { parse } from "../../../std/csv.ts";
import type { Death } from "../memory_disk.ts";
import { type Durable, FOLDER, fresh, named, rowsOf, type RunOptions, runTables, spread } from "./runs.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const CUTS = [7, 31, 40, 70, 90, 91, 130];
const COUNT = 150;

async function undisturbed(options: Partial<RunOptions> = {}): Promise<Durable> {
  const durable = fresh();
  assert(await runTables(durable, { count: COUNT, cuts: CUTS, ...options }));
  return durable;
}

Deno.test("TablesSink writes each row once, in the folder of its type and hour", async () => {
  const durable = await undisturbed(), rows = rowsOf(durable);
  const readings = spread(0, COUNT).readings();
  assertEquals(rows.filter((row) => row.startsWith(`${FOLDER}/readings/`)).length, 2 * COUNT);
  assertEquals(rows.filter((row) => row.startsWith(`${FOLDER}/verdicts/`)).length, COUNT);
  assertEquals(rows.filter((row) => row.startsWith(`${FOLDER}/windows/`)).length, 2);
  assertEquals(rows.filter((row) => row.startsWith(`${FOLDER}/alert_transitions/`)).length, 3);
  for (const { id, time } of readings) {
    const iso = new Date(time).toISOString();
    const folder = `${FOLDER}/verdicts/type=pump/date=${iso.slice(0, 10)}/hour=${iso.slice(11, 13)}`;
    const found = rows.filter((row) => row.startsWith(`${FOLDER}/verdicts/`) && row.includes(`"${id}"`));
    assertEquals(found.length, 1);
    assert(found[0].startsWith(`${folder} {`), found[0]);
  }
  assertEquals([...durable.files.files.keys()].filter((path) => path.includes("_open")), [`${FOLDER}/_open/p/begun`]);
});

Deno.test("TablesSink gives the same rows wherever the cuts are, by day as well", async () => {
  for (const period of ["hour", "day"] as const) {
    const expected = rowsOf(await undisturbed({ period }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(COUNT)), async (cuts) => {
        assertEquals(rowsOf(await undisturbed({ period, cuts })), expected);
      }),
      { numRuns: 20 * SCALE },
    );
  }
});

Deno.test("TablesSink that dies at any step leaves whole files, no row twice, and ends as if it had not", async () => {
  const expected = rowsOf(await undisturbed()), steps = await runTables(fresh(), { count: COUNT, cuts: CUTS });
  assert(steps !== undefined && steps > 50);
  for (let step = 0; step < steps; step++) {
    for (const when of ["before", "midway", "after"] as const) {
      const durable = fresh(), death: Death = { step, when };
      assertEquals(await runTables(durable, { count: COUNT, cuts: CUTS, death }), undefined);
      const before = rowsOf(durable);
      assertEquals(new Set(before).size, before.length, "a row is there twice");
      const known = new Set(expected);
      assert(before.every((row) => known.has(row)));
      await runTables(durable, { count: COUNT, cuts: [50, 110] });
      assertEquals(rowsOf(durable), expected, `died ${when} step ${step}`);
    }
  }
});

Deno.test("TablesSink that dies while it makes Parquet leaves whole files, and ends as if it had not", async () => {
  const format = "parquet", expected = await parquetRows(await undisturbed({ format }));
  const steps = await runTables(fresh(), { count: COUNT, cuts: CUTS, format });
  assert(steps !== undefined && steps > 100);
  for (let step = 3; step < steps; step += 11) {
    for (const when of ["before", "midway", "after"] as const) {
      const durable = fresh();
      await runTables(durable, { count: COUNT, cuts: CUTS, format, death: { step, when } });
      const before = await parquetRows(durable); // throws for a file that is not whole
      assertEquals(new Set(before).size, before.length, "a row is there twice");
      await runTables(durable, { count: COUNT, cuts: CUTS, format });
      assertEquals(await parquetRows(durable), expected, `died ${when} step ${step}`);
    }
  }
});

/** The rows of all files that have a name, sorted. */
async function parquetRows(durable: Durable): Promise<string[]> {
  const rows = named(durable).map(async (path) => {
    const bytes = durable.files.files.get(path)?.bytes ?? new Uint8Array();
    return (await parquetReadObjects({ file: bytes.buffer })).map((row) => `${path} ${JSON.stringify(plain(row))}`);
  });
  // A file's number may be another one: where it lies and what is in it count.
  return (await Promise.all(rows)).flat().map((row) => row.replace(/part-p-\d+\.parquet/, "")).sort();
}

Deno.test("TablesSink writes the same as Parquet and as CSV", async () => {
  const lines = await undisturbed(), parquet = await undisturbed({ format: "parquet" });
  const csv = await undisturbed({ format: "csv" });
  const ending = (durable: Durable) => named(durable).map((path) => path.replace(/\.\w+$/, ""));
  assertEquals([ending(parquet), ending(csv)], [ending(lines), ending(lines)]);
  for (const path of named(lines)) {
    const records = lines.files.text(path).trimEnd().split("\n").map((line) => JSON.parse(line));
    const file = parquet.files.files.get(path.replace(/ndjson$/, "parquet"));
    assert(file);
    const rows = await parquetReadObjects({ file: file.bytes.buffer });
    assertEquals(rows.map(plain), records);
    const [names, ...cells] = parse(csv.files.text(path.replace(/ndjson$/, "csv")));
    const texts = records.map((record) => Object.values(record).map((value) => value === null ? "" : String(value)));
    assertEquals([names, ...cells], [Object.keys(records[0]), ...texts]);
  }
});

/** A row of Parquet as JSON has it. */
function plain(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : typeof value === "bigint" ? Number(value) : value,
    ]),
  );
}

Deno.test("TablesSink gathers what comes hours late, instead of a file for each", async () => {
  const every = Array.from({ length: COUNT }, (_, i) => i), durable = await undisturbed({ cuts: every });
  const hours = COUNT * 120_000 / 3_600_000;
  const files = named(durable).filter((path) => path.startsWith(`${FOLDER}/verdicts/`)).length;
  assertGreater(3 * hours, files); // a file for each hour, and as many again for what came late
});

Deno.test("TablesSink refuses the folder of an earlier run, and one that lacks what was under way", async () => {
  const durable = await undisturbed();
  durable.state = undefined;
  durable.cut = 0;
  await assertRejects(
    () => runTables(durable, { count: COUNT, cuts: CUTS }),
    SinkError,
    "cannot write tables of p to tables: it holds those of an earlier run; choose an empty folder",
  );
  const torn = fresh();
  const part = { number: 0, table: "readings", folder: "readings/type=pump", length: 10, over: 0 };
  torn.state = { next: 1, open: [part], whole: [] };
  await assertRejects(
    () => runTables(torn, { count: COUNT, cuts: CUTS }),
    SinkError,
    "has 0 bytes and must have at least",
  );
});
