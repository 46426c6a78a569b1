/**
 * What a person reads when something goes wrong: one sentence, never a stack unless it is asked for.
 *
 * @module
 */
import { LogError } from "../../actors/log.ts";
import { SourceError } from "../../actors/ports.ts";
import { DataDirError } from "../../store/lock.ts";
import { CommandError, EXIT, HelpRequest } from "./errors.ts";

/** How a command ends. */
export interface Ending {
  /** What the process ends with. */
  readonly exitCode: number;
  /** One sentence, or a whole help text. */
  readonly text: string;
  /** Whether the text is what was asked for, and belongs on standard output. */
  readonly asked: boolean;
}

/**
 * How a command ends that threw `error`.
 *
 * @param withStack whether to add where it happened; for `SENSORIUM_LOG_LEVEL=debug`
 */
export function explain(error: unknown, withStack = false): Ending {
  if (error instanceof HelpRequest) return { exitCode: EXIT.done, text: error.message, asked: true };
  const exitCode = error instanceof CommandError ? error.exitCode : EXIT.failed;
  const text = withStack && error instanceof Error && error.stack !== undefined
    ? `${sentence(error)}\n${stacks(error)}`
    : sentence(error);
  return { exitCode, text, asked: false };
}

/** Errors whose messages are written for people. */
const PLAIN = [CommandError, SourceError, DataDirError, LogError];

function sentence(error: unknown): string {
  if (PLAIN.some((kind) => error instanceof kind)) return oneLine((error as Error).message);
  if (error instanceof Deno.errors.NotCapable) return deniedSentence(error.message);
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `unexpected ${oneLine(what)} (SENSORIUM_LOG_LEVEL=debug shows where)`;
}

/** What Deno's permission errors are about, by the word in them. */
const ACTIONS: Readonly<Record<string, string>> = {
  read: "read",
  write: "write to",
  net: "connect to or listen on",
  env: "read the environment variable",
  run: "run",
  sys: "ask the system for its",
  ffi: "load",
  import: "import from",
};

/**
 * Turns Deno's own words for a missing permission into one sentence with the flag to add.
 *
 * @param message as Deno has it: `Requires read access to "/x", run again with the --allow-read flag`
 */
export function deniedSentence(message: string): string {
  const found = /^Requires (\w+) access(?: to "?(.+?)"?)?, run again with the --allow-(\w+) flag/.exec(message);
  if (found === null) return oneLine(message);
  const [, kind, what, flag] = found;
  const add = what === undefined ? `--allow-${flag}` : `--allow-${flag}=${what}`;
  return `this task may not ${ACTIONS[kind] ?? kind} ${what ?? "anything"}: allow it with ` +
    `SENSORIUM_DENO_FLAGS='${add}' before deno task, or ${add} after deno run`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** The stack of an error and of what caused it, at most five deep. */
export function stacks(error: Error): string {
  const lines: string[] = [];
  let at: unknown = error;
  for (let depth = 0; at instanceof Error && depth < 5; depth++, at = at.cause) {
    lines.push(depth === 0 ? at.stack ?? "" : `Caused by: ${at.stack}`);
  }
  return lines.join("\n");
}
