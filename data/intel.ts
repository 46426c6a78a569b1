/**
 * The recordings of the Intel Berkeley lab (2004, 54 motes): one row, and what is wrong with many.
 *
 * The public file has rows of date, time, epoch, mote, temperature, humidity, light and voltage, divided by spaces;
 * copies of it are in use as CSV with a heading and a leading row number. Both are read here. The stamps have no
 * zone: they are kept as they stand, and whoever reads them declares one.
 *
 * @module
 */
import { z } from "zod";

/** Channels of a row, in its order; units are °C, %, lux and V. */
export const INTEL_CHANNELS = ["temperature", "humidity", "light", "voltage"] as const;

/** One row that could be read. */
export interface IntelRow {
  /** The zone-less stamp as milliseconds since 1970-01-01T00:00 of the same clock. */
  readonly time: number;
  /** The mote's own count of measurements, 16 bits, 0 to 65535; it begins again after a restart. */
  readonly epoch: number;
  readonly mote: number;
  readonly temperature: number;
  readonly humidity: number;
  readonly light: number;
  readonly voltage: number;
}

/** Why a line is no row: fields are missing, it cannot be read, or it is the heading. */
export type IntelFault = "missing_fields" | "malformed" | "heading";

const STAMP = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME_OF_DAY = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/;

/** Milliseconds of a zone-less stamp; NaN if there is no such date or time. */
function stampOf(date: string, time: string): number {
  const day = STAMP.exec(date);
  const clock = TIME_OF_DAY.exec(time);
  if (day === null || clock === null) return NaN;
  const [hour, minute, second] = [Number(clock[1]), Number(clock[2]), Number(clock[3])];
  if (hour > 23 || minute > 59 || second > 59) return NaN;
  const midnight = Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3]));
  if (new Date(midnight).getUTCDate() !== Number(day[3])) return NaN; // the 31st of February
  const thousandths = Number((clock[4] ?? "").padEnd(3, "0").slice(0, 3));
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000 + thousandths;
}

/** Fields of a line: by commas without the leading row number, else by white space. */
function fieldsOf(line: string): string[] {
  if (line.includes(",")) {
    const fields = line.trim().split(",");
    return fields.length === 9 ? fields.slice(1) : fields;
  }
  return line.trim().split(/\s+/);
}

/**
 * Reads one line.
 *
 * @returns the row, or why it is none
 */
export function parseIntelLine(line: string): IntelRow | IntelFault {
  const fields = fieldsOf(line);
  if (fields[0] === "date") return "heading";
  const time = stampOf(fields[0], fields[1] ?? "");
  if (Number.isNaN(time) || fields.length > 8) return "malformed";
  if (fields.length < 8 || fields.includes("")) return "missing_fields";
  const numbers = fields.slice(2).map(Number);
  if (!numbers.every(Number.isFinite)) return "malformed";
  const [epoch, mote, temperature, humidity, light, voltage] = numbers;
  if (!Number.isInteger(mote) || !Number.isInteger(epoch) || epoch < 0 || epoch > 65_535) return "malformed";
  return { time, epoch, mote, temperature, humidity, light, voltage };
}

const count = z.number().int().nonnegative();

/** What is found in a recording, without changing it. Rows of several motes are judged mote by mote and summed. */
export const intelFindingsSchema = z.object({
  rows: count,
  motes: count,
  /** Zone-less stamps, ms; absent without rows. */
  first: z.number().optional(),
  last: z.number().optional(),
  /** Different epochs that are there. */
  epochs: count,
  /** Share of the epochs between a mote's least and greatest that are not there, 0 to 1. */
  missingShare: z.number(),
  /** Rows with an epoch that an earlier row of the mote had. */
  duplicateEpochs: count,
  /** Rows whose epoch is less than that of the mote's row before. */
  stepsBack: count,
  /** Rows whose stamp is less than that of the mote's row before. */
  stampsBack: count,
  /** Longest time between a mote's rows, ms. */
  longestGapMs: z.number(),
  above50: count,
  above120: count,
  /** Greatest temperature, °C; absent without rows. */
  hottest: z.number().optional(),
  humidityBelow0: count,
  /** Rows whose battery was below 2.3 V. */
  lowVoltage: count,
});
/** What is found in a recording. */
export type IntelFindings = Readonly<z.infer<typeof intelFindingsSchema>>;

const EPOCHS = 65_536;
/** Below this the motes' readings cannot be believed, V. */
export const LOW_VOLTAGE = 2.3;

/** One mote's past, as far as the next row is judged by it. */
interface MotePast {
  readonly seen: Uint8Array;
  distinct: number;
  least: number;
  greatest: number;
  epoch: number;
  time: number;
  /** Greatest stamp so far: a gap is what lies beyond it. */
  latest: number;
}

/** Collects {@linkcode IntelFindings} row by row; 8 KiB a mote, whatever the rows. */
export class IntelInspection {
  readonly #motes = new Map<number, MotePast>();
  #rows = 0;
  #first = Infinity;
  #last = -Infinity;
  #duplicates = 0;
  #stepsBack = 0;
  #stampsBack = 0;
  #gapMs = 0;
  #above50 = 0;
  #above120 = 0;
  #hottest = -Infinity;
  #humidityBelow0 = 0;
  #lowVoltage = 0;

  /** Takes the next row, in the order of the recording. */
  add(row: IntelRow): void {
    this.#rows++;
    this.#first = Math.min(this.#first, row.time);
    this.#last = Math.max(this.#last, row.time);
    if (row.temperature > 50) this.#above50++;
    if (row.temperature > 120) this.#above120++;
    this.#hottest = Math.max(this.#hottest, row.temperature);
    if (row.humidity < 0) this.#humidityBelow0++;
    if (row.voltage < LOW_VOLTAGE) this.#lowVoltage++;
    this.#place(row);
  }

  /** What was found so far. */
  findings(): IntelFindings {
    const pasts = [...this.#motes.values()];
    const epochs = pasts.reduce((sum, past) => sum + past.distinct, 0);
    const span = pasts.reduce((sum, past) => sum + past.greatest - past.least + 1, 0);
    return {
      rows: this.#rows,
      motes: this.#motes.size,
      ...(this.#rows === 0 ? {} : { first: this.#first, last: this.#last, hottest: this.#hottest }),
      epochs,
      missingShare: span === 0 ? 0 : 1 - epochs / span,
      duplicateEpochs: this.#duplicates,
      stepsBack: this.#stepsBack,
      stampsBack: this.#stampsBack,
      longestGapMs: this.#gapMs,
      above50: this.#above50,
      above120: this.#above120,
      humidityBelow0: this.#humidityBelow0,
      lowVoltage: this.#lowVoltage,
    };
  }

  /** Sets a row against its mote's past. */
  #place({ mote, epoch, time }: IntelRow): void {
    const past = this.#motes.get(mote);
    if (past === undefined) {
      const seen = new Uint8Array(EPOCHS / 8);
      seen[epoch >> 3] = 1 << (epoch & 7);
      this.#motes.set(mote, { seen, distinct: 1, least: epoch, greatest: epoch, epoch, time, latest: time });
      return;
    }
    const bit = 1 << (epoch & 7);
    if (past.seen[epoch >> 3] & bit) this.#duplicates++;
    else past.distinct++;
    past.seen[epoch >> 3] |= bit;
    past.least = Math.min(past.least, epoch);
    past.greatest = Math.max(past.greatest, epoch);
    if (epoch < past.epoch) this.#stepsBack++;
    if (time < past.time) this.#stampsBack++;
    this.#gapMs = Math.max(this.#gapMs, time - past.latest);
    past.epoch = epoch;
    past.time = time;
    past.latest = Math.max(past.latest, time);
  }
}

/** What is found in a recording; takes it row by row, in constant memory a mote. */
export async function inspectIntel(rows: Iterable<IntelRow> | AsyncIterable<IntelRow>): Promise<IntelFindings> {
  const inspection = new IntelInspection();
  for await (const row of rows) inspection.add(row);
  return inspection.findings();
}
