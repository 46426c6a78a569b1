/**
 * `deno task backtest`: judges recorded readings as if they came now, and shows what would have been raised.
 *
 * @module
 */
import type { MappingHints } from "../sources/detect.ts";
import type { Mapping } from "../sources/mapping.ts";
import { makeZone } from "../models/zone.ts";
import { join } from "../std/path.ts";
import { JudgePlan, type JudgeSettings } from "./backtest_judge.ts";
import { type Labels, parseLabels } from "./backtest_labels.ts";
import { type OutputFormat, verdictWriter } from "./backtest_output.ts";
import { outputPaths } from "./backtest_paths.ts";
import { judgePipe } from "./backtest_pipe.ts";
import { report } from "./backtest_report.ts";
import { openInput } from "./backtest_rows.ts";
import { FileRun } from "./backtest_run.ts";
import { type BacktestSettings, command, comparedSettings, judgeSettings, sayJudging } from "./backtest_settings.ts";
import { cellsOf, type Side, textTable, totalRows } from "./backtest_summary.ts";
import { openOutput } from "./backtest_writer.ts";
import { EXIT, UsageError } from "./errors.ts";
import { type ProgressBar, progressBar } from "./progress.ts";
import { readMapping } from "./mapping_file.ts";
import { processWorld, readSettings } from "./settings.ts";
import { stopSignal } from "./signals.ts";

/** Files listed one by one in the text; the report has all. */
const LISTED_MOST = 40;

/** A configuration while it runs. */
interface Running {
  readonly name: string;
  readonly settings: JudgeSettings;
  /** Below the output folder; empty for the first. */
  readonly folder: string;
  readonly runs: { readonly path: string; readonly run: FileRun }[];
}

/**
 * The command.
 *
 * @param args what stands behind its name
 * @returns 0 once all files are judged, or after a graceful stop
 */
export async function backtest(args: readonly string[]): Promise<number> {
  const given = await readSettings(command, args), stop = stopSignal();
  try {
    if (given.positional.includes("-")) return await pipe(given, stop.signal);
    return await files(given, args, stop.signal);
  } finally {
    stop.release();
  }
}

async function pipe(given: BacktestSettings, signal: AbortSignal): Promise<number> {
  if (given.positional.length > 1) throw new UsageError("- reads standard input: no file can be given beside it");
  for (const name of ["labels", "compare", "out"] as const) {
    if (given.values[name] !== undefined) throw new UsageError(`--${name} needs files, not standard input`);
  }
  const plan = new JudgePlan(judgeSettings(given)), { mapping, baselines } = given.values;
  const declared = mapping === undefined ? undefined : await readMapping(mapping);
  await judgePipe(plan, declared, hintsOf(given), baselines, Deno.stdin.readable, Deno.stdout, signal);
  return EXIT.done;
}

async function files(given: BacktestSettings, args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positional } = given;
  const labels = values.labels === undefined ? undefined : await readLabels(values.labels, values.zone);
  const mapping = values.mapping === undefined ? undefined : await readMapping(values.mapping);
  const sides = await sidesOf(given);
  const names = outputPaths(positional, labels, values.format);
  const bar = progressBar("backtest"), begun = performance.now();
  let rows = 0;
  try {
    for (const [i, path] of positional.entries()) {
      if (signal.aborted) break;
      const show = (done: number, more: number) => {
        rows += more;
        const rate = Math.round(rows * 1000 / (performance.now() - begun));
        bar.update((i + done) / positional.length, `${rate.toLocaleString("en")} readings/s, ${path}`);
      };
      await judgeFile(path, names[i], given, mapping, labels, sides, show, signal);
    }
  } finally {
    finish(bar);
  }
  const rate = rows * 1000 / Math.max(1, performance.now() - begun);
  const shown: Side[] = sides.map(({ name, settings, runs }) => ({ name, about: sayJudging(settings), runs }));
  console.log(summary(shown, values.baselines));
  if (signal.aborted) console.log("stopped before the end");
  if (values.out !== undefined && values.report) {
    const head = { command: commandLine(args), baselines: values.baselines, rate };
    const output = await openOutput(join(values.out, "report.html"));
    for (const piece of report(head, shown)) await output.write(piece);
    await output.finish();
    console.log(`report: ${join(values.out, "report.html")}`);
  }
  return EXIT.done;
}

/** Judges one file under every configuration in one pass, and writes the verdicts. */
async function judgeFile(
  path: string,
  name: string,
  given: BacktestSettings,
  mapping: Mapping | undefined,
  labels: Labels | undefined,
  sides: readonly Running[],
  show: (done: number, more: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { out, format, report: wanted, baselines } = given.values;
  const input = await openInput(path, mapping, hintsOf(given));
  const windows = labels?.of(path);
  const own = { windows, own: labels === undefined };
  const tracks = await Promise.all(sides.map(async (side) => {
    const run = new FileRun(new JudgePlan(side.settings), own, baselines, out !== undefined && wanted);
    side.runs.push({ path: name, run });
    const output = out === undefined ? undefined : await openOutput(join(out, side.folder, name));
    return { run, output, writer: verdictWriter(format as OutputFormat, input.columns, baselines) };
  }));
  for (const { output, writer } of tracks) await output?.write(writer.begin());
  let done = 0;
  for await (const block of input.blocks(signal)) {
    for (const { run, output, writer } of tracks) {
      let text = "";
      for (const row of block.rows) {
        const sensor = run.take(row);
        if (output !== undefined) text += writer.row(row, sensor?.judge, sensor?.baselines);
      }
      await output?.write(text);
    }
    done = block.done;
    show(done, block.rows.length);
  }
  for (const { output } of tracks) await output?.finish();
}

async function sidesOf(given: BacktestSettings): Promise<Running[]> {
  const own: Running = { name: "this", settings: judgeSettings(given), folder: "", runs: [] };
  const { compare } = given.values;
  if (compare === undefined) return [own];
  const other = await readSettings(command, ["--config", compare, ...given.positional], {
    ...processWorld,
    variable: () => undefined, // only what the file says
  });
  return [own, { name: compare, settings: comparedSettings(given, other), folder: "compared", runs: [] }];
}

function hintsOf({ values }: BacktestSettings): MappingHints {
  const { zone, start, step } = values;
  return { zone, start, intervalMs: step > 0 ? step : undefined };
}

async function readLabels(path: string, zone: string | undefined): Promise<Labels> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(`--labels: there is no file ${path}`);
  }
  return parseLabels(text, path, zone === undefined ? undefined : makeZone(zone));
}

function finish(bar: ProgressBar): void {
  bar.update(1, "");
  bar.stop();
}

/** What a person reads at the end. */
function summary(sides: readonly Side[], baselines: boolean): string {
  const [own] = sides, lines = sides.map(({ name, about }) => `${name}: ${about}`);
  if (own.runs.length > 1 && own.runs.length <= LISTED_MOST) {
    lines.push("", textTable("file", own.runs.map(({ path, run }) => [path, cellsOf(run.measure())])));
  }
  lines.push("", textTable("total", totalRows(sides, baselines)));
  const sum = { refused: 0, late: 0, duplicates: 0 };
  for (const { run } of own.runs) {
    sum.refused += run.refused;
    sum.late += run.late;
    sum.duplicates += run.duplicates;
  }
  if (sum.refused > 0) lines.push(`${sum.refused.toLocaleString("en")} records could not be read as readings`);
  if (sum.late > 0) lines.push(`${sum.late.toLocaleString("en")} readings were behind their sensor's time: not judged`);
  if (sum.duplicates > 0) lines.push(`${sum.duplicates.toLocaleString("en")} readings were there already: not judged`);
  const closest = closestOf(own);
  if (closest !== undefined) lines.push(closest);
  return lines.join("\n");
}

/** Where nothing was raised: how close it came, and when. */
function closestOf(side: Side): string | undefined {
  const sensors = side.runs.flatMap(({ run }) => [...run.sensors.values()]);
  if (sensors.some(({ alarms }) => alarms.length > 0)) return undefined;
  const warming = sensors.filter(({ judge }) => judge.verdict.warm < 1).length;
  const first = sensors.filter(({ closest }) => closest !== undefined)
    .sort((a, b) => (b.closest?.part ?? 0) - (a.closest?.part ?? 0))[0];
  const parts = ["no alarm"];
  if (warming > 0) parts.push(`${warming} of ${sensors.length} sensors were still warming up at the end`);
  if (first?.closest !== undefined) {
    const { part, time } = first.closest;
    parts.push(
      `the closest was ${part.toFixed(2)} of the threshold, ${first.sensor} at ${new Date(time).toISOString()}`,
    );
  }
  return parts.join("; ");
}

/** The command line as one would type it. */
function commandLine(args: readonly string[]): string {
  const quoted = args.map((one) => /^[\w./:=,@+-]+$/.test(one) ? one : `'${one.replaceAll("'", `'\\''`)}'`);
  return ["deno task backtest", ...quoted].join(" ");
}
