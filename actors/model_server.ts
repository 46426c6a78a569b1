/**
 * Models ready to answer: the version in use of each, kept in memory, and replaced without a request being lost.
 *
 * A request takes hold of a version once and is answered by it. When another version is put to use, it is read first and
 * then takes the place of the old one in one step; until then the old one goes on answering.
 *
 * Bounded: at most {@linkcode HELD_MOST} versions are in memory; those taken up longest ago are let go.
 *
 * @module
 */
import {
  type ModelRegistry,
  type ModelState,
  type ModelVersion,
  type NewModel,
  NoModelError,
} from "./model_registry.ts";
import type { Clock } from "./ports.ts";
import { readModel, type ServedModel } from "./served_model.ts";

/** Versions that are kept in memory. */
const HELD_MOST = 64;
/** After so long a request makes the server look whether another process has changed which version is in use, ms. */
export const LOOK_AGAIN_MS = 10_000;

/** What a model server is made with. */
export interface ModelServerOptions {
  readonly registry: ModelRegistry;
  readonly clock: Clock;
  /** Told when a version in use cannot be read; the one before goes on answering. */
  readonly report?: (error: unknown) => void;
}

/** The version in use of a model, and when the registry was asked last. */
interface InUse {
  served: ServedModel;
  looked: number;
}

/** Models ready to answer. */
export class ModelServer {
  readonly registry: ModelRegistry;
  private readonly inUse = new Map<string, InUse>();
  private readonly held = new Map<string, Promise<ServedModel | undefined>>();
  /** Changes of a model, one after the other. */
  private readonly changes = new Map<string, Promise<void>>();
  private readonly forget: () => void;

  constructor(private readonly options: ModelServerOptions) {
    this.registry = options.registry;
    this.forget = this.registry.onChange(({ name }) => void this.change(name));
  }

  /** No longer hears of changes. */
  close(): void {
    this.forget();
  }

  /** The version in use, if it is in memory: the fast way. */
  ready(name: string): ServedModel | undefined {
    const one = this.inUse.get(name);
    if (one === undefined) return undefined;
    const now = this.options.clock.now();
    if (now - one.looked >= LOOK_AGAIN_MS) {
      one.looked = now;
      void this.change(name);
    }
    return one.served;
  }

  /**
   * A version, or the one in use; undefined if there is none that answers.
   *
   * @throws {Error} if it cannot be read
   */
  async find(name: string, version?: number): Promise<ServedModel | undefined> {
    if (version !== undefined) return await this.hold(name, version);
    const ready = this.ready(name);
    if (ready !== undefined) return ready;
    await this.change(name); // in turn with other changes, so that none is undone
    const one = this.inUse.get(name);
    if (one !== undefined) return one.served;
    const state = await this.registry.state(name);
    return state === undefined ? undefined : await this.hold(name, state.active);
  }

  /**
   * Registers a version once it is certain that it can be read, and waits until it answers, if it is put to use.
   *
   * @throws {ModelRuleError} if the registry refuses it
   * @throws {Error} one sentence if the bytes are not of its kind
   */
  async register(name: string, model: NewModel): Promise<ModelVersion> {
    const { kind, scope, lineage, metrics, bytes } = model;
    const trial = { name, version: 1, kind, scope, lineage, metrics, created: 0, size: bytes.length, sha256: "" };
    readModel(trial, bytes);
    const version = await this.registry.register(name, model);
    await this.change(name);
    return version;
  }

  /** Waits until the changes that were told of are made. */
  async settled(): Promise<void> {
    await Promise.all(this.changes.values());
  }

  /** Models in order of name, each with the version in use. */
  async list(): Promise<{ readonly state: ModelState; readonly version: ModelVersion }[]> {
    const listed = [];
    for (const state of await this.registry.list()) {
      const version = await this.registry.version(state.name, state.active);
      if (version !== undefined) listed.push({ state, version });
    }
    return listed;
  }

  /** Brings what is in use into line with the registry; a change under way is waited for, so that the last one counts. */
  private change(name: string): Promise<void> {
    const next = (this.changes.get(name) ?? Promise.resolve()).then(() => this.follow(name));
    this.changes.set(name, next);
    return next.finally(() => {
      if (this.changes.get(name) === next) this.changes.delete(name);
    });
  }

  private async follow(name: string): Promise<void> {
    try {
      const state = await this.registry.state(name), now = this.inUse.get(name);
      if (state === undefined || now?.served.version.version === state.active) return;
      const served = await this.hold(name, state.active);
      if (served !== undefined) this.putToUse(name, served);
    } catch (error) {
      this.options.report?.(error);
    }
  }

  private putToUse(name: string, served: ServedModel): void {
    this.inUse.delete(name);
    this.inUse.set(name, { served, looked: this.options.clock.now() });
    drop(this.inUse);
  }

  private async hold(name: string, version: number): Promise<ServedModel | undefined> {
    const key = `${name}\n${version}`, known = this.held.get(key);
    this.held.delete(key);
    const reading = known ?? this.read(name, version);
    this.held.set(key, reading);
    drop(this.held);
    try {
      return await reading;
    } catch (error) {
      if (this.held.get(key) === reading) this.held.delete(key); // the next request tries again
      if (error instanceof NoModelError) return undefined;
      throw error;
    }
  }

  private async read(name: string, version: number): Promise<ServedModel | undefined> {
    const known = await this.registry.version(name, version);
    if (known === undefined) throw new NoModelError(`there is no version ${version} of the model ${name}`);
    return readModel(known, await this.registry.bytes(name, version));
  }
}

/** Lets go of what was put in longest ago. */
function drop(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= HELD_MOST) return;
    map.delete(key);
  }
}
