import fc from "fast-check";
import { partsRanges, partsTable } from "../../data/parts_table.ts";
import { readTable, TableError, type TableFile, type TableOptions } from "../../data/table_file.ts";
import { positives } from "../../models/logistic/table.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { stringify } from "../../std/csv.ts";
import { join } from "../../std/path.ts";

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
let files = 0;

/** Reads a file of such a text. */
async function read(text: string | Uint8Array, options: TableOptions, ending = ".csv"): Promise<TableFile> {
  const path = join(folder, `${++files}${ending}`);
  await Deno.writeFile(path, typeof text === "string" ? new TextEncoder().encode(text) : text);
  return await readTable(path, options);
}

const CSV = 'item,heat,note,flat,ok\n1,20.5,warm,7,yes\n2,,cold,7,no\n3,-1e3,"a, b",7,no\n4,0x10,,7,yes\n5,3,x,7,\n';

Deno.test("readTable() takes columns of numbers, and says what it left out and why", async () => {
  const { table, leftOut, dropped, sha256 } = await read(CSV, { label: "ok" });
  assertEquals(table.features, ["heat"]);
  assertEquals([...table.rows], [20.5, -1000, 16]);
  assertEquals([...table.labels], [1, 0, 1]);
  assertEquals(leftOut, [
    { column: "item", why: "counts the rows" },
    { column: "note", why: "not numbers" },
    { column: "flat", why: "the same in every row" },
  ]);
  assertEquals(dropped, 2);
  assert(/^[0-9a-f]{64}$/.test(sha256));
  const asked = await read(CSV, { label: "ok", features: ["item", "heat"], without: ["heat"] });
  assertEquals([asked.table.features, [...asked.table.rows]], [["item"], [1, 2, 3, 4]]);
});

Deno.test("readTable() reads the same from CSV, NDJSON and JSON, compressed or not, in any order of fields", async () => {
  const cell = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const row = fc.record({ a: cell, b: cell, bad: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 4, maxLength: 20 }), async (rows) => {
      const records = [...rows, { a: 1, b: 2, bad: true }, { a: 2, b: 1, bad: false }, { a: 5, b: -1, bad: false }];
      const swapped = records.map(({ a, b, bad }, at) => at % 2 === 0 ? { a, b, bad } : { bad, b, a });
      const csv = stringify([["a", "b", "bad"], ...records.map(({ a, b, bad }) => [String(a), String(b), bad])]);
      const ndjson = swapped.map((record) => JSON.stringify(record)).join("\n");
      const gzip = new Blob([csv]).stream().pipeThrough(new CompressionStream("gzip"));
      const options = { label: "bad", features: ["a", "b"] };
      const { table } = await read(csv, options);
      assertEquals([...table.labels], records.map(({ bad }) => Number(bad)));
      assertEquals([...table.rows], records.flatMap(({ a, b }) => [Number(String(a)), Number(String(b))]));
      const json = JSON.stringify(swapped);
      // JSON writes -0 as 0
      const plain = (some: TableFile) => [[...some.table.rows].map((value) => value + 0), [...some.table.labels]];
      const wanted = plain({ table, leftOut: [], dropped: 0, suspects: [], sha256: "" });
      assertEquals(plain(await read(ndjson, options, ".ndjson")), wanted);
      assertEquals(plain(await read(json, options, ".json")), wanted);
      assertEquals(plain(await read(await new Response(gzip).bytes(), options, ".csv.gz")), wanted);
      assertEquals(plain(await read(`\ufeff${csv}`, options)), wanted);
    }),
    { numRuns: 25 },
  );
});

Deno.test("readTable() points at features that tell the label by themselves, and at no other", async () => {
  const lines = Array.from({ length: 200 }, (_, at) => {
    const label = at % 4 === 0 ? 1 : 0,
      cause = at % 8 === 0 ? 1 : 0,
      after = label * 10 + at / 1_000,
      honest = (at * 37) % 101;
    return [honest, cause, after, at % 3 === 0 ? 1 : 0, label];
  });
  const { suspects } = await read(stringify([["honest", "cause", "after", "mark", "bad"], ...lines]), { label: "bad" });
  assertEquals(suspects, ["cause", "after"]);
});

Deno.test("readTable() says in one sentence what is wrong with a file", async () => {
  const cases: [text: string, options: TableOptions, message: string, ending?: string][] = [
    ["", { label: "ok" }, "holds no rows"],
    ["a,ok\n", { label: "ok" }, "holds no rows"],
    [CSV, { label: "good" }, 'has no column "good": it has item, heat, note, flat, ok'],
    [CSV, { label: "ok", without: ["cold"] }, 'has no column "cold"'],
    [CSV, { label: "ok", features: ["ok"] }, 'the label "ok" cannot be a feature'],
    [CSV, { label: "ok", features: ["note"] }, "1 to 64 columns of numbers to learn from, not 0"],
    [CSV, { label: "note", features: ["heat"] }, 'note in row 1 must be 0 or 1 (or false, true, no, yes), not "warm"'],
    ["a,ok\n1,2,3\n", { label: "ok" }, "as CSV"],
    ["[1,2]", { label: "ok" }, "record 1 must be a flat object", ".json"],
    ["[{]", { label: "ok" }, "as JSON", ".json"],
    ['{"a":1}\n{"a"', { label: "ok" }, "as JSON", ".ndjson"],
    ["no gzip", { label: "ok" }, "cannot read", ".csv.gz"],
  ];
  for (const [text, options, message, ending] of cases) {
    await assertRejects(() => read(text, options, ending), TableError, message);
  }
  await assertRejects(() => read(Uint8Array.of(0x61, 0xff, 0x0a), { label: "ok" }), TableError, "cannot read");
  await assertRejects(() => readTable(join(folder, "none"), { label: "ok" }), Deno.errors.NotFound);
});

Deno.test("partsTable() is a cycle of the scenario, with what its quantities can be", () => {
  const table = partsTable(42);
  assertEquals([table.features, table.labels.length, positives(table.labels)], [
    ["temperature", "humidity", "sound_volume"],
    6_600,
    1_600,
  ]);
  assert(table.rows.every(Number.isFinite));
  assert(partsTable(43).rows.join() !== table.rows.join());
  assertEquals(partsRanges(), {
    temperature: { low: -273.15 },
    humidity: { low: 0, high: 100 },
    sound_volume: { low: 0 },
  });
});
