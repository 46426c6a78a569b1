/**
 * The models of a data directory, for commands: in the store where nothing runs, else of the running instance.
 *
 * @module
 */
import { z } from "zod";
import type { Label } from "../../actors/labels.ts";
import { ModelRuleError, type ModelState, type ModelVersion, type NewModel } from "../../actors/model_registry.ts";
import type { Json } from "../../actors/ports.ts";
import type { Page } from "../../actors/views.ts";
import { checkFormat } from "../../store/format.ts";
import { KvLabelStore } from "../../store/labels.ts";
import { lockState } from "../../store/lock.ts";
import type { ModelReader } from "../../store/model_files.ts";
import { KvModelRegistry } from "../../store/registry.ts";
import { systemClock } from "../process/clock.ts";
import { openDatabase } from "./database.ts";
import { CommandError } from "../process/errors.ts";
import { type Instance, servingInstance, takeDataDir } from "./instance.ts";

/** Models that a command reads, and adds to. */
export interface CommandModels extends ModelReader {
  /** Registers a version. @throws {CommandError} if it is refused */
  register(name: string, model: NewModel): Promise<ModelVersion>;
  /** All labels that people gave, newest reading first. */
  labels(): Promise<Label[]>;
}

const json: z.ZodType<Json> = z.json();
const stateSchema = z.object({
  name: z.string(),
  active: z.number().int(),
  latest: z.number().int(),
  pinned: z.boolean(),
});
const versionSchema = z.object({
  name: z.string(),
  version: z.number().int(),
  kind: z.enum(["logistic", "forest", "network"]),
  scope: z.enum(["global", "local"]),
  lineage: z.object({
    data: z.string(),
    rows: z.number(),
    configuration: json,
    seed: z.number(),
    parent: z.number().optional(),
  }),
  metrics: json,
  created: z.iso.datetime().transform((text) => Date.parse(text)),
  size: z.number().int(),
  sha256: z.string(),
});

const time = z.iso.datetime().transform((text) => Date.parse(text));
const labelSchema = z.object({
  sensor: z.string(),
  time,
  group: z.string(),
  label: z.union([z.literal(0), z.literal(1)]),
  values: z.record(z.string(), z.number().nullable()).optional(),
  created: time,
});
const labelsSchema = z.object({ items: z.array(labelSchema), next: z.string().optional() });
/** Labels that are asked for at a time. */
const PAGE = 2_000;

/**
 * Works with the models of a data directory.
 *
 * @param kv path or URL of the KV, where it is not the file in the data directory
 * @throws {CommandError} one sentence, if neither the store nor the instance can be used
 */
export async function withModels<T>(
  dataDir: string,
  kv: string | undefined,
  work: (models: CommandModels) => Promise<T>,
): Promise<T> {
  if (await lockState(dataDir) === "held") return await work(liveModels(await servingInstance(dataDir)));
  const lock = await takeDataDir(dataDir);
  try {
    const store = await openDatabase(dataDir, kv, systemClock);
    try {
      await checkFormat(store);
      const registry = new KvModelRegistry(store, { clock: systemClock, freshId: () => crypto.randomUUID() });
      return await work({
        list: () => registry.list(),
        versions: (name) => registry.versions(name),
        bytes: (name, version) => registry.bytes(name, version),
        register: (name, model) => registry.register(name, model),
        labels: () => everyPage((cursor) => new KvLabelStore(store, { clock: systemClock }).list({}, PAGE, cursor)),
      });
    } finally {
      store.close();
    }
  } catch (error) {
    throw error instanceof ModelRuleError ? new CommandError(error.message, { cause: error }) : error;
  } finally {
    lock.release();
  }
}

/** The models of a running instance, asked over HTTP. */
function liveModels(instance: Instance): CommandModels {
  const ask = async <U>(path: string, read: (answer: Response) => Promise<U>, body?: object): Promise<U> => {
    const answer = await request(instance, path, body);
    if (answer.ok) return await read(answer);
    const { detail } = z.object({ detail: z.string() }).catch({ detail: `HTTP ${answer.status}` })
      .parse(await answer.json().catch(() => undefined));
    throw new CommandError(`the instance at ${instance.url} refused ${path}: ${detail}`);
  };
  const path = (name: string) => `/models/${encodeURIComponent(name)}`;
  return {
    list: () =>
      ask(
        "/models",
        async (answer): Promise<ModelState[]> =>
          z.object({ items: z.array(stateSchema) }).parse(await answer.json()).items,
      ),
    versions: (name) =>
      ask(
        path(name),
        async (answer): Promise<ModelVersion[]> =>
          z.object({ versions: z.array(versionSchema) }).parse(await answer.json()).versions,
      ),
    bytes: (name, version) => ask(`${path(name)}/versions/${version}/bytes`, (answer) => answer.bytes()),
    register: (name, { bytes, ...model }) =>
      ask("/admin/models", async (answer) => versionSchema.parse(await answer.json()), {
        name,
        ...model,
        bytes: bytes.toBase64(),
      }),
    labels: () =>
      everyPage((cursor) => {
        const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        return ask(
          `/labels?limit=${PAGE}${query}`,
          async (answer): Promise<Page<Label>> => labelsSchema.parse(await answer.json()),
        );
      }),
  };
}

/** All items of a listing. */
async function everyPage<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const { items: more, next }: Page<T> = await page(cursor);
    for (const item of more) items.push(item);
    cursor = next;
  } while (cursor !== undefined);
  return items;
}

async function request(instance: Instance, path: string, body?: object): Promise<Response> {
  try {
    return await fetch(`${instance.url}${path}`, {
      redirect: "error", // the token is for this address alone
      headers: { authorization: `Bearer ${instance.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new CommandError(`process ${instance.pid} does not answer at ${instance.url}`, { cause: error });
  }
}
