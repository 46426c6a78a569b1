/**
 * The config file: JSON with the common settings and `judging` at its top, and a part for each command.
 *
 * ```json
 * {
 *   "port": 9000,
 *   "replay": { "speed": "max" },
 *   "judging": { "latenessMs": 60000 }
 * }
 * ```
 *
 * @module
 */
import type { z } from "zod";
import { judgingSchema } from "../../actors/config.ts";
import { COMMON } from "./common.ts";
import { nearMiss, UsageError } from "../process/errors.ts";
import { COMMAND_NAMES } from "../process/names.ts";
import { judgeSetting, type SettingTable, shorten } from "./setting.ts";

/** A part of what is configured of judging, before defaults. */
export type JudgingPart = z.input<typeof judgingSchema>;

/** A setting as the file has it. */
export interface Filed {
  /** Its way in the file: `port`, `replay.speed`. */
  readonly where: string;
  readonly value: unknown;
}

/** What a config file says that concerns one command. */
export interface ConfigFile {
  readonly values: Readonly<Record<string, Filed>>;
  readonly judging: JudgingPart;
}

/** Reads a whole text file. */
export type ReadText = (path: string) => Promise<string>;

/** Greatest size of a config file, in characters. */
const CONFIG_LENGTH_MAX = 1_000_000;

/**
 * Reads a config file: common settings and `judging` at the top, a command's own ones in a part of its name. A part
 * may also repeat a common setting, for that command alone. Other commands' parts are not looked into.
 */
export async function readConfigFile(
  path: string,
  command: string,
  table: SettingTable,
  readText: ReadText,
): Promise<ConfigFile> {
  const top = parseObject(await readConfigText(path, readText), `the config file ${path}`);
  const part = top[command] === undefined ? {} : asObject(top[command], `${command} in ${path}`);
  const values: Record<string, Filed> = {};
  for (const [name, value] of Object.entries(top)) {
    if (name === "judging" || name === "$schema" || COMMAND_NAMES.has(name)) continue;
    const common = Object.hasOwn(COMMON, name) ? COMMON[name as keyof typeof COMMON] : undefined;
    if (common === undefined) throw unknownKey(name, path, [...Object.keys(COMMON), ...COMMAND_NAMES, "judging"]);
    judgeSetting(`${name} in ${path}`, common, value);
    values[name] = { where: name, value };
  }
  for (const [name, value] of Object.entries(part)) {
    if (name === "config" || !Object.hasOwn(table, name)) {
      throw unknownKey(`${command}.${name}`, path, Object.keys(table));
    }
    values[name] = { where: `${command}.${name}`, value };
  }
  return { values, judging: judgingIn(top.judging, path) };
}

async function readConfigText(path: string, readText: ReadText): Promise<string> {
  try {
    const content = await readText(path);
    if (content.length <= CONFIG_LENGTH_MAX) return content;
    throw new UsageError(
      `the config file ${path} must have at most ${CONFIG_LENGTH_MAX} characters, not ${content.length}`,
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`there is no config file ${path}`);
    if (error instanceof Deno.errors.IsADirectory) throw new UsageError(`the config file ${path} is a folder`);
    throw error;
  }
}

function parseObject(content: string, what: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(content), what);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${what} must be JSON: ${error.message}`);
    throw error;
  }
}

function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${what} must be an object of settings, not ${shorten(JSON.stringify(value))}`);
}

/**
 * What is configured of judging, as it stands at a place.
 *
 * @param path where that is, for the sentence
 * @throws {UsageError} if something of it is refused
 */
export function judgingIn(value: unknown, path: string): JudgingPart {
  const given = value === undefined ? {} : asObject(value, `judging in ${path}`);
  const result = judgingSchema.safeParse(given);
  if (result.success) return given as JudgingPart;
  const [issue] = result.error.issues;
  const where = ["judging", ...issue.path].join(".");
  throw new UsageError(
    `${where} in ${path} is refused: ${issue.message}, not ${shorten(JSON.stringify(at(given, issue.path)))}`,
  );
}

/** What stands at `path`. */
function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = (here as Record<PropertyKey, unknown> | undefined)?.[key];
  return here;
}

function unknownKey(where: string, path: string, known: readonly string[]): UsageError {
  const meant = nearMiss(where.slice(where.lastIndexOf(".") + 1), known);
  return new UsageError(
    `unknown setting ${where} in ${path}: ${
      meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${meant}?`
    }`,
  );
}
