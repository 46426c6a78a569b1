/**
 * The model registry in the key-value store.
 *
 * A version's bytes come first, in parts that fit a value, under a fresh id of this write; then, in one atomic write,
 * what is known of the version and which version is in use. So a version is there as a whole or not at all, whatever
 * dies in between, and two writers cannot mix their parts. Parts that a writer left behind go at the next registration.
 *
 * Of each model a bounded number of versions is kept: the newest, and the one in use.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  MODEL_LIMITS,
  type ModelRegistry,
  ModelRuleError,
  type ModelState,
  type ModelVersion,
  type NewModel,
  NoModelError,
} from "../actors/model_registry.ts";
import type { Clock } from "../actors/ports.ts";
import { StoreError } from "./checkpoint/chain.ts";
import { within } from "./deadline.ts";
import { KEYS } from "./keys.ts";
import { KV_LIMITS, type KvAtomic, type KvPort } from "./kv.ts";

/** How the registry works. */
export interface RegistryOptions {
  readonly clock: Clock;
  /** A fresh id at each call. */
  readonly freshId: () => string;
  /** Versions of a model that are kept; default 50. */
  readonly keep?: number;
  /** How long a call to the database may take, ms; default 30 s. */
  readonly deadlineMs?: number;
}

/** A version as it is stored. */
interface VersionValue extends Omit<ModelVersion, "name" | "version"> {
  /** The write whose parts are the bytes. */
  readonly write: string;
  readonly parts: number;
}

/** The model's own entry. */
interface HeadValue {
  readonly active: number;
  readonly latest: number;
  readonly pinned: boolean;
}

const KEEP = 50, DEADLINE_MS = 30_000, TRIES = 10, PUT_TRIES = 3;
/** Bytes of a part: a value's, less room for its own encoding. */
export const PART_BYTES = KV_LIMITS.valueBytes - 1024;
// deno-lint-ignore no-control-regex -- control characters are exactly what a name must not hold
const CONTROL = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;

/** Models in a key-value store. */
export class KvModelRegistry implements ModelRegistry {
  private readonly listeners = new Set<(state: ModelState) => void>();
  private readonly options: Required<RegistryOptions>;

  constructor(private readonly kv: KvPort, options: RegistryOptions) {
    this.options = { keep: KEEP, deadlineMs: DEADLINE_MS, ...options };
  }

  async list(): Promise<ModelState[]> {
    const states: ModelState[] = [];
    for await (const { key, value } of this.kv.list<HeadValue>({ prefix: KEYS.models() })) {
      states.push({ name: String(key[1]), ...value });
    }
    return states;
  }

  async state(name: string): Promise<ModelState | undefined> {
    const { value } = await this.ask(this.kv.get<HeadValue>(KEYS.model(name)));
    return value === null ? undefined : { name, ...value };
  }

  async versions(name: string): Promise<ModelVersion[]> {
    const versions: ModelVersion[] = [];
    for await (
      const { key, value } of this.kv.list<VersionValue>({ prefix: KEYS.modelVersions(name) }, { reverse: true })
    ) {
      versions.push(versionOf(name, Number(key[2]), value));
    }
    return versions;
  }

  async version(name: string, version: number): Promise<ModelVersion | undefined> {
    const { value } = await this.ask(this.kv.get<VersionValue>(KEYS.modelVersion(name, version)));
    return value === null ? undefined : versionOf(name, version, value);
  }

  async bytes(name: string, version: number): Promise<Uint8Array> {
    const { value } = await this.ask(this.kv.get<VersionValue>(KEYS.modelVersion(name, version)));
    if (value === null) throw noVersion(name, version);
    const bytes = new Uint8Array(value.size);
    for (let part = 0; part < value.parts; part++) {
      const key = KEYS.modelPart(name, version, value.write, part);
      const found = (await this.ask(this.kv.get<Uint8Array>(key))).value;
      if (found === null) {
        throw new StoreError(`part ${part} of ${value.parts} of version ${version} of ${name} is missing`);
      }
      bytes.set(found, part * PART_BYTES);
    }
    if (sha256Of(bytes) !== value.sha256) throw new StoreError(`version ${version} of ${name} is damaged in the store`);
    return bytes;
  }

  async register(name: string, model: NewModel): Promise<ModelVersion> {
    checkModel(name, model);
    const sha256 = sha256Of(model.bytes), { kind, scope, lineage, metrics, bytes } = model;
    const attempts: { readonly version: number; readonly write: string }[] = [];
    for (let tries = 0; tries < TRIES; tries++) {
      const head = await this.ask(this.kv.get<HeadValue>(KEYS.model(name)));
      const late = await this.anyWritten(name, attempts);
      if (late !== undefined) return await this.finish(name, late);
      const version = model.version ?? (head.value?.latest ?? 0) + 1;
      if (version > MODEL_LIMITS.version) throw new ModelRuleError(`${name} has no version left above ${version - 1}`);
      const entry = await this.ask(this.kv.get<VersionValue>(KEYS.modelVersion(name, version)));
      if (entry.value?.sha256 === sha256 && model.version !== undefined) return versionOf(name, version, entry.value);
      if (version <= (head.value?.latest ?? 0)) {
        const why = entry.value === null ? `${head.value?.latest} is the latest` : "it is there with other bytes";
        throw new ModelRuleError(`cannot register version ${version} of ${name}: ${why}`);
      }
      const write = this.options.freshId(), parts = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
      await this.writeParts(name, version, write, bytes);
      const value: VersionValue = {
        kind,
        scope,
        lineage,
        metrics,
        created: this.options.clock.now(),
        size: bytes.length,
        sha256,
        write,
        parts,
      };
      checkSize(name, version, value);
      const pinned = head.value?.pinned ?? false;
      const next: HeadValue = { active: pinned ? head.value?.active ?? version : version, latest: version, pinned };
      const atomic = this.kv.atomic().check(head, entry).set(KEYS.modelVersion(name, version), value)
        .set(KEYS.model(name), next);
      attempts.push({ version, write });
      if (await this.commit(atomic, () => this.isWritten(name, version, write))) {
        return await this.finish(name, version);
      }
    }
    throw new StoreError(`the model ${name} could not be registered: others do so at the same time`);
  }

  pin(name: string, version: number): Promise<ModelState> {
    return this.change(name, async (head) => {
      if (await this.version(name, version) === undefined) throw noVersion(name, version);
      return { ...head, active: version, pinned: true };
    });
  }

  unpin(name: string): Promise<ModelState> {
    return this.change(name, (head) => Promise.resolve({ ...head, active: head.latest, pinned: false }));
  }

  rollBack(name: string, to?: number): Promise<ModelState> {
    return this.change(name, async (head) => {
      const before = (await this.versions(name)).map(({ version }) => version).filter((one) => one < head.active);
      if (to !== undefined && to >= head.active) {
        throw new ModelRuleError(`cannot roll ${name} back to version ${to}: version ${head.active} is in use`);
      }
      const active = to === undefined ? before[0] : before.find((one) => one === to);
      if (active === undefined && to === undefined) {
        throw new ModelRuleError(`cannot roll ${name} back: there is no version before ${head.active}`);
      }
      if (active === undefined) throw noVersion(name, to ?? 0);
      return { ...head, active, pinned: false };
    });
  }

  onChange(told: (state: ModelState) => void): () => void {
    this.listeners.add(told);
    return () => this.listeners.delete(told);
  }

  private async change(name: string, how: (head: HeadValue) => Promise<HeadValue>): Promise<ModelState> {
    for (let tries = 0; tries < TRIES; tries++) {
      const head = await this.ask(this.kv.get<HeadValue>(KEYS.model(name)));
      if (head.value === null) throw new NoModelError(`there is no model ${JSON.stringify(name)}`);
      const next = await how(head.value), state = { name, ...next };
      const isThere = async () => {
        const { value } = await this.ask(this.kv.get<HeadValue>(KEYS.model(name)));
        return value !== null && JSON.stringify(value) === JSON.stringify(next);
      };
      if (!await this.commit(this.kv.atomic().check(head).set(KEYS.model(name), next), isThere)) continue;
      this.tell(state);
      return state;
    }
    throw new StoreError(`the model ${name} could not be changed: others do so at the same time`);
  }

  private tell(state: ModelState): void {
    for (const told of this.listeners) told(state);
  }

  private async writeParts(name: string, version: number, write: string, bytes: Uint8Array): Promise<void> {
    const perWrite = Math.floor(KV_LIMITS.atomicBytes / KV_LIMITS.valueBytes);
    for (let part = 0, at = 0; at === 0 || at < bytes.length;) {
      let atomic = this.kv.atomic();
      for (let n = 0; n < perWrite && (at === 0 || at < bytes.length); n++, part++, at += PART_BYTES) {
        atomic = atomic.set(KEYS.modelPart(name, version, write, part), bytes.slice(at, at + PART_BYTES));
      }
      await this.put(name, atomic);
    }
  }

  /** Commits what may be written twice, until the answer is that it is there: a version stands on it. */
  private async put(name: string, atomic: KvAtomic): Promise<void> {
    for (let tries = 0; tries < PUT_TRIES; tries++) if ((await this.ask(atomic.commit())).ok) return;
    throw new StoreError(`the parts of a version of ${name} could not be written in ${PUT_TRIES} tries`);
  }

  /** The version of an attempt that succeeded after all: a write that was given up may come late. */
  private async anyWritten(
    name: string,
    attempts: readonly { readonly version: number; readonly write: string }[],
  ): Promise<number | undefined> {
    for (const { version, write } of attempts) if (await this.isWritten(name, version, write)) return version;
    return undefined;
  }

  /** Tells of a version that is registered, and tidies up. */
  private async finish(name: string, version: number): Promise<ModelVersion> {
    const registered = await this.version(name, version), state = await this.state(name);
    if (registered === undefined || state === undefined) throw noVersion(name, version);
    this.tell(state);
    await this.tidy(state);
    return registered;
  }

  /** Whether a version's entry is this write's; asked when the answer to the write was lost. */
  private async isWritten(name: string, version: number, write: string): Promise<boolean> {
    return (await this.ask(this.kv.get<VersionValue>(KEYS.modelVersion(name, version)))).value?.write === write;
  }

  /** Commits; after an answer that does not tell, `isThere` does. */
  private async commit(atomic: KvAtomic, isThere: () => Promise<boolean>): Promise<boolean> {
    try {
      if ((await this.ask(atomic.commit())).ok) return true;
    } catch {
      // Whether it is there is read below.
    }
    return await isThere();
  }

  /** Removes versions beyond those that are kept, and parts that belong to no version. */
  private async tidy({ name, active }: ModelState): Promise<void> {
    const kept = new Map<number, string>(), gone: Deno.KvKey[] = [];
    let number = 0;
    for await (
      const { key, value } of this.kv.list<VersionValue>({ prefix: KEYS.modelVersions(name) }, { reverse: true })
    ) {
      if (++number <= this.options.keep || Number(key[2]) === active) kept.set(Number(key[2]), value.write);
      else gone.push(key);
    }
    const newest = Math.max(...kept.keys());
    for await (const { key } of this.kv.list({ prefix: KEYS.modelParts(name) })) {
      // Those of a later version may be another writer's that has not finished.
      if (Number(key[2]) <= newest && kept.get(Number(key[2])) !== key[3]) gone.push(key);
    }
    for (let at = 0; at < gone.length; at += KV_LIMITS.mutations) {
      let atomic = this.kv.atomic();
      for (const key of gone.slice(at, at + KV_LIMITS.mutations)) atomic = atomic.delete(key);
      await this.ask(atomic.commit());
    }
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs, answer);
  }
}

function versionOf(name: string, version: number, { write: _, parts: _p, ...known }: VersionValue): ModelVersion {
  return { name, version, ...known };
}

function noVersion(name: string, version: number): NoModelError {
  return new NoModelError(`there is no version ${version} of the model ${JSON.stringify(name)}`);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function checkModel(name: string, { bytes, version }: NewModel): void {
  if (name.length < 1 || name.length > MODEL_LIMITS.nameLength || CONTROL.test(name)) {
    throw new ModelRuleError(
      `a model's name must have 1 to ${MODEL_LIMITS.nameLength} characters without control characters`,
    );
  }
  if (bytes.length < 1 || bytes.length > MODEL_LIMITS.bytes) {
    throw new ModelRuleError(`${name}: a version must have 1 to ${MODEL_LIMITS.bytes} bytes, not ${bytes.length}`);
  }
  if (version !== undefined && !(Number.isInteger(version) && version >= 1 && version <= MODEL_LIMITS.version)) {
    throw new ModelRuleError(
      `${name}: a version must be a whole number from 1 to ${MODEL_LIMITS.version}, not ${version}`,
    );
  }
}

function checkSize(name: string, version: number, { lineage, metrics }: VersionValue): void {
  const bytes = JSON.stringify([lineage, metrics]).length * 3;
  if (bytes > PART_BYTES) {
    throw new ModelRuleError(
      `cannot register version ${version} of ${name}: lineage and metrics take ${bytes} bytes, at most ${PART_BYTES}`,
    );
  }
}
