import { makeApp } from "../../routes/app.ts";
import { LOOK_AGAIN_MS, ModelServer } from "../../actors/model_server.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { settle } from "./fakes.ts";
import { modelDeps, newForest, newParts, partsModel, post } from "./models_fakes.ts";

const ITEM = { temperature: 30, humidity: 70, sound_volume: 65 };

Deno.test("GET /models lists every model with the version in use", async () => {
  const deps = await modelDeps(), app = makeApp(deps);
  await deps.models.register("parts", newParts(1));
  const { items } = await (await app.request("/models")).json();
  assertEquals(
    items.map(({ name, active, latest, pinned }: Record<string, unknown>) => [name, active, latest, pinned]),
    [
      ["parts", 2, 2, false],
      ["room a/b", 1, 1, false],
    ],
  );
  const { kind, scope, lineage, metrics, created, size, sha256, version } = items[0].version;
  assertEquals([kind, scope, version, created], ["logistic", "global", 2, "2026-01-31T12:00:00.000Z"]);
  assertEquals([lineage.data, metrics, size], ["made by hand", { roc_auc: 0.9 }, partsModel(1).toBytes().length]);
  assert(/^[0-9a-f]{64}$/.test(sha256));
});

Deno.test("GET /models/{name} shows its versions, one of them, and its bytes", async () => {
  const deps = await modelDeps(), app = makeApp(deps);
  await deps.models.register("parts", newParts(1));
  const one = await (await app.request("/models/parts")).json();
  assertEquals([one.active, one.versions.map(({ version }: { version: number }) => version)], [2, [2, 1]]);
  const version = await (await app.request("/models/parts/versions/1")).json();
  assertEquals(version, one.versions[1]);
  const bytes = await app.request("/models/parts/versions/1/bytes");
  assertEquals(bytes.headers.get("etag"), `"${version.sha256}"`);
  assertEquals(new Uint8Array(await bytes.arrayBuffer()), partsModel().toBytes());
  assertEquals((await app.request("/models/room%20a%2Fb/versions/1")).status, 200);
  for (
    const path of [
      "/models/none",
      "/models/parts/versions/3",
      "/models/parts/versions/x",
      "/models/parts/versions/9/bytes",
    ]
  ) {
    assertEquals([path, (await app.request(path)).status], [path, 404]);
  }
});

Deno.test("POST /models/{name}/pin, unpin and rollback change what answers, before they answer", async () => {
  const deps = await modelDeps(), app = makeApp(deps);
  for (const intercept of [1, 2, 3]) await deps.models.register("parts", newParts(intercept));
  const answers = async () => (await (await app.request("/predict", post(ITEM))).json()).model_version;
  const act = async (what: string, body?: unknown) => {
    const init = body === undefined ? { method: "POST" } : post(body);
    const response = await app.request(`/models/parts/${what}`, init), answer = await response.json();
    return [response.status, response.ok ? answer.active : answer.detail, await answers()];
  };
  assertEquals(await act("rollback"), [200, 3, 3]);
  assertEquals(await act("rollback", { version: 1 }), [200, 1, 1]);
  assertEquals(await act("rollback", {}), [409, "Cannot roll parts back: there is no version before 1.", 1]);
  assertEquals(await act("pin", { version: 2 }), [200, 2, 2]);
  await deps.models.register("parts", newParts(9));
  assertEquals(await answers(), 2);
  assertEquals(await act("unpin"), [200, 5, 5]);
  assertEquals(await act("pin", { version: 77 }), [404, 'There is no version 77 of the model "parts".', 5]);
  assertEquals(await act("rollback", { version: 5 }), [
    409,
    "Cannot roll parts back to version 5: version 5 is in use.",
    5,
  ]);
  for (const body of [{}, { version: "2" }, { version: 1.5 }, { version: 1, more: 1 }, []]) {
    assertEquals((await app.request("/models/parts/pin", post(body))).status, 400);
  }
  assertEquals((await app.request("/models/none/unpin", { method: "POST" })).status, 404);
  const empty = await app.request("/models/parts/rollback", post("")); // as curl -X POST sends it
  assertEquals([empty.status, (await empty.json()).active], [200, 4]);
  assertEquals((await app.request("/models/parts/pin")).headers.get("allow"), "POST, OPTIONS");
});

Deno.test("POST /admin/models registers behind the token, and only what can be read", async () => {
  const deps = await modelDeps(), app = makeApp(deps), { bytes, ...model } = newParts(2);
  const body = { name: "parts", ...model, bytes: bytes.toBase64() };
  const authorization = { authorization: "Bearer a-token-of-the-tests" };
  assertEquals((await app.request("/admin/models", post(body))).status, 401);
  const done = await app.request("/admin/models", post(body, authorization));
  assertEquals([done.status, (await done.json()).version], [201, 2]);
  assertEquals((await (await app.request("/predict", post(ITEM))).json()).model_version, 2);
  const refused = async (more: object) => {
    const response = await app.request("/admin/models", post({ ...body, ...more }, authorization));
    const { detail, errors } = await response.json();
    return `${response.status} ${detail} ${errors.map(({ field }: { field: string }) => field)}`;
  };
  const garbage = Uint8Array.of(1, 2, 3).toBase64();
  assertStringIncludes(await refused({ bytes: garbage }), "400 Cannot read the bytes of a logistic regression");
  assertStringIncludes(await refused({ bytes: garbage, kind: "forest" }), "400 Cannot read the bytes of a forest");
  assertStringIncludes(await refused({ bytes: "no base64!" }), "400 The body is not valid. bytes");
  assertStringIncludes(await refused({ kind: "other" }), "400 The body is not valid. kind");
  assertStringIncludes(await refused({ name: "" }), "409 A model's name must have");
  assertEquals((await deps.models.registry.state("parts"))?.latest, 2);
});

Deno.test("ModelServer keeps answering with the version before where the next one cannot be read", async () => {
  const deps = await modelDeps(), { models } = deps;
  await models.registry.register("parts", { ...newParts(), bytes: Uint8Array.of(1) });
  await models.settled();
  assertEquals(models.ready("parts")?.version.version, 1);
  assertEquals(deps.reported.length, 1);
  await assertRejects(() => models.find("parts", 2), Error, "not JSON");
  await models.registry.rollBack("parts");
  await models.settled();
  assertEquals([models.ready("parts")?.version.version, deps.reported.length], [1, 1]);
});

Deno.test("ModelServer hears of another process's version when it looks again", async () => {
  const deps = await modelDeps(), { models, clock, kv } = deps;
  let ids = 0;
  const elsewhere = new KvModelRegistry(kv, { clock, freshId: () => `elsewhere-${++ids}` });
  await elsewhere.register("parts", newParts(5));
  assertEquals(models.ready("parts")?.version.version, 1);
  await clock.advance(LOOK_AGAIN_MS);
  assertEquals(models.ready("parts")?.version.version, 1); // the request that looks is not kept waiting
  await settle();
  assertEquals(models.ready("parts")?.version.version, 2);
  models.close();
  await models.registry.pin("parts", 1);
  await settle();
  assertEquals(models.ready("parts")?.version.version, 2); // closed: it hears nothing
});

Deno.test("ModelServer reads a model once for requests that come together, and holds a bounded number", async () => {
  const { models, kv, clock } = await modelDeps();
  let reads = 0;
  const registry = new KvModelRegistry(kv, { clock, freshId: () => "x" }), bytes = registry.bytes.bind(registry);
  registry.bytes = (name, version) => (reads++, bytes(name, version));
  const fresh = new ModelServer({ registry, clock });
  const found = await Promise.all(Array.from({ length: 10 }, () => fresh.find("parts")));
  assertEquals([reads, new Set(found).size], [1, 1]);
  assertEquals([await fresh.find("none"), await fresh.find("parts", 4)], [undefined, undefined]);
  for (let at = 0; at < 70; at++) await models.register(`m${at}`, newForest());
  for (let at = 0; at < 70; at++) assertEquals((await fresh.find(`m${at}`))?.version.name, `m${at}`);
  assertEquals(fresh.ready("m0"), undefined);
  assertEquals((await fresh.find("m0"))?.version.name, "m0");
});
