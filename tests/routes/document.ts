/**
 * The API against its own document: finds an answer's schema, and says what does not fit.
 *
 * @module
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { OpenApiDocument } from "../../routes/openapi.ts";

/** A part of the document. */
export type Part = Readonly<Record<string, unknown>>;

/** Says in a sentence what does not fit the document, or nothing. */
export type Judge = (method: string, path: string, response: Response) => Promise<string | undefined>;

/**
 * A judge of answers.
 *
 * Stricter than the document in one thing: where an object's fields are listed, no other one may come, so that a field
 * which nobody has described is found.
 */
export function judgeOf(document: OpenApiDocument): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  // The package is CommonJS: under Deno its default export is the function, its types say a module.
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema(closed(document) as Part, "api");
  const operations = Object.keys(document.paths).map((path) => ({ path, pattern: patternOf(path) }));
  return async (method, path, response) => {
    const found = operations.filter(({ pattern }) => pattern.test(path)).sort((a, b) => rank(a.path) - rank(b.path))[0];
    const operation = found && document.paths[found.path][method.toLowerCase()];
    const what = `${method} ${path} ${response.status}`;
    const isStream = response.headers.get("content-type") === "text/event-stream";
    if (isStream) await response.body?.cancel();
    const text = isStream ? "" : await response.text();
    if (operation === undefined) {
      return [404, 405].includes(response.status) ? undefined : `${what}: there is no such operation`;
    }
    const answer = (operation.responses as Readonly<Record<string, Part>>)[response.status];
    if (answer === undefined) return `${what} is not documented: ${text.slice(0, 200)}`;
    const type = (response.headers.get("content-type") ?? "").split(";")[0], content = answer.content as Part;
    if (content === undefined) return text === "" ? undefined : `${what} has a body that is not documented`;
    if (!Object.hasOwn(content, type)) return `${what}: ${type} is not documented`;
    if (!type.endsWith("json") || type.endsWith("ndjson")) return undefined;
    const at = ["paths", found.path, method.toLowerCase(), "responses", response.status, "content", type, "schema"];
    const validate = ajv.getSchema(`api#/${at.map((key) => encodeURIComponent(pointer(String(key)))).join("/")}`);
    if (validate === undefined) return `${what}: there is no schema`;
    return validate(JSON.parse(text))
      ? undefined
      : `${what}: ${ajv.errorsText(validate.errors)} in ${text.slice(0, 300)}`;
  };
}

function pointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A path with fewer names in it comes first: `/alerts/stream` is no alert. */
function rank(path: string): number {
  return path.split("{").length;
}

function patternOf(path: string): RegExp {
  const literal = path.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/\{\w+\}/g, "[^/]+")}$`);
}

/** The document with every object closed whose fields are listed. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(part)) copy[key] = closed(value);
  const isObject = copy.type === "object" && typeof copy.properties === "object";
  // Schemas that others are joined to with `$ref` beside `properties` do not occur here: zod writes them out.
  return isObject && copy.additionalProperties === undefined ? { ...copy, additionalProperties: false } : copy;
}
