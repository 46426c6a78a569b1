/**
 * What each column of a file is for, as a mapping has it.
 *
 * @module
 */
import { SourceError } from "../actors/ports.ts";
import type { Mapping } from "./mapping.ts";

/** What a column is for. */
export type Role =
  | "sensor"
  | "time"
  | "clock"
  | "index"
  | "channel"
  | "longChannel"
  | "longValue"
  | "type"
  | "location"
  | "comment"
  | "label"
  | "attribute"
  | "byType" // of JSON: a number is a channel, anything else an attribute
  | "ignore";

/** One column of a file under a mapping. */
export interface Column {
  readonly field: string;
  readonly role: Role;
  /** Channel or attribute name. */
  readonly name: string;
}

/**
 * The columns of a file in order, each with its part.
 *
 * @throws {SourceError} if the mapping names a column that a CSV file does not have, or one channel twice
 */
export function columnsOf(mapping: Mapping, fields: readonly string[], json: boolean): Column[] {
  const roles = new Map<string, [Role, string]>();
  for (const [name, [role, to]] of namedRoles(mapping)) roles.set(name, [role, to]);
  for (const name of mapping.ignore) roles.set(name, ["ignore", name]);
  const rest: Role = mapping.channels === "numeric" && json && mapping.long === undefined
    ? "byType"
    : mapping.attributes === "rest"
    ? "attribute"
    : "ignore";
  if (!json) requireFields(roles, fields);
  const columns = fields.map((field): Column => {
    const [role, name] = roles.get(field) ?? [field === "" ? "ignore" : rest, field];
    return { field, role, name };
  });
  const channels = columns.filter((column) => column.role === "channel").map((column) => column.name);
  const twice = channels.find((channel, i) => channels.indexOf(channel) !== i);
  if (twice !== undefined) throw new SourceError(`two columns are mapped to the channel ${JSON.stringify(twice)}`);
  return columns;
}

/** The fields that a mapping names, each with its part and name. */
export function namedRoles(mapping: Mapping): [string, [Role, string]][] {
  const { sensor, time, type, location, comment, label, channels, long, attributes } = mapping;
  const named: [string, [Role, string]][] = [];
  const add = (field: unknown, role: Role, name = String(field)) => {
    if (typeof field === "string") named.push([field, [role, name]]);
  };
  if (Array.isArray(attributes)) { for (const field of attributes) add(field, "attribute"); }
  if (long !== undefined) {
    add(long.channel, "longChannel");
    add(long.value, "longValue");
  } else if (Array.isArray(channels)) { for (const field of channels) add(field, "channel"); }
  else if (typeof channels === "object") {
    for (const [field, name] of Object.entries(channels)) add(field, "channel", name);
  }
  add(typeof sensor === "object" && "field" in sensor ? sensor.field : sensor, "sensor");
  if ("start" in time) add(time.index, "index");
  else if (typeof time.field === "string") add(time.field, "time");
  else {
    add(time.field[0], "time");
    add(time.field[1], "clock");
  }
  add(type, "type");
  add(location, "location");
  add(comment, "comment");
  add(label, "label");
  return named;
}

function requireFields(roles: ReadonlyMap<string, [Role, string]>, fields: readonly string[]): void {
  for (const [field, [role]] of roles) {
    if (fields.includes(field) || role === "ignore") continue;
    throw new SourceError(
      `the mapping wants a column ${JSON.stringify(field)}; the file has ${
        fields.slice(0, 20).map((f) => JSON.stringify(f)).join(", ")
      }`,
    );
  }
}
