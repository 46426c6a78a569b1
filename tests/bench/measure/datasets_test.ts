/** @module */
import { gzipSync } from "node:zlib";
import { benchmark, dataSets, windowOf } from "../../../bench/measure/datasets.ts";
import type { Sample } from "../../../bench/measure/recording.ts";
import { assert, assertEquals, assertGreater } from "../../../std/assert.ts";
import { join } from "../../../std/path.ts";

/** A folder as the real one is laid out, with a few rows of each. */
async function alike(folder: string): Promise<void> {
  const row = (at: number, channels: number) => Array.from({ length: channels }, (_, c) => (at * c) % 7 / 7).join();
  const rows = (count: number, channels: number, label?: (at: number) => number) =>
    Array.from({ length: count }, (_, at) => row(at, channels) + (label === undefined ? "" : `,${label(at)}`)).join(
      "\n",
    );
  const write = async (path: string, text: string) => {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    await Deno.writeFile(join(folder, path), path.endsWith(".gz") ? gzipSync(text) : new TextEncoder().encode(text));
  };
  const mote = (at: number) => `${at},${1 + at % 2},0,4${at}.5,30.${at},${at > 4 && at < 7 ? 1 : 0}`;
  const motes = Array.from({ length: 9 }, (_, at) => mote(at)).join("\n");
  await write("motes/single_hop.csv", `reading,mote_id,indoor,humidity,temperature,label\n${motes}\n`);
  for (const [name, channels] of [["machine-1-6", 38], ["omi-1", 19]] as const) {
    await write(`machines/${name}_train.csv.gz`, rows(5, channels));
    await write(`machines/${name}_test.csv.gz`, rows(20, channels, (at) => at >= 3 && at < 6 || at > 17 ? 1 : 0));
  }
  await write("nasa/E-9_train.csv.gz", rows(5, 25));
  await write("nasa/E-9_test.csv.gz", rows(30, 25));
  await write("nasa/windows.json", JSON.stringify([{ channel: "E-9", anomalies: [[4, 6], [20, 22]] }]));
  const time = (at: number) => `2014-07-01 00:${String(5 * at).padStart(2, "0")}:00`;
  const values = Array.from({ length: 10 }, (_, at) => `${time(at)},${at}`).join("\n");
  await write("nab/data/realTweets/a.csv", `timestamp,value\n${values}\n`);
  await write("nab/windows.json", JSON.stringify({ "realTweets/a.csv": [[`${time(3)}.000000`, `${time(5)}.000000`]] }));
}

/** Sensors, readings, channels and events of each data set. */
async function counted(folder: string): Promise<Record<string, number[]>> {
  const counts: Record<string, number[]> = {};
  for (const { name, recordings } of dataSets(folder)) {
    for await (const { data, samples } of recordings()) {
      assertEquals(data, name);
      const own = counts[name] ??= [0, 0, 0, 0], all: Sample[] = [...samples];
      own[0]++;
      own[1] += all.length;
      own[2] = Math.max(own[2], ...all.map(({ reading }) => Object.keys(reading.values).length));
      own[3] += new Set(all.map(({ event }) => event).filter((event) => event >= 0)).size;
      all.forEach(({ reading }, at) => assert(at === 0 || reading.time >= all[at - 1].reading.time));
    }
  }
  return counts;
}

Deno.test("dataSets() reads every layout: past first, sensors apart, labels by column, row and time", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertEquals(await counted(folder), {});
    await alike(folder);
    assertEquals(await counted(folder), {
      "motes": [2, 9, 2, 2],
      "machines, 19 channels": [1, 25, 19, 2],
      "machines, 38 channels": [1, 25, 38, 2],
      "nasa": [1, 35, 1, 2],
      "nab": [1, 10, 1, 1],
    });
    const [machines] = dataSets(folder).filter(({ name }) => name === "machines, 19 channels");
    for await (const { samples } of machines.recordings()) {
      assertEquals([...samples].map(({ event }) => event).slice(5, 13), [-1, -1, -1, 0, 0, 0, -1, -1]);
    }
    for await (const { rows, windows } of benchmark(join(folder, "nab"))) {
      assertEquals(rows.map(({ time }) => windowOf(windows, time)), [-1, -1, -1, 0, 0, 0, -1, -1, -1, -1]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("dataSets() finds events in the real recordings, where they are", async () => {
  const folder = Deno.env.get("SENSORIUM_TEST_DATA");
  if (folder === undefined) return console.log("SENSORIUM_TEST_DATA is not set: only look-alikes were read");
  for (const { name, recordings } of dataSets(folder)) {
    if (name.startsWith("machines")) continue; // large, and read by the same code
    let events = 0;
    for await (const { samples } of recordings()) for (const { event } of samples) if (event >= 0) events++;
    assertGreater(events, 10, name);
  }
});
