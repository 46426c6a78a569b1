/** @module */
import { isRefusal, parseReading, type Reading } from "../../actors/reading.ts";
import { scenarioByName } from "../../data/mod.ts";
import { OUTPUT_FORMATS, type OutputFormat, readingWriter } from "../../data/output.ts";
import type { Scenario } from "../../data/scenario.ts";
import { parse } from "../../std/csv.ts";
import { assert, assertEquals } from "../../std/assert.ts";

const RUN = { seed: 42, anchor: Date.UTC(2026, 0, 1), intervalMs: 1_000 };

function some(scenario: Scenario, count: number): Reading[] {
  return Array.from({ length: count }, (_, at) => scenario.reading(at, RUN)).filter((one) => one !== undefined);
}

function whole(format: OutputFormat, scenario: Scenario, readings: readonly Reading[], portion = 7): string {
  const writer = readingWriter(format, scenario);
  let text = writer.begin();
  for (let at = 0; at < readings.length; at += portion) text += writer.write(readings.slice(at, at + portion));
  return text + writer.end();
}

Deno.test("readingWriter() writes NDJSON that is read back unchanged", () => {
  for (const name of ["facility", "parts", "factory", "motes"]) {
    const readings = some(scenarioByName(name), 300);
    const lines = whole("ndjson", scenarioByName(name), readings).trimEnd().split("\n");
    assertEquals(lines.map((line) => parseReading(JSON.parse(line))), readings);
    assert(!readings.some(isRefusal));
  }
});

Deno.test("readingWriter() writes a CSV column per channel", () => {
  const scenario = scenarioByName("parts");
  const readings = some(scenario, 20);
  const [heading, ...rows] = parse(whole("csv", scenario, readings));
  assertEquals(heading.join(), "timestamp,sensor,type,location,temperature,humidity,sound_volume,label,comment");
  assertEquals(rows.length, 20);
  const { values, label } = readings[19];
  assertEquals(rows[19].slice(4, 8), [values.temperature, values.humidity, values.sound_volume, label].map(String));
  assertEquals(rows[19][0], "2026-01-01T00:00:19.000Z");
});

Deno.test("readingWriter() writes a JSON array of the scenario's own records", () => {
  const scenario = scenarioByName("factory");
  const readings = some(scenario, 20);
  assertEquals(JSON.parse(whole("json", scenario, readings)), readings.map((reading) => scenario.record?.(reading)));
  const facility = scenarioByName("facility");
  assertEquals(JSON.parse(whole("json", facility, some(facility, 20))), some(facility, 20));
});

Deno.test("readingWriter() writes the same in portions of any size, and something whole of nothing", () => {
  const scenario = scenarioByName("factory");
  const readings = some(scenario, 50);
  for (const format of OUTPUT_FORMATS) {
    const text = whole(format, scenario, readings, 50);
    for (const portion of [1, 3, 49]) assertEquals(whole(format, scenario, readings, portion), text);
  }
  assertEquals(JSON.parse(whole("json", scenario, [])), []);
  assertEquals(parse(whole("csv", scenario, [])).length, 1);
});
