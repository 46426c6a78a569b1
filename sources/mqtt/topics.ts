/**
 * Topic patterns: which messages are read, and what the parts of a topic say.
 *
 * `plant/{location}/{sensor}/{channel}` reads `plant/+/+/+` and takes location, sensor and channel from the topic; `+`
 * stands for a part that says nothing, `#` at the end for any number of them.
 *
 * @module
 */
import { SourceError } from "../../actors/ports.ts";

/** What a part of a topic may say. */
const TOPIC_PARTS = ["sensor", "channel", "location", "type"] as const;
/** What a part of a topic may say. */
export type TopicPart = typeof TOPIC_PARTS[number];

/** What a topic says of its messages. */
export type TopicFields = { readonly [Part in TopicPart]?: string };

/** What Sparkplug's topics begin with. */
export const SPARKPLUG = "spBv1.0";
const LENGTH_MOST = 1_024;

/** A pattern, understood. */
export interface TopicPattern {
  /** As a broker wants it. */
  readonly filter: string;
  /** Whether its messages are Sparkplug's. */
  readonly isSparkplug: boolean;
  /** Its parts: words, `+`, `#`, or what they are to say in braces. */
  readonly levels: readonly string[];
}

/**
 * Understands a pattern.
 *
 * @throws {SourceError} one sentence, if it cannot be
 */
export function parseTopic(text: string): TopicPattern {
  const refuse = (why: string) => new SourceError(`the topic ${JSON.stringify(text)} cannot be read: ${why}`);
  if (text === "" || text.length > LENGTH_MOST) throw refuse(`a topic has 1 to ${LENGTH_MOST} characters`);
  // deno-lint-ignore no-control-regex -- a topic must not hold the character 0
  if (/\u0000/.test(text)) throw refuse("it holds a character that no topic may hold");
  if (text.startsWith("$")) throw refuse("topics that begin with $ are the broker's own (to share, name a --group)");
  const levels = text.split("/"), named = levels.flatMap((level) => partOf(level) ?? []);
  for (const [i, level] of levels.entries()) {
    if (level === "#" && i < levels.length - 1) throw refuse("# may only be its last part");
    if (level === "+" || level === "#") continue;
    if (/[+#]/.test(level)) throw refuse("+ and # must be parts of their own");
    if (/[{}]/.test(level) && partOf(level) === undefined) {
      throw refuse(`a part in braces must be ${TOPIC_PARTS.map((part) => `{${part}}`).join(", ")}, not ${level}`);
    }
  }
  const twice = named.find((part, i) => named.indexOf(part) !== i);
  if (twice !== undefined) throw refuse(`{${twice}} is in it twice`);
  const isSparkplug = levels[0] === SPARKPLUG;
  if (isSparkplug && named.length > 0) throw refuse("Sparkplug's topics say themselves what they are: use + and #");
  return { filter: levels.map((level) => partOf(level) ? "+" : level).join("/"), isSparkplug, levels };
}

/** What a topic says, if it is one of the pattern's. */
export function fieldsOf({ levels }: TopicPattern, topic: string): TopicFields | undefined {
  const given = topic.split("/"), fields: { -readonly [Part in TopicPart]?: string } = {};
  for (const [i, level] of levels.entries()) {
    if (level === "#") return fields; // also for no part at all: `a/#` reads `a`
    if (i >= given.length) return undefined;
    const part = partOf(level);
    if (part !== undefined) fields[part] = given[i];
    else if (level !== "+" && level !== given[i]) return undefined;
  }
  return given.length === levels.length ? fields : undefined;
}

function partOf(level: string): TopicPart | undefined {
  return TOPIC_PARTS.find((part) => level === `{${part}}`);
}
