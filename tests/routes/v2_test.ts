import { makeApp } from "../../routes/app.ts";
import { assert, assertEquals, assertStringIncludes } from "../../std/assert.ts";
import { modelDeps, newParts, partsModel, post } from "./models_fakes.ts";

const INFER = "/v2/models/parts/infer";
const MATRIX = { inputs: [{ name: "features", shape: [2, 3], datatype: "FP64", data: [30, 70, 65, 39, 70, 61] }] };

Deno.test("/v2 says who answers, that it lives, and whether it is ready", async () => {
  const deps = await modelDeps(), app = makeApp(deps);
  assertEquals(await (await app.request("/v2")).json(), { name: "sensorium", version: "0.0.0-test", extensions: [] });
  assertEquals(await (await app.request("/v2/health/live")).json(), { live: true });
  const ready = await app.request("/v2/health/ready");
  assertEquals([ready.status, await ready.json()], [200, { ready: true }]);
  deps.down.abort();
  const closing = await app.request("/v2/health/ready");
  assertEquals([closing.status, await closing.json()], [503, { ready: false }]);
});

Deno.test("/v2/models/{m} describes inputs and outputs of every model, by version or as in use", async () => {
  const deps = await modelDeps(), app = makeApp(deps);
  await deps.models.register("parts", newParts(1));
  const parts = await (await app.request("/v2/models/parts")).json();
  assertEquals([parts.name, parts.versions, parts.platform], ["parts", ["1", "2"], "sensorium_logistic"]);
  assertEquals(parts.inputs, [{
    name: "features",
    datatype: "FP64",
    shape: [-1, 3],
    parameters: { columns: "temperature,humidity,sound_volume", low: "-273.15,0,0", high: "475,100,656" },
  }]);
  assertEquals(parts.outputs.map(({ name, datatype, shape }: Record<string, unknown>) => [name, datatype, shape]), [
    ["prediction", "INT64", [-1]],
    ["score", "FP64", [-1]],
    ["contributions", "FP64", [-1, 3]],
  ]);
  assertEquals(await (await app.request("/v2/models/parts/versions/1")).json(), parts);
  const forest = await (await app.request("/v2/models/room%20a%2Fb")).json();
  assertEquals([forest.platform, forest.inputs[0].shape], ["sensorium_forest", [-1, 2]]);
  for (const path of ["/v2/models/parts/ready", "/v2/models/parts/versions/2/ready"]) {
    assertEquals(await (await app.request(path)).json(), { name: "parts", ready: true });
  }
});

Deno.test("POST .../infer answers a matrix with prediction, score and contributions, and echoes the id", async () => {
  const app = makeApp(await modelDeps());
  const answer = await (await app.request(INFER, post({ id: "request 7", ...MATRIX }))).json();
  assertEquals([answer.model_name, answer.model_version, answer.id], ["parts", "1", "request 7"]);
  const scores = [[30, 70, 65], [39, 70, 61]].map((row) => partsModel().predict(Float64Array.from(row), 0));
  assertEquals(answer.outputs, [
    { name: "prediction", datatype: "INT64", shape: [2], data: [0, 1] },
    { name: "score", datatype: "FP64", shape: [2], data: scores },
    { name: "contributions", datatype: "FP64", shape: [2, 3], data: [0, 0, 0, 7.5, 0, 1.5] },
  ]);
  assertEquals("id" in await (await app.request(INFER, post(MATRIX))).json(), false);
  const one = await (await app.request(INFER, post({ ...MATRIX, outputs: [{ name: "score" }] }))).json();
  assertEquals(one.outputs, [answer.outputs[1]]);
});

Deno.test("POST .../infer takes nested data, other number types and names, parameters, and a tensor for each input", async () => {
  const app = makeApp(await modelDeps());
  const wanted = (await (await app.request(INFER, post(MATRIX))).json()).outputs;
  const column = (name: string, data: unknown[], shape = [2]) => ({ name, shape, datatype: "FP32", data });
  const same: object[] = [
    { inputs: [{ name: "x", shape: [2, 3], datatype: "INT32", data: [[30, 70, 65], [39, 70, 61]] }] },
    { parameters: { a: 1 }, inputs: [{ ...MATRIX.inputs[0], parameters: { content_type: "np" } }] },
    { inputs: [column("sound_volume", [65, 61]), column("temperature", [30, 39]), column("humidity", [70, 70])] },
    {
      inputs: [
        column("temperature", [[30], [39]], [2, 1]),
        column("humidity", [70, 70], [2, 1]),
        column("sound_volume", [65, 61]),
      ],
    },
  ];
  for (const body of same) assertEquals((await (await app.request(INFER, post(body))).json()).outputs, wanted);
});

Deno.test("POST .../infer answers for a forest, by its own rule", async () => {
  const app = makeApp(await modelDeps());
  const inputs = [{ name: "rows", shape: [3, 2], datatype: "FP64", data: [0.1, -0.2, 9, -9, 0, 0.3] }];
  const { outputs } = await (await app.request("/v2/models/room%20a%2Fb/versions/1/infer", post({ inputs }))).json();
  assertEquals(outputs[0].data, [0, 1, 0]);
  assert(outputs[1].data[1] > outputs[1].data[0] && outputs[2].data.length === 6);
});

Deno.test("/v2 answers errors in its own form, with what was seen and what is allowed", async () => {
  const app = makeApp(await modelDeps());
  const [input] = MATRIX.inputs;
  const cases: [body: unknown, status: number, message: string][] = [
    ["{", 400, "the body must be JSON"],
    [{}, 400, "inputs:"],
    [{ inputs: [] }, 400, "inputs:"],
    [{ inputs: [{ ...input, name: undefined }] }, 400, "inputs.0.name"],
    [{ inputs: [{ ...input, shape: [2, 2] }] }, 400, "shape [2,2] means 4 numbers, data holds 6"],
    [
      { inputs: [{ ...input, shape: [3, 2] }] },
      400,
      "its rows must have 3 numbers (temperature, humidity, sound_volume)",
    ],
    [{ inputs: [{ ...input, shape: [6] }] }, 400, 'unknown input "features"'],
    [{ inputs: [{ ...input, shape: [0, 3], data: [] }] }, 400, "1 to 100000 rows, not 0"],
    [{ inputs: [{ ...input, datatype: "BYTES" }] }, 400, "datatype must be one of FP16"],
    [
      { inputs: [{ ...input, data: [30, 70, 65, 39, 70, "61"] }] },
      400,
      'sound_volume in row 1 must be a number, not "61"',
    ],
    [
      { inputs: [{ ...input, data: [30, 70, null, 39, 70, 61] }] },
      400,
      "sound_volume in row 0 must be a number, not null",
    ],
    [
      { inputs: [{ ...input, data: [30, 170, 65, 39, 70, 61] }] },
      400,
      "humidity in row 0 must be from 0 to 100, not 170",
    ],
    [{ inputs: [input, input] }, 400, "unknown input"],
    [{ inputs: [{ ...input, name: "humidity", shape: [6] }] }, 400, 'input "temperature" is missing'],
    [{ ...MATRIX, outputs: [{ name: "other" }] }, 400, 'unknown output "other"'],
  ];
  for (const [body, status, message] of cases) {
    const response = await app.request(INFER, post(body)), answer = await response.json();
    assertEquals([response.status, Object.keys(answer)], [status, ["error"]], message);
    assertStringIncludes(answer.error, message);
  }
  const missing: [string, RequestInit?][] = [
    ["/v2/models/none"],
    ["/v2/models/none/ready"],
    ["/v2/models/none/infer", post(MATRIX)],
    ["/v2/models/parts/versions/9"],
    ["/v2/models/parts/versions/x/infer", post(MATRIX)],
    ["/v2/nothing"],
  ];
  for (const [path, init] of missing) {
    const response = await app.request(path, init);
    assertEquals([path, response.status, Object.keys(await response.json())], [path, 404, ["error"]]);
  }
  for (const [path, init, allow] of [["/v2", post({}), "GET, HEAD"], [INFER, undefined, "POST"]] as const) {
    const response = await app.request(path, init);
    assertEquals([response.status, response.headers.get("allow")], [405, allow]);
    assertStringIncludes((await response.json()).error, `knows ${allow}, not`);
  }
});

Deno.test("/v2 answers 500 without a word of the inside, and reports it", async () => {
  const deps = await modelDeps();
  deps.models.find = () => Promise.reject(new Error("secret at /home/somebody"));
  const response = await makeApp(deps).request(INFER, post(MATRIX));
  assertEquals(response.status, 500);
  assertEquals(await response.json(), { error: "something went wrong inside; it was logged" });
  assertEquals(String(deps.reported[0]), "Error: secret at /home/somebody");
});
