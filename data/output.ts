/**
 * Readings as text: NDJSON, CSV or a JSON array, piece by piece.
 *
 * @module
 */
import type { Reading } from "../actors/reading.ts";
import { stringify } from "../std/csv.ts";
import type { Scenario } from "./scenario.ts";

/** Forms of output. NDJSON holds readings as Sensorium takes them; JSON the records of the scenario's own kind. */
export const OUTPUT_FORMATS = ["ndjson", "csv", "json"] as const;
/** A form of output. */
export type OutputFormat = typeof OUTPUT_FORMATS[number];

/** Turns readings into text. The pieces, one after another, are the whole output. */
export interface ReadingWriter {
  /** What stands before the first reading. */
  begin(): string;
  /** These readings; whole lines. */
  write(readings: readonly Reading[]): string;
  /** What stands behind the last reading. */
  end(): string;
}

/** One reading a line, as Sensorium takes it. */
const NDJSON: ReadingWriter = {
  begin: () => "",
  write: (readings) => readings.map((reading) => `${JSON.stringify(reading)}\n`).join(""),
  end: () => "",
};

/** A column per channel; empty where a reading has no value. */
function csvWriter({ channels }: Pick<Scenario, "channels">): ReadingWriter {
  return {
    begin: () => stringify([["timestamp", "sensor", "type", "location", ...channels, "label", "comment"]]),
    write: (readings) =>
      stringify(readings.map(({ time, sensor, type, location, values, label, comment }) => [
        new Date(time).toISOString(),
        sensor,
        type,
        location,
        ...channels.map((channel) => values[channel]),
        label,
        comment,
      ])),
    end: () => "",
  };
}

/** An array, a record a line. */
function jsonWriter({ record }: Pick<Scenario, "record">): ReadingWriter {
  let first = true;
  const lineOf = (reading: Reading) => {
    const lead = first ? "" : ",\n";
    first = false;
    return lead + JSON.stringify(record === undefined ? reading : record(reading));
  };
  return {
    begin: () => "[\n",
    write: (readings) => readings.map(lineOf).join(""),
    end: () => first ? "]\n" : "\n]\n",
  };
}

/** A writer for one output of a scenario. */
export function readingWriter(format: OutputFormat, scenario: Pick<Scenario, "channels" | "record">): ReadingWriter {
  if (format === "csv") return csvWriter(scenario);
  return format === "json" ? jsonWriter(scenario) : NDJSON;
}
