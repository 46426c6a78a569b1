/**
 * Bodies of JSON, read whole with a limit.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "zod";
import { fieldErrors, Problem } from "./problem.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the body, whatever content type it is declared as.
 *
 * @param most bytes that it may have
 * @param empty what a body without a byte stands for; none: it is refused
 * @throws {Problem} 413 for a longer one, 415 for one with a content encoding, 400 for one that is not JSON in UTF-8
 */
export async function readJson(c: Context, most: number, empty?: unknown): Promise<unknown> {
  const bytes = await readBytes(c, most);
  if (bytes.length === 0 && empty !== undefined) return empty;
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    const message = `the body must be JSON: ${why.length > 160 ? `${why.slice(0, 157)}...` : why}`;
    throw new Problem(400, "The body is not valid JSON.", { errors: [{ field: "", message }] });
  }
}

/**
 * Reads the body as a schema has it.
 *
 * @param most bytes that it may have
 * @param empty what a body without a byte stands for; none: it is refused
 * @throws {Problem} as {@linkcode readJson}, and 400 with what is wrong of each field
 */
export async function readBody<T>(c: Context, schema: z.ZodType<T>, most: number, empty?: unknown): Promise<T> {
  const { data, error } = schema.safeParse(await readJson(c, most, empty));
  if (error) throw wrongBody(error);
  return data;
}

/** The 400 for a body with these faults. */
export function wrongBody(error: z.ZodError): Problem {
  return new Problem(400, "The body is not valid.", { errors: fieldErrors(error) });
}

/**
 * Reads the body as bytes.
 *
 * @param most bytes that it may have
 * @throws {Problem} 413 for a longer one, 415 for one with a content encoding
 */
export async function readBytes(c: Context, most: number): Promise<Uint8Array> {
  if ((c.req.header("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    const headers = { "accept-encoding": "identity" };
    throw new Problem(415, "The body is taken without a content encoding.", { headers });
  }
  const length = Number(c.req.header("content-length") ?? NaN);
  if (length > most) throw tooLong(most);
  return length <= most ? new Uint8Array(await c.req.arrayBuffer()) : await within(c.req.raw.body, most);
}

/** Reads a body of unknown length, no farther than the limit. */
async function within(body: ReadableStream<Uint8Array> | null, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > most) throw tooLong(most);
    pieces.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function tooLong(most: number): Problem {
  return new Problem(413, `A body has at most ${most} bytes.`);
}
