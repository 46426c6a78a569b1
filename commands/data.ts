/**
 * `deno task data intel`: fetches a public data set, cleans it and keeps it in the data directory.
 *
 * @module
 */
import { CATALOGUE, type Dataset } from "../data/catalogue.ts";
import { DownloadError } from "../data/download.ts";
import type { CleaningReport } from "../data/intel_clean.ts";
import { prepare, type Prepared } from "../data/prepare.ts";
import { join } from "../std/path.ts";
import { systemClock } from "./process/clock.ts";
import { CommandError, EXIT, UsageError } from "./process/errors.ts";
import { progressBar } from "./process/progress.ts";
import { text } from "./settings/setting.ts";
import { type Command, COMMON, readSettings } from "./settings/settings.ts";
import { stopSignal } from "./process/signals.ts";

const settings = {
  dataDir: COMMON.dataDir,
  url: text({
    pattern: /^https?:\/\/\S+$/,
    allowed: "an http or https URL",
    fallback: undefined,
    help: "mirror to fetch from instead of the public home",
    placeholder: "URL",
  }),
  sha256: text({
    pattern: /^[0-9a-fA-F]{64}$/,
    allowed: "64 hexadecimal digits",
    fallback: undefined,
    help: "SHA-256 that the fetched file must have",
    placeholder: "HEX",
  }),
  zone: text({
    fallback: "UTC",
    help: "zone that the recording's zone-less stamps are declared to be in",
    placeholder: "ZONE",
  }),
};

const command: Command<typeof settings> = {
  name: "data",
  summary: "Fetches a public data set, cleans it and keeps it in the data directory.",
  positional: { what: "DATASET", least: 0, most: 1 },
  settings,
  examples: [
    { line: "deno task data", does: "lists the data sets" },
    { line: "deno task data intel", does: "fetches the Intel lab's 54 motes as processed_iot_data.csv" },
    { line: "deno task data intel --url http://mirror.lan/data.txt.gz", does: "the same from a mirror" },
  ],
  notes: [
    "A cut download goes on where it was at the next call. What is dropped or repaired is counted and shown.",
    "The recording's stamps have no zone; UTC is assumed. The lab stood in California: --zone America/Los_Angeles",
    "moves them there, which the hour of the day depends on.",
  ],
};

/**
 * Runs the command.
 *
 * @param args what stands behind its name
 * @returns the exit code
 * @throws {CommandError} one sentence, where it cannot be done
 */
export async function data(args: readonly string[]): Promise<number> {
  const { values, positional } = await readSettings(command, args);
  if (positional.length === 0) {
    console.log(listing());
    return EXIT.done;
  }
  const [name] = positional;
  if (!Object.hasOwn(CATALOGUE, name)) {
    throw new UsageError(`unknown data set ${JSON.stringify(name)}: there is ${Object.keys(CATALOGUE).join(", ")}`);
  }
  const dataset = CATALOGUE[name];
  const folder = join(values.dataDir, "datasets", name);
  const { url, sha256, zone } = values;
  const optional = { ...(url === undefined ? {} : { url }), ...(sha256 === undefined ? {} : { sha256 }) };
  const stop = stopSignal();
  const bar = progressBar(`fetching ${dataset.name}`);
  const onProgress = (bytes: number, total: number | undefined) =>
    bar.update(total === undefined ? 0 : bytes / total, `${(bytes / 1e6).toFixed(1)} MB`);
  try {
    const prepared = await prepare({
      dataset,
      folder,
      zone,
      clock: systemClock,
      signal: stop.signal,
      onProgress,
      ...optional,
    });
    bar.stop();
    console.log(summary(dataset, prepared));
    return EXIT.done;
  } catch (error) {
    bar.stop();
    if (stop.signal.aborted) {
      console.log(`stopped; what has come so far is kept in ${folder}, the same command goes on from there`);
      return EXIT.done;
    }
    throw error instanceof DownloadError ? new CommandError(error.message, { cause: error }) : error;
  } finally {
    stop.release();
  }
}

/** All data sets, a line each. */
function listing(): string {
  return Object.values(CATALOGUE)
    .map(({ name, about, url, licence }) => `${name}  ${about}\n       ${url} (${licence})`).join("\n");
}

/** What came out, for a person. */
function summary({ name }: Dataset, { path, mappingPath, download, cleaning, cached }: Prepared): string {
  const source = download.cached
    ? `was there already (${download.bytes} bytes, SHA-256 as recorded)`
    : `${download.bytes} bytes fetched${
      download.resumed > 0 ? `, ${download.resumed} of them earlier` : ""
    }; verified: ` +
      `length, gzip checksums, shape of the rows; SHA-256 ${download.sha256} recorded`;
  return [
    `${name}: ${source}`,
    ...cleaningLines(cleaning),
    `${cached ? "kept" : "written"}: ${path}`,
    `replay it with: deno task replay ${path} --mapping ${mappingPath}`,
  ].join("\n");
}

function cleaningLines(
  { lines, kept, dropped, emptied, reordered, repeated_epochs, before }: CleaningReport,
): string[] {
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of).map(([name, count]) => `${name.replaceAll("_", " ")} ${count}`).join(", ");
  const hours = (before.longestGapMs / 3_600_000).toFixed(1);
  return [
    `rows: ${kept} kept of ${lines}, of ${before.motes} motes`,
    `dropped: ${counts({ ...dropped })}`,
    `values emptied: ${counts({ ...emptied })}`,
    `put in order: ${reordered}; epochs used again: ${repeated_epochs}`,
    `found before: ${
      (100 * before.missingShare).toFixed(1)
    } % of the epochs missing, ${before.duplicateEpochs} duplicate ` +
    `epochs, ${before.stepsBack} steps back, longest gap ${hours} h, ${before.above50} readings above 50 °C ` +
    `(${before.above120} above 120 °C, greatest ${before.hottest} °C), humidity below 0 in ${before.humidityBelow0}`,
  ];
}
