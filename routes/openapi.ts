/**
 * The OpenAPI 3.1 document, made from the zod schemas that the routes validate with.
 *
 * A route's file describes each of its endpoints as an {@linkcode Operation}; `openapi/list.ts` joins them. What holds
 * everywhere (problems, the scope that a key needs) is added here, so that no operation can forget it.
 *
 * @module
 */
import { z } from "zod";
import type { Scope } from "../actors/keys.ts";
import { scopeOf } from "./auth/scopes.ts";
import { isTagged } from "./etag.ts";
import { LISTING_TYPES } from "./formats.ts";
import { isListing } from "./openapi/parts.ts";
import { components, problemSchema, v2ErrorSchema } from "./openapi/schemas.ts";

/** What one media type holds: a schema, or bytes or text without one. */
export type Content = z.ZodType | "text" | "binary";

/** One answer of an operation. */
export interface Answer {
  readonly description: string;
  /** By media type; absent: no body. */
  readonly content?: Readonly<Record<string, Content>>;
}

/** One endpoint: what it is for, what it takes and what it answers. */
export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** In the spelling of OpenAPI: `/sensors/{sensor}`. */
  readonly path: string;
  /** Its group on the reference page. */
  readonly tag: string;
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Paragraphs for a person. */
  readonly description?: string;
  /** Names in the path, as texts. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** By media type. */
  readonly body?: Readonly<Record<string, Content>>;
  /** Whether the body may be left out; default no. */
  readonly bodyOptional?: boolean;
  /** What it answers when it does what it was asked, by status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of problems beyond those that every such operation has. */
  readonly problems?: readonly number[];
  /** Whether errors have the V2 protocol's own form. */
  readonly v2?: boolean;
}

/** A JSON value. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object under construction. */
type JsonObject = { [key: string]: Json };

/** The document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  /** By path and method. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonObject>>; readonly securitySchemes: JsonObject };
}

const PROBLEMS: Readonly<Record<number, string>> = {
  400: "What was sent is not valid; `errors` names each field.",
  401: "A key is needed.",
  403: "The key may not do this, or the request comes from elsewhere.",
  404: "There is no such thing.",
  405: "The path does not know the method.",
  408: "The body came too slowly.",
  409: "It is against the present state.",
  413: "The body is too long.",
  415: "The body is of a kind that is not taken.",
  412: "It is at another version by now.",
  428: "`If-Match` is missing.",
  422: "It was sent before with another content, or does not fit what it is for.",
  429: "Too many requests; `Retry-After` says when to come again.",
  500: "Something went wrong inside; it was logged.",
  503: "Not now; `Retry-After` says when to come again.",
  504: "The node that runs the sensor has not answered; it may be carried out yet.",
  507: "What may be stored is used up.",
};

/** To who has it already. */
export const UNCHANGED: Answer = { description: "It has not changed since the ETag that was sent." };

const REF = "#/components/schemas/";

/** Makes the document. The same operations make the same document, byte for byte. */
export function openApiDocument(operations: readonly Operation[], version: string): OpenApiDocument {
  const schemas = new Schemas();
  const writes = operations.map((operation) => ({ operation, write: prepare(operation, schemas) }));
  schemas.convert();
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const { operation: { path, method }, write } of writes) {
    (paths[path] ??= {})[method] = write();
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sensorium",
      version,
      description: "Watches sensors, and says when something goes wrong, why, and whether to believe it. Times are " +
        "ISO 8601 in UTC; listings have `items` and, where there is more, `next` for the parameter `cursor`.",
    },
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { schemas: schemas.named(), securitySchemes: SECURITY },
  };
}

const SECURITY: JsonObject = {
  key: {
    type: "http",
    scheme: "bearer",
    description:
      "A key made by `deno task keys create`. On this machine's own address none is needed, but for `admin`.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "sensorium_session",
    description: "The session of a browser that has logged in with a key.",
  },
};

/** Schemas that wait to be converted together, so that they share their named parts. */
class Schemas {
  private readonly registry = z.registry<{ id: string }>();
  private readonly ids = new Map<z.ZodType, string>();
  private converted: Record<string, JsonObject> = {};
  private readonly shared: Record<string, JsonObject> = {};

  constructor() {
    for (const [id, schema] of Object.entries(components)) this.put(schema, id);
  }

  /** Takes a schema; what is returned gives its JSON Schema after {@linkcode convert}. */
  take(schema: z.ZodType): () => JsonObject {
    const id = this.ids.get(schema) ?? this.put(schema, `inline:${this.ids.size}`);
    return () => id.startsWith("inline:") ? this.of(id) : { $ref: REF + id };
  }

  convert(): void {
    const { schemas } = z.toJSONSchema(this.registry, { uri: (id) => REF + id, io: "input", unrepresentable: "any" });
    // What refers to itself comes out below `__shared`: it becomes a named part like any other.
    const text = JSON.stringify(schemas).replaceAll(`${REF}__shared#/$defs/schema`, `${REF}Shared`);
    const { __shared, ...converted } = JSON.parse(text);
    this.converted = converted;
    for (const [name, schema] of Object.entries<JsonObject>(__shared?.$defs ?? {})) {
      this.shared[name.replace("schema", "Shared")] = schema;
    }
  }

  named(): Record<string, JsonObject> {
    return { ...Object.fromEntries(Object.keys(components).map((id) => [id, this.of(id)])), ...this.shared };
  }

  private of(id: string): JsonObject {
    const { $schema: _, $id: _id, ...schema } = this.converted[id];
    return this.inlined(schema) as JsonObject;
  }

  /** With every reference to a part that has no name replaced by that part: it is used here and there. */
  private inlined(json: Json): Json {
    if (Array.isArray(json)) return json.map((one) => this.inlined(one));
    if (typeof json !== "object" || json === null) return json;
    const { $ref, ...rest } = json as JsonObject;
    const isInline = typeof $ref === "string" && $ref.startsWith(`${REF}inline:`);
    if (isInline) return { ...this.of($ref.slice(REF.length)), ...rest };
    return Object.fromEntries(Object.entries(json).map(([key, one]) => [key, this.inlined(one)]));
  }

  private put(schema: z.ZodType, id: string): string {
    this.registry.add(schema, { id });
    this.ids.set(schema, id);
    return id;
  }
}

function prepare(operation: Operation, schemas: Schemas): () => JsonObject {
  const { method, path, tag, summary, description, body } = operation;
  const parameters = parametersOf(operation, schemas);
  const request = body === undefined ? undefined : contentOf(body, schemas);
  const answers = answersOf(operation, schemas), scope = scopeOf(method.toUpperCase(), path);
  return () => ({
    operationId: operationId(operation),
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters: parameters.map((write) => write()) }),
    ...(request === undefined
      ? {}
      : { requestBody: { required: operation.bodyOptional !== true, content: request() } }),
    responses: answers(),
    security: securityOf(scope),
    ...(scope === undefined ? {} : { "x-scope": scope }),
  });
}

function securityOf(scope: Scope | undefined): Json {
  return scope === undefined ? [] : [{ key: [] }, { session: [] }];
}

/** `GET /sensors/{sensor}/readings` is `get_sensors_sensor_readings`. */
function operationId({ method, path }: Operation): string {
  return `${method}${path.replace(/[^A-Za-z0-9]+/g, "_")}`.replace(/_+$/, "");
}

function parametersOf({ params = {}, query, headers }: Operation, schemas: Schemas): (() => JsonObject)[] {
  const inPath = Object.entries(params).map(([name, description]) => () => ({
    name,
    in: "path",
    required: true,
    description,
    schema: { type: "string" },
  }));
  const others = [["query", query], ["header", headers]] as const;
  return [
    ...inPath,
    ...others.flatMap(([where, object]) =>
      Object.entries<z.ZodType>(object?.shape ?? {}).map(([name, schema]) => {
        const written = schemas.take(schema), required = !schema.safeParse(undefined).success;
        return () => {
          const { description, ...json } = written();
          return { name, in: where, required, ...(description === undefined ? {} : { description }), schema: json };
        };
      })
    ),
  ];
}

function answersOf(operation: Operation, schemas: Schemas): () => JsonObject {
  const { v2, method, path } = operation;
  const unchanged: Operation["answers"] = method === "get" && isTagged(path) ? { 304: UNCHANGED } : {};
  const answers = { ...unchanged, ...operation.answers };
  const good = Object.entries(answers).map(([status, { description, content }]) => {
    const write = content === undefined ? undefined : contentOf(content, schemas);
    return () => [status, { description, ...(write === undefined ? {} : { content: write() }) }] as const;
  });
  const error = schemas.take(v2 ? v2ErrorSchema : problemSchema), problem = schemas.take(problemSchema);
  const bad = problemsOf(operation).filter((status) => answers[status] === undefined).map((status) => () => {
    // Who is refused before the protocol's own routes gets a problem, whatever the path.
    const content = v2 && ![401, 403, 429].includes(status)
      ? { "application/json": { schema: error() } }
      : { "application/problem+json": { schema: problem() } };
    return [String(status), { description: PROBLEMS[status] ?? "A problem.", content }] as const;
  });
  return () => Object.fromEntries([...good, ...bad].map((write) => write()).sort(([a], [b]) => Number(a) - Number(b)));
}

/** Statuses of problems that an operation can answer with. */
function problemsOf({ params, query, body, problems = [] }: Operation): number[] {
  const some = new Set([401, 403, 429, 500, 503, ...problems]);
  if (query !== undefined || body !== undefined) some.add(400);
  if (params !== undefined) some.add(404);
  if (body !== undefined) { for (const status of [408, 413, 415]) some.add(status); }
  return [...some];
}

function contentOf(content: Readonly<Record<string, Content>>, schemas: Schemas): () => JsonObject {
  const writes = Object.entries(content).map(([type, what]) => {
    if (what === "text") return () => [type, { schema: { type: "string" } }] as const;
    if (what === "binary") return () => [type, {}] as const;
    const schema = schemas.take(what);
    return () => [type, { schema: schema() }] as const;
  });
  const lists = Object.values(content).some((what) => typeof what !== "string" && isListing(what));
  const others = !lists ? [] : LISTING_TYPES.map((type) => {
    return [type, type.endsWith("parquet") ? {} : { schema: { type: "string" } }] as const;
  });
  return () => Object.fromEntries([...writes.map((write) => write()), ...others]);
}
