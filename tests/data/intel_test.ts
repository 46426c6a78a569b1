/** @module */
import { inspectIntel, type IntelFindings, type IntelRow, parseIntelLine } from "../../data/intel.ts";
import { cleanIntel } from "../../data/intel_clean.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";
import { countedFindings, type GeneratedRow, generatedRows, realMote1 } from "./intel_recording.ts";

/** A month of mote 1 at 31 s. */
const MONTH = 89_000;

function rowsOf(lines: readonly string[]): IntelRow[] {
  return lines.map(parseIntelLine).filter((row): row is IntelRow => typeof row !== "string");
}

/** What is published of the real mote 1. */
const PUBLISHED: Partial<IntelFindings> = {
  rows: 43_047,
  duplicateEpochs: 936,
  stepsBack: 99,
  above50: 6_479,
  above120: 5_334,
  humidityBelow0: 4_383,
};

Deno.test("parseIntelLine() reads the public form and the CSV form alike", () => {
  const row: IntelRow = {
    time: Date.UTC(2004, 2, 31, 3, 38, 15, 757),
    epoch: 2,
    mote: 1,
    temperature: 122.153,
    humidity: -3.91901,
    light: 11.04,
    voltage: 2.03397,
  };
  assertEquals(parseIntelLine("2004-03-31 03:38:15.757551 2 1 122.153 -3.91901 11.04 2.03397"), row);
  assertEquals(parseIntelLine("7,2004-03-31,03:38:15.757551,2,1.0,122.153,-3.91901,11.04,2.03397\r"), row);
  assertEquals(parseIntelLine(",date,time,epochId,moteId,temp,humidity,light,voltage"), "heading");
});

Deno.test("parseIntelLine() says why a line is no row", () => {
  for (
    const line of ["2004-03-31 03:38:15 2 1", "2004-03-31 03:38:15 2 1 20 30 40", "1,2004-03-31,03:38:15,2,1,,30,40,2"]
  ) {
    assertEquals(parseIntelLine(line), "missing_fields", line);
  }
  const good = "2004-03-31 03:38:15.75 2 1 20 30 40 2.5";
  assert(typeof parseIntelLine(good) !== "string");
  const malformed = [
    good.replace("03-31", "02-31"),
    good.replace("03:38", "24:38"),
    good.replace("20 ", "x "),
    good.replace(" 2 1", " 65536 1"),
    good.replace(" 2 1", " 2.5 1"),
    good.replace(" 2 1", " -2 1"),
    `${good} 7`,
    "",
    "garbage",
  ];
  for (const line of malformed) assertEquals(parseIntelLine(line), "malformed", line);
});

Deno.test("inspectIntel() finds in a generated mote what was put there", async () => {
  for (const [mote, rounds] of [[1, MONTH], [17, 60_000]]) {
    const rows = generatedRows([mote], Math.min(rounds, 65_536));
    assertEquals(await inspectIntel(rowsOf(rows.map((row) => row.line))), countedFindings(rows));
  }
});

Deno.test("inspectIntel() sums what it finds mote by mote, whatever the order between motes", async () => {
  const each = [generatedRows([3], 4_000), generatedRows([4], 4_000)];
  const mixed = each.flat().sort((one, other) => one.time - other.time);
  const findings = await inspectIntel(rowsOf(mixed.map((row) => row.line)));
  const [one, other] = each.map(countedFindings);
  assertEquals([findings.motes, findings.rows], [2, one.rows + other.rows]);
  assertEquals(findings.duplicateEpochs, one.duplicateEpochs + other.duplicateEpochs);
  assertEquals(findings.stepsBack, one.stepsBack + other.stepsBack);
  assertEquals(findings.longestGapMs, Math.max(one.longestGapMs, other.longestGapMs));
  assertEquals((await inspectIntel([])).rows, 0);
});

Deno.test("inspectIntel() gives the published figures of mote 1, or those of its look-alike", async () => {
  const real = await realMote1();
  if (real === undefined) {
    const rows = generatedRows([1], 65_536);
    assertEquals(await inspectIntel(rowsOf(rows.map((row) => row.line))), countedFindings(rows));
    return;
  }
  const findings = await inspectIntel(rowsOf(real));
  for (const [name, figure] of Object.entries(PUBLISHED)) {
    assertEquals(findings[name as keyof IntelFindings], figure, name);
  }
  assertAlmostEquals(findings.missingShare, 0.36, 0.005);
  assertAlmostEquals(findings.longestGapMs / 3_600_000, 24.5, 0.05);
  assertAlmostEquals(findings.hottest ?? NaN, 122.153, 1e-9);
});

Deno.test("motes() is as dirty as the real lab: mote 1 of a month beside the recorded one", async () => {
  const real = await realMote1();
  const there = real === undefined
    ? { ...PUBLISHED, missingShare: 0.36, longestGapMs: 24.5 * 3_600_000 }
    : await inspectIntel(rowsOf(real));
  const rowsThere = there.rows ?? NaN;
  for (const seed of [42, 1]) {
    const rows = generatedRows([1], MONTH, seed);
    const here = await inspectIntel(rowsOf(rows.map((row) => row.line)));
    // the look-alike's counter goes round once in the month: its share of lost epochs is counted by rounds
    const arrived = new Set(rows.map((row) => `${row.epoch}/${row.time > Date.UTC(2004, 2, 22)}`)).size;
    assertAlmostEquals(1 - arrived / MONTH, there.missingShare ?? NaN, 0.06, "missing epochs");
    const share = (findings: Partial<IntelFindings>, name: "stepsBack" | "above50" | "above120" | "humidityBelow0") =>
      (findings[name] ?? NaN) / (findings.rows ?? NaN);
    assertAlmostEquals(share(here, "above50"), share(there, "above50"), 0.04, "above 50 °C");
    assertAlmostEquals(share(here, "above120"), share(there, "above120"), 0.04, "above 120 °C");
    assertAlmostEquals(share(here, "humidityBelow0"), share(there, "humidityBelow0"), 0.04, "humidity below 0");
    assertAlmostEquals(share(here, "stepsBack"), share(there, "stepsBack"), 0.002, "steps back");
    const twice = rows.filter((row, at) => at > 0 && row.epoch === rows[at - 1].epoch).length;
    assertAlmostEquals(twice / rows.length, (there.duplicateEpochs ?? NaN) / rowsThere, 0.008, "duplicate epochs");
    assert(
      here.longestGapMs > (there.longestGapMs ?? NaN) / 2 && here.longestGapMs < (there.longestGapMs ?? NaN) * 1.1,
    );
    assertEquals(here.hottest, 122.153);
  }
});

Deno.test("cleanIntel() orders, drops and empties, and counts each", async () => {
  const at = (second: number, rest: string) => `2004-03-01 10:00:${String(second).padStart(2, "0")}.5 ${rest}`;
  const cleaned = await cleanIntel([
    at(40, "12 1 21 30 40 2.5"),
    at(10, "11 1 20 30 40 2.5"), // behind: reordered
    at(50, "12 1 22 30 40 2.5"), // the same epoch within ten minutes
    at(10, "11 2 20 30 40 2.1"), // a weak battery: temperature and humidity emptied
    at(20, "12 2 55 101 -1 2.6"), // impossible values
    at(20, "13 2 20 30 40 2.6"), // the same mote and time
    at(30, "14 99 20 30 40 2.5"), // no such mote
    at(30, "14 3 20"), // missing fields
    "2005-03-01 10:00:00 15 3 20 30 40 2.5", // outside of the experiment
    "nonsense",
    "",
    "2004-03-02 10:00:00 12 1 23 30 40 9", // a repeated epoch, a day later; an impossible voltage
  ]);
  const { before: _, ...report } = cleaned.report;
  assertEquals(report, {
    lines: 11,
    kept: 5,
    dropped: { missing_fields: 1, malformed: 1, wrong_mote: 1, wrong_time: 1, duplicate: 2 },
    emptied: { low_voltage: 2, temperature: 1, humidity: 1, light: 1, voltage: 1 },
    reordered: 1,
    repeated_epochs: 1,
  });
  assertEquals([...cleaned.csv()].join("").split("\n"), [
    "timestamp,sensor,epoch,temperature,humidity,light,voltage",
    "2004-03-01T10:00:10.500,mote-1,11,20,30,40,2.5",
    "2004-03-01T10:00:10.500,mote-2,11,,,40,2.1",
    "2004-03-01T10:00:20.500,mote-2,12,,,,2.6",
    "2004-03-01T10:00:40.500,mote-1,12,21,30,40,2.5",
    "2004-03-02T10:00:00.000,mote-1,12,23,30,40,",
    "",
  ]);
});

Deno.test("cleanIntel() loses nothing that is good and keeps every digit", async () => {
  const rows = generatedRows([5, 6, 7], 6_000);
  const fresh: GeneratedRow[] = [];
  const seen = new Set<string>();
  for (const row of rows) {
    const key = `${row.mote}/${row.epoch}`;
    if (!seen.has(key)) fresh.push(row);
    seen.add(key);
  }
  fresh.sort((one, other) => one.time - other.time || one.mote - other.mote);
  const cleaned = await cleanIntel(rows.map((row) => row.line));
  const lines = [...cleaned.csv()].join("").trim().split("\n").slice(1);
  assertEquals(lines.length, fresh.length);
  assertEquals(cleaned.report.lines, lines.length + cleaned.report.dropped.duplicate);
  for (const [at, row] of fresh.entries()) {
    const fields = lines[at].split(",");
    assertEquals(fields.slice(1, 3), [`mote-${row.mote}`, `${row.epoch}`]);
    for (const [channel, value] of row.values.entries()) {
      const believed = channel > 1 ? true : row.values[3] >= 2.3 && value >= 0 && value <= (channel === 0 ? 50 : 100);
      assertEquals(fields[3 + channel], believed ? String(Number(value.toPrecision(6))) : "", lines[at]);
    }
  }
});

Deno.test("cleanIntel() of nothing is a heading", async () => {
  const cleaned = await cleanIntel([]);
  assertEquals([...cleaned.csv()], ["timestamp,sensor,epoch,temperature,humidity,light,voltage\n"]);
  assertEquals(cleaned.report.kept, 0);
});
