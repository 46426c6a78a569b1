/**
 * Items with named numbers, as `POST /predict` takes them: judged field by field, and laid out as rows.
 *
 * @module
 */
import type { ModelInput } from "../actors/served_model.ts";
import { Problem, type ProblemError } from "./problem.ts";

/** Items of one request. */
const ITEMS_MOST = 10_000;
/** Errors that one answer holds. */
const ERRORS_MOST = 100;

/** What was sent, as rows. */
export interface Items {
  readonly rows: Float64Array;
  readonly count: number;
  /** Whether an array was sent: then the answer is one. */
  readonly many: boolean;
}

/**
 * Lays out what was sent.
 *
 * @param body as `JSON.parse` gave it: one item or an array of them
 * @throws {Problem} 400 that names each field, what was seen and what is allowed; `line` is the item's number from 1
 */
export function readItems(body: unknown, inputs: readonly ModelInput[]): Items {
  const many = Array.isArray(body), items: readonly unknown[] = many ? body : [body];
  if (items.length < 1 || items.length > ITEMS_MOST) {
    throw refused([{ field: "", message: `the body must hold 1 to ${ITEMS_MOST} items, not ${items.length}` }]);
  }
  const rows = new Float64Array(items.length * inputs.length), errors: ProblemError[] = [];
  items.forEach((item, number) => {
    if (fill(rows, number * inputs.length, item, inputs) || errors.length >= ERRORS_MOST) return;
    const line = many ? { line: number + 1 } : {};
    for (const error of errorsOf(item, inputs)) if (errors.length < ERRORS_MOST) errors.push({ ...line, ...error });
  });
  if (errors.length > 0) throw refused(errors);
  return { rows, count: items.length, many };
}

function refused(errors: readonly ProblemError[]): Problem {
  return new Problem(400, "The items are not valid.", { errors });
}

/** Writes an item that is in order; false for any other. */
function fill(rows: Float64Array, at: number, item: unknown, inputs: readonly ModelInput[]): boolean {
  if (!isObject(item)) return false;
  for (let i = 0; i < inputs.length; i++) {
    const { name, low, high } = inputs[i], value = Object.hasOwn(item, name) ? item[name] : undefined;
    if (!(typeof value === "number" && value >= low && value <= high)) return false;
    rows[at + i] = value;
  }
  let fields = 0;
  for (const _ in item) fields++;
  return fields === inputs.length;
}

function errorsOf(item: unknown, inputs: readonly ModelInput[]): ProblemError[] {
  const names = inputs.map(({ name }) => name), all = names.join(", ");
  if (!isObject(item)) return [{ field: "", message: `an item must be an object with ${all}, not ${seen(item)}` }];
  const errors: ProblemError[] = [];
  for (const { name, low, high } of inputs) {
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    if (value === undefined) errors.push({ field: name, message: `${name} is missing` });
    else if (typeof value !== "number") {
      errors.push({ field: name, message: `${name} must be a number, not ${seen(value)}` });
    } else if (!(value >= low && value <= high)) {
      errors.push({ field: name, message: `${name} must be from ${low} to ${high}, not ${value}` });
    }
  }
  for (const field of Object.keys(item)) {
    if (!names.includes(field)) {
      errors.push({ field: field.slice(0, 64), message: `unknown field; the model takes ${all}` });
    }
  }
  return errors;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What was seen, short enough for an error. */
export function seen(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
