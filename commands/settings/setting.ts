/**
 * One setting: what it is called, which values it takes, what it is when nobody says, and its line of help.
 *
 * A setting is defined once, in a table whose keys are its names in the result (`dataDir`). From there come its flag
 * (`--data-dir`), its variable (`SENSORIUM_DATA_DIR`), its key in the config file (`dataDir`) and its help.
 *
 * @module
 */
import { z } from "zod";
import { UsageError } from "../process/errors.ts";

/** How a setting is written on the command line. */
export type SettingForm = "text" | "number" | "switch" | "list" | "words";

/** One setting whose value is a `T`. */
export interface Setting<T> {
  /**
   * A switch takes no value (`--loop`, `--no-loop`); a list may come several times, or once with commas; words too, but
   * with spaces between them, since addresses hold commas.
   */
  readonly form: SettingForm;
  /** Judges the value, once a text has been brought into its form. */
  readonly schema: z.ZodType<T>;
  /** What is allowed, to follow "must be": `a whole number from 0 to 65535`. */
  readonly allowed: string;
  /** The value when nobody says. */
  readonly fallback: T;
  /** What it is for, one line. */
  readonly help: string;
  /** What stands for the value in the help: `PATH`; none for a switch. */
  readonly placeholder: string;
  /** Whether the value may hold a password: then no error repeats it, and the schema's own sentence is told instead. */
  readonly isSecret?: boolean;
}

/** Settings by their names in the result. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table's settings. */
export type SettingValues<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer Value> ? Value : never;
};

/** What every kind of setting says about itself. */
interface Description {
  readonly help: string;
  readonly placeholder?: string;
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(
  { min, max, fallback, help, placeholder = "N" }: Description & { min: number; max: number; fallback: number },
): Setting<number> {
  const allowed = `a whole number from ${min} to ${max}`;
  return { form: "number", schema: z.number().int().min(min).max(max), allowed, fallback, help, placeholder };
}

/** A finite number from `min` to `max`, both included. */
export function decimal(
  { min, max, fallback, help, placeholder = "X" }: Description & { min: number; max: number; fallback: number },
): Setting<number> {
  const allowed = `a number from ${min} to ${max}`;
  return { form: "number", schema: z.number().min(min).max(max), allowed, fallback, help, placeholder };
}

/** A text of 1 to 4096 characters that matches `pattern`, and is `fallback` when nobody says. */
export function text<Fallback extends string | undefined>(
  { pattern, allowed, fallback, help, placeholder = "TEXT" }: Description & {
    /** Default: any text without control characters. */
    readonly pattern?: RegExp;
    /** What the pattern stands for, to follow "must be". */
    readonly allowed?: string;
    readonly fallback: Fallback;
  },
): Setting<string | Fallback> {
  // deno-lint-ignore no-control-regex -- control characters are exactly what a value must not hold
  const schema = z.string().min(1).max(4096).regex(pattern ?? /^[^\u0000-\u001f\u007f]*$/);
  return { form: "text", schema, allowed: allowed ?? "a text of 1 to 4096 characters", fallback, help, placeholder };
}

/** One of a few words. */
export function choice<const Word extends string>(
  { words, fallback, help, placeholder }: Description & { words: readonly Word[]; fallback: Word },
): Setting<Word> {
  const allowed = words.length === 1 ? words[0] : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return { form: "text", schema: z.enum(words), allowed, fallback, help, placeholder: placeholder ?? words.join("|") };
}

/** Yes or no: `--name`, `--no-name`; in a variable or file true or false (1 or 0 in a variable). */
export function toggle({ fallback, help }: Description & { fallback: boolean }): Setting<boolean> {
  return { form: "switch", schema: z.boolean(), allowed: "true or false", fallback, help, placeholder: "" };
}

/** Several texts, none by default: `--name a --name b`, or `--name a,b`; in a file an array. At most 1000. */
export function list({ help, placeholder = "TEXT" }: Description): Setting<readonly string[]> {
  const schema = z.array(z.string().min(1).max(4096)).max(1000);
  return { form: "list", schema, allowed: "texts with commas between them", fallback: [], help, placeholder };
}

/** The same setting for a value that its schema makes from a text: a speed that is a word or a number, say. */
export function custom<T>(
  { schema, allowed, fallback, help, placeholder = "VALUE" }: Description & {
    readonly schema: z.ZodType<T>;
    readonly allowed: string;
    readonly fallback: T;
  },
): Setting<T> {
  return { form: "text", schema, allowed, fallback, help, placeholder };
}

/** A name in the spelling of flags: `dataDir` becomes `data-dir`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A name in the spelling of variables: `dataDir` becomes `SENSORIUM_DATA_DIR`. */
export function variableName(name: string): string {
  return `SENSORIUM_${flagName(name).replaceAll("-", "_").toUpperCase()}`;
}

/**
 * The value, if the setting allows it.
 *
 * @param where the setting as it was written: `--port`, `SENSORIUM_PORT`, `port in FILE`
 * @throws {UsageError} one sentence with the place, what is allowed and the value
 */
export function judgeSetting(where: string, setting: Setting<unknown>, value: unknown): unknown {
  const result = setting.schema.safeParse(value);
  if (result.success) return result.data;
  if (setting.isSecret) throw new UsageError(`${where}: ${result.error.issues[0].message}`);
  throw new UsageError(`${where} must be ${setting.allowed}, not ${shorten(JSON.stringify(value))}`);
}

/** At most 80 characters of what was seen. */
export function shorten(seen: string | undefined): string {
  const whole = seen ?? "nothing";
  return whole.length > 80 ? `${whole.slice(0, 77)}...` : whole;
}
