/**
 * Rows of a sample as values of the store.
 *
 * @module
 */
import type { SampleRow } from "../../actors/training/sample.ts";
import { textBytes } from "../bytes.ts";

/** Part of a sample's value: rows of one width, one behind the other, and whose they are. */
export interface SampleValue {
  readonly channels: readonly string[];
  readonly sensors: readonly string[];
  /** For each row its key, its position, its features. */
  readonly rows: Float64Array;
  /** Whether it is part of all that there was at its cut: parts of earlier cuts count no more. */
  readonly whole?: boolean;
}

/** Numbers of a sample's part, so that it fits a value with its sensors' names. */
const SAMPLE_NUMBERS = 4_000;
/** Rows of a part at the most, for the same reason. */
const SAMPLE_ROWS = 100;

/** A sample's rows in parts that fit a value. */
export function writeSample(channels: readonly string[], rows: readonly SampleRow[]): SampleValue[] {
  const width = 2 + (rows[0]?.row.length ?? 0);
  const most = Math.max(1, Math.min(SAMPLE_ROWS, Math.floor(SAMPLE_NUMBERS / width)));
  return Array.from({ length: Math.ceil(rows.length / most) }, (_, i) => {
    const some = rows.slice(i * most, (i + 1) * most);
    return { channels, sensors: some.map(({ sensor }) => sensor), rows: numbersOf(some, width) };
  });
}

/** Bytes that a part takes, about. */
export function sampleBytes({ channels, sensors, rows }: SampleValue): number {
  return rows.byteLength + textBytes(channels.join() + sensors.join());
}

/** The rows of a part. */
export function readSample({ sensors, rows }: SampleValue): SampleRow[] {
  const width = rows.length / sensors.length;
  return sensors.map((sensor, i) => {
    const [key, position] = rows.subarray(i * width, i * width + 2);
    return { key, position, sensor, row: rows.slice(i * width + 2, (i + 1) * width) };
  });
}

function numbersOf(rows: readonly SampleRow[], width: number): Float64Array {
  const numbers = new Float64Array(rows.length * width);
  rows.forEach(({ key, position, row }, i) => {
    numbers[i * width] = key;
    numbers[i * width + 1] = position;
    numbers.set(row, i * width + 2);
  });
  return numbers;
}
