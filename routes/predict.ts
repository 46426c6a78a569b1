/**
 * `POST /predict`: what a model says of one item or many, by the names of its inputs.
 *
 * `{"temperature": 30, "humidity": 70, "sound_volume": 65}` is answered with `prediction` (0 normal, 1 abnormal), `score`
 * (the probability of 1), `threshold`, `contributions` (by how much each input raised the log odds), and the model's name
 * and version. An array is answered with an array in the same order. `?model=` and `?version=` choose another than the
 * version in use of {@linkcode DEFAULT_MODEL}.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { ModelServer } from "../actors/model_server.ts";
import { MODEL_LIMITS } from "../actors/model_registry.ts";
import type { ServedModel } from "../actors/served_model.ts";
import { readJson } from "./body.ts";
import type { AppDeps } from "./deps.ts";
import { type Items, readItems } from "./items.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { integerParameter, readQuery } from "./query.ts";

/** The model that is asked where none is named. */
const DEFAULT_MODEL = "parts";
/** Greatest body, bytes. */
const BODY_BYTES = 1024 * 1024;

/** Query of `POST /predict`. */
export const predictQuery = z.object({
  model: z.string().min(1, "model must not be empty").max(MODEL_LIMITS.nameLength).optional(),
  version: integerParameter(1, MODEL_LIMITS.version).optional(),
});

/** What is said of one item. */
interface Prediction {
  readonly prediction: 0 | 1;
  readonly score: number;
  readonly threshold: number;
  readonly contributions: Readonly<Record<string, number>>;
  readonly model: string;
  readonly model_version: number;
}

async function modelOf(c: Context, models: ModelServer): Promise<ServedModel> {
  if (!c.req.url.includes("?")) {
    const ready = models.ready(DEFAULT_MODEL);
    if (ready !== undefined) return ready;
  }
  const { model = DEFAULT_MODEL, version } = readQuery(c, predictQuery);
  const served = await models.find(model, version);
  if (served !== undefined) return served;
  if (version !== undefined || model !== DEFAULT_MODEL) {
    throw notFound("model", version === undefined ? model : `${model} version ${version}`);
  }
  throw new Problem(503, `The model ${DEFAULT_MODEL} is not trained yet.`, { headers: { "retry-after": "1" } });
}

function predictAll(served: ServedModel, { rows, count }: Items): Prediction[] {
  const { inputs, threshold, version: { name, version } } = served, width = inputs.length;
  const scores = new Float64Array(count), contributions = new Float64Array(count * width);
  served.score(rows, count, scores, contributions);
  return Array.from({ length: count }, (_, row) => {
    const own: Record<string, number> = {};
    for (let i = 0; i < width; i++) own[inputs[i].name] = contributions[row * width + i];
    return {
      prediction: served.predict(scores[row]),
      score: scores[row],
      threshold,
      contributions: own,
      model: name,
      model_version: version,
    };
  });
}

/** The route for predictions; none without models. */
export function predict(deps: AppDeps): Hono {
  const app = new Hono();
  const { models } = deps;
  if (models === undefined) return app;
  app.post("/predict", async (c) => {
    const served = await modelOf(c, models);
    const items = readItems(await readJson(c, BODY_BYTES), served.inputs);
    const predictions = predictAll(served, items);
    return c.json(items.many ? predictions : predictions[0]);
  });
  onlyMethods(app, "/predict", ["POST"]);
  return app;
}
