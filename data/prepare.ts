/**
 * From a data set's public home to a file that replay reads: download, verify, clean, keep.
 *
 * In the folder stand, side by side: the file as it was fetched (`data.txt.gz`, with its record), the cleaned file
 * (`processed_iot_data.csv`), what cleaning did to it (`.report.json`) and how its columns become readings
 * (`.mapping.json`, for `deno task replay --mapping`).
 *
 * @module
 */
import { z } from "zod";
import type { Dataset } from "./catalogue.ts";
import { download, DownloadError, type DownloadOptions, type DownloadReport } from "./download.ts";
import { INTEL_CHANNELS } from "./intel.ts";
import { type CleaningReport, cleaningReportSchema, cleanIntel } from "./intel_clean.ts";
import { readJson, sizeOf } from "./files.ts";
import { textLines } from "./text_lines.ts";

/** What is prepared, and where. */
export interface PrepareOptions extends Pick<DownloadOptions, "clock" | "signal" | "sha256" | "onProgress" | "idleMs"> {
  readonly dataset: Dataset;
  /** Folder for the files; made if it is not there. */
  readonly folder: string;
  /** A mirror to fetch from instead of the public home. */
  readonly url?: string;
  /** The zone that the motes' zone-less stamps are declared to be in; `UTC` by default. */
  readonly zone?: string;
}

/** What was prepared. */
export interface Prepared {
  /** The cleaned file. */
  readonly path: string;
  /** How its columns become readings. */
  readonly mappingPath: string;
  readonly download: DownloadReport;
  readonly cleaning: CleaningReport;
  /** Whether all of it was there already. */
  readonly cached: boolean;
}

/** What is kept beside a cleaned file. */
const reportSchema = z.object({ source_sha256: z.string(), bytes: z.number(), cleaning: cleaningReportSchema });

/** Least share of the lines that must be rows: below it the file is something else. */
const ROWS_LEAST = 0.5;

/**
 * Prepares a data set, or finds that it is prepared.
 *
 * Verified are the download's length and SHA-256 (see {@linkcode download}), every member's checksum of the gzip, and
 * that at least half of the lines are rows.
 *
 * @throws {DownloadError} if it cannot be fetched or is not what it should be
 */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { dataset, folder } = options;
  await Deno.mkdir(folder, { recursive: true });
  const url = options.url ?? dataset.url;
  const fetched = await download({ ...options, url, path: `${folder}/${dataset.file}` });
  const path = `${folder}/${dataset.processed}`;
  const base = path.replace(/\.csv$/, "");
  await writeWhole(`${base}.mapping.json`, [JSON.stringify(mappingOf(options.zone ?? "UTC"), null, 2), "\n"]);
  const mappingPath = `${base}.mapping.json`;
  const kept = await keptReport(`${base}.report.json`, path, fetched.sha256);
  if (kept !== undefined) return { path, mappingPath, download: fetched, cleaning: kept, cached: fetched.cached };
  const cleaned = await cleanIntel(linesOf(`${folder}/${dataset.file}`, url));
  const { lines, kept: rows, dropped } = cleaned.report;
  if (rows + dropped.duplicate + dropped.missing_fields < ROWS_LEAST * lines || rows === 0) {
    throw new DownloadError(`cannot use ${url}: ${rows} of its ${lines} lines are rows of the recording`);
  }
  await writeWhole(path, cleaned.csv());
  const report = { source_sha256: fetched.sha256, bytes: await sizeOf(path), cleaning: cleaned.report };
  await writeWhole(`${base}.report.json`, [JSON.stringify(report, null, 2), "\n"]); // last: it vouches for the file
  return { path, mappingPath, download: fetched, cleaning: cleaned.report, cached: false };
}

/** How the cleaned file's columns become readings. */
function mappingOf(zone: string) {
  return {
    sensor: "sensor",
    time: { field: "timestamp", format: "iso", zone },
    channels: [...INTEL_CHANNELS],
    type: { constant: "mote" },
    attributes: ["epoch"],
  };
}

/** The report of an earlier cleaning, if it is of the same download and the cleaned file is as long as it was. */
async function keptReport(reportPath: string, path: string, sha256: string): Promise<CleaningReport | undefined> {
  const report = reportSchema.safeParse(await readJson(reportPath)).data;
  const fits = report?.source_sha256 === sha256 && report.bytes === await sizeOf(path);
  return fits ? report.cleaning : undefined;
}

/** Lines of the download; a damaged one ends in an error that names where it came from. */
async function* linesOf(path: string, url: string): AsyncGenerator<string> {
  try {
    yield* textLines(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DownloadError(`cannot use ${url}: it is no intact gzip file of lines (${why})`);
  }
}

/** Writes a file under another name and gives it its own when it is whole. */
async function writeWhole(path: string, pieces: Iterable<string>): Promise<void> {
  const encoder = new TextEncoder();
  const file = await Deno.open(`${path}.new`, { write: true, create: true, truncate: true });
  try {
    for (const piece of pieces) {
      const bytes = encoder.encode(piece);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    }
    await file.sync();
  } finally {
    file.close();
  }
  await Deno.rename(`${path}.new`, path);
}
