/**
 * The log of a long-running command: one entry a line on standard error, text or JSON, without floods.
 *
 * A warning or error that comes again within {@linkcode REPEAT_MS} is counted, not written; when the time is over the
 * count is. Of very many different ones in that time the first {@linkcode KINDS_MOST} are written, the others counted. So
 * whatever goes wrong, the log grows by so many lines in that time at most. What is as it should be is all written: as
 * much of it comes as there is work.
 *
 * @module
 */
import type { Clock } from "../../actors/ports.ts";
import { systemClock } from "./clock.ts";
import { explain, stacks } from "./explain.ts";
import { LOG_LEVELS, type LogFields, type LogLevel, logLine } from "./log_line.ts";
import { choice } from "../settings/setting.ts";

/** The same trouble within so long is counted, ms. */
export const REPEAT_MS = 10_000;
/** Different ones within that time at most. */
export const KINDS_MOST = 200;

/** The settings of a log. */
export const LOG_SETTINGS = {
  logFormat: choice({ words: ["text", "json"], fallback: "text", help: "how the log on standard error is written" }),
  logLevel: choice({ words: LOG_LEVELS, fallback: "info", help: "the least grave entries that are written" }),
};

/** What a log is made with. */
export interface LogOptions {
  readonly format: "text" | "json";
  readonly level: LogLevel;
  /** Default the machine's. */
  readonly clock?: Clock;
  /** Takes a whole line; default standard error. */
  readonly write?: (line: string) => void;
  /** Takes a line for people, where the log is text; default standard output. */
  readonly print?: (line: string) => void;
}

/** A message that was written, and how often it came since. */
interface Kind {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: LogFields;
  readonly stop: AbortController;
  repeated: number;
}

const encoder = new TextEncoder();
const OVER = new Error("the log is closed");

/** A log. */
export class Log {
  private readonly kinds = new Map<string, Kind>();
  /** Messages beyond {@linkcode KINDS_MOST}. */
  private left = 0;
  private readonly least: number;
  private readonly clock: Clock;

  constructor(private readonly options: LogOptions) {
    this.least = LOG_LEVELS.indexOf(options.level);
    this.clock = options.clock ?? systemClock;
  }

  /** Something that helps to find out why. */
  debug(message: string, fields?: LogFields): void {
    this.take("debug", message, fields);
  }

  /** Something that is as it should be. */
  info(message: string, fields?: LogFields): void {
    this.take("info", message, fields);
  }

  /** Something that somebody should look at; the work goes on. */
  warn(message: string, fields?: LogFields): void {
    this.take("warn", message, fields);
  }

  /** Something failed: the error's sentence, and at the level `debug` where it came from. */
  error(error: unknown, fields?: LogFields): void {
    const message = error instanceof Error ? error.message : String(error);
    const traced = this.least === 0 && error instanceof Error ? { ...fields, stack: stacks(error) } : fields;
    this.take("error", message, traced);
    if (traced?.stack !== undefined && this.options.format === "text") this.take("debug", String(traced.stack));
  }

  /** A line for people: as it is where the log is text, else an entry like any other. */
  say(line: string): void {
    if (this.options.format === "json") this.take("info", line);
    else (this.options.print ?? console.log)(line);
  }

  /** Writes what was counted so far, and lets go. */
  close(): void {
    for (const key of [...this.kinds.keys()]) this.over(key);
  }

  private take(level: LogLevel, message: string, fields?: LogFields): void {
    if (LOG_LEVELS.indexOf(level) < this.least) return;
    if (level === "debug" || level === "info") return this.put(level, message, fields);
    const key = `${level} ${message}`, known = this.kinds.get(key);
    if (known) return void known.repeated++;
    if (this.kinds.size >= KINDS_MOST) return void this.left++;
    const kind: Kind = { level, message, stop: new AbortController(), repeated: 0, ...(fields ? { fields } : {}) };
    this.kinds.set(key, kind);
    this.put(level, message, fields);
    this.clock.sleep(REPEAT_MS, kind.stop.signal).then(() => this.over(key), () => {}); // closed
  }

  private over(key: string): void {
    const kind = this.kinds.get(key);
    if (!kind) return;
    this.kinds.delete(key);
    kind.stop.abort(OVER);
    const { level, message, fields, repeated } = kind;
    if (repeated > 0) this.put(level, `${message} (repeated ${times(repeated)})`, { ...fields, repeated });
    const { left } = this;
    this.left = 0;
    if (left > 0) this.put("warn", `${left} further messages were not written: there were too many`, { left });
  }

  private put(level: LogLevel, message: string, fields?: LogFields): void {
    const { format, write = writeError } = this.options;
    write(logLine({ time: this.clock.now(), level, message, ...(fields ? { fields } : {}) }, format));
  }
}

/** What the settings come to. */
export interface LogValues {
  readonly logFormat: "text" | "json";
  readonly logLevel: LogLevel;
}

/**
 * Does a command's work with the log that its settings describe. Where the log is JSON, an error ends it as an entry.
 *
 * @returns the exit code
 */
export async function withLog(
  { logFormat, logLevel }: LogValues,
  work: (log: Log) => Promise<number>,
): Promise<number> {
  const log = new Log({ format: logFormat, level: logLevel });
  try {
    return await work(log);
  } catch (error) {
    if (logFormat === "text") throw error;
    const { text, exitCode } = explain(error);
    log.error(text, { exit_code: exitCode });
    return exitCode;
  } finally {
    log.close();
  }
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** Whole at once: lines of several writers do not mix. A standard error that is gone is nobody's trouble. */
function writeError(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(line));
  } catch {
    // nobody reads it
  }
}
