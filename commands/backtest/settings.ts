/**
 * What `deno task backtest` can be told.
 *
 * @module
 */
import { z } from "zod";
import type { Judging } from "../../actors/config.ts";
import { type Budget, BUDGET_DEFAULT, BUDGET_LEAST, BUDGET_MOST } from "../../models/budget/budget.ts";
import { makeZone } from "../../models/zone.ts";
import { UsageError } from "../process/errors.ts";
import { RECORD_SHAPE } from "../settings/record_shape.ts";
import { choice, custom, text, toggle } from "../settings/setting.ts";
import { type Command, judgingOf, type JudgingPart, type Settings } from "../settings/settings.ts";

const EVERY_MS: Readonly<Record<string, number>> = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
};

/** A budget from its text: `1/week`, `3/day`, or alarms a reading such as `1e-3`; undefined if it is none. */
export function parseBudget(text: string): Budget | undefined {
  const [number, unit, ...rest] = text.trim().split("/");
  const alarms = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number) ? Number(number) : NaN;
  if (rest.length > 0 || !(alarms > 0)) return undefined;
  if (unit === undefined || unit.trim() === "reading") {
    return alarms >= BUDGET_LEAST && alarms <= BUDGET_MOST ? { perReading: alarms } : undefined;
  }
  const everyMs = Object.hasOwn(EVERY_MS, unit.trim()) ? EVERY_MS[unit.trim()] : undefined;
  return everyMs === undefined || alarms > 1e6 ? undefined : { alarms, everyMs };
}

const budget: z.ZodType<Budget> = z.union([z.string(), z.number()]).transform((value, context) => {
  const parsed = parseBudget(String(value));
  if (parsed === undefined) context.addIssue({ code: "custom", message: "no budget" });
  return parsed ?? BUDGET_DEFAULT;
});

const settings = {
  out: text({
    fallback: undefined,
    help: "folder for a file of verdicts per input and report.html",
    placeholder: "DIR",
  }),
  format: choice({ words: ["csv", "ndjson", "parquet"], fallback: "csv", help: "how verdicts are written" }),
  labels: text({
    fallback: undefined,
    help: "JSON file of labelled windows: what is found, and how soon",
    placeholder: "WINDOWS.json",
  }),
  budget: custom({
    schema: budget,
    allowed:
      `a number of alarms per hour, day, week, month or year such as 1/week, or per reading from ${BUDGET_LEAST} to ${BUDGET_MOST} such as 1e-3`,
    fallback: BUDGET_DEFAULT,
    help: "false alarms allowed for each sensor, 1/week if not said",
    placeholder: "1/week|1e-3",
  }),
  detectors: choice({
    words: ["full", "light", "rules"],
    fallback: "full",
    help: "all of them; a light surprise and no network; or limits and z-scores alone",
  }),
  direction: choice({ words: ["both", "above", "below"], fallback: "both", help: "which deviations of a value count" }),
  compare: text({
    fallback: undefined,
    help: "a second config file, whose parts backtest and judging are set side by side with this one",
    placeholder: "CONFIG",
  }),
  baselines: toggle({ fallback: false, help: "trivial detectors beside: last value, 3 sigma, new extreme, random" }),
  report: toggle({ fallback: true, help: "write DIR/report.html" }),
  zone: text({
    fallback: undefined,
    help: "zone of times that name none and of daily profiles: UTC, Europe/Berlin",
    placeholder: "ZONE",
  }),
  ...RECORD_SHAPE,
};

/** The command. */
export const command: Command<typeof settings> = {
  name: "backtest",
  summary: "Judges recorded readings as if they came now, and shows what would have been raised.",
  settings,
  positional: { what: "FILE...", least: 1, most: 10_000 },
  examples: [
    { line: "deno task backtest history.csv --zone Europe/Berlin --out backtest", does: "verdicts and a report" },
    { line: "deno task backtest *.csv.gz --labels windows.json --budget 1/day", does: "how much of it is found" },
    { line: "deno task backtest history.csv --compare careful.json", does: "two configurations side by side" },
    { line: "tail -f log.ndjson | deno task backtest - > verdicts.ndjson", does: "in a pipe" },
  ],
};

/** Settings of one run. */
export type BacktestSettings = Settings<typeof settings>;

/** What is judged by: the config file's part, and over it what was said beside. */
export function judgingIn(given: BacktestSettings): Judging {
  return judgingOf(partOf(given));
}

/** The second configuration: what its file says, and where it says nothing what this one says. */
export function comparedJudging(own: BacktestSettings, other: BacktestSettings): Judging {
  return judgingOf(partOf(other), partOf(own));
}

/** What was said of judging: settings of the command over the config file's part. */
function partOf({ values, origins, judging }: BacktestSettings): JudgingPart {
  const { budget, detectors, direction, zone } = values;
  return {
    ...judging,
    ...(origins.budget === "default" ? {} : { budget }),
    ...(origins.detectors === "default" ? {} : { detectors }),
    ...(origins.direction === "default" ? {} : { direction }),
    ...(zone === undefined ? {} : { zone: zoneOf(zone) }),
  };
}

function zoneOf(name: string): string {
  if (makeZone(name) !== undefined) return name;
  throw new UsageError(`--zone must be UTC, a name such as Europe/Berlin or an offset such as +02:00, not ${name}`);
}

/** A configuration in a few words. */
export function sayJudging({ budget, detectors, direction, zone, types }: Judging): string {
  const every = "perReading" in budget
    ? `${budget.perReading} a reading`
    : `${budget.alarms} per ${Object.keys(EVERY_MS).find((unit) => EVERY_MS[unit] === budget.everyMs) ?? "time"}`;
  const sides = direction === "both" ? "above and below" : direction, known = Object.keys(types).length;
  return `budget ${every}, ${detectors} detectors, deviations ${sides}, profiles in ${zone}` +
    (known === 0 ? "" : `, ${known} sensor type${known === 1 ? "" : "s"} configured`);
}
