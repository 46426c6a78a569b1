import fc from "fast-check";
import { makeApp } from "../../routes/app.ts";
import { SCOPES } from "../../actors/keys.ts";
import { openApiDocument } from "../../routes/openapi.ts";
import { OPERATIONS } from "../../routes/openapi/list.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { scaled, TOKEN, wholeDeps } from "./api_fakes.ts";
import { EVALUATIONS } from "./learning_fakes.ts";
import { type Asked, requestsOf } from "./requests.ts";
import { judgeOf } from "./document.ts";

const DOCUMENT = openApiDocument(OPERATIONS, "0.0.0-test");
const judge = judgeOf(DOCUMENT);
const authorization = `Bearer ${TOKEN}`;

/** `GET /sensors/{}` for each operation or route. */
function shapeOf(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replace(/\{\w+\}|:\w+/g, "{}")}`;
}

Deno.test("OPERATIONS describes every route that there is, and no other", async () => {
  const app = makeApp(await wholeDeps());
  const routes = app.routes.filter(({ method, path }) => method !== "ALL" && !/^\/(static|vendor)\//.test(path))
    .map(({ method, path }) => shapeOf(method, path));
  const described = OPERATIONS.map(({ method, path }) => shapeOf(method, path));
  const hidden = ["GET /docs/style.css"];
  assertEquals([...new Set(routes)].filter((route) => !hidden.includes(route)).sort(), described.sort());
});

Deno.test("openApiDocument() gives every operation an id of its own, a scope that there is, and its answers", () => {
  const operations = Object.values(DOCUMENT.paths).flatMap((methods) => Object.values(methods));
  assertEquals(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  for (const { "x-scope": scope, security, responses } of operations) {
    assert(scope === undefined ? Array.isArray(security) && security.length === 0 : SCOPES.includes(scope as "read"));
    assert(Object.keys(responses as object).some((status) => status < "400"));
  }
  assertEquals(DOCUMENT.paths["/readings"].post["x-scope"], "ingest");
  assertEquals(DOCUMENT.paths["/models/{name}/pin"].post["x-scope"], "operate");
  assertEquals(DOCUMENT.paths["/admin/stop"].post["x-scope"], "admin");
  assertEquals(JSON.stringify(openApiDocument(OPERATIONS, "1")), JSON.stringify(openApiDocument(OPERATIONS, "1")));
});

/** What each operation is asked, to do what it is for; the rest is asked with {@linkcode NAMES} in its path. */
const BODIES: Readonly<Record<string, unknown>> = {
  "POST /readings": { sensor: "a", time: "2026-01-31T12:00:00Z", values: { t: 1, h: null } },
  "POST /predict": { temperature: 30, humidity: 70, sound_volume: 65 },
  "POST /admin/keys": { name: "gateway", scopes: ["ingest"] },
  "POST /federation/updates": { device: "plc-7", group: "room", round: 1, readings: 9, loss: 0.5, weights: [1, 2] },
  "POST /backtests": { scenario: "facility", hours: 1 },
  "POST /quarantine/{id}/retry": { sensor: "a", time: "2026-01-31T12:00:00Z", values: { t: 1 } },
  "POST /labels": { sensor: "a", time: "2026-01-31T12:00:00Z", label: 1, who: "ann", comment: "hot" },
  "POST /alerts/{id}/comment": { by: "ann", comment: "on my way" },
  "POST /alerts/{id}/label": { label: "false_alarm" },
  "POST /sensors/{sensor}/shelve": { condition: "limit", for_ms: 60_000 },
  "POST /sensors/{sensor}/rename": { name: "Boiler north" },
  "POST /sensors/{sensor}/maintenance": { to: "2026-02-01T00:00:00Z" },
  "POST /webhooks": { name: "hook", url: "https://hooks.example.com/" },
  "POST /models/{name}/pin": { version: 1 },
  "POST /models/{name}/rollback": { version: 1 },
  "POST /v2/models/{model}/infer": { inputs: [{ name: "x", shape: [1, 3], datatype: "FP64", data: [30, 70, 65] }] },
  "POST /v2/models/{model}/versions/{version}/infer": {
    id: "7",
    inputs: [{ name: "x", shape: [1, 3], datatype: "FP64", data: [30, 70, 65] }],
  },
};
const NAMES: Readonly<Record<string, string>> = {
  sensor: "a",
  id: "http-0:0:a:limit:temperature",
  version: "1",
  number: "1",
  evaluation: EVALUATIONS.batch,
};
/** Queries of operations that need one. */
const QUERIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "GET /evaluations/compare": EVALUATIONS,
  "GET /backtests/compare": { a: "a", b: "b" },
};

Deno.test("every endpoint answers as its document says, when it does what it is for", async () => {
  const deps = await wholeDeps(), app = makeApp(deps), reached: string[] = [];
  for (const [path, methods] of Object.entries(DOCUMENT.paths)) {
    for (const name of Object.keys(methods)) {
      const method = name.toUpperCase(), body = BODIES[`${method} ${path}`] ?? (method === "GET" ? undefined : {});
      const target = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(NAMES[name] ?? "parts"));
      const query = new URLSearchParams(QUERIES[`${method} ${path}`]);
      const response = await app.request(query.size === 0 ? target : `${target}?${query}`, {
        method,
        headers: { authorization, "content-type": "application/json", "if-match": "*" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      if (response.status < 300) reached.push(`${method} ${path}`);
      assertEquals(await judge(method, target, response), undefined);
    }
  }
  // What is registered again, or rolled back where there is but one version, is refused as documented.
  const all = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  assertEquals(all.filter((one) => !reached.includes(one)), [
    "POST /models/{name}/rollback",
    "POST /admin/models",
    "DELETE /admin/keys/{id}",
    "POST /session",
  ]);
  deps.down.abort();
});

Deno.test("every endpoint answers as its document says, whatever it is sent, and never with a failure", async () => {
  const deps = await wholeDeps(), app = makeApp(deps), statuses = new Map<number, number>();
  const ask = async ({ method, target, headers, body }: Asked) => {
    const response = await app.request(target, { method, body, headers: { authorization, ...headers } });
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    assert(response.status < 500, `${method} ${target} ${body}: ${response.status}`);
    const { pathname } = new URL(target, "http://localhost"); // which takes `.` and `..` out, as clients do
    assertEquals(await judge(method, pathname, response), undefined);
  };
  await fc.assert(fc.asyncProperty(requestsOf(DOCUMENT), ask), { numRuns: scaled(1_500) });
  assertEquals(deps.reported, []);
  for (const status of [200, 202, 400, 404]) assert(statuses.has(status), `no ${status} among ${[...statuses.keys()]}`);
  deps.down.abort();
});

Deno.test("judgeOf() finds an answer that is not as documented", async () => {
  const json = (body: unknown, status = 200) => Response.json(body, { status });
  for (
    const [path, response] of [
      ["/livez", json({ status: "alive" })],
      ["/livez", json({ status: "alive", version: "1", secret: 1 })],
      ["/livez", json({ status: "alive", version: "1" }, 201)],
      ["/livez", new Response("alive")],
      ["/sensors/a", json({ sensor: "a" })],
      ["/nothing", json({})],
    ] as const
  ) {
    assert(await judge("GET", path, response) !== undefined, path);
  }
  assertEquals(await judge("GET", "/livez", json({ status: "alive", version: "1" })), undefined);
});

Deno.test("docs() shows every operation without a script, and answers 304 to what is known", async () => {
  const app = makeApp(await wholeDeps());
  const page = await app.request("/docs"), text = await page.text();
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  assertStringIncludes(page.headers.get("content-security-policy") ?? "", "default-src 'none'; style-src 'self'");
  for (const { path, summary } of OPERATIONS) {
    assertStringIncludes(text, `<code>${path}</code>`);
    assertStringIncludes(text, summary.replaceAll("'", "&#39;").replace(/`(.*?)`/g, "<code>$1</code>"));
  }
  assertEquals([/<script|style=|https?:\/\/(?!127)/.test(text), text.includes("[object")], [false, false]);
  const links = [...text.matchAll(/href="([^"#][^"]*)"/g)].map(([, link]) => link);
  for (const link of links) assertEquals((await app.request(link)).status, 200, link);
  for (const [, id] of text.matchAll(/href="#([^"]+)"/g)) assertStringIncludes(text, `id="${id}"`);
  const etag = page.headers.get("etag") ?? "";
  assertEquals((await app.request("/docs", { headers: { "if-none-match": `W/${etag}` } })).status, 304);
});
