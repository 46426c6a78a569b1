/**
 * Reads a savepoint's bytes: entry by entry, in bounded memory, and to its end only if it is whole.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Json } from "../../actors/ports.ts";
import { joinBytes } from "../bytes.ts";
import { StoreError } from "../checkpoint/chain.ts";
import { fromPlain } from "../plain.ts";

/** What a savepoint holds. */
export interface Savepoint {
  /** When it was written, epoch ms. */
  readonly created: number;
  readonly entries: number;
  /** Entries by the first part of their keys. */
  readonly kinds: Readonly<Record<string, number>>;
}

/** A savepoint cannot be read, or not here; the message is one sentence for a person. */
export class SavepointError extends StoreError {
  override name = "SavepointError";
}

/** Version of the format. */
export const VERSION = 1;
/** A line is at most a key and a value, in base64 and wrapped. */
const LINE_BYTES = 1 << 20;
const LINE_FEED = 10;

const headSchema = z.object({
  sensorium: z.literal("savepoint"),
  version: z.number(),
  created: z.iso.datetime().transform((text) => Date.parse(text)),
});
const endSchema = z.object({ entries: z.number(), kinds: z.record(z.string(), z.number()), sha256: z.string() });

/** What the entries of a savepoint are counted by. */
export function kindOf(key: Deno.KvKey): string {
  return String(key[0]);
}

/** An entry, and the bytes of its line. */
export interface Entry {
  readonly key: Deno.KvKey;
  readonly value: unknown;
  readonly bytes: number;
}

/**
 * The entries of a savepoint.
 *
 * @throws {SavepointError} if it turns out not to be one, or not whole; entries before that were given out
 */
export async function* readSavepoint(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Entry, Savepoint> {
  const hash = createHash("sha256"), kinds: Record<string, number> = {};
  let head: z.infer<typeof headSchema> | undefined, end: z.infer<typeof endSchema> | undefined, entries = 0;
  for await (const text of linesOf(bytes)) {
    if (end) throw damaged("something follows its end");
    const json = parse(text);
    if (!head) {
      const result = headSchema.safeParse(json);
      if (!result.success) throw new SavepointError("this is no savepoint of Sensorium");
      if (result.data.version !== VERSION) {
        throw new SavepointError(`savepoints of version ${VERSION} can be read, not of ${result.data.version}`);
      }
      head = result.data;
    } else if (Array.isArray(json)) {
      const [key, value] = entryOf(json);
      entries++;
      kinds[kindOf(key)] = (kinds[kindOf(key)] ?? 0) + 1;
      yield { key, value, bytes: text.length };
    } else {
      const result = endSchema.safeParse(json);
      if (!result.success) throw damaged("a line of it is no entry");
      end = result.data;
      if (end.sha256 !== hash.digest("hex") || end.entries !== entries) throw damaged("its SHA-256 is another");
    }
    if (!end) hash.update(text).update("\n");
  }
  if (!head || !end) throw damaged("its end is missing");
  return { created: head.created, entries, kinds };
}

function entryOf(json: readonly Json[]): [Deno.KvKey, unknown] {
  try {
    return [fromPlain(json[0]) as Deno.KvKey, fromPlain(json[1])];
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
}

function parse(text: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text)) as Json;
  } catch {
    throw damaged("a line of it is no JSON");
  }
}

/** The lines of compressed text, without their line feeds. */
async function* linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  try {
    for await (const piece of bytes.pipeThrough(new DecompressionStream("gzip"))) {
      let from = 0;
      for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, from)) {
        yield joinBytes([rest, piece.subarray(from, end)]);
        rest = new Uint8Array(0);
        from = end + 1;
      }
      rest = joinBytes([rest, piece.subarray(from)]);
      if (rest.length > LINE_BYTES) throw damaged("a line of it is too long");
    }
  } catch (error) {
    if (error instanceof TypeError) throw damaged("it cannot be decompressed to its end"); // what gzip throws
    throw error;
  }
  if (rest.length > 0) throw damaged("its last line is not whole");
}

function damaged(why: string): SavepointError {
  return new SavepointError(`this is no savepoint, or it is cut off or damaged: ${why}`);
}
