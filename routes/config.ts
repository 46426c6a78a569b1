/**
 * `GET /config`: what the instance runs with, and where each setting came from; secrets are hidden. `/config/schema` is
 * the JSON Schema of a config file, for editors. `PUT` and `PATCH /config/judging` change how sensors are judged while
 * they are watched, `/config/versions` says what was in force from where on.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { z } from "zod";
import { judgingSchema } from "../actors/config.ts";
import { ConfigurationRefused, type ConfigurationVersion, sameJson } from "../actors/configurations.ts";
import type { Json } from "../actors/ports.ts";
import { READING_LIMITS } from "../actors/reading.ts";
import { auditDetail } from "./audit.ts";
import { readJson } from "./body.ts";
import type { AppDeps } from "./deps.ts";
import { whoIn } from "./orders.ts";
import { fieldErrors, notFound, onlyMethods, Problem } from "./problem.ts";
import { readQuery } from "./query.ts";
import { iso } from "./wire.ts";

/** What an instance runs with. */
export interface ConfigView {
  /** Settings by name: their value, and whether a flag, a variable, the file or nobody said so. */
  readonly settings: Readonly<Record<string, { readonly value: Json; readonly origin: string }>>;
  /** What verdicts depend on, whole. */
  readonly judging: Json;
}

/** What JSON Schema calls itself. */
const SCHEMA_TYPE = "application/schema+json";
/** What stands in a secret's place. */
export const HIDDEN = "(hidden)";
const SECRET = /token|secret|password|credential|authorization|private|api_?key/i;

/** The routes of the configuration; none where it is not known. */
export function config(deps: Pick<AppDeps, "config" | "configSchema" | "configuring">): Hono {
  const app = new Hono();
  app.get("/config", (c) => {
    readQuery(c, z.object({}));
    const view = deps.config?.();
    return view === undefined ? c.notFound() : c.json(shown(view));
  });
  app.get("/config/schema", (c) => {
    readQuery(c, z.object({}));
    const schema = deps.configSchema?.();
    return schema === undefined ? c.notFound() : c.body(JSON.stringify(schema), 200, { "content-type": SCHEMA_TYPE });
  });
  onlyMethods(app, "/config", ["GET"]);
  onlyMethods(app, "/config/schema", ["GET"]);
  changes(app, deps);
  return app;
}

const BODY_BYTES = 64 * 1024;
/** Query of a change: why it is made. */
export const changeQuery = z.object({ comment: z.string().max(READING_LIMITS.textLength).optional() });

/** Versions of what is configured of judging; none where the instance takes no changes. */
function changes(app: Hono, { configuring: desk }: Pick<AppDeps, "configuring">): void {
  if (desk === undefined) return;
  const change = (merge: boolean) => async (c: Context) => {
    const { comment } = readQuery(c, changeQuery), { now } = desk, after = seen(c, now.version);
    const body = await readJson(c, BODY_BYTES), given = merge ? merged(now.judging, body) : body;
    const { data: judging, error } = judgingSchema.safeParse(given);
    if (error) throw invalid(fieldErrors(error));
    const by = whoIn(c, undefined), remark = comment === undefined ? {} : { comment };
    try {
      const made = await desk.change({ judging, by, ...remark }, after);
      if (made === undefined) throw stale(desk.now.version);
      auditDetail(c, `version ${made.version}: ${changed(now, made).join(", ") || "nothing new"}`);
      return answer(c, made);
    } catch (refused) {
      if (refused instanceof ConfigurationRefused) throw invalid(refused.errors);
      throw refused;
    }
  };
  app.get("/config/judging", (c) => {
    readQuery(c, z.object({}));
    return answer(c, desk.now);
  });
  app.put("/config/judging", change(false));
  app.patch("/config/judging", change(true));
  app.get("/config/versions", async (c) => {
    readQuery(c, z.object({}));
    const versions = await desk.list();
    return c.json({
      items: versions.map(({ places, ...version }, i) => ({
        ...wireVersion(version),
        changed: i + 1 < versions.length ? changed(versions[i + 1], version) : [],
        places,
      })),
    });
  });
  app.get("/config/versions/:version", async (c) => {
    readQuery(c, z.object({}));
    const name = c.req.param("version"), found = (await desk.list()).find(({ version }) => String(version) === name);
    if (found === undefined) throw notFound("version of the configuration", name);
    return c.json({ ...wireVersion(found), judging: found.judging });
  });
  onlyMethods(app, "/config/judging", ["GET", "PUT", "PATCH"]);
  onlyMethods(app, "/config/versions", ["GET"]);
  onlyMethods(app, "/config/versions/:version", ["GET"]);
}

/** The version that whoever asks has seen, as `If-Match` says: nobody undoes what another one has just done. */
function seen(c: Context, now: number): number {
  const given = c.req.header("if-match")?.trim();
  if (given === undefined) {
    throw new Problem(428, `If-Match must say which version you have seen, such as "${now}", or * for any.`);
  }
  if (given === "*") return now;
  if (given.replace(/^W\//, "") !== `"${now}"`) throw stale(now);
  return now;
}

function stale(now: number): Problem {
  return new Problem(412, `The configuration is at version ${now} by now: look at it, and change that.`);
}

function invalid(errors: readonly { readonly field: string; readonly message: string }[]): Problem {
  return new Problem(422, "The configuration is not valid.", { errors });
}

function answer(c: Context, version: ConfigurationVersion): Response {
  const headers = { etag: `"${version.version}"`, "cache-control": "private, no-cache" };
  return c.json({ ...wireVersion(version), judging: version.judging }, 200, headers);
}

function wireVersion({ version, created, by, comment }: ConfigurationVersion) {
  return { version, created: iso(created), by, ...(comment === undefined ? {} : { comment }) };
}

/** Names at the top of the configuration that are not as in the version before. */
function changed({ judging: before }: ConfigurationVersion, { judging: after }: ConfigurationVersion): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]), of: Record<string, unknown> = { ...before };
  return Object.entries({ ...after }).filter(([name, value]) => !sameJson(of[name], value)).map(([name]) => name)
    .concat([...names].filter((name) => !Object.hasOwn(after, name)));
}

/** A JSON Merge Patch (RFC 7396): what is null goes, objects are gone into, all else takes the place of what was. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const before = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  const entries = new Map<string, unknown>(Object.entries(before));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) entries.delete(name);
    else entries.set(name, merged(entries.get(name), value));
  }
  return Object.fromEntries(entries);
}

function shown({ settings, judging }: ConfigView): ConfigView {
  const safe = Object.entries(settings).map(([name, { value, origin }]) => [
    name,
    { value: withoutSecrets(value, name), origin },
  ]);
  return { settings: Object.fromEntries(safe), judging: withoutSecrets(judging) };
}

/** A copy in which values under telling names, and the user and password of addresses, are hidden. */
export function withoutSecrets(value: unknown, name = ""): Json {
  if (SECRET.test(name) && value !== null && value !== undefined) return HIDDEN;
  if (typeof value === "string") return value.replace(/(\w+:\/\/)[^\s/@]+@/g, `$1${HIDDEN}@`);
  if (Array.isArray(value)) return value.map((one) => withoutSecrets(one));
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return null;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key, withoutSecrets(one, key)]));
}
