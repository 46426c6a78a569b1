/**
 * Requests made from the document: mostly as it says, sometimes not.
 *
 * @module
 */
import fc from "fast-check";
import type { OpenApiDocument } from "../../routes/openapi.ts";
import type { Part } from "./document.ts";

/** A request to be sent. */
export interface Asked {
  readonly method: string;
  /** The path as the document has it. */
  readonly operation: string;
  /** With its query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Texts that have broken programs before. */
const NASTY = [
  "",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "a\u0000b",
  "%zz",
  "'; --",
  "<script>",
  "\r\nx: y",
  "9e99",
];
/** Forms of answers, those of listings among them. */
const ACCEPTED = [
  "application/json",
  "text/csv",
  "application/x-ndjson",
  "application/vnd.apache.parquet",
  "text/html",
];
/** Names that the fakes know. */
const KNOWN = ["a", "a/b ü%2F", "parts", "room a/b", "1", "http-0:0:a:limit:temperature"];

const text = fc.oneof(fc.constantFrom(...KNOWN), fc.constantFrom(...NASTY), fc.string({ maxLength: 12 }));

/** Any request for any operation of the document. */
export function requestsOf(document: OpenApiDocument): fc.Arbitrary<Asked> {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => requestOf(document, path, method.toUpperCase(), operation))
  );
  return fc.oneof(...operations);
}

function requestOf(document: OpenApiDocument, path: string, method: string, operation: Part): fc.Arbitrary<Asked> {
  const parameters = (operation.parameters ?? []) as readonly Part[];
  const names = (where: string) => parameters.filter((one) => one.in === where);
  const queries = names("query").map(({ name, schema }) =>
    fc.option(valueText(document, schema as Part).map((value) => [String(name), value] as const), { freq: 2 })
  );
  const stray = fc.option(fc.constant(["stray", "1"] as const), { freq: 20 });
  const content = (operation.requestBody as Part | undefined)?.content as Readonly<Record<string, Part>> | undefined;
  return fc.record({
    params: fc.tuple(...names("path").map(() => text)),
    query: fc.tuple(...queries, stray),
    body: content === undefined ? fc.constant(undefined) : bodyOf(document, content),
    accept: fc.constantFrom(undefined, undefined, ...ACCEPTED),
    headers: fc.tuple(...names("header").map(({ name }) => fc.tuple(fc.constant(String(name)), headerText))),
  }).map(({ params, query, body, headers, accept }) => {
    let at = 0;
    const filled = path.replace(/\{\w+\}/g, () => encodeURIComponent(params[at++]) || "-");
    const search = new URLSearchParams(query.filter((one) => one !== null).map(([name, value]) => [name, value]));
    const own = Object.fromEntries(headers.filter(([, value]) => value !== ""));
    return {
      method,
      operation: path,
      target: search.size === 0 ? filled : `${filled}?${search}`,
      headers: {
        ...own,
        ...(accept === undefined ? {} : { accept }),
        ...(body === undefined ? {} : { "content-type": body.type }),
      },
      body: body?.text,
    };
  });
}

const headerText = fc.oneof(fc.constant(""), fc.stringMatching(/^[!-~]{1,20}$/));

function valueText(document: OpenApiDocument, schema: Part): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: valueOf(document, schema).map((value) => typeof value === "string" ? value : `${value}`) },
    { weight: 1, arbitrary: text },
  ).map((value) => value.replace(/\p{Surrogate}/gu, "?"));
}

function bodyOf(document: OpenApiDocument, content: Readonly<Record<string, Part>>) {
  return fc.oneof(
    ...Object.entries(content).map(([type, { schema }]) => {
      const whole = valueOf(document, (schema ?? {}) as Part).map((value) =>
        type.endsWith("ndjson") || typeof value === "string" ? `${value}` : JSON.stringify(value)
      );
      const lines = fc.array(fc.json({ maxDepth: 2 }), { maxLength: 3 }).map((some) => some.join("\n"));
      return fc.oneof(
        { weight: 4, arbitrary: fc.record({ type: fc.constant(type), text: whole }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant(type), text: lines }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constantFrom(type, "text/plain", ""), text }) },
      );
    }),
  );
}

/** So deep are values as their schema has them; it may refer to itself. */
const DEPTH = 6;

/** A value as a schema has it; now and then another one in its place. */
function valueOf(document: OpenApiDocument, schema: Part, depth = 0): fc.Arbitrary<unknown> {
  const inner = (part: unknown) => valueOf(document, part as Part, depth + 1);
  const wild = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom<unknown>(...NASTY, -0, 1e300, 2 ** 53));
  const usual = (): fc.Arbitrary<unknown> => {
    if (depth > DEPTH) return fc.jsonValue({ maxDepth: 1 });
    if (typeof schema.$ref === "string") {
      return inner(document.components.schemas[schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1)]);
    }
    const choices = (schema.anyOf ?? schema.oneOf) as readonly Part[] | undefined;
    if (choices) return fc.oneof(...choices.map(inner));
    if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
    if (schema.const !== undefined) return fc.constant(schema.const);
    const [type] = [schema.type].flat();
    if (type === "array") return fc.array(inner(schema.items ?? {}), { maxLength: 3 });
    if (type === "object") return objectOf(schema, inner);
    if (type === "integer") return fc.integer({ min: least(schema), max: most(schema) });
    if (type === "number") return fc.double({ min: least(schema), max: most(schema), noNaN: true });
    if (type === "boolean") return fc.boolean();
    if (type === "null") return fc.constant(null);
    if (type !== "string") return fc.jsonValue({ maxDepth: 2 });
    return fc.oneof(text, fc.date({ noInvalidDate: true }).map((date) => date.toISOString()));
  };
  return fc.oneof({ weight: 12, arbitrary: usual() }, { weight: 1, arbitrary: wild });
}

function least({ minimum }: Part): number {
  return Math.max(-1e9, Number(minimum ?? -1e9));
}

function most({ maximum }: Part): number {
  return Math.min(1e9, Number(maximum ?? 1e9));
}

function objectOf(schema: Part, inner: (part: unknown) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Part>>);
  if (properties.length === 0) {
    const keys = fc.constantFrom("temperature", "humidity", "sound_volume", "t", "__proto__");
    return fc.dictionary(keys, inner(schema.additionalProperties ?? {}), { maxKeys: 4 });
  }
  const shape = Object.fromEntries(properties.map(([name, part]) => [name, inner(part)]));
  return fc.record(shape, { requiredKeys: (schema.required ?? []) as string[] });
}
