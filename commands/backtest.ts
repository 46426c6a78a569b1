/**
 * `deno task backtest`: judges recorded readings as if they came now, and shows what would have been raised.
 *
 * @module
 */
import { makeZone } from "../models/zone.ts";
import type { MappingHints } from "../sources/detect.ts";
import { inspectFile } from "../sources/inspect.ts";
import { join } from "../std/path.ts";
import { judgeFiles, type NamedJudging } from "./backtest/files.ts";
import { type Labels, parseLabels } from "./backtest/labels.ts";
import { OUTPUT_FILES, outputPaths } from "./backtest/paths.ts";
import { judgePipe } from "./backtest/pipe.ts";
import { type BacktestSettings, command, comparedJudging, judgingIn } from "./backtest/settings.ts";
import {
  agreementTable,
  ALARM_COLUMNS,
  alarmCells,
  closestOf,
  detectorTable,
  passedOf,
  sayAlerts,
  type Side,
  textTable,
  totalTable,
} from "./backtest/summary.ts";
import { EXIT, UsageError } from "./process/errors.ts";
import { readMapping } from "./settings/mapping_file.ts";
import { type ProgressBar, progressBar } from "./process/progress.ts";
import { processWorld, readSettings } from "./settings/settings.ts";
import { stopSignal } from "./process/signals.ts";
import { taskLine } from "./process/task_line.ts";

/** Files listed one by one in the text; the report has all. */
const LISTED_MOST = 40;

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
  const sides = await sidesOf(given), bar = progressBar("backtest");
  let shown: readonly Side[];
  try {
    const { format, baselines, report, out } = values,
      command = taskLine(["backtest", ...args]),
      hints = hintsOf(given);
    const plan = { paths: positional, names, sides, labels, mapping, hints, baselines, format, out, report, command };
    shown = await judgeFiles(plan, (done, _, rate, path) => {
      bar.update(done, `${Math.round(rate).toLocaleString("en")} readings/s, ${path}`);
    }, signal);
  } finally {
    finish(bar);
  }
  console.log(summary(shown, values.baselines));
  if (signal.aborted) console.log("stopped before the end");
  if (values.out !== undefined && values.report) console.log(`report: ${join(values.out, OUTPUT_FILES.report)}`);
  return EXIT.done;
}

async function sidesOf(given: BacktestSettings): Promise<NamedJudging[]> {
  const { compare } = given.values, own = { name: "this", judging: judgingIn(given) };
  if (compare === undefined) return [own];
  const other = await readSettings(command, ["--config", compare, ...given.positional], {
    ...processWorld,
    variable: () => undefined, // only what the file says
  });
  return [own, { name: compare, judging: comparedJudging(given, other) }];
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
  const closest = sayClosest(own);
  if (closest !== undefined) lines.push(closest);
  return lines.join("\n");
}

/** How many rows have no verdict, and why. */
function notJudged(side: Side): string[] {
  const why: Readonly<Record<string, string>> = {
    invalid: "records could not be read as readings",
    late: "readings were behind their sensor's time: judged by limits alone, or not at all",
    duplicate: "readings were there already: not judged",
    empty: "readings had no value: not judged",
    future: "readings were ahead of the others' time: not judged",
    failed: "readings made their sensor's actor fail: not judged",
  };
  const passed = passedOf(side);
  return Object.entries(why).flatMap(([reason, what]) =>
    Object.hasOwn(passed, reason) ? [`${passed[reason].toLocaleString("en")} ${what}`] : []
  );
}

/** Where nothing was raised: how close it came, and when. */
function sayClosest(side: Side): string | undefined {
  const sensors = side.runs.flatMap(({ run }) => [...run.sensors.values()]), closest = closestOf(side);
  if (sensors.some(({ alarms }) => alarms.length > 0)) return undefined;
  const warming = sensors.filter(({ progress }) => progress.warm < 1).length;
  const parts = ["no alarm"];
  if (warming > 0) parts.push(`${warming} of ${sensors.length} sensors were still warming up at the end`);
  if (closest !== undefined) {
    const { sensor, part, time } = closest;
    parts.push(`the closest was ${part.toFixed(2)} of the threshold, ${sensor} at ${new Date(time).toISOString()}`);
  }
  return parts.join("; ");
}
