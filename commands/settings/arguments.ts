/**
 * Command line arguments, cut into flags and the rest by a table of known flags.
 *
 * Not the standard library's parser: that one drops a lone `-` given as a value, which `--to -` needs, and takes a
 * flag without a value for an empty text.
 *
 * @module
 */
import { nearMiss, UsageError } from "../process/errors.ts";
import { flagName, type SettingTable } from "./setting.ts";

/** Arguments as they were written, not yet judged. */
export interface Arguments {
  /** Values by setting; a switch's are `true` and `false`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** Arguments that are no flags, in order. */
  readonly positional: readonly string[];
  /** Whether `--help` or `-h` is among them. */
  readonly help: boolean;
}

/** What a written flag stands for. */
interface Flag {
  readonly setting: string;
  readonly switchTo?: "true" | "false";
}

/**
 * Cuts `args`: `--name value`, `--name=value`, `--switch`, `--no-switch`; everything after `--` is no flag.
 *
 * @throws {UsageError} for an unknown flag, with the one that was probably meant, and for a missing or superfluous value
 */
export function cutArguments(args: readonly string[], table: SettingTable): Arguments {
  const known = knownFlags(table);
  const flags = new Map<string, string[]>();
  const positional: string[] = [];
  let help = false;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i];
    if (argument === "--") {
      positional.push(...args.slice(i + 1));
      break;
    } else if (argument === "--help" || argument === "-h") help = true;
    else if (!argument.startsWith("-") || argument === "-") positional.push(argument);
    else {
      const [name, given] = splitOnce(argument, "=");
      const flag = known.get(name);
      if (flag === undefined) throw unknownFlag(name, known.keys());
      let value = given;
      if (flag.switchTo !== undefined) {
        if (given !== undefined) throw new UsageError(`${name} takes no value, not ${JSON.stringify(given)}`);
        value = flag.switchTo;
      } else if (value === undefined) {
        value = args[++i];
        if (value === undefined || value.startsWith("--")) throw new UsageError(`${name} needs a value`);
      }
      flags.set(flag.setting, [...flags.get(flag.setting) ?? [], value ?? ""]);
    }
  }
  return { flags, positional, help };
}

function knownFlags(table: SettingTable): Map<string, Flag> {
  const known = new Map<string, Flag>();
  for (const [setting, { form }] of Object.entries(table)) {
    const name = flagName(setting);
    if (form === "switch") {
      known.set(`--${name}`, { setting, switchTo: "true" });
      known.set(`--no-${name}`, { setting, switchTo: "false" });
    } else known.set(`--${name}`, { setting });
  }
  return known;
}

function splitOnce(argument: string, separator: string): [string, string | undefined] {
  const at = argument.indexOf(separator);
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

function unknownFlag(name: string, known: Iterable<string>): UsageError {
  const meant = nearMiss(name, [...known, "--help"]);
  const hint = meant === undefined ? "--help lists the flags" : `did you mean ${meant}?`;
  return new UsageError(`unknown flag ${name}: ${hint}`);
}
