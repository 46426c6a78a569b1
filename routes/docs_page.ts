/**
 * `GET /openapi.json` and `GET /docs`, the same document to read: HTML without a script, its style sheet beside it.
 *
 * Both are made at the first request and carry an ETag.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { html, raw } from "hono/html";
import type { AppDeps } from "./deps.ts";
import { DOCS_STYLE } from "./docs_style.ts";
import { etagOf, isKnown } from "./etag.ts";
import { type OpenApiDocument, openApiDocument } from "./openapi.ts";
import { OPERATIONS } from "./openapi/list.ts";
import { onlyMethods } from "./problem.ts";

/** What the page may do: be read with its style sheet. */
const POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Schema = Readonly<Record<string, unknown>>;
type Markup = ReturnType<typeof html>;

interface File {
  readonly text: string;
  readonly type: string;
  readonly etag: string;
}

/** The routes of the document. */
export function docs(deps: AppDeps): Hono {
  const app = new Hono(), made = new Map<string, Promise<File>>();
  const document = () => openApiDocument(OPERATIONS, deps.version);
  const files: Readonly<Record<string, readonly [type: string, make: () => string | Promise<string>]>> = {
    "/openapi.json": ["application/json", () => JSON.stringify(document())],
    "/docs": ["text/html; charset=utf-8", () => page(document())],
    "/docs/style.css": ["text/css; charset=utf-8", () => DOCS_STYLE],
  };
  for (const [path, [type, make]] of Object.entries(files)) {
    app.get(path, async (c) => {
      let file = made.get(path);
      if (file === undefined) made.set(path, file = fileOf(type, make()));
      return answer(c, await file);
    });
    onlyMethods(app, path, ["GET"]);
  }
  return app;
}

async function fileOf(type: string, made: string | Promise<string>): Promise<File> {
  const text = await made;
  return { text, type, etag: etagOf(text) };
}

function answer(c: Context, { text, type, etag }: File): Response {
  c.header("etag", etag);
  c.header("cache-control", "no-cache");
  if (type.startsWith("text/html")) c.header("content-security-policy", POLICY);
  if (isKnown(c, etag)) return c.body(null, 304);
  return c.body(text, 200, { "content-type": type });
}

/** The whole page. Everything that is not markup is escaped by `html`. */
async function page({ info, tags, paths, components }: OpenApiDocument): Promise<string> {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as Schema }))
  );
  const ofTag = (tag: string) => operations.filter(({ operation }) => asTexts(operation.tags).includes(tag));
  return String(
    await html`
      <!doctype html>
      <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${info.title} API</title>
        <link rel="stylesheet" href="/docs/style.css">
        <header>
          <h1>${info.title} API ${info.version}</h1>
          <p>${prose(info.description)}</p>
          <p>The same for programs: <a href="/openapi.json">OpenAPI 3.1</a>. Where a key is needed:
      <code>Authorization: Bearer KEY</code>.</p>
        </header>
        <nav aria-label="Groups">${tags.map(({ name }) =>
          html`
            <a href="#${slug(name)}">${name}</a>
          `
        )}
      <a href="#shapes">Shapes</a></nav>
        <main>
      ${tags.map(({ name }) =>
        html`<section id="${slug(name)}"><h2>${name}</h2>${
          ofTag(name).map(({ path, method, operation }) => operationOf(path, method, operation))
        }</section>`
      )}
      <section id="shapes"><h2>Shapes</h2>
      ${Object.entries(components.schemas).map(([name, schema]) =>
        html`<article id="shape-${name}"><h3>${name}</h3>${shapeOf(schema)}</article>`
      )}
      </section></main>
      </html>
    `,
  );
}

function operationOf(path: string, method: string, operation: Schema): Markup {
  const parameters = (operation.parameters ?? []) as readonly Schema[];
  const body = (operation.requestBody as Schema | undefined)?.content as Readonly<Record<string, Schema>> | undefined;
  const responses = operation.responses as Readonly<Record<string, Schema>>;
  const scope = operation["x-scope"];
  return html`<article id="${String(operation.operationId)}">
<h3><span class="method">${method.toUpperCase()}</span> <code>${path}</code></h3>
<p>${prose(operation.summary)}.${
    scope === undefined ? "" : html`
      <span class="scope">scope ${scope}</span>
    `
  }</p>
${operation.description === undefined ? "" : html`<p>${prose(operation.description)}</p>`}
${
    parameters.length === 0 ? "" : html`
      <table>
        <caption>Parameters</caption>
        <tr>
          <th scope="col">Name<th scope="col">In<th scope="col">Takes<th scope="col">For</tr>
      ${parameters.map(({ name, in: where, required, schema, description }) =>
        html`
          <tr>
            <td><code>${name}</code>${required ? " (required)" : ""}<td>${where}<td>${typeOf(
              schema as Schema,
            )}<td>${prose(description ?? "")}</tr>
        `
      )}</table>
    `
  }
${
    body === undefined
      ? ""
      : Object.entries(body).map(([type, { schema }]) =>
        html`<h4>Body <code>${type}</code></h4>${shapeOf(schema as Schema | undefined)}`
      )
  }
<table><caption>Answers</caption><tr><th scope="col">Status<th scope="col">When<th scope="col">Holds</tr>
${
    Object.entries(responses).map(([status, { description, content }]) =>
      html`
        <tr>
          <td>${status}<td>${prose(description)}<td>${Object.entries((content ?? {}) as Record<string, Schema>).map((
            [type, { schema }],
          ) =>
            html`
              <code>${type}</code> ${typeOf(schema as Schema | undefined)}
            `
          )}</tr>
      `
    )
  }</table></article>`;
}

/** An object as a table of its fields; anything else in a line. */
function shapeOf(schema: Schema | undefined): Markup {
  const fields = schema?.properties as Readonly<Record<string, Schema>> | undefined;
  if (fields === undefined) return html`<p>${typeOf(schema)}</p>`;
  const required = asTexts(schema?.required);
  return html`
    <table>
      <tr>
        <th scope="col">Field<th scope="col">Holds<th scope="col">For</tr>${Object.entries(fields).map((
          [name, field],
        ) =>
          html`
            <tr>
              <td><code>${name}</code>${required.includes(name) ? "" : " (optional)"}<td>${typeOf(field)}<td>${String(
                field.description ?? "",
              )}</tr>
          `
        )}</table>
  `;
}

/** A schema in a few words. */
function typeOf(schema: Schema | undefined): Markup {
  if (schema === undefined) return html`bytes`;
  if (typeof schema.$ref === "string") {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    return html`<a href="#shape-${name}">${name}</a>`;
  }
  if (Array.isArray(schema.enum)) return html`${schema.enum.join(", ")}`;
  if (schema.const !== undefined) return html`${JSON.stringify(schema.const)}`;
  const choices = (schema.anyOf ?? schema.oneOf) as readonly Schema[] | undefined;
  if (choices !== undefined) return html`${choices.map((one, at) => html`${at === 0 ? "" : " or "}${typeOf(one)}`)}`;
  if (schema.items && typeof schema.items === "object") return html`array of ${typeOf(schema.items as Schema)}`;
  if (schema.properties !== undefined) return html`{ ${Object.keys(schema.properties as Schema).join(", ")} }`;
  if (schema.additionalProperties && typeof schema.additionalProperties === "object") {
    return html`object of ${typeOf(schema.additionalProperties as Schema)}`;
  }
  return html`${[schema.type ?? "anything"].flat().join(" or ")}${raw(rangeOf(schema))}`;
}

function rangeOf({ minimum, maximum, minLength, maxLength }: Schema): string {
  const least = Number(minimum ?? minLength ?? NaN), most = Number(maximum ?? maxLength ?? NaN);
  const what = minLength === undefined && maxLength === undefined ? "" : " characters";
  const isWide = Math.abs(most) >= Number.MAX_SAFE_INTEGER;
  if (Number.isNaN(least)) return Number.isNaN(most) || isWide ? "" : `, at most ${most}${what}`;
  return Number.isNaN(most) || isWide ? `, from ${least}${what}` : `, ${least} to ${most}${what}`;
}

/** A text in which what stands between two backticks is code. */
function prose(text: unknown): Markup {
  return html`${String(text).split("`").map((part, at) => at % 2 === 0 ? part : html`<code>${part}</code>`)}`;
}

function asTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function slug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
