/**
 * `deno task backtest`: judges recorded readings as if they came now, and shows what would have been raised.
 *
 * @module
 */
import type { Judging } from "../actors/config.ts";
import { makeZone } from "../models/zone.ts";
import type { MappingHints } from "../sources/detect.ts";
import { inspectFile } from "../sources/inspect.ts";
import type { Mapping } from "../sources/mapping.ts";
import { partitionName } from "../sources/replay_partition.ts";
import { join } from "../std/path.ts";
import type { VerdictWriter } from "./backtest_cells.ts";
import { type Labels, parseLabels } from "./backtest_labels.ts";
import { verdictWriter } from "./backtest_output.ts";
import { outputPaths } from "./backtest_paths.ts";
import { judgePipe } from "./backtest_pipe.ts";
import { report } from "./backtest_report.ts";
import { type InputBlock, openInput } from "./backtest_rows.ts";
import { FileRun } from "./backtest_run.ts";
import { type BacktestSettings, command, comparedJudging, judgingIn, sayJudging } from "./backtest_settings.ts";
import {
  agreementTable,
  ALARM_COLUMNS,
  alarmCells,
  detectorTable,
  sayAlerts,
  type Side,
  textTable,
  totalTable,
} from "./backtest_summary.ts";
import { openOutput, type Output } from "./backtest_writer.ts";
import { EXIT, UsageError } from "./errors.ts";
import { readMapping } from "./mapping_file.ts";
import { type ProgressBar, progressBar } from "./progress.ts";
import { processWorld, readSettings } from "./settings.ts";
import { stopSignal } from "./signals.ts";

/** Files listed one by one in the text; the report has all. */
const LISTED_MOST = 40;
/** Transitions of alerts, below the output folder; no file of verdicts ends like this. */
const ALERTS_FILE = "alerts.jsonl";

/** A configuration while it runs. */
interface Running {
  readonly name: string;
  readonly judging: Judging;
  /** Below the output folder; empty for the first. */
  readonly folder: string;
  readonly runs: { readonly path: string; readonly run: FileRun }[];
  readonly alerts: Map<string, number>;
  /** Where every transition of an alert goes; absent without an output folder. */
  readonly told?: Output;
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
  const judging = judgingIn(given), { mapping, baselines } = given.values;
  const declared = mapping === undefined ? undefined : await readMapping(mapping);
  await judgePipe(judging, declared, hintsOf(given), baselines, Deno.stdin.readable, Deno.stdout, signal);
  return EXIT.done;
}

async function files(given: BacktestSettings, args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positional } = given;
  const labels = values.labels === undefined ? undefined : await readLabels(values.labels, values.zone);
  const mapping = values.mapping === undefined ? undefined : await readMapping(values.mapping);
  const names = outputPaths(positional, labels, values.format);
  for (const path of positional) await inspectFile(path, mapping); // a wrong name is told before hours of work, not after
  const sides = await sidesOf(given);
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
    for (const { told } of sides) await told?.finish();
  } finally {
    finish(bar);
  }
  const rate = rows * 1000 / Math.max(1, performance.now() - begun);
  const shown: Side[] = sides.map(({ name, judging, runs, alerts }) => ({
    name,
    about: sayJudging(judging),
    runs,
    alerts,
  }));
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

async function sidesOf(given: BacktestSettings): Promise<Running[]> {
  const { compare, out } = given.values;
  const side = async (name: string, judging: Judging, folder: string): Promise<Running> => {
    const told = out === undefined ? undefined : await openOutput(join(out, folder, ALERTS_FILE));
    return { name, judging, folder, runs: [], alerts: new Map(), ...(told ? { told } : {}) };
  };
  const own = await side("this", judgingIn(given), "");
  if (compare === undefined) return [own];
  const other = await readSettings(command, ["--config", compare, ...given.positional], {
    ...processWorld,
    variable: () => undefined, // only what the file says
  });
  return [own, await side(compare, comparedJudging(given, other), "compared")];
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
    const rows = own.runs.map(({ path, run }) => [path, alarmCells(run.measure())] as const);
    lines.push("", textTable({ first: "file", columns: ALARM_COLUMNS, rows }));
  }
  lines.push("", textTable(totalTable("total", sides, baselines)), "", textTable(detectorTable(own)));
  const agreement = agreementTable(own, false);
  if (agreement.rows.length > 0) lines.push("", textTable(agreement));
  lines.push("", `alerts: ${sayAlerts(own)}`, ...notJudged(own));
  const closest = closestOf(own);
  if (closest !== undefined) lines.push(closest);
  return lines.join("\n");
}

/** How many rows have no verdict, and why. */
function notJudged({ runs }: Side): string[] {
  const why = {
    invalid: "records could not be read as readings",
    late: "readings were behind their sensor's time: judged by limits alone, or not at all",
    duplicate: "readings were there already: not judged",
    empty: "readings had no value: not judged",
    future: "readings were ahead of the others' time: not judged",
    failed: "readings made their sensor's actor fail: not judged",
  };
  return Object.entries(why).flatMap(([reason, what]) => {
    const count = runs.reduce((sum, { run }) => sum + run.passed[reason as keyof typeof why], 0);
    return count === 0 ? [] : [`${count.toLocaleString("en")} ${what}`];
  });
}

/** Where nothing was raised: how close it came, and when. */
function closestOf(side: Side): string | undefined {
  const sensors = side.runs.flatMap(({ run }) => [...run.sensors.values()]);
  if (sensors.some(({ alarms }) => alarms.length > 0)) return undefined;
  const warming = sensors.filter(({ progress }) => progress.warm < 1).length;
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
