/**
 * Recordings for tests of states and drift: the real ones of `SENSORIUM_TEST_DATA`, or look-alikes where it is not there,
 * so that the same code is tested.
 *
 * @module
 */
import { facility } from "../../../data/facility.ts";
import { normalAt, uniformAt } from "../../../models/random.ts";
import { generatedRows, realMote1 } from "../../data/intel_recording.ts";

/** One sensor's recording: times in order, and a column of values a channel. */
export interface Recording {
  readonly name: string;
  readonly times: readonly number[];
  readonly columns: readonly (readonly number[])[];
}

/** 2026-01-01T00:00:00Z, a Thursday. */
export const START = 1_767_225_600_000;
/** Milliseconds of an hour and of a day. */
export const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;

/** A source of normal deviates, the same every time. */
export function normal(seed: number): () => number {
  let place = 0;
  return () => normalAt(seed, place++);
}

/** Readings of one of the facility's sensors, every `every`-th of so many rounds. */
export function facilitySensor(place: number, from: number, rounds: number, every: number, seed = 42): Recording {
  const scenario = facility({ anomalies: false }), run = { seed, anchor: from, intervalMs: scenario.intervalMs };
  const channel = scenario.sensors[place].type, times: number[] = [], values: number[] = [];
  for (let round = 0; round < rounds; round += every) {
    const reading = scenario.reading(round * scenario.perRound + place, run);
    const value = reading?.values[channel];
    if (reading === undefined || value === undefined || value === null) continue;
    times.push(reading.time);
    values.push(value);
  }
  return { name: scenario.sensors[place].name, times, columns: [values] };
}

/** The lab's mote 1: a reading every 31 s with many lost, two outages of most of a day, at last a battery that lies. */
export async function mote1(): Promise<Recording & { readonly real: boolean }> {
  const lines = await realMote1();
  if (lines === undefined) {
    const rows = generatedRows([1], 90_000);
    const columns = [0, 1, 2, 3].map((c) => rows.map(({ values }) => values[c]));
    return { name: "mote-1", real: false, times: rows.map(({ time }) => time), columns };
  }
  const rows = lines.slice(1).map((line) => line.split(","));
  const columns = [5, 6, 7, 8].map((field) => rows.map((row) => Number(row[field])));
  return {
    name: "mote-1",
    real: true,
    times: rows.map((row) => Date.parse(`${row[1]}T${row[2].slice(0, 12)}Z`)),
    columns,
  };
}

/** Recordings of servers, traffic, adverts and air: of the benchmark, or series that go up and down every day. */
export function benchmark(): readonly Recording[] {
  const folder = Deno.env.get("SENSORIUM_TEST_DATA");
  if (folder === undefined || folder === "") {
    return Array.from({ length: 12 }, (_, k) => {
      const noise = normal(k), intervalMs = k % 3 === 0 ? HOUR_MS : 300_000, count = k % 3 === 0 ? 1_500 : 4_032;
      const times = Array.from({ length: count }, (_, i) => START + i * intervalMs);
      const values = times.map((time) => 20 + k * Math.sin(2 * Math.PI * time / DAY_MS) + noise());
      return { name: `series-${k}`, times, columns: [values] };
    });
  }
  const root = `${folder}/nab/data`, recordings: Recording[] = [];
  for (const { name: group, isDirectory } of Deno.readDirSync(root)) {
    if (!isDirectory) continue;
    for (const { name } of Deno.readDirSync(`${root}/${group}`)) {
      const rows = Deno.readTextFileSync(`${root}/${group}/${name}`).trim().split("\n").slice(1)
        .map((line) => line.split(","));
      const times = rows.map(([stamp]) => Date.parse(`${stamp.replace(" ", "T")}Z`));
      recordings.push({ name: `${group}/${name}`, times, columns: [rows.map(([, value]) => Number(value))] });
    }
  }
  return recordings.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Times of a Poisson process: gaps of `meanMs` on average, of any length. */
export function irregularTimes(seed: number, count: number, meanMs: number): number[] {
  let time = START;
  return Array.from({ length: count }, (_, i) => time -= Math.round(meanMs * Math.log(1 - uniformAt(seed, i))));
}
