/**
 * Files through a backtest: each is judged once under every configuration, and verdicts, alerts and reports are written.
 * The command and the jobs of a running instance both do it here, so that they say the same.
 *
 * @module
 */
import type { Judging } from "../../actors/config.ts";
import type { MappingHints } from "../../sources/detect.ts";
import type { Mapping } from "../../sources/mapping.ts";
import { partitionName } from "../../sources/replay_partition.ts";
import { join } from "../../std/path.ts";
import type { VerdictWriter } from "./cells.ts";
import { backtestFigures } from "./figures.ts";
import type { Labels } from "./labels.ts";
import { type OutputFormat, verdictWriter } from "./output.ts";
import { OUTPUT_FILES } from "./paths.ts";
import { report } from "./report.ts";
import { type InputBlock, openInput } from "./rows.ts";
import { FileRun } from "./run.ts";
import { sayJudging } from "./settings.ts";
import type { Side } from "./summary.ts";
import { openOutput, type Output } from "./writer.ts";

/** A configuration to judge by. */
export interface NamedJudging {
  readonly name: string;
  readonly judging: Judging;
}

/** What is judged, by what, and what is written. */
export interface FilesPlan {
  readonly paths: readonly string[];
  /** What each file's verdicts are called, below the output folder. */
  readonly names: readonly string[];
  /** The configurations; verdicts of the second lie in `compared`. */
  readonly sides: readonly NamedJudging[];
  readonly labels?: Labels;
  readonly mapping?: Mapping;
  readonly hints: MappingHints;
  readonly baselines: boolean;
  readonly format: OutputFormat;
  /** Output folder; absent: nothing is written. */
  readonly out?: string;
  /** Whether reports are written beside the verdicts. */
  readonly report: boolean;
  /** How to do it again, for the report. */
  readonly command: string;
}

/** Told of progress: part that is done, readings so far, readings a second, and the file at hand. */
export type Show = (done: number, readings: number, rate: number, path: string) => void;

/** A configuration while it runs. */
interface Running extends Side {
  readonly judging: Judging;
  readonly folder: string;
  readonly runs: { readonly path: string; readonly run: FileRun }[];
  readonly alerts: Map<string, number>;
  readonly told?: Output;
}

/**
 * Judges the files, one after the other, until `signal` is aborted.
 *
 * @returns a side for each configuration
 */
export async function judgeFiles(plan: FilesPlan, show: Show, signal: AbortSignal): Promise<readonly Side[]> {
  const { paths, out } = plan, sides = await Promise.all(plan.sides.map((side, at) => opened(side, at, out)));
  const begun = performance.now();
  let readings = 0;
  const rate = () => readings * 1000 / Math.max(1, performance.now() - begun);
  for (const [i, path] of paths.entries()) {
    if (signal.aborted) break;
    await judgeFile(plan, i, sides, (done, more) => {
      readings += more;
      show((i + done) / paths.length, readings, rate(), path);
    }, signal);
  }
  for (const { told } of sides) await told?.finish();
  if (out !== undefined && plan.report) await writeReports(plan, out, sides, rate());
  return sides;
}

async function opened({ name, judging }: NamedJudging, at: number, out: string | undefined): Promise<Running> {
  const folder = at === 0 ? "" : "compared";
  const told = out === undefined ? undefined : await openOutput(join(out, folder, OUTPUT_FILES.alerts));
  return { name, about: sayJudging(judging), judging, folder, runs: [], alerts: new Map(), ...(told ? { told } : {}) };
}

async function writeReports(
  { command, baselines }: FilesPlan,
  out: string,
  sides: readonly Side[],
  rate: number,
): Promise<void> {
  const page = await openOutput(join(out, OUTPUT_FILES.report));
  for (const piece of report({ command, baselines, rate }, sides)) await page.write(piece);
  await page.finish();
  const figures = await openOutput(join(out, OUTPUT_FILES.figures));
  await figures.write(JSON.stringify(backtestFigures(sides, baselines, rate)) + "\n");
  await figures.finish();
}

/** Judges one file under every configuration in one pass, and writes the verdicts. */
async function judgeFile(
  { paths, names, out, labels, mapping, hints, format, report: wanted, baselines }: FilesPlan,
  at: number,
  sides: readonly Running[],
  show: (done: number, more: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const path = paths[at], name = names[at], input = await openInput(path, mapping, hints);
  const labelled = { windows: labels?.of(path), own: labels === undefined };
  const tracks = await Promise.all(sides.map(async (side): Promise<Track> => {
    const options = { baselines, series: out !== undefined && wanted };
    const run = new FileRun(partitionName([path]), side.judging, labelled, options);
    side.runs.push({ path: name, run });
    const output = out === undefined ? undefined : await openOutput(join(out, side.folder, name));
    const writer = output && verdictWriter(format, input.columns, run, baselines, output);
    return { side, run, path: name, ...(writer ? { writer } : {}) };
  }));
  for await (const block of input.blocks(signal)) {
    for (const track of tracks) await judgeBlock(block, track);
    show(block.done, block.rows.length);
  }
  for (const { writer } of tracks) await writer?.finish();
}

/** A file under one configuration. */
interface Track {
  readonly side: Running;
  readonly run: FileRun;
  readonly path: string;
  readonly writer?: VerdictWriter;
}

/** Judges a piece of a file, counts it and writes its rows. */
async function judgeBlock({ rows, chunk }: InputBlock, { side, run, path, writer }: Track): Promise<void> {
  const outcomes = await run.judge(chunk);
  let reading = -1;
  for (const row of rows) {
    if (row.first) reading++;
    const outcome = outcomes[reading];
    const sensor = run.count(row, outcome);
    writer?.add({ row, outcome, progress: sensor?.progress });
  }
  await writer?.flush();
  let told = "";
  for (const { transition } of run.takeAlerts()) {
    const { condition } = transition;
    if (transition.transition === "raised") side.alerts.set(condition, (side.alerts.get(condition) ?? 0) + 1);
    told += JSON.stringify({ file: path, ...transition }) + "\n";
  }
  if (told !== "") await side.told?.write(told);
}
