/**
 * Recorded files, from first to last record; where they are absent, look-alikes of the same shape and size.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";
import { isRefusal, type Reading } from "../../actors/reading.ts";
import { type ReplayOptions, ReplaySource } from "../../sources/replay.ts";
import { readAll, TestMemory } from "./conformance.ts";
import { gzip, JumpingClock, realData, TestFolder } from "./files.ts";

async function replay(path: string, options: Omit<ReplayOptions, "paths"> = {}) {
  const source = new ReplaySource({ paths: [path], ...options }, new JumpingClock());
  const [partition] = await source.open(new TestMemory());
  const { taken, nexts } = await readAll(partition, 0);
  const readings: Reading[] = [];
  let refused = 0;
  for (const { item } of taken) {
    if ("tick" in item) continue;
    if (isRefusal(item)) refused++;
    else readings.push(item);
  }
  return { source, partition, taken, readings, refused, length: nexts.at(-1) ?? 0 };
}

/** A file of mote 1 with a given number of rows: lies of an empty battery towards the end, as in the real one. */
function likeMote1(rows: number): string {
  const lines = [",date,time,epochId,moteId,temp,humidity,light,voltage"];
  for (let i = 0; i < rows; i++) {
    const stamp = new Date(Date.UTC(2004, 1, 28) + i * 62_000).toISOString();
    const lies = i > rows * 0.85;
    const values = lies ? "122.153,-4,11.04,2.03" : `${(20 + (i % 99) / 10).toFixed(4)},37.0933,45.08,2.69964`;
    lines.push(`${i + 1},${stamp.slice(0, 10)},${stamp.slice(11, 23)}85,${i * 2},1.0,${values}`);
  }
  return lines.join("\n") + "\n";
}

Deno.test("ReplaySource reads mote 1 of the Intel lab from first to last row, compressed as it is", async () => {
  using folder = new TestFolder();
  const real = realData("intel/mote1.csv.gz");
  const path = real ?? folder.write("mote1.csv.gz", await gzip(likeMote1(43_047)));
  const { partition, readings, refused, taken, length } = await replay(path, { zone: "UTC" });
  assertEquals([readings.length, refused], [43_047, 0]);
  assertEquals(partition.id, "mote1");
  assertEquals(new Set(readings.map((one) => one.sensor)), new Set(["mote-1"]));
  assertEquals(Object.keys(readings[0].values), ["temperature", "humidity", "light", "voltage"]);
  if (real !== undefined) {
    assertEquals(new Date(readings[0].time).toISOString(), "2004-02-28T00:59:16.027Z");
    const hot = readings.filter((one) => (one.values.temperature ?? 0) > 50);
    assertEquals(hot.length, 6_479);
    assertAlmostEquals(Math.max(...hot.map((one) => one.values.temperature ?? 0)), 122.153, 1e-9);
    assertEquals(readings.filter((one) => (one.values.humidity ?? 0) < 0).length, 4_383);
  }
  const middle = taken[20_000].position;
  const rest = await readAll(partition, middle);
  assertEquals(rest.taken.length, 43_047 - 20_000);
  assertEquals(rest.nexts.at(-1), length);
});

Deno.test("ReplaySource reads a file of the Numenta benchmark", async () => {
  using folder = new TestFolder();
  const rows = Array.from({ length: 10_320 }, (_, i) => {
    return `${new Date(Date.UTC(2014, 6, 1) + i * 1_800_000).toISOString().slice(0, 19).replace("T", " ")},${
      i % 30_000
    }`;
  });
  const path = realData("nab/data/realKnownCause/nyc_taxi.csv") ??
    folder.write("nyc_taxi.csv", `timestamp,value\n${rows.join("\n")}\n`);
  const { source, readings, refused } = await replay(path, { zone: "UTC" });
  assertEquals([readings.length, refused], [10_320, 0]);
  assertEquals(readings[0].sensor, "nyc_taxi");
  assertEquals(new Date(readings[0].time).toISOString(), "2014-07-01T00:00:00.000Z");
  assert(readings.every((one, i) => i === 0 || one.time - readings[i - 1].time === 1_800_000), "every half hour");
  assertEquals<unknown>(source.toRecord(readings[1]), {
    timestamp: "2014-07-01 00:30:00",
    value: readings[1].values.value,
  });
});

Deno.test("ReplaySource reads the labelled motes, whose times are counted", async () => {
  using folder = new TestFolder();
  const rows = Array.from({ length: 4_417 }, (_, i) => `${i + 1},1,1,45.${i % 90},27.9,${i > 4_000 ? 1 : 0}`);
  const real = realData("motes/single_hop.csv");
  const path = real ??
    folder.write("single_hop.csv", `reading,mote_id,indoor,humidity,temperature,label\n${rows.join("\n")}\n`);
  const { readings, refused } = await replay(path, { start: "2010-05-09T00:00:00Z", intervalMs: 5_000 });
  assertEquals(refused, 0);
  assert(readings.length > 4_000 && readings.some((one) => one.label === 1) && readings.some((one) => one.label === 0));
  assertEquals(readings[0].time, Date.parse("2010-05-09T00:00:05Z"), "the column reading counts from 1");
  assertEquals(Object.keys(readings[0].values), ["indoor", "humidity", "temperature"]);
});

Deno.test("ReplaySource reads files without a header, every column a channel", async () => {
  using folder = new TestFolder();
  const rows = Array.from({ length: 500 }, (_, i) => Array.from({ length: 38 }, (_, c) => (i + c) / 1_000).join(","));
  const path = realData("machines/machine-1-6_train.csv.gz") ??
    folder.write("machine-1-6_train.csv.gz", await gzip(rows.join("\n")));
  const { readings, refused } = await replay(path, { start: 0, intervalMs: 60_000 });
  assertEquals(refused, 0);
  assert(readings.length >= 500);
  assertEquals(Object.keys(readings[0].values).length, 38);
  assertEquals(readings[0].sensor, "machine-1-6_train");
});
