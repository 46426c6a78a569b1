/**
 * MongoDB's schemas as plain JSON schema, as `docs/schemas/` has them.
 *
 * @module
 */
import type { BsonSchema } from "../../../sinks/mongodb/schemas.ts";

const TYPES: Readonly<Record<string, string>> = { bool: "boolean", date: "string", double: "number" };

/** The schema of a collection, with what a reader needs to use it. */
export function jsonSchemaOf(name: string, schema: BsonSchema): Record<string, unknown> {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: name, ...plain(schema) };
}

function plain({ bsonType, properties, items, additionalProperties, ...rest }: BsonSchema): Record<string, unknown> {
  const given = typeof bsonType === "string" ? [bsonType] : bsonType;
  const types = [...new Set(given.filter((one) => one !== "int" && one !== "long").map((one) => TYPES[one] ?? one))];
  return {
    ...rest,
    type: types.length === 1 ? types[0] : types,
    ...(given.includes("date") ? { format: "date-time" } : {}),
    ...(properties === undefined ? {} : {
      properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, plain(one)])),
    }),
    ...(items === undefined ? {} : { items: plain(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: plain(additionalProperties) }),
  };
}
