/**
 * Cleaning the Intel lab's recording: what is dropped, what is repaired, and how much of each.
 *
 * The public file is ordered by mote and epoch, and the motes' counters begin again now and then; cleaned rows are in
 * the order of time, over all motes. Everything that is left out or altered is counted.
 *
 * The rows are held in columns while they are put in order: 27 bytes a row, 62 MB for the whole public file.
 *
 * @module
 */
import { z } from "zod";
import { INTEL_CHANNELS, intelFindingsSchema, IntelInspection, LOW_VOLTAGE, parseIntelLine } from "./intel.ts";

const count = z.number().int().nonnegative();

/** What cleaning did; every count is of lines or values of the input. */
export const cleaningReportSchema = z.object({
  /** Lines of the input, empty ones and a heading not counted. */
  lines: count,
  /** Rows of the cleaned recording. */
  kept: count,
  dropped: z.object({
    /** Fewer than eight fields. */
    missing_fields: count,
    /** Not readable as a row. */
    malformed: count,
    /** A mote that there was not: other than 1 to 54. */
    wrong_mote: count,
    /** A stamp outside of the experiment, 2004-02-28 to 2004-04-05. */
    wrong_time: count,
    /** The same mote and time again, or the same mote and epoch within ten minutes. */
    duplicate: count,
  }),
  /** Values that were taken out of kept rows; the rest of the row stays. */
  emptied: z.object({
    /** Temperature and humidity of a battery below 2.3 V. */
    low_voltage: count,
    /** Outside of −10 to 50 °C, which no room of the lab was. */
    temperature: count,
    /** Outside of 0 to 100 %. */
    humidity: count,
    /** Below 0 lux. */
    light: count,
    /** Outside of 0 to 4 V. */
    voltage: count,
  }),
  /** Rows that stood behind a later one of their mote and were put in order. */
  reordered: count,
  /** Kept rows whose epoch their mote had used before, more than ten minutes ago. */
  repeated_epochs: count,
  /** What the recording looked like before. */
  before: intelFindingsSchema,
});
/** What cleaning did. */
export type CleaningReport = Readonly<z.infer<typeof cleaningReportSchema>>;

/** The cleaned recording. */
export interface Cleaned {
  readonly report: CleaningReport;
  /** CSV lines with a heading, each ended by a newline, in pieces of some KiB. */
  csv(): Generator<string>;
}

const MOTES = 54;
const FIRST_TIME = Date.UTC(2004, 1, 28);
const LAST_TIME = Date.UTC(2004, 3, 6);
const DUPLICATE_WITHIN_MS = 600_000;
/** What each channel can have been, in the order of the row; beyond it the value is emptied. */
const BELIEVABLE: readonly (readonly [number, number])[] = [[-10, 50], [0, 100], [0, Infinity], [0, 4]];
/** Columns of the cleaned file. */
const HEADING = `timestamp,sensor,epoch,${INTEL_CHANNELS.join(",")}\n`;
const PIECE_ROWS = 256;

/** Rows as columns that grow; values are NaN where they were emptied. */
class Rows {
  length = 0;
  time = new Float64Array(1_024);
  epoch = new Uint16Array(1_024);
  mote = new Uint8Array(1_024);
  // Float32 keeps six digits, which is what the motes sent
  values = new Float32Array(4 * 1_024);

  /** Makes room for one more and returns its index. */
  add(): number {
    if (this.length === this.time.length) this.#grow();
    return this.length++;
  }

  #grow(): void {
    const size = 2 * this.length;
    const [time, epoch, mote, values] = [this.time, this.epoch, this.mote, this.values];
    (this.time = new Float64Array(size)).set(time);
    (this.epoch = new Uint16Array(size)).set(epoch);
    (this.mote = new Uint8Array(size)).set(mote);
    (this.values = new Float32Array(4 * size)).set(values);
  }
}

/** Counts while the lines are taken in. */
class Counts {
  lines = 0;
  dropped = { missing_fields: 0, malformed: 0, wrong_mote: 0, wrong_time: 0, duplicate: 0 };
  emptied = { low_voltage: 0, temperature: 0, humidity: 0, light: 0, voltage: 0 };
  reordered = 0;
  repeatedEpochs = 0;
}

/** Takes out what cannot have been; a mote with an empty battery is believed in light and voltage only. */
function believe(values: Float32Array, at: number, counts: Counts): void {
  const weak = values[at + 3] < LOW_VOLTAGE;
  for (const [channel, name] of INTEL_CHANNELS.entries()) {
    const [least, greatest] = BELIEVABLE[channel];
    const value = values[at + channel];
    if (weak && channel < 2) counts.emptied.low_voltage++;
    else if (value < least || value > greatest) counts.emptied[name]++;
    else continue;
    values[at + channel] = NaN;
  }
}

/** Takes one line in, or counts why not. */
function take(line: string, rows: Rows, counts: Counts, inspection: IntelInspection): void {
  if (line.trim() === "") return;
  const row = parseIntelLine(line);
  if (row === "heading") return;
  counts.lines++;
  if (typeof row === "string") {
    counts.dropped[row]++;
    return;
  }
  if (row.mote < 1 || row.mote > MOTES) {
    counts.dropped.wrong_mote++;
    return;
  }
  if (row.time < FIRST_TIME || row.time >= LAST_TIME) {
    counts.dropped.wrong_time++;
    return;
  }
  inspection.add(row);
  const at = rows.add();
  rows.time[at] = row.time;
  rows.epoch[at] = row.epoch;
  rows.mote[at] = row.mote;
  for (const [channel, name] of INTEL_CHANNELS.entries()) rows.values[4 * at + channel] = row[name];
}

/** Indices of the rows in the order of time, then mote, then place in the file. */
function ordered(rows: Rows): Uint32Array {
  const order = Uint32Array.from({ length: rows.length }, (_, at) => at);
  const { time, mote } = rows;
  return order.sort((a, b) => time[a] - time[b] || mote[a] - mote[b] || a - b);
}

/** Leaves out what is there twice, takes out what cannot be believed; the indices that stay. */
function settle(rows: Rows, counts: Counts): Uint32Array {
  const order = ordered(rows);
  // by mote: time of its last kept row, and time of each epoch's last kept row
  const lastTime = new Float64Array(MOTES + 1).fill(NaN);
  const epochTimes = new Map<number, Float64Array>();
  let kept = 0;
  for (const at of order) {
    const [mote, epoch, time] = [rows.mote[at], rows.epoch[at], rows.time[at]];
    let times = epochTimes.get(mote);
    if (times === undefined) epochTimes.set(mote, times = new Float64Array(65_536).fill(NaN));
    if (lastTime[mote] === time || time - times[epoch] <= DUPLICATE_WITHIN_MS) {
      counts.dropped.duplicate++;
      continue;
    }
    if (!Number.isNaN(times[epoch])) counts.repeatedEpochs++;
    lastTime[mote] = time;
    times[epoch] = time;
    believe(rows.values, 4 * at, counts);
    order[kept++] = at;
  }
  return order.subarray(0, kept);
}

function* written(rows: Rows, order: Uint32Array): Generator<string> {
  let piece = HEADING;
  for (const [n, at] of order.entries()) {
    piece += `${new Date(rows.time[at]).toISOString().slice(0, -1)},mote-${rows.mote[at]},${rows.epoch[at]}`;
    for (let channel = 0; channel < 4; channel++) {
      const value = rows.values[4 * at + channel];
      piece += Number.isNaN(value) ? "," : `,${Number(value.toPrecision(6))}`;
    }
    piece += "\n";
    if (n % PIECE_ROWS === PIECE_ROWS - 1) {
      yield piece;
      piece = "";
    }
  }
  if (piece !== "") yield piece;
}

/**
 * Cleans a recording.
 *
 * @param lines of the public file or of a CSV copy, without their newlines
 */
export async function cleanIntel(lines: Iterable<string> | AsyncIterable<string>): Promise<Cleaned> {
  const rows = new Rows();
  const counts = new Counts();
  const inspection = new IntelInspection();
  const latest = new Float64Array(MOTES + 1).fill(-Infinity);
  for await (const line of lines) {
    const before = rows.length;
    take(line, rows, counts, inspection);
    if (rows.length === before) continue;
    const mote = rows.mote[before];
    if (rows.time[before] < latest[mote]) counts.reordered++;
    latest[mote] = Math.max(latest[mote], rows.time[before]);
  }
  const order = settle(rows, counts);
  const report: CleaningReport = {
    lines: counts.lines,
    kept: order.length,
    dropped: counts.dropped,
    emptied: counts.emptied,
    reordered: counts.reordered,
    repeated_epochs: counts.repeatedEpochs,
    before: inspection.findings(),
  };
  return { report, csv: () => written(rows, order) };
}
