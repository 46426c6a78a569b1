/**
 * Speed of the readers of files, each over the same readings in its own form: `deno run -A bench/readers.ts [READINGS]`.
 *
 * A reading has four channels; a chunk's readings are parsed and judged, lines are handed out as they are.
 *
 * @module
 */
import type { Clock, Json, SourceMemory } from "../actors/ports.ts";
import { mappingSchema } from "../sources/mapping.ts";
import { type ReplayOptions, ReplaySource } from "../sources/replay.ts";

const CHANNELS = ["temperature", "humidity", "pressure", "vibration"];
const START = 1_704_067_200_000;

/** The shortest memory there is: a benchmark is never resumed. */
class NoMemory implements SourceMemory {
  load(): Promise<Json | undefined> {
    return Promise.resolve(undefined);
  }
  save(): Promise<void> {
    return Promise.resolve();
  }
}

const clock: Clock = { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };

/** Values that differ, with two digits behind the point. */
function valueOf(i: number, channel: number): number {
  return Math.round((20 + 10 * channel + (i * 7919 + channel * 104729) % 1_000 / 100) * 100) / 100;
}

function* batchesOf(count: number, write: (i: number) => string): Generator<string> {
  for (let from = 0; from < count; from += 10_000) {
    let text = "";
    for (let i = from; i < Math.min(count, from + 10_000); i++) text += write(i);
    yield text;
  }
}

async function writeFile(
  path: string,
  head: string,
  count: number,
  write: (i: number) => string,
  tail = "",
): Promise<number> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  let stream = ReadableStream.from([head, ...batchesOf(count, write), tail]).pipeThrough(new TextEncoderStream());
  let bytes = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, out) {
      bytes += piece.length;
      out.enqueue(piece);
    },
  });
  stream = stream.pipeThrough(counted);
  await (path.endsWith(".gz") ? stream.pipeThrough(new CompressionStream("gzip")) : stream).pipeTo(file.writable);
  return bytes;
}

/** Reads the file to its end; seconds of the best of three. */
async function time(options: ReplayOptions): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < 3; run++) {
    const source = new ReplaySource(options, clock);
    const begun = performance.now();
    const [partition] = await source.open(new NoMemory());
    for await (const _ of partition.read(0, new AbortController().signal));
    best = Math.min(best, (performance.now() - begun) / 1_000);
    await source.close();
  }
  return best;
}

async function main(count: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-bench-" });
  const values = (i: number) => CHANNELS.map((_, c) => valueOf(i, c));
  const sensor = (i: number) => `machine-${i % 1_000}`;
  const canonical = (i: number) =>
    JSON.stringify({
      sensor: sensor(i),
      time: START + i * 10,
      values: Object.fromEntries(CHANNELS.map((name, c) => [name, valueOf(i, c)])),
    });
  const own = (i: number) =>
    JSON.stringify({
      timestamp: new Date(START + i * 10).toISOString(),
      machine_id: sensor(i),
      ...Object.fromEntries(CHANNELS.map((name, c) => [name, valueOf(i, c)])),
    });
  const stamp = (i: number) => new Date(START + i * 10).toISOString().replace("T", " ").slice(0, -1);
  const row = (i: number) => `${stamp(i)},${sensor(i)},${values(i).join(",")}\n`;
  const quoted = (i: number) => `"${stamp(i)}","${sensor(i)}",${values(i).map((value) => `"${value}"`).join(",")}\n`;
  const long = (i: number) => CHANNELS.map((name, c) => `${stamp(i)},${sensor(i)},${name},${valueOf(i, c)}\n`).join("");
  const head = `timestamp,machine_id,${CHANNELS.join(",")}\n`;
  const joined = mappingSchema.parse({
    sensor: "machine_id",
    time: { field: "timestamp", zone: "UTC" },
    long: { channel: "channel", value: "value", join: true },
  });
  const cases: [string, string, string, (i: number) => string, string, Partial<ReplayOptions>][] = [
    ["NDJSON, as lines", "a.ndjson", "", (i) => canonical(i) + "\n", "", {}],
    ["NDJSON .gz, as lines", "a.ndjson.gz", "", (i) => canonical(i) + "\n", "", {}],
    ["NDJSON, as readings", "a.ndjson", "", (i) => canonical(i) + "\n", "", { batchSize: 1_000 }],
    ["NDJSON of its own shape", "b.ndjson", "", (i) => own(i) + "\n", "", {}],
    ["JSON array", "c.json", "[", (i) => (i > 0 ? ",\n" : "") + canonical(i), "]", {}],
    ["CSV, wide", "d.csv", head, row, "", { zone: "UTC" }],
    ["CSV, wide, zone with summer time", "d.csv", head, row, "", { zone: "Europe/Berlin" }],
    ["CSV, wide, all quoted", "e.csv", head, quoted, "", { zone: "UTC" }],
    ["CSV, wide, .gz", "d.csv.gz", head, row, "", { zone: "UTC" }],
    ["CSV, long, joined", "f.csv", "timestamp,machine_id,channel,value\n", long, "", { mapping: joined }],
  ];
  console.log(`${count} readings of ${CHANNELS.length} channels, best of 3`);
  console.log("reader".padEnd(34), "MB".padStart(7), "s".padStart(8), "MB/s".padStart(8), "readings/s".padStart(12));
  try {
    for (const [name, file, begin, write, end, options] of cases) {
      const path = `${folder}/${file}`;
      const bytes = await writeFile(path, begin, count, write, end);
      const seconds = await time({ paths: [path], ...options });
      console.log(
        name.padEnd(34),
        (bytes / 1e6).toFixed(1).padStart(7),
        seconds.toFixed(3).padStart(8),
        (bytes / 1e6 / seconds).toFixed(0).padStart(8),
        Math.round(count / seconds).toLocaleString("en").padStart(12),
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main(Number(Deno.args[0] ?? 300_000));
