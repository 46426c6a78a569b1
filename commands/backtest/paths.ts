/**
 * Where a backtest's outputs go: the same names and folders as the inputs have, from where these have them in common.
 *
 * @module
 */
import { basename, dirname, join, relative, resolve } from "../../std/path.ts";
import type { Labels } from "./labels.ts";
import type { OutputFormat } from "./output.ts";
import { UsageError } from "../process/errors.ts";

const ENDINGS: Readonly<Record<OutputFormat, string>> = {
  csv: ".csv",
  ndjson: ".ndjson",
  parquet: ".parquet",
};

/** Transitions of alerts, the figures and the report, below the output folder; no file of verdicts is called so. */
export const OUTPUT_FILES = { alerts: "alerts.jsonl", figures: "report.json", report: "report.html" } as const;

/**
 * The outputs' paths below the output folder, in the order of the inputs.
 *
 * A file that the labels know is called as they call it. The others keep their folders below the deepest one that all
 * inputs share; `.gz` goes, and the ending is that of the format.
 *
 * @throws {UsageError} if two inputs would give one output
 */
export function outputPaths(inputs: readonly string[], labels: Labels | undefined, format: OutputFormat): string[] {
  const paths = inputs.map((path) => resolve(path)), root = commonFolder(paths);
  const names = paths.map((path, i) => {
    const key = labels?.keyOf(inputs[i]);
    const own = key !== undefined && key.includes("/") && path.replaceAll("\\", "/").includes(`/${key}`)
      ? key
      : relative(root, path);
    return withEnding(own, format);
  });
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice < 0) return names;
  throw new UsageError(
    `${inputs[names.indexOf(names[twice])]} and ${inputs[twice]} would both be written as ${names[twice]}: rename one`,
  );
}

function commonFolder(paths: readonly string[]): string {
  let root = dirname(paths[0]);
  while (dirname(root) !== root && paths.some((path) => !isBelow(path, root))) root = dirname(root);
  return root;
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith("..") && way !== "";
}

function withEnding(path: string, format: OutputFormat): string {
  const name = basename(path).replace(/\.gz$/i, "").replace(/\.(csv|tsv|txt|json|ndjson|jsonl)$/i, "");
  return join(dirname(path), `${name}${ENDINGS[format]}`);
}
