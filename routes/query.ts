/**
 * Query parameters: read once with zod, refused by name with what is allowed.
 *
 * @module
 */
import type { Context } from "hono";
import { z } from "zod";
import { parseTime } from "../actors/reading.ts";
import { fieldErrors, Problem } from "./problem.ts";

/** Most items of one page. */
export const PAGE_LIMIT = 2000;

/** `limit`: items of a page, 1 to 2,000, 100 unless told. */
export const limitParameter = z.string()
  .refine((text) => /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= PAGE_LIMIT, {
    error: (issue) => `limit must be a whole number from 1 to ${PAGE_LIMIT}, not ${seen(issue.input)}`,
  })
  .meta({ type: "integer", minimum: 1, maximum: PAGE_LIMIT, description: "Items of a page, 100 unless told" })
  .transform(Number).default(100);

/** `cursor`: the `next` of the page before. */
const cursorParameter = z.string().min(1, "cursor must not be empty")
  .max(4096, "cursor must have at most 4096 characters").describe("The `next` of the page before").optional();

/** A time: ISO 8601 with a zone, or epoch milliseconds. */
const timeParameter = z.string().meta({
  description: "ISO 8601 with a zone (2026-01-31T12:00:00Z), or epoch milliseconds",
}).transform((text, context) => {
  const time = parseTime(/^\d+$/.test(text) ? Number(text) : text);
  if (Number.isNaN(time)) {
    const message = `must be ISO 8601 with a zone (2026-01-31T12:00:00Z) or epoch milliseconds, not ${seen(text)}`;
    context.addIssue({ code: "custom", message });
  }
  return time;
});

/** `from` (inclusive) and `to` (exclusive). */
export const periodParameters = { from: timeParameter.optional(), to: timeParameter.optional() };

/** `limit` and `cursor`. */
export const pageParameters = { limit: limitParameter, cursor: cursorParameter };

/** A name to filter by: a sensor, a type or a location, 1 to 128 characters. */
export const nameParameter = z.string().refine((text) => text.length >= 1 && text.length <= 128, {
  error: "must have 1 to 128 characters",
}).meta({ minLength: 1, maxLength: 128 }).optional();

/** A whole number from `least` to `greatest`, spelt in digits. */
export function integerParameter(least: number, greatest: number) {
  return z.string().refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= greatest, {
    error: (issue) => `must be a whole number from ${least} to ${greatest}, not ${seen(issue.input)}`,
  }).meta({ type: "integer", minimum: least, maximum: greatest }).transform(Number);
}

/**
 * Reads the query of a request.
 *
 * @throws {Problem} 400, naming each parameter that is unknown (and those that are allowed), doubled or wrong
 */
export function readQuery<Shape extends z.ZodRawShape>(c: Context, schema: z.ZodObject<Shape>): z.output<
  z.ZodObject<Shape>
> {
  const allowed = Object.keys(schema.shape);
  const errors: { field: string; message: string }[] = [];
  const values: Record<string, string> = {};
  for (const [name, given] of Object.entries(c.req.queries())) {
    if (!allowed.includes(name)) {
      const list = allowed.length === 0 ? "none is allowed here" : `allowed are ${allowed.join(", ")}`;
      errors.push({ field: name.slice(0, 64), message: `unknown query parameter; ${list}` });
    } else if (given.length > 1) errors.push({ field: name, message: `${name} must be given once` });
    else values[name] = given[0];
  }
  const result = schema.safeParse(values);
  if (!result.success) errors.push(...fieldErrors(result.error));
  if (errors.length > 0 || !result.success) throw new Problem(400, "The query is not valid.", { errors });
  return result.data;
}

function seen(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 40));
}
