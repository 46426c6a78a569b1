/**
 * `GET /config`: what the instance runs with, and where each setting came from; secrets are hidden. `/config/schema` is
 * the JSON Schema of a config file, for editors.
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import type { Json } from "../actors/ports.ts";
import type { AppDeps } from "./deps.ts";
import { onlyMethods } from "./problem.ts";
import { readQuery } from "./query.ts";

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
export function config(deps: AppDeps): Hono {
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
  return app;
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
