/**
 * Models of a rehearsal, in memory: the newest two versions of each, which is what training looks back on.
 *
 * @module
 */
import {
  type ModelRegistry,
  ModelRuleError,
  type ModelState,
  type ModelVersion,
  type NewModel,
  NoModelError,
} from "./model_registry.ts";

/** Versions of a model that are kept. */
const KEPT = 2;

interface Kept {
  readonly version: ModelVersion;
  readonly bytes: Uint8Array;
}

interface Model {
  readonly versions: Kept[];
  active: number;
  pinned: boolean;
}

/** A registry that is gone with the rehearsal. Versions are registered at time 0: nothing here has a clock. */
export class MemoryModels implements ModelRegistry {
  private readonly models = new Map<string, Model>();
  private readonly listeners = new Set<(state: ModelState) => void>();

  list(): Promise<ModelState[]> {
    return Promise.resolve([...this.models.keys()].sort().map((name) => this.stateOf(name)));
  }

  state(name: string): Promise<ModelState | undefined> {
    return Promise.resolve(this.models.has(name) ? this.stateOf(name) : undefined);
  }

  versions(name: string): Promise<ModelVersion[]> {
    return Promise.resolve((this.models.get(name)?.versions ?? []).map(({ version }) => version).reverse());
  }

  version(name: string, version: number): Promise<ModelVersion | undefined> {
    return Promise.resolve(this.find(name, version)?.version);
  }

  bytes(name: string, version: number): Promise<Uint8Array> {
    const found = this.find(name, version);
    return found ? Promise.resolve(found.bytes) : Promise.reject(noVersion(name, version));
  }

  async register(name: string, { bytes, version: number, ...about }: NewModel): Promise<ModelVersion> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
    const model = this.models.get(name) ?? { versions: [], active: 0, pinned: false };
    const latest = model.versions.at(-1)?.version.version ?? 0, next = number ?? latest + 1;
    if (next <= latest) throw new ModelRuleError(`version ${next} of ${name} must be above the latest, ${latest}`);
    const version: ModelVersion = {
      name,
      version: next,
      ...about,
      created: 0,
      size: bytes.length,
      sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    };
    model.versions.push({ version, bytes });
    if (!model.pinned) model.active = next;
    while (model.versions.length > KEPT && model.versions[0].version.version !== model.active) model.versions.shift();
    this.models.set(name, model);
    this.tell(name);
    return version;
  }

  pin(name: string, version: number): Promise<ModelState> {
    return this.change(name, version, true);
  }

  unpin(name: string): Promise<ModelState> {
    const latest = this.models.get(name)?.versions.at(-1)?.version.version ?? 0;
    return this.change(name, latest, false);
  }

  rollBack(name: string, to?: number): Promise<ModelState> {
    const active = this.models.get(name)?.active ?? 0, version = to ?? active - 1;
    if (version < active) return this.change(name, version, false);
    return Promise.reject(
      new ModelRuleError(`cannot roll ${name} back to ${version}: it must be before the active ${active}`),
    );
  }

  onChange(told: (state: ModelState) => void): () => void {
    this.listeners.add(told);
    return () => this.listeners.delete(told);
  }

  private change(name: string, version: number, pinned: boolean): Promise<ModelState> {
    const model = this.models.get(name);
    if (!model || !this.find(name, version)) return Promise.reject(noVersion(name, version));
    model.active = version;
    model.pinned = pinned;
    this.tell(name);
    return Promise.resolve(this.stateOf(name));
  }

  private find(name: string, version: number): Kept | undefined {
    return this.models.get(name)?.versions.find((one) => one.version.version === version);
  }

  private stateOf(name: string): ModelState {
    const { active, pinned, versions } = this.models.get(name) ?? { active: 0, pinned: false, versions: [] };
    return { name, active, latest: versions.at(-1)?.version.version ?? 0, pinned };
  }

  private tell(name: string): void {
    for (const told of this.listeners) told(this.stateOf(name));
  }
}

function noVersion(name: string, version: number): NoModelError {
  return new NoModelError(`there is no version ${version} of a model ${name}`);
}
