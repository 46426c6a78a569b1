import fc from "fast-check";
import { makeApp } from "../../routes/app.ts";
import { serve } from "../../routes/serve.ts";
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { modelDeps, newParts, partsModel, post } from "./models_fakes.ts";

const ITEM = { temperature: 30, humidity: 70, sound_volume: 65 };

Deno.test("POST /predict says what the model says, and why", async () => {
  const app = makeApp(await modelDeps());
  const usual = await (await app.request("/predict", post(ITEM))).json();
  assertEquals(Object.keys(usual), ["prediction", "score", "threshold", "contributions", "model", "model_version"]);
  assertEquals([usual.prediction, usual.threshold, usual.model, usual.model_version], [0, 0.4, "parts", 1]);
  assertAlmostEquals(usual.score, 1 / (1 + Math.exp(4)), 1e-12);
  assertEquals(usual.contributions, { temperature: 0, humidity: 0, sound_volume: -0 + 0 });
  const odd = await (await app.request("/predict", post({ ...ITEM, temperature: 39, sound_volume: 61 }))).json();
  assertEquals([odd.prediction, odd.contributions], [1, { temperature: 7.5, humidity: 0, sound_volume: 1.5 }]);
});

Deno.test("POST /predict answers many items in their order, as it answers each alone", async () => {
  const app = makeApp(await modelDeps());
  const item = fc.record({
    temperature: fc.double({ min: -273, max: 475, noNaN: true }),
    humidity: fc.double({ min: 0, max: 100, noNaN: true }),
    sound_volume: fc.integer({ min: 0, max: 600 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 9 }), async (items) => {
      const all = await (await app.request("/predict", post(items))).json();
      const model = partsModel();
      assertEquals(all.length, items.length);
      for (const [at, one] of items.entries()) {
        assertEquals(await (await app.request("/predict", post(one))).json(), all[at]);
        const row = Float64Array.of(one.temperature, one.humidity, one.sound_volume);
        assertEquals(all[at].score, model.predict(row, 0));
      }
    }),
    { numRuns: 30 },
  );
  const most = await app.request("/predict", post(Array.from({ length: 10_000 }, () => ITEM)));
  assertEquals([most.status, (await most.json()).length], [200, 10_000]);
});

Deno.test("POST /predict refuses with the field, what was seen and what is allowed", async () => {
  const app = makeApp(await modelDeps());
  const cases: [unknown, { field: string; message: string; line?: number }[]][] = [
    [{ temperature: 30, humidity: 70 }, [{ field: "sound_volume", message: "sound_volume is missing" }]],
    [{ ...ITEM, colour: 1 }, [{
      field: "colour",
      message: "unknown field; the model takes temperature, humidity, sound_volume",
    }]],
    [{ ...ITEM, humidity: "70" }, [{ field: "humidity", message: 'humidity must be a number, not "70"' }]],
    [{ ...ITEM, humidity: null }, [{ field: "humidity", message: "humidity must be a number, not null" }]],
    [{ ...ITEM, humidity: true }, [{ field: "humidity", message: "humidity must be a number, not true" }]],
    [{ ...ITEM, humidity: 140 }, [{ field: "humidity", message: "humidity must be from 0 to 100, not 140" }]],
    [{ ...ITEM, temperature: -300 }, [{
      field: "temperature",
      message: "temperature must be from -273.15 to 475, not -300",
    }]],
    ['{"temperature":1e999,"humidity":70,"sound_volume":65}', [{
      field: "temperature",
      message: "temperature must be from -273.15 to 475, not Infinity",
    }]],
    [7, [{ field: "", message: "an item must be an object with temperature, humidity, sound_volume, not 7" }]],
    [[], [{ field: "", message: "the body must hold 1 to 10000 items, not 0" }]],
    [[ITEM, { ...ITEM, humidity: -1 }, []], [
      { line: 2, field: "humidity", message: "humidity must be from 0 to 100, not -1" },
      { line: 3, field: "", message: "an item must be an object with temperature, humidity, sound_volume, not []" },
    ]],
    ['{"__proto__": 1, "temperature":30,"humidity":70,"sound_volume":65}', [{
      field: "__proto__",
      message: "unknown field; the model takes temperature, humidity, sound_volume",
    }]],
  ];
  for (const [body, errors] of cases) {
    const response = await app.request("/predict", post(body));
    assertEquals([response.status, response.headers.get("content-type")], [400, "application/problem+json"]);
    const { title, detail, errors: seen } = await response.json();
    assertEquals([title, detail, seen], ["Bad request", "The items are not valid.", errors]);
  }
  const many = await app.request("/predict", post(Array.from({ length: 500 }, () => ({}))));
  assertEquals((await many.json()).errors.length, 100);
});

Deno.test("POST /predict refuses what is not JSON, too long, encoded, or asked in another way", async () => {
  const app = makeApp(await modelDeps());
  for (const body of ["", "{", '{"temperature": NaN}', "{'a': 1}"]) {
    const response = await app.request("/predict", post(body));
    const { errors } = await response.json();
    assertEquals(response.status, 400);
    assertStringIncludes(errors[0].message, "the body must be JSON");
  }
  const notText = await app.request("/predict", { method: "POST", body: Uint8Array.of(0x22, 0xff, 0x22) });
  assertStringIncludes((await notText.json()).errors[0].message, "not UTF-8");
  const long = JSON.stringify([{ ...ITEM, comment: "x".repeat(1024 * 1024) }]);
  assertEquals((await app.request("/predict", post(long, { "content-length": String(long.length) }))).status, 413);
  assertEquals((await app.request("/predict", post(long))).status, 413);
  assertEquals((await app.request("/predict", post(ITEM, { "content-encoding": "gzip" }))).status, 415);
  const get = await app.request("/predict");
  assertEquals([get.status, get.headers.get("allow")], [405, "POST, OPTIONS"]);
  assertEquals((await app.request("/predict?x=1", post(ITEM))).status, 400);
  assertEquals((await app.request("/predict?version=0", post(ITEM))).status, 400);
  // As curl sends it where nobody says otherwise.
  const plain = await app.request("/predict", post(ITEM, { "content-type": "application/x-www-form-urlencoded" }));
  assertEquals((await plain.json()).prediction, 0);
});

Deno.test("POST /predict asks another model or version where told, and says where there is none", async () => {
  const deps = await modelDeps(), app = makeApp(deps);
  await deps.models.register("parts", newParts(4));
  const ask = async (path: string, body: unknown) => {
    const response = await app.request(path, post(body));
    return [response.status, (await response.json()).model_version];
  };
  assertEquals(await ask("/predict", ITEM), [200, 2]);
  assertEquals(await ask("/predict?version=1", ITEM), [200, 1]);
  assertEquals(await ask("/predict?model=parts&version=2", ITEM), [200, 2]);
  assertEquals(await ask("/predict?model=room%20a%2Fb", { a: 0.1, b: 9 }), [200, 1]);
  assertEquals(await ask("/predict?model=none", ITEM), [404, undefined]);
  assertEquals(await ask("/predict?version=3", ITEM), [404, undefined]);
});

Deno.test("POST /predict answers 503 until there is a model, and is not there without models", async () => {
  const { clock, models, ...deps } = await modelDeps();
  const empty = { ...deps, clock, models: Object.create(models) };
  empty.models.ready = () => undefined;
  empty.models.find = () => Promise.resolve(undefined);
  const waiting = await makeApp(empty).request("/predict", post(ITEM));
  assertEquals([waiting.status, waiting.headers.get("retry-after")], [503, "1"]);
  assertEquals((await makeApp({ ...deps, clock }).request("/predict", post(ITEM))).status, 404);
});

Deno.test("POST /predict loses no request while versions come and go, and each answer is of one version", async () => {
  const deps = await modelDeps(), down = new AbortController();
  const server = serve(makeApp(deps), { hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${server.addr.port}/predict`, scores = new Map<number, number>();
  let answered = 0, going = true;
  for (let version = 1; version <= 12; version++) {
    scores.set(version, partsModel(version === 1 ? -4 : version / 10).predict(Float64Array.of(30, 70, 65), 0));
  }
  const client = async () => {
    while (going) {
      const response = await fetch(url, post(ITEM));
      const { score, model_version } = await response.json();
      assertEquals([response.status, score], [200, scores.get(model_version)]);
      answered++;
    }
  };
  const clients = Array.from({ length: 8 }, client);
  for (let version = 2; version <= 12; version++) {
    const before = answered;
    await deps.models.register("parts", newParts(version / 10));
    assertEquals((await (await fetch(url, post(ITEM))).json()).model_version, version); // at once
    if (version % 4 === 0) {
      await deps.models.registry.rollBack("parts");
      await deps.models.settled();
      assertEquals((await (await fetch(url, post(ITEM))).json()).model_version, version - 1);
    }
    while (answered < before + 20) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
  going = false;
  await Promise.all(clients);
  assert(answered >= 220);
  down.abort();
  await server.shutdown();
});
