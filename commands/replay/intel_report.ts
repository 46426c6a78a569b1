/**
 * What is wrong with a recording of the Intel lab, beside what the sensors say: epochs that are missing or twice, steps
 * back, values that cannot be.
 *
 * @module
 */
import { inspectIntel, type IntelFindings, type IntelRow, parseIntelLine } from "../../data/intel.ts";
import { textLines } from "../../data/text_lines.ts";

/** Lines that must look like the lab's before a file is taken for one. */
const PROBE_LINES = 20;

/** The findings in files of the Intel lab, read from first to last line; undefined if the first file is none. */
export async function intelFindings(paths: readonly string[]): Promise<IntelFindings | undefined> {
  if (!await isIntel(paths[0])) return undefined;
  return await inspectIntel(rowsOf(paths));
}

async function isIntel(path: string): Promise<boolean> {
  let lines = 0, rows = 0;
  for await (const line of textLines(path)) {
    const row = parseIntelLine(line);
    if (row === "heading") continue;
    if (typeof row !== "string" || row === "missing_fields") rows++;
    if (++lines === PROBE_LINES) break;
  }
  return lines > 0 && rows === lines;
}

async function* rowsOf(paths: readonly string[]): AsyncGenerator<IntelRow> {
  for (const path of paths) {
    for await (const line of textLines(path)) {
      const row = parseIntelLine(line);
      if (typeof row !== "string") yield row;
    }
  }
}

/** The findings as lines of text. */
export function sayFindings(found: IntelFindings): string {
  const percent = (100 * found.missingShare).toFixed(1);
  return [
    `in the recording itself: ${found.rows.toLocaleString("en")} rows of ${found.motes} mote(s)`,
    `  ${percent} % of the epochs missing, ${found.duplicateEpochs} duplicate epochs, ${found.stepsBack} steps back`,
    `  longest gap ${(found.longestGapMs / 3_600_000).toFixed(1)} h`,
    `  ${found.above50.toLocaleString("en")} readings above 50 °C, ${
      found.above120.toLocaleString("en")
    } above 120 °C, ` +
    `the greatest ${found.hottest?.toFixed(3) ?? "none"} °C`,
    `  humidity below 0 in ${found.humidityBelow0.toLocaleString("en")} rows, battery below 2.3 V in ` +
    `${found.lowVoltage.toLocaleString("en")}`,
  ].join("\n");
}
