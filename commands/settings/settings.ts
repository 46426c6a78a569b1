/**
 * Settings of a command: flags over `SENSORIUM_*` variables over a config file over defaults.
 *
 * @module
 */
import { type Judging, judgingSchema } from "../../actors/config.ts";
import { cutArguments } from "./arguments.ts";
import { type Filed, type JudgingPart, readConfigFile } from "./config_file.ts";
import { HelpRequest, UsageError } from "../process/errors.ts";
import { type CommandHelp, commandHelp } from "../process/help.ts";
import {
  flagName,
  judgeSetting,
  type Setting,
  type SettingTable,
  type SettingValues,
  text,
  variableName,
} from "./setting.ts";

export { COMMON } from "./common.ts";
export type { JudgingPart } from "./config_file.ts";

/** The setting that every command has. */
const CONFIG = {
  config: text({
    fallback: undefined,
    help: "JSON file with settings, a part per command, and what is configured of judging",
    placeholder: "PATH",
  }),
} as const satisfies SettingTable;

/** Where a setting's value came from. */
export type Origin = "flag" | "variable" | "file" | "default";

/** What a command is, for its help and for reading its settings. */
export interface Command<Table extends SettingTable> extends Omit<CommandHelp, "settings"> {
  /** The settings that it knows; `--config` and `--help` are added. */
  readonly settings: Table;
}

/** The settings of one run of a command. */
export interface Settings<Table extends SettingTable> {
  readonly values: SettingValues<Table>;
  /** Where each value came from. */
  readonly origins: { readonly [Name in keyof Table]: Origin };
  /** Arguments that are no flags. */
  readonly positional: readonly string[];
  /** What the config file says of judging, valid; {@linkcode judgingOf} fills in the rest. */
  readonly judging: JudgingPart;
}

/** The world that settings come from; passed in, so that a test can own it. */
export interface SettingsWorld {
  /** An environment variable; undefined if it is not set; an empty one counts as not set. */
  variable(name: string): string | undefined;
  /** A whole text file. */
  readText(path: string): Promise<string>;
}

/** The process's own environment and files. */
export const processWorld: SettingsWorld = {
  variable: (name) => Deno.env.get(name),
  readText: (path) => Deno.readTextFile(path),
};

/**
 * Reads a command's settings.
 *
 * @param args what stands behind the command's name
 * @throws {UsageError} for anything unknown or out of its range: one sentence with the setting, as it was written
 * where it came from (`--port`, `SENSORIUM_PORT`, `port in FILE`), the value and what is allowed
 * @throws {HelpRequest} with the command's help, if it is asked for
 */
export async function readSettings<const Table extends SettingTable>(
  command: Command<Table>,
  args: readonly string[],
  world: SettingsWorld = processWorld,
): Promise<Settings<Table>> {
  const table: SettingTable = { ...command.settings, ...CONFIG };
  const { flags, positional, help } = cutArguments(args, table);
  if (help) throw new HelpRequest(commandHelp({ ...command, settings: table }));
  checkPositional(command, positional);

  const { value: path } = outside("config", CONFIG.config, flags, world) ?? {};
  const file = typeof path === "string"
    ? await readConfigFile(path, command.name, table, (path) => world.readText(path))
    : undefined;
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, setting] of Object.entries<Setting<unknown>>(command.settings)) {
    const found = outside(name, setting, flags, world) ?? filed(file?.values[name], setting, path);
    values[name] = found === undefined ? setting.fallback : found.value;
    origins[name] = found?.origin ?? "default";
  }
  return {
    values: values as SettingValues<Table>,
    origins: origins as Settings<Table>["origins"],
    positional,
    judging: file?.judging ?? {},
  };
}

/**
 * What is configured of judging, whole: the config file's part over what the program knows, types joined by name.
 *
 * @param given the config file's part, as {@linkcode readSettings} returns it
 * @param known what holds where the file says nothing, such as a scenario's sensor types
 */
export function judgingOf(given: JudgingPart, known: JudgingPart = {}): Judging {
  return judgingSchema.parse({ ...known, ...given, types: { ...known.types, ...given.types } });
}

/** A value that somebody gave. */
interface Found {
  readonly value: unknown;
  readonly origin: Origin;
}

/** The value of a flag or a variable. */
function outside(
  name: string,
  setting: Setting<unknown>,
  flags: ReadonlyMap<string, readonly string[]>,
  world: SettingsWorld,
): Found | undefined {
  const texts = flags.get(name);
  if (texts !== undefined) {
    return { value: judgeSetting(`--${flagName(name)}`, setting, fromTexts(setting, texts)), origin: "flag" };
  }
  const variable = world.variable(variableName(name));
  if (variable === undefined || variable === "") return undefined;
  return { value: judgeSetting(variableName(name), setting, fromTexts(setting, [variable])), origin: "variable" };
}

/** The value of the config file. */
function filed(entry: Filed | undefined, setting: Setting<unknown>, path: unknown): Found | undefined {
  if (entry === undefined) return undefined;
  return { value: judgeSetting(`${entry.where} in ${path}`, setting, entry.value), origin: "file" };
}

function checkPositional(command: Pick<CommandHelp, "name" | "positional">, positional: readonly string[]): void {
  const { least = 0, most = 0, what = "argument" } = command.positional ?? {};
  if (positional.length < least) throw new UsageError(`${command.name} needs ${what}: --help shows how`);
  if (positional.length > most) {
    throw new UsageError(
      `${command.name} takes ${most === 0 ? "no" : `at most ${most}`} arguments, not ${
        JSON.stringify(positional[most])
      }: --help shows which`,
    );
  }
}

/** Brings texts, as flags and variables hold them, into a setting's form; what does not fit stays a text. */
function fromTexts({ form }: Setting<unknown>, texts: readonly string[]): unknown {
  const last = texts[texts.length - 1];
  switch (form) {
    case "list":
      return texts.flatMap((some) => some.split(","));
    case "words":
      return texts.flatMap((some) => some.split(/\s+/).filter((word) => word !== ""));
    case "number":
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(last) ? Number(last) : last;
    case "switch":
      return /^(true|1)$/.test(last) ? true : /^(false|0)$/.test(last) ? false : last;
    case "text":
      return last;
  }
}
