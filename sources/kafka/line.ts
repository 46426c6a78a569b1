/**
 * A message as a line of JSON, for people and for tools.
 *
 * @module
 */
import type { RawMessage } from "./messages.ts";

/** The line; a value or key that is no UTF-8 comes as base64, under another name. */
export function messageLine(partition: number, { offset, timestamp, key, value, headers }: RawMessage): string {
  const named = Object.fromEntries((headers ?? []).map(([name, content]) => [text(name) ?? "", text(content) ?? null]));
  return JSON.stringify({
    partition,
    offset,
    time: new Date(timestamp).toISOString(),
    ...shown("key", key),
    ...(Object.keys(named).length === 0 ? {} : { headers: named }),
    ...shown("value", value),
  });
}

function shown(name: string, bytes: Uint8Array | null): Record<string, unknown> {
  if (bytes === null) return { [name]: null };
  const read = text(bytes);
  if (read === undefined) return { [`${name}_base64`]: btoa(String.fromCharCode(...bytes.subarray(0, 65_536))) };
  return { [name]: name === "value" ? json(read) : read };
}

function text(bytes: Uint8Array | null): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes ?? undefined);
  } catch {
    return undefined;
  }
}

/** What the text says as JSON, or the text. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
