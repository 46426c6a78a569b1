/**
 * What tests of the backtest run on: made-up recordings with labels, and the command run in this process.
 *
 * @module
 */
import { backtest } from "../../../commands/backtest.ts";
import { normalAt } from "../../../models/random.ts";
import { join } from "../../../std/path.ts";
import { parse } from "../../../std/csv.ts";

/** 2026-01-05T00:00:00Z. */
export const BEGIN = Date.UTC(2026, 0, 5);
/** Between two rows. */
export const STEP_MS = 300_000;

/** A time as a file without zones has it. */
export function stamp(row: number): string {
  return new Date(BEGIN + row * STEP_MS).toISOString().slice(0, 19).replace("T", " ");
}

/** Days with noise; `odd` rows stand out by 12 deviations. */
export function recording(rows: number, odd: readonly number[], seed = 1): string {
  let text = "timestamp,value\n";
  for (let row = 0; row < rows; row++) {
    const value = 20 + 4 * Math.sin(2 * Math.PI * row / 288) + 0.5 * normalAt(seed, row) + (odd.includes(row) ? 12 : 0);
    text += `${stamp(row)},${value.toFixed(3)}\n`;
  }
  return text;
}

/** A folder that is gone after the test. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes files below a folder; gives their paths in order. */
export async function write(folder: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(join(folder, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, name), text);
  }
  return Object.keys(files).map((name) => join(folder, name));
}

/** Runs the command; gives what it printed. */
export async function run(...args: string[]): Promise<string> {
  const log = console.log;
  let printed = "";
  console.log = (line: string) => printed += `${line}\n`;
  try {
    await backtest(args);
  } finally {
    console.log = log;
  }
  return printed;
}

/** A CSV file as records by column. */
export async function records(path: string): Promise<Record<string, string>[]> {
  const [head, ...rows] = parse(await Deno.readTextFile(path));
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [head[i], cell])));
}

/** The figures of one row of a printed table, by column. */
export function figures(printed: string, name: string, table = "total"): Record<string, string> {
  const lines = printed.split("\n"), from = lines.findIndex((line) => line.startsWith(`${table} `));
  const split = (line: string) => line.split(/ {2,}/);
  const head = split(lines[from]), row = lines.slice(from + 1).find((line) => line.startsWith(`${name} `)) ?? "";
  return Object.fromEntries(split(row).map((cell, i) => [head[i], cell]));
}
