/**
 * Recordings of motes as one file, in order of time: the real ones of `SENSORIUM_TEST_DATA`, whole, or simulated ones.
 *
 * @module
 */
import { parse } from "../../std/csv.ts";
import { join } from "../../std/path.ts";
import { z } from "zod";
import { realMote1 } from "../data/intel_recording.ts";
import { Program } from "../process.ts";
import { realData } from "../sources/files.ts";

/** A recording in a file of NDJSON. */
export interface Recording {
  readonly path: string;
  /** What it is, for people. */
  readonly what: string;
  readonly readings: number;
  readonly sensors: number;
}

const readingSchema = z.looseObject({ sensor: z.string(), time: z.number() });
type Reading = z.infer<typeof readingSchema>;

/** When the labelled motes, which have no times, are said to begin, and their interval: 5 s, as their paper says. */
const BEGIN = Date.UTC(2004, 1, 28, 1), STEP_MS = 5_000;

/** The labelled motes, single and multi hop: humidity and temperature. */
function labelledMotes(): Reading[] {
  return ["single", "multi"].flatMap((hop) => {
    const path = realData(`motes/${hop}_hop.csv`);
    if (path === undefined) return [];
    return parse(Deno.readTextFileSync(path)).slice(1).map((
      [reading, mote, _indoor, humidity, temperature, label],
    ) => ({
      sensor: `${hop}-${mote}`,
      time: BEGIN + STEP_MS * Number(reading),
      values: { humidity: Number(humidity), temperature: Number(temperature) },
      label: Number(label),
    }));
  });
}

/** Mote 1 of the Intel lab, five weeks with all their dirt. */
async function intelMote(): Promise<Reading[]> {
  const lines = realData("intel/mote1.csv.gz") === undefined ? undefined : await realMote1();
  return (lines ?? []).slice(1).map((line) => {
    const [, date, time, epoch, , ...values] = line.split(",");
    const [temperature, humidity, light, voltage] = values.map(Number);
    return {
      sensor: "intel-1",
      time: Date.parse(`${date}T${time.slice(0, 12)}Z`),
      values: { temperature, humidity, light, voltage },
      attributes: { epoch: Number(epoch) },
    };
  });
}

/** Readings of some simulated motes, in order of time; the same every time. */
export async function simulatedMotes(folder: string, hours: number, motes: number): Promise<Reading[]> {
  const raw = join(folder, "raw.ndjson"), start = "2026-01-05T00:00:00Z";
  await using simulating = new Program(["simulate", "motes", "--start", start, "--hours", String(hours), "--to", raw]);
  const { code, error } = await simulating.ended;
  if (code !== 0) throw new Error(error);
  const all = (await Deno.readTextFile(raw)).trim().split("\n").map((line) => readingSchema.parse(JSON.parse(line)));
  const chosen = new Set([...new Set(all.map(({ sensor }) => sensor))].slice(0, motes));
  return inOrder(all.filter(({ sensor }) => chosen.has(sensor)));
}

/** By time, sensors of one time by name; what is twice stays as it was. */
function inOrder(readings: Reading[]): Reading[] {
  return readings.sort((a, b) => a.time - b.time || (a.sensor < b.sensor ? -1 : a.sensor > b.sensor ? 1 : 0));
}

/**
 * Writes it into the folder.
 *
 * @param hours of simulated motes, where there are no real ones
 * @param motes how many of the simulated ones
 */
export async function recording(folder: string, hours: number, motes: number): Promise<Recording> {
  const real = [...await intelMote(), ...labelledMotes()], path = join(folder, "motes.ndjson");
  const readings = real.length > 0 ? inOrder(real) : await simulatedMotes(folder, hours, motes);
  await Deno.writeTextFile(path, readings.map((reading) => JSON.stringify(reading) + "\n").join(""));
  const sensors = new Set(readings.map(({ sensor }) => sensor)).size;
  return { path, what: real.length > 0 ? "recorded" : "simulated", readings: readings.length, sensors };
}
