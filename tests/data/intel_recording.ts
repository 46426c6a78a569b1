/**
 * A recording in the public file's shape, made of the motes scenario, with every figure counted on the side.
 *
 * @module
 */
import { motes } from "../../data/motes.ts";
import type { IntelFindings } from "../../data/intel.ts";

const ANCHOR = Date.UTC(2004, 1, 28);
const INTERVAL_MS = 31_000;
/** Places of a round of the motes scenario, and of one mote in it. */
const PER_ROUND = 108;

/** A row as it was generated. */
export interface GeneratedRow {
  readonly line: string;
  readonly mote: number;
  readonly epoch: number;
  readonly time: number;
  readonly values: readonly number[];
}

/**
 * Rows of some motes, mote by mote, in the order in which they arrived.
 *
 * Readings with a missing field are left out; a late one keeps its epoch but is stamped when it arrived, as in the lab.
 *
 * @param numbers which motes, 1 to 54
 */
export function generatedRows(numbers: readonly number[], rounds: number, seed = 42): GeneratedRow[] {
  const scenario = motes();
  const run = { seed, anchor: ANCHOR, intervalMs: INTERVAL_MS };
  const rows: GeneratedRow[] = [];
  for (const mote of numbers) {
    for (let round = 0; round < rounds; round++) {
      for (let copy = 0; copy < 2; copy++) {
        const reading = scenario.reading(round * PER_ROUND + 2 * (mote - 1) + copy, run);
        if (reading === undefined) continue;
        const values = scenario.channels.map((channel) => reading.values[channel] ?? NaN);
        if (values.some(Number.isNaN)) continue;
        const epoch = Number(reading.attributes?.epoch) % 65_536;
        const time = ANCHOR + round * INTERVAL_MS + 2 * copy;
        const stamp = new Date(time).toISOString().slice(0, -1).replace("T", " ");
        rows.push({ line: `${stamp}123 ${epoch} ${mote} ${values.join(" ")}`, mote, epoch, time, values });
      }
    }
  }
  return rows;
}

/** The findings of one mote's rows, counted the plain way. */
export function countedFindings(rows: readonly GeneratedRow[]): IntelFindings {
  const count = (counts: (row: GeneratedRow, at: number) => boolean) => rows.filter(counts).length;
  const epochs = rows.map((row) => row.epoch);
  const distinct = new Set(epochs).size;
  const [least, greatest] = [epochs.reduce((a, b) => Math.min(a, b)), epochs.reduce((a, b) => Math.max(a, b))];
  return {
    rows: rows.length,
    motes: 1,
    first: rows[0].time,
    last: rows[rows.length - 1].time,
    hottest: rows.reduce((hottest, row) => Math.max(hottest, row.values[0]), -Infinity),
    epochs: distinct,
    missingShare: 1 - distinct / (greatest - least + 1),
    duplicateEpochs: rows.length - distinct,
    stepsBack: count((row, at) => at > 0 && row.epoch < rows[at - 1].epoch),
    stampsBack: 0,
    longestGapMs: rows.reduce((gap, row, at) => at === 0 ? 0 : Math.max(gap, row.time - rows[at - 1].time), 0),
    above50: count((row) => row.values[0] > 50),
    above120: count((row) => row.values[0] > 120),
    humidityBelow0: count((row) => row.values[1] < 0),
    lowVoltage: count((row) => row.values[3] < 2.3),
  };
}

/** The real recording of mote 1, line by line, where the tests are given data (`SENSORIUM_TEST_DATA`). */
export async function realMote1(): Promise<string[] | undefined> {
  const folder = Deno.env.get("SENSORIUM_TEST_DATA");
  if (folder === undefined || folder === "") return undefined;
  const file = await Deno.open(`${folder}/intel/mote1.csv.gz`);
  const text = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
  return text.split("\n").filter((line) => line !== "");
}
