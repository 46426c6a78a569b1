/**
 * Cursors: opaque to a client, JSON in base64url to us.
 *
 * @module
 */
import type { z } from "zod";
import type { Json } from "../actors/ports.ts";
import { decodeBase64Url, encodeBase64Url } from "../std/base64url.ts";

/** A cursor that was not made here, or not for this question. Routes know it by its name and answer 400. */
export class CursorError extends Error {
  override name = "CursorError";
}

/** The last cursor written: everybody who follows a feed and is up to date gets the same. */
const last = { text: "", cursor: "" };

/** A cursor over a place. */
export function writeCursor(place: Json): string {
  const text = JSON.stringify(place);
  if (text !== last.text) Object.assign(last, { text, cursor: encodeBase64Url(text) });
  return last.cursor;
}

/**
 * The place of a cursor.
 *
 * @param schema what such a place looks like
 * @throws {CursorError} for anything that {@linkcode writeCursor} did not make of such a place
 */
export function readCursor<T>(cursor: string, schema: z.ZodType<T>): T {
  let place: unknown;
  try {
    place = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64Url(cursor)));
  } catch {
    throw new CursorError("The cursor is not one that was handed out here.");
  }
  const result = schema.safeParse(place);
  if (!result.success) throw new CursorError("The cursor belongs to another question.");
  return result.data;
}
