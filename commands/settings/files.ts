/**
 * Files in the configuration: `--files FOLDER`, with batches of readings or with tables, for `start` and `replay`.
 *
 * @module
 */
import type { CommitSink } from "../../actors/checkpoint.ts";
import type { Clock } from "../../actors/ports.ts";
import type { ToRecord } from "../../sinks/batch_text.ts";
import { FilesSink, MOST_RECORDS } from "../../sinks/files.ts";
import { TABLE_FORMATS } from "../../sinks/tables/format.ts";
import { TablesSink } from "../../sinks/tables/sink.ts";
import { choice, type SettingValues, text, wholeNumber } from "./setting.ts";

/** The settings. */
export const FILES = {
  files: text({
    fallback: undefined,
    help: "folder for every source's stream_batch_<index>.json and stream_manifest.json, or for tables",
    placeholder: "PATH",
  }),
  records: wholeNumber({ min: 1, max: MOST_RECORDS, fallback: 1000, help: "records of one batch file" }),
  filesFormat: choice({
    words: ["batches", ...TABLE_FORMATS],
    fallback: "batches",
    help: "what --files holds: batches of readings, or tables of readings, verdicts, windows and alerts",
  }),
  filesPeriod: choice({ words: ["hour", "day"], fallback: "day", help: "how much time a folder of a table holds" }),
};

/** What the files of a partition are made with. */
export interface FilesOptions {
  readonly partition: string;
  /** Folder of its batches, below the one that was given. */
  readonly batches: (folder: string) => string;
  readonly toRecord?: ToRecord;
  readonly clock: Clock;
  /** Told a line for each whole batch. */
  readonly log: (line: string) => void;
}

/** The sink that was asked for; none without `--files`. */
export function fileSinks(
  { files, records, filesFormat: format, filesPeriod: period }: SettingValues<typeof FILES>,
  { partition, batches, toRecord, clock, log }: FilesOptions,
): CommitSink[] {
  if (files === undefined) return [];
  if (format !== "batches") return [new TablesSink({ folder: files, partition, format, period })];
  return [new FilesSink({ folder: batches(files), partition, records, toRecord, clock, log })];
}
