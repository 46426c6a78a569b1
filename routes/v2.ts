/**
 * The V2 inference protocol (Open Inference Protocol), for every model in the registry.
 *
 * | path | |
 * |---|---|
 * | `GET /v2` | the server |
 * | `GET /v2/health/live`, `/v2/health/ready` | probes |
 * | `GET /v2/models/{m}[/versions/{v}]` | a model's inputs and outputs |
 * | `GET /v2/models/{m}[/versions/{v}]/ready` | whether it can answer |
 * | `POST /v2/models/{m}[/versions/{v}]/infer` | tensors in, tensors out |
 *
 * Without a version the one in use answers. Errors have the protocol's own form, `{"error": "..."}`.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ModelServer } from "../actors/model_server.ts";
import type { ServedModel } from "../actors/served_model.ts";
import { readJson } from "./body.ts";
import type { AppDeps } from "./deps.ts";
import { Problem } from "./problem.ts";
import { readTensors, V2Error } from "./tensors.ts";

/** Greatest body of an inference, bytes. */
const BODY_BYTES = 16 * 1024 * 1024;
const MODEL_PATHS = ["/v2/models/:model", "/v2/models/:model/versions/:version"] as const;

function failure(c: Context, status: ContentfulStatusCode, error: string): Response {
  return c.json({ error }, status);
}

/** The model that a path names. @throws {V2Error} 404 if there is none */
async function modelOf(c: Context, models: ModelServer): Promise<ServedModel> {
  const name = c.req.param("model") ?? "", version = c.req.param("version");
  const isNumber = version === undefined || /^[1-9]\d{0,9}$/.test(version);
  const served = isNumber ? await models.find(name, version === undefined ? undefined : Number(version)) : undefined;
  if (served !== undefined) return served;
  const of = version === undefined ? "" : `version ${JSON.stringify(version.slice(0, 32))} of `;
  throw new V2Error(404, `there is no ${of}model ${JSON.stringify(name.slice(0, 128))}`);
}

async function metadata(c: Context, models: ModelServer) {
  const { version: { name, kind }, inputs, threshold } = await modelOf(c, models);
  const versions = (await models.registry.versions(name)).map(({ version }) => String(version)).reverse();
  return {
    name,
    versions,
    platform: `sensorium_${kind}`,
    inputs: [{
      name: "features",
      datatype: "FP64",
      shape: [-1, inputs.length],
      parameters: {
        columns: inputs.map((input) => input.name).join(","),
        low: inputs.map(({ low }) => low).join(","),
        high: inputs.map(({ high }) => high).join(","),
      },
    }],
    outputs: [
      { name: "prediction", datatype: "INT64", shape: [-1] },
      { name: "score", datatype: "FP64", shape: [-1], parameters: { threshold } },
      { name: "contributions", datatype: "FP64", shape: [-1, inputs.length] },
    ],
  };
}

async function infer(c: Context, models: ModelServer) {
  const served = await modelOf(c, models), { inputs, version: { name, version } } = served;
  const { id, rows, count, outputs } = readTensors(await readJson(c, BODY_BYTES), inputs);
  const scores = new Float64Array(count);
  const contributions = outputs.includes("contributions") ? new Float64Array(count * inputs.length) : undefined;
  served.score(rows, count, scores, contributions);
  const made = {
    prediction: () => ({
      datatype: "INT64",
      shape: [count],
      data: Array.from(scores, (score) => served.predict(score)),
    }),
    score: () => ({ datatype: "FP64", shape: [count], data: [...scores] }),
    contributions: () => ({ datatype: "FP64", shape: [count, inputs.length], data: [...contributions ?? []] }),
  };
  return {
    model_name: name,
    model_version: String(version),
    ...(id === undefined ? {} : { id }),
    outputs: outputs.map((output) => ({ name: output, ...made[output]() })),
  };
}

/** Whether the instance can answer inferences: it is up, and not going down. */
async function isReady(deps: AppDeps): Promise<boolean> {
  if (deps.signal.aborted) return false;
  try {
    return (await deps.health()).ready;
  } catch (error) {
    deps.report?.(error);
    return false;
  }
}

/** Answers every other method on some paths with 405. */
function only(app: Hono, method: "GET" | "POST", paths: readonly string[]): void {
  const allow = method === "GET" ? "GET, HEAD" : method;
  for (const path of paths) {
    app.all(path, (c) => {
      c.header("allow", allow);
      return failure(c, 405, `${c.req.path} knows ${allow}, not ${c.req.method}`);
    });
  }
}

/** The routes of the protocol; none without models. */
export function v2(deps: AppDeps): Hono {
  const app = new Hono();
  const { models } = deps;
  if (models === undefined) return app;
  app.get("/v2", (c) => c.json({ name: "sensorium", version: deps.version, extensions: [] }));
  app.get("/v2/health/live", (c) => c.json({ live: true }));
  app.get("/v2/health/ready", async (c) => {
    const ready = await isReady(deps);
    return c.json({ ready }, ready ? 200 : 503);
  });
  for (const path of MODEL_PATHS) {
    app.get(path, async (c) => c.json(await metadata(c, models)));
    app.get(`${path}/ready`, async (c) => {
      const { version: { name } } = await modelOf(c, models);
      return c.json({ name, ready: true });
    });
    app.post(`${path}/infer`, async (c) => c.json(await infer(c, models)));
  }
  only(app, "GET", ["/v2", "/v2/health/live", "/v2/health/ready"]);
  for (const path of MODEL_PATHS) {
    only(app, "GET", [path, `${path}/ready`]);
    only(app, "POST", [`${path}/infer`]);
  }
  app.all("/v2/*", (c) => failure(c, 404, `there is nothing at ${c.req.path}`));
  app.onError((error, c) => {
    if (error instanceof V2Error) return failure(c, error.status, error.message);
    if (error instanceof Problem) return failure(c, error.status, error.extra.errors?.[0]?.message ?? error.detail);
    deps.report?.(error);
    return failure(c, 500, "something went wrong inside; it was logged");
  });
  return app;
}
