/**
 * What schemas of answers are made with.
 *
 * Each is checked by the compiler against the view that a route writes ({@linkcode documents}): a view with another
 * shape than its schema says does not compile.
 *
 * @module
 */
import { z } from "zod";
import type { Answer, Content } from "../openapi.ts";

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

/** Takes a schema for everything that a `T` can be; any other does not compile. Costs nothing at run time. */
export function documents<T>(): <S extends z.ZodType>(schema: Mutable<T> extends z.input<S> ? S : never) => S {
  return (schema) => schema;
}

/** A time as answers have it. */
export const timeSchema = z.iso.datetime().describe("ISO 8601 in UTC");
/** A count as answers have it. */
export const countSchema = z.number().int().min(0);

/** Whether an answer is a listing, which is had in other forms, too: an object with `items`, which are objects. */
export function isListing(schema: z.ZodType): boolean {
  const items: unknown = schema instanceof z.ZodObject ? schema.shape.items : undefined;
  return items instanceof z.ZodArray && !(items.element instanceof z.ZodString);
}

/** A page of a listing. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().optional().describe("For `cursor`; absent on the last page"),
  });
}

/** All there are of something, at once. */
export function itemsOf(item: z.ZodType) {
  return z.object({ items: z.array(item) });
}

/** An answer of JSON. */
export function json(description: string, schema: Content): Answer {
  return { description, content: { "application/json": schema } };
}
