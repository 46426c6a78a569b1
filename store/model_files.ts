/**
 * The registry's models as files: `models/global/` for what many sensors share, `models/local/` for a sensor's own.
 *
 *     models/global/parts/model.json      which version is in use
 *     models/global/parts/1.meta.json     what is known of version 1: lineage, metrics, size, SHA-256
 *     models/global/parts/1.json          its bytes (`.forest` for an isolation forest, `.network`)
 *
 * A name is written percent-encoded. A file is written under another name first, so that one that is there is whole.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ModelKind, ModelRegistry, ModelState, ModelVersion } from "../actors/model_registry.ts";
import { join } from "../std/path.ts";

/** What is needed of a registry: the registry itself, or one that is asked over HTTP. */
export type ModelReader = Pick<ModelRegistry, "list" | "versions" | "bytes">;

/** What was written. */
export interface ModelFiles {
  readonly models: number;
  readonly versions: number;
  readonly bytes: number;
}

const ENDINGS: Readonly<Record<ModelKind, string>> = { logistic: "json", forest: "forest", network: "network" };

/**
 * Writes every version of every model into the folders `local` and `global` of a folder; both are there afterwards.
 *
 * @throws {Error} if bytes are not what their SHA-256 says
 */
export async function writeModelFiles(reader: ModelReader, folder: string): Promise<ModelFiles> {
  for (const scope of ["local", "global"]) await Deno.mkdir(join(folder, scope), { recursive: true });
  let models = 0, versions = 0, bytes = 0;
  for (const state of await reader.list()) {
    const kept = await reader.versions(state.name);
    models++;
    for (const version of kept) {
      await writeVersion(reader, join(folder, version.scope, folderName(state.name)), version);
      versions++;
      bytes += version.size;
    }
    for (const scope of new Set(kept.map((version) => version.scope))) {
      await writeState(join(folder, scope, folderName(state.name)), state);
    }
  }
  return { models, versions, bytes };
}

/** The folder of a model: its name, percent-encoded so that it is one name of a file on any system. */
export function folderName(name: string): string {
  return encodeURIComponent(name).replace(/[.!'()*~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function writeVersion(reader: ModelReader, folder: string, version: ModelVersion): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const bytes = await reader.bytes(version.name, version.version);
  if (createHash("sha256").update(bytes).digest("hex") !== version.sha256) {
    throw new Error(`version ${version.version} of ${version.name} is not what was registered`);
  }
  await writeWhole(join(folder, `${version.version}.${ENDINGS[version.kind]}`), bytes);
  const { created, ...known } = version;
  await writeJson(join(folder, `${version.version}.meta.json`), { ...known, created: new Date(created).toISOString() });
}

async function writeState(folder: string, { name, active, latest, pinned }: ModelState): Promise<void> {
  await writeJson(join(folder, "model.json"), { name, active, latest, pinned });
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeWhole(path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(`${path}.part`, bytes);
  await Deno.rename(`${path}.part`, path);
}
