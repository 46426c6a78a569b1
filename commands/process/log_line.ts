/**
 * One line of the log: safe to show in a terminal and to hand on, whatever is in the message.
 *
 * @module
 */
import type { Json } from "../../actors/ports.ts";
import { HIDDEN, withoutSecrets } from "../../routes/config.ts";

/** How grave an entry is, from the least. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
/** How grave an entry is. */
export type LogLevel = typeof LOG_LEVELS[number];

/** What belongs to an entry beside its sentence, by name. */
export type LogFields = Readonly<Record<string, Json | undefined>>;

/** One entry. */
export interface LogEntry {
  /** Epoch ms. */
  readonly time: number;
  readonly level: LogLevel;
  /** One sentence for a person. */
  readonly message: string;
  readonly fields?: LogFields;
}

/** Names of fields that an entry's own take precedence over. */
const OWN = ["time", "level", "message"];
/** Characters of a message at most. */
const MESSAGE_MOST = 4_000;

/** What stands before a secret in running text: `Bearer x`, `password=x`, `"token": "x"`. */
const CREDENTIALS = /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi;
const NAMED = /\b(\w*(?:token|secret|password|passwd|api_?key))(["']?\s*[=:]\s*["']?)(?!\s)[^\s"'&,;}]+/gi;

/** The line of an entry, with its newline. */
export function logLine(entry: LogEntry, format: "text" | "json"): string {
  const time = new Date(entry.time).toISOString(), message = hidden(entry.message).slice(0, MESSAGE_MOST);
  if (format === "text") return `${time} ${entry.level.toUpperCase().padEnd(5)} ${escaped(message)}\n`;
  const fields = Object.entries(entry.fields ?? {}).filter(([name]) => !OWN.includes(name));
  const safe = withoutSecrets(Object.fromEntries(fields)) as Record<string, Json>;
  for (const [name, value] of Object.entries(safe)) if (typeof value === "string") safe[name] = hidden(value);
  return escaped(JSON.stringify({ time, level: entry.level, message, ...safe })) + "\n";
}

function hidden(text: string): string {
  return String(withoutSecrets(text)).replace(CREDENTIALS, `$1 ${HIDDEN}`).replace(NAMED, `$1$2${HIDDEN}`);
}

/** Control characters, and those that turn the direction of writing, as `\u001b`: nobody's text makes lines or colours of its own. */
function escaped(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex -- control characters are exactly what is looked for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (found) => found === "\n" ? "\\n" : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
