/**
 * `/evaluations`: how great a model's error is, over recorded readings (batch) and as they come (streaming).
 *
 * | ask | for |
 * |---|---|
 * | `GET /evaluations` | every evaluation with its overall error, newest version first |
 * | `GET /evaluations/{id}` | one of them, by device and by hour of the day (UTC) |
 * | `GET /evaluations/compare?batch=&streaming=` | whether two agree, as they must for the same version and readings |
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { compareEvaluations } from "../actors/evaluation/compare.ts";
import type { EvaluationRecord, Evaluations } from "../actors/evaluation/port.ts";
import { MODEL_LIMITS } from "../actors/model_registry.ts";
import type { AppDeps } from "./deps.ts";
import { notFound, onlyMethods } from "./problem.ts";
import { integerParameter, limitParameter, readQuery } from "./query.ts";
import { iso, type Wire } from "./wire.ts";

/** Query of `GET /evaluations`. */
export const evaluationsQuery = z.object({
  model: z.string().min(1, "model must not be empty").max(MODEL_LIMITS.nameLength).optional(),
  version: integerParameter(1, MODEL_LIMITS.version).optional(),
  kind: z.enum(["batch", "streaming"], { error: "kind must be batch or streaming" }).optional(),
  limit: limitParameter,
});

const idParameter = (kind: string) =>
  z.string({ error: `${kind} must be the id of a ${kind} evaluation` })
    .refine((id) => id.startsWith(`${kind}:`), { error: `${kind} must be the id of a ${kind} evaluation` });

/** Query of `GET /evaluations/compare`. */
export const compareQuery = z.object({ batch: idParameter("batch"), streaming: idParameter("streaming") });

function wireRecord(record: EvaluationRecord): Wire<EvaluationRecord, "started" | "from" | "to"> {
  return { ...record, started: iso(record.started), from: iso(record.from), to: iso(record.to) };
}

async function one(c: Context, store: Evaluations): Promise<Response> {
  readQuery(c, z.object({}));
  const id = c.req.param("id") ?? "", found = await store.find(id);
  if (found === undefined) throw notFound("evaluation", id);
  const { record, counts } = found;
  return c.json({
    ...wireRecord(record),
    by_hour: counts.byHour().map(({ of, error }) => ({ hour: of, ...error })),
    by_device: counts.byDevice().map(({ of, error }) =>
      of === "" ? { others: true, ...error } : { device: of, ...error }
    ),
  });
}

async function compare(c: Context, store: Evaluations): Promise<Response> {
  const { batch, streaming } = readQuery(c, compareQuery);
  const [recorded, live] = await Promise.all([store.find(batch), store.find(streaming)]);
  if (recorded === undefined) throw notFound("evaluation", batch);
  if (live === undefined) throw notFound("evaluation", streaming);
  const sameModel = recorded.record.model === live.record.model && recorded.record.version === live.record.version;
  return c.json({
    batch: wireRecord(recorded.record),
    streaming: wireRecord(live.record),
    same_version: sameModel,
    same_data: recorded.record.data === live.record.data,
    ...compareEvaluations(recorded.counts, live.counts),
  });
}

/** The routes of evaluations; none where none are kept. */
export function evaluations({ evaluations: store }: AppDeps): Hono {
  const app = new Hono();
  if (store === undefined) return app;
  app.get("/evaluations", async (c) => {
    const { limit, ...filter } = readQuery(c, evaluationsQuery);
    return c.json({ items: (await store.list(filter, limit)).map(wireRecord) });
  });
  app.get("/evaluations/compare", (c) => compare(c, store)); // before the one of an id
  app.get("/evaluations/:id", (c) => one(c, store));
  for (const path of ["/evaluations", "/evaluations/compare", "/evaluations/:id"]) onlyMethods(app, path, ["GET"]);
  return app;
}
