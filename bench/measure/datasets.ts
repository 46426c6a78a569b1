/**
 * Labelled recordings of others, read from a folder that is no part of this repository (`SENSORIUM_TEST_DATA`):
 * `motes/`, `machines/`, `nasa/` and `nab/`, as their publishers lay them out.
 *
 * Where a recording has a part for training, that comes first, as the sensor's past, under the assumption that nothing
 * was wrong in it; whatever is raised there counts as false. Where a file has no times, a reading comes every minute.
 *
 * @module
 */
import { isRefusal, type Reading } from "../../actors/reading.ts";
import { parseLabels } from "../../commands/backtest/labels.ts";
import { openInput } from "../../commands/backtest/rows.ts";
import { type Mapping, mappingSchema } from "../../sources/mapping.ts";
import { makeZone } from "../../models/zone.ts";
import { join } from "../../std/path.ts";
import { type DataSet, type Recording, type Sample, Stretches } from "./recording.ts";

const STEP_MS = 60_000;
const UTC = makeZone("UTC");
/** Times of a file that has none. */
const COUNTED = { start: "2026-01-01T00:00:00Z", intervalMs: STEP_MS };
const NO_HINTS = { zone: "UTC" };

/** A row of a file: its number, and what was read. */
interface Row {
  readonly index: number;
  readonly reading: Reading;
}

/** All readings of a file. */
async function rowsOf(path: string, mapping: Mapping | undefined): Promise<Row[]> {
  const rows: Row[] = [], file = await openInput(path, mapping, NO_HINTS);
  for await (const block of file.blocks(new AbortController().signal)) {
    for (const { index, item, first } of block.rows) {
      if (first && !isRefusal(item)) rows.push({ index, reading: item });
    }
  }
  return rows;
}

/** A sensor's reading later by so many steps, without what it is called. */
function later(sensor: string, { time, values, label }: Reading, steps: number): Reading {
  return { sensor, time: time + steps * STEP_MS, values, ...(label === undefined ? {} : { label }) };
}

/** Names below a folder that end so, in order; none if there is no such folder. */
function namesIn(folder: string, ending: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(ending)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** A past without events, then what is labelled: two files of one sensor. */
function* joined(
  sensor: string,
  past: readonly Row[],
  rows: readonly Row[],
  eventOf: (row: Row) => number,
): Generator<Sample> {
  for (const { reading } of past) yield { reading: later(sensor, reading, 0), event: -1 };
  for (const row of rows) yield { reading: later(sensor, row.reading, past.length), event: eventOf(row) };
}

/** Motes in one and in several hops: a column of labels. */
async function* motes(folder: string): AsyncGenerator<Recording> {
  for (const name of namesIn(folder, ".csv")) {
    const mapping = mappingSchema.parse({
      sensor: { field: "mote_id", prefix: `${name.replace(".csv", "")}-` },
      time: { ...COUNTED, intervalMs: 5_000 },
      channels: ["humidity", "temperature"],
      label: "label",
    });
    const sensors = Map.groupBy(await rowsOf(join(folder, name), mapping), ({ reading }) => reading.sensor);
    for (const [sensor, rows] of sensors) {
      const stretches = new Stretches();
      const samples = rows.map(({ reading }) => ({ reading, event: stretches.next(reading.label === 1) }));
      yield { data: "motes", sensor, samples };
    }
  }
}

/** Machines: no header, the last of the test file's columns is the label. */
async function* machines(folder: string, channels: number): AsyncGenerator<Recording> {
  for (const name of namesIn(folder, "_test.csv.gz")) {
    const mapping = (label: boolean) =>
      mappingSchema.parse({
        sensor: { fileName: true },
        time: COUNTED,
        channels: Array.from({ length: channels }, (_, at) => `channel_${at + 1}`),
        ...(label ? { label: `channel_${channels + 1}` } : {}),
      });
    // a server's machine has 38 channels, an application's 19: told by the name
    if (name.startsWith("machine-") !== (channels === 38)) continue;
    const rows = await rowsOf(join(folder, name), mapping(true));
    const past = await rowsOf(join(folder, name.replace("_test", "_train")), mapping(false));
    const sensor = name.replace("_test.csv.gz", ""), stretches = new Stretches();
    const samples = joined(sensor, past, rows, ({ reading }) => stretches.next(reading.label === 1));
    yield { data: `machines, ${channels} channels`, sensor, samples };
  }
}

/** Telemetry of two spacecraft: the first column is the channel, the others are commands; windows by row. */
async function* nasa(folder: string): AsyncGenerator<Recording> {
  const names = namesIn(folder, "_test.csv.gz");
  if (names.length === 0) return;
  const path = join(folder, "windows.json"), labels = parseLabels(await Deno.readTextFile(path), path, UTC);
  const mapping = mappingSchema.parse({ sensor: { fileName: true }, time: COUNTED, channels: ["channel_1"] });
  for (const name of names) {
    const windows = labels.of(name) ?? [];
    const [past, rows] = await Promise.all([
      rowsOf(join(folder, name.replace("_test", "_train")), mapping),
      rowsOf(join(folder, name), mapping),
    ]);
    const sensor = name.replace("_test.csv.gz", "");
    const eventOf = ({ index }: Row) => windows.findIndex(({ from, to }) => index >= from && index <= to);
    yield { data: "nasa", sensor, samples: joined(sensor, past, rows, eventOf) };
  }
}

/** A file of the benchmark, with its windows. */
export interface BenchmarkFile {
  readonly name: string;
  readonly rows: readonly Reading[];
  /** First and last time of each window, both included. */
  readonly windows: readonly (readonly [number, number])[];
}

/** The files of the Numenta Anomaly Benchmark that lie below a folder. */
export async function* benchmark(folder: string): AsyncGenerator<BenchmarkFile> {
  const categories = namesIn(join(folder, "data"), "");
  if (categories.length === 0) return;
  const path = join(folder, "windows.json"), labels = parseLabels(await Deno.readTextFile(path), path, UTC);
  for (const category of categories) {
    for (const name of namesIn(join(folder, "data", category), ".csv")) {
      const windows = (labels.of(`${category}/${name}`) ?? []).map(({ from, to }) => [from, to] as const);
      const rows = await rowsOf(join(folder, "data", category, name), undefined);
      yield { name: `${category}/${name}`, rows: rows.map(({ reading }) => reading), windows };
    }
  }
}

/** The number of the window that a time lies in; −1 for none. */
export function windowOf(windows: BenchmarkFile["windows"], time: number): number {
  return windows.findIndex(([from, to]) => time >= from && time <= to);
}

async function* nab(folder: string): AsyncGenerator<Recording> {
  for await (const { name, rows, windows } of benchmark(folder)) {
    const samples = rows.map((reading) => ({
      reading: later(name, reading, 0),
      event: windowOf(windows, reading.time),
    }));
    yield { data: "nab", sensor: name, samples };
  }
}

/** Every data set of the folder; one whose files are not there has no recordings. */
export function dataSets(folder: string): DataSet[] {
  const machinesIn = join(folder, "machines");
  return [
    { name: "motes", labelled: true, recordings: () => motes(join(folder, "motes")) },
    { name: "machines, 19 channels", labelled: true, recordings: () => machines(machinesIn, 19) },
    { name: "machines, 38 channels", labelled: true, recordings: () => machines(machinesIn, 38) },
    { name: "nasa", labelled: true, recordings: () => nasa(join(folder, "nasa")) },
    { name: "nab", labelled: true, recordings: () => nab(join(folder, "nab")) },
  ];
}
