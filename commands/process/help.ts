/**
 * Help texts, made from the same tables that settings are read by.
 *
 * @module
 */
import { flagName, type Setting, type SettingTable, variableName } from "../settings/setting.ts";

/** What a command is, as far as its help is concerned. */
export interface CommandHelp {
  /** As it is typed: `replay`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Arguments that are no flags. */
  readonly positional?: {
    /** As in the usage line: `FILE...`. */
    readonly what: string;
    readonly least: number;
    readonly most: number;
  };
  readonly settings: SettingTable;
  /** Whole command lines that work, each with what it does. At least one. */
  readonly examples: readonly Example[];
  /** More to know, after the settings; whole lines. */
  readonly notes?: readonly string[];
}

/** A command line and what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** The help of one command. */
export function commandHelp(command: CommandHelp): string {
  const usage = ["deno task", command.name, command.positional?.what, "[flags]"].filter(Boolean).join(" ");
  return [
    command.summary,
    "",
    `Usage: ${usage}`,
    "",
    "Examples:",
    ...exampleLines(command.examples),
    "",
    "Flags (over the variable SENSORIUM_..., over the config file, over the default):",
    ...columns([
      ...Object.entries(command.settings).map(([name, setting]) => settingLine(name, setting)),
      ["--help", "this text"] as const,
    ]),
    ...(command.notes === undefined ? [] : ["", ...command.notes]),
  ].join("\n");
}

/** Example lines, each under what it does. */
export function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ line, does }) => [`  # ${does}`, `  ${line}`]);
}

/** Characters of a line of help, so that it fits a terminal of usual width. */
const LINE_LENGTH = 110;

/** Two columns, the left as wide as its longest text, up to 28 characters; the right is broken at spaces. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(28, Math.max(...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const lines = broken(right, LINE_LENGTH - width - 4).map((line) => " ".repeat(width + 4) + line);
    if (left.length > width) return [`  ${left}`, ...lines];
    return [`  ${left.padEnd(width)}  ${lines[0].trimStart()}`, ...lines.slice(1)];
  });
}

/** The text in lines of at most `length` characters, where its words allow it. */
function broken(text: string, length: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= length) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function settingLine(name: string, setting: Setting<unknown>): readonly [string, string] {
  const flag = flagName(name), isSwitch = setting.form === "switch", turnsOff = isSwitch && setting.fallback === true;
  const left = isSwitch ? `--${turnsOff ? "no-" : ""}${flag}` : `--${flag} ${setting.placeholder}`;
  const fallback = isSwitch || setting.fallback === undefined || !isText(setting.fallback)
    ? ""
    : `, default ${setting.fallback}`;
  const allowed = setting.form === "number" ? `${setting.allowed.replace(/^an? /, "")}${fallback}` : fallback.slice(2);
  const range = allowed === "" ? "" : ` (${allowed})`;
  return [left, `${turnsOff ? "do not " : ""}${setting.help}${range} [${variableName(name)}]`];
}

/** Whether a default can be shown as it stands; what it is else, the setting's own help says. */
function isText(fallback: unknown): boolean {
  return String(fallback) !== "" && (typeof fallback !== "object" || Array.isArray(fallback));
}
