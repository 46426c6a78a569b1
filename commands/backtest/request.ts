/**
 * What somebody asks of a running instance's backtests, judged as the command judges its flags.
 *
 * @module
 */
import { z } from "zod";
import { BacktestRefused, type BacktestSettings } from "../../actors/backtests/port.ts";
import type { Judging } from "../../actors/config.ts";
import { type Json, SourceError } from "../../actors/ports.ts";
import { scenarioByName } from "../../data/mod.ts";
import type { MappingHints } from "../../sources/detect.ts";
import type { NamedJudging } from "./files.ts";
import { parseBudget } from "./settings.ts";
import { UsageError } from "../process/errors.ts";
import { judgingOf, type JudgingPart } from "../settings/settings.ts";

/** What a scenario's readings are made from. */
export interface ScenarioPlan {
  readonly name: string;
  readonly seed: number;
  /** Epoch ms of the first round. */
  readonly anchor: number;
  readonly rounds: number;
}

/** Readings of a scenario that one backtest may make: an hour of the facility's are 45,000. */
const SCENARIO_READINGS = 5_000_000;

/**
 * The configurations to judge by: what was asked over what the instance runs with, and the second one over that.
 *
 * @param running what the instance runs with
 * @param scenario whose types of sensors are known, too
 * @throws {BacktestRefused} with the field
 */
export function judgingsOf(asked: BacktestSettings, running: Judging, scenario?: string): NamedJudging[] {
  const { budget, detectors, direction, zone, judging, compare } = asked;
  const types = scenario === undefined ? {} : scenarioByName(scenario).types;
  const known: JudgingPart = { ...running, types: { ...types, ...running.types } };
  const own: JudgingPart = {
    ...partOf("judging", judging),
    ...(budget === undefined ? {} : { budget: budgetOf("budget", budget) }),
    ...defined({ detectors, direction, zone }),
  };
  const first = whole("judging", own, known), sides = [{ name: "this", judging: first }];
  return compare === undefined
    ? sides
    : [...sides, { name: "compared", judging: whole("compare", partOf("compare", compare), first) }];
}

/** How a file without times, or with times without a zone, is read. */
export function hintsOf({ zone, start, step = 0 }: BacktestSettings): MappingHints {
  return { zone, start, intervalMs: step > 0 ? step : undefined };
}

/**
 * A scenario's run that ends now.
 *
 * @throws {BacktestRefused} if it would be too long
 */
export function scenarioPlan(name: string, hours: number, seed: number, now: number): ScenarioPlan {
  const { intervalMs, perRound, rounds: all = Infinity } = scenarioByName(name);
  const rounds = Math.max(1, Math.min(all, Math.round(hours * 3_600_000 / intervalMs)));
  if (rounds * perRound > SCENARIO_READINGS) {
    const most = Math.floor(SCENARIO_READINGS / perRound * intervalMs / 3_600_000);
    throw new BacktestRefused("invalid", `hours must be at most ${most} for ${name}, not ${hours}`, "hours");
  }
  const begin = Math.max(0, now - rounds * intervalMs);
  return { name, seed, rounds, anchor: begin - begin % Math.min(intervalMs, 1_000) };
}

/** The command that does the same. */
export function commandOf(name: string, asked: BacktestSettings): string {
  const { format, baselines, budget, detectors, direction, zone, start, step } = asked;
  const flags = Object.entries(defined({ format, budget, detectors, direction, zone, start, step }))
    .map(([flag, value]) => ` --${flag} ${value}`).join("");
  return `deno task backtest ${name}${flags}${baselines ? " --baselines" : ""}`;
}

/** Why a backtest failed, in one sentence without the machine's own paths. */
export function sayFailure(error: unknown, folder: string): string {
  const isKnown = error instanceof SourceError || error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  return (isKnown ? message : `something went wrong inside: ${message}`).replaceAll(`${folder}/`, "");
}

function partOf(field: string, part: Json | undefined): JudgingPart {
  if (part === undefined) return {};
  const record = z.record(z.string(), z.unknown()).safeParse(part);
  if (!record.success) throw new BacktestRefused("invalid", `${field} must be an object`, field);
  const { budget, ...rest } = record.data;
  const own = budget === undefined ? {} : { budget: typeof budget === "string" ? budgetOf(field, budget) : budget };
  return { ...rest, ...own } as JudgingPart; // judged as a whole below
}

function whole(field: string, given: JudgingPart, known: JudgingPart): Judging {
  try {
    return judgingOf(given, known);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const { path, message } = error.issues[0];
    throw new BacktestRefused("invalid", message, [field, ...path].join("."));
  }
}

function budgetOf(field: string, text: string) {
  const budget = parseBudget(text);
  if (budget !== undefined) return budget;
  const allowed = "a number of alarms per hour, day, week, month or year such as 1/week, or per reading such as 1e-3";
  throw new BacktestRefused(
    "invalid",
    `the budget must be ${allowed}, not ${JSON.stringify(text.slice(0, 40))}`,
    field,
  );
}

function defined<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
}
