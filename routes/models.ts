/**
 * `GET /models` and what belongs to it: models, their versions with lineage and metrics, which one is in use.
 *
 * | ask | for |
 * |---|---|
 * | `GET /models` | every model with the version in use |
 * | `GET /models/{name}` | one model with all its versions, newest first |
 * | `GET /models/{name}/versions/{v}`, `.../bytes` | one version; its bytes |
 * | `POST /models/{name}/pin` `{"version": 2}` | puts a version to use and keeps it there |
 * | `POST /models/{name}/unpin` | puts the latest to use, and every new one |
 * | `POST /models/{name}/rollback` `{}` or `{"version": 1}` | back to the one before, until a new one comes |
 * | `POST /admin/models` | registers a version; needs the scope `admin` |
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  MODEL_LIMITS,
  ModelRuleError,
  type ModelState,
  type ModelVersion,
  NoModelError,
} from "../actors/model_registry.ts";
import type { ModelServer } from "../actors/model_server.ts";
import type { Json } from "../actors/ports.ts";
import { readBody } from "./body.ts";
import type { AppDeps } from "./deps.ts";
import { notFound, onlyMethods, Problem } from "./problem.ts";
import { readQuery } from "./query.ts";
import { iso } from "./wire.ts";

const SMALL_BYTES = 4 * 1024;
/** A version's bytes in base64, and what is known of it. */
const REGISTER_BYTES = MODEL_LIMITS.bytes / 3 * 4 + 256 * 1024;

const versionNumber = z.number({ error: "version must be a whole number" }).int("version must be a whole number")
  .min(1, "version must be at least 1").max(MODEL_LIMITS.version);
/** Body of `POST /models/{name}/pin`. */
export const pinBody = z.strictObject({ version: versionNumber });
/** Body of `POST /models/{name}/rollback`. */
export const rollBackBody = z.strictObject({ version: versionNumber.optional() });
const json: z.ZodType<Json> = z.json();
/** Body of `POST /admin/models`. */
export const registerBody = z.strictObject({
  name: z.string(),
  kind: z.enum(["logistic", "forest", "network"]),
  scope: z.enum(["global", "local"]),
  lineage: z.strictObject({
    data: z.string().max(1024),
    rows: z.number().int().min(0),
    configuration: json,
    seed: z.number().int(),
    parent: versionNumber.optional(),
  }),
  metrics: json,
  /** Base64. */
  bytes: z.base64(),
});

function wireVersion({ created, ...version }: ModelVersion) {
  return { ...version, created: iso(created) };
}

/** The number of a version in the path, or none where it is no such number. */
function versionIn(c: Context): number | undefined {
  const text = c.req.param("version") ?? "";
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

/** Answers a change of which version is in use; what is not there is a 404, what is not allowed a 409. */
async function changed(c: Context, change: Promise<ModelState>, models: ModelServer): Promise<Response> {
  try {
    const state = await change;
    await models.settled(); // whoever asks next is answered by the version in use now
    return c.json(state);
  } catch (error) {
    throw ruled(error);
  }
}

function ruled(error: unknown): unknown {
  if (error instanceof NoModelError) return new Problem(404, sentence(error.message));
  if (error instanceof ModelRuleError) return new Problem(409, sentence(error.message));
  return error;
}

function sentence(message: string): string {
  return `${message[0].toUpperCase()}${message.slice(1)}.`;
}

function reading(app: Hono, models: ModelServer): void {
  const { registry } = models;
  app.get("/models", async (c) => {
    readQuery(c, z.object({}));
    const items = (await models.list()).map(({ state, version }) => ({ ...state, version: wireVersion(version) }));
    return c.json({ items });
  });
  app.get("/models/:name", async (c) => {
    const name = c.req.param("name"), state = await registry.state(name);
    if (state === undefined) throw notFound("model", name);
    return c.json({ ...state, versions: (await registry.versions(name)).map(wireVersion) });
  });
  app.get("/models/:name/versions/:version", async (c) => {
    return c.json(wireVersion(await versionOf(c, models)));
  });
  app.get("/models/:name/versions/:version/bytes", async (c) => {
    const { name, version, sha256 } = await versionOf(c, models);
    const bytes = new Uint8Array(await registry.bytes(name, version));
    return c.body(bytes, 200, { "content-type": "application/octet-stream", etag: `"${sha256}"` });
  });
}

async function versionOf(c: Context, { registry }: ModelServer): Promise<ModelVersion> {
  const name = c.req.param("name") ?? "", number = versionIn(c);
  const version = number === undefined ? undefined : await registry.version(name, number);
  if (version === undefined) throw notFound("version of that model", `${name} ${c.req.param("version")}`);
  return version;
}

function changing(app: Hono, models: ModelServer): void {
  const { registry } = models;
  app.post("/models/:name/pin", async (c) => {
    const { version } = await readBody(c, pinBody, SMALL_BYTES, {});
    return changed(c, registry.pin(c.req.param("name"), version), models);
  });
  app.post("/models/:name/unpin", async (c) => {
    await readBody(c, z.strictObject({}), SMALL_BYTES, {});
    return changed(c, registry.unpin(c.req.param("name")), models);
  });
  app.post("/models/:name/rollback", async (c) => {
    const { version } = await readBody(c, rollBackBody, SMALL_BYTES, {});
    return changed(c, registry.rollBack(c.req.param("name"), version), models);
  });
}

function registering(app: Hono, models: ModelServer): void {
  app.post("/admin/models", async (c) => {
    const { name, bytes, ...model } = await readBody(c, registerBody, REGISTER_BYTES, {});
    try {
      const version = await models.register(name, { ...model, bytes: Uint8Array.fromBase64(bytes) });
      return c.json(wireVersion(version), 201);
    } catch (error) {
      if (error instanceof Error && error.name.endsWith("FormatError")) throw new Problem(400, sentence(error.message));
      throw ruled(error);
    }
  });
  onlyMethods(app, "/admin/models", ["POST"]);
}

/** The routes of the models; none without models. */
export function models(deps: AppDeps): Hono {
  const app = new Hono();
  const { models, token, access } = deps;
  if (models === undefined) return app;
  reading(app, models);
  changing(app, models);
  if (token !== undefined || access !== undefined) registering(app, models);
  for (const path of ["/models", "/models/:name", "/models/:name/versions/:version"]) onlyMethods(app, path, ["GET"]);
  onlyMethods(app, "/models/:name/versions/:version/bytes", ["GET"]);
  for (const verb of ["pin", "unpin", "rollback"]) onlyMethods(app, `/models/:name/${verb}`, ["POST"]);
  return app;
}
