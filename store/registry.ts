/**
 * The model registry in the key-value store.
 *
 * A version's bytes are in parts that fit a value, under a fresh id of this write. One atomic write holds the parts, what
 * is known of the version, and which version is in use; parts for which it has no room come first. So a version is there
 * as a whole or not at all, whatever dies in between, and two writers cannot mix their parts. Parts that a writer left
 * behind go at a later registration.
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
export interface VersionValue extends Omit<ModelVersion, "name" | "version"> {
  /** The write whose parts are the bytes. */
  readonly write: string;
  readonly parts: number;
}

/** A version with its key; the stamp is that of one that was read. */
type VersionEntry = Pick<Deno.KvEntry<VersionValue>, "key" | "value"> & { readonly versionstamp?: string };

/** The model's own entry. */
export interface HeadValue {
  readonly active: number;
  readonly latest: number;
  readonly pinned: boolean;
}

const KEEP = 50, DEADLINE_MS = 30_000, TRIES = 10, PUT_TRIES = 3;
/** Bytes of a part: a value's, less room for its own encoding. */
export const PART_BYTES = KV_LIMITS.valueBytes - 1024;
/** Parts of one write: a version's own entry, at most as great as a part, fits in, too. */
const PARTS_PER_WRITE = Math.floor(KV_LIMITS.atomicBytes / KV_LIMITS.valueBytes) - 1;
// deno-lint-ignore no-control-regex -- control characters are exactly what a name must not hold
const CONTROL = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;

/** Models in a key-value store. */
export class KvModelRegistry implements ModelRegistry {
  private readonly listeners = new Set<(state: ModelState) => void>();
  /** Models of which no part is left over: looked for once, and again behind versions of more than one write. */
  private readonly tidied = new Set<string>();
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
    return (await this.entries(name)).map((one) => versionOf(name, one));
  }

  async version(name: string, version: number): Promise<ModelVersion | undefined> {
    const { value } = await this.ask(this.kv.get<VersionValue>(KEYS.modelVersion(name, version)));
    return value === null ? undefined : versionOf(name, { key: KEYS.modelVersion(name, version), value });
  }

  async bytes(name: string, version: number): Promise<Uint8Array> {
    const { value } = await this.ask(this.kv.get<VersionValue>(KEYS.modelVersion(name, version)));
    if (value === null) throw noVersion(name, version);
    const bytes = new Uint8Array(value.size), numbers = Array.from({ length: value.parts }, (_, part) => part);
    await Promise.all(numbers.map(async (part) => {
      const key = KEYS.modelPart(name, version, value.write, part);
      const found = (await this.ask(this.kv.get<Uint8Array>(key))).value;
      if (found === null) {
        throw new StoreError(`part ${part} of ${value.parts} of version ${version} of ${name} is missing`);
      }
      bytes.set(found, part * PART_BYTES);
    }));
    if (sha256Of(bytes) !== value.sha256) throw new StoreError(`version ${version} of ${name} is damaged in the store`);
    return bytes;
  }

  async register(name: string, model: NewModel): Promise<ModelVersion> {
    checkModel(name, model);
    const sha256 = sha256Of(model.bytes), { kind, scope, lineage, metrics, bytes } = model;
    const attempts: string[] = [];
    for (let tries = 0; tries < TRIES; tries++) {
      const headRead = this.ask(this.kv.get<HeadValue>(KEYS.model(name)));
      const [head, versions] = await Promise.all([headRead, this.entries(name)]), latest = head.value?.latest ?? 0;
      const late = versions.find(({ value }) => attempts.includes(value.write)), state = late && await this.state(name);
      if (late && state) return await this.finish(state, versions, late);
      const version = model.version ?? latest + 1;
      if (version > MODEL_LIMITS.version) throw new ModelRuleError(`${name} has no version left above ${version - 1}`);
      const entry = versions.find(({ key }) => key[2] === version);
      if (entry?.value.sha256 === sha256 && model.version !== undefined) return versionOf(name, entry);
      if (version <= latest) {
        const why = entry ? "it is there with other bytes" : `${latest} is the latest`;
        throw new ModelRuleError(`cannot register version ${version} of ${name}: ${why}`);
      }
      const write = this.options.freshId(), key = KEYS.modelVersion(name, version);
      const value: VersionValue = {
        kind,
        scope,
        lineage,
        metrics,
        created: this.options.clock.now(),
        size: bytes.length,
        sha256,
        write,
        parts: Math.max(1, Math.ceil(bytes.length / PART_BYTES)),
      };
      checkSize(name, version, value);
      const pinned = head.value?.pinned ?? false;
      const next: HeadValue = { active: pinned ? head.value?.active ?? version : version, latest: version, pinned };
      const written = await this.writeFirst(name, version, write, bytes);
      const atomic = this.withParts(name, version, write, bytes, written)
        .check(head, { key, versionstamp: entry?.versionstamp ?? null }).set(key, value).set(KEYS.model(name), next);
      attempts.push(write);
      if (await this.commit(atomic, () => this.isWritten(name, version, write))) {
        const registered = { key, value };
        return await this.finish({ name, ...next }, [registered, ...versions], registered);
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

  /** The entries of its versions, newest first. */
  private entries(name: string): Promise<Deno.KvEntry<VersionValue>[]> {
    return Array.fromAsync(this.kv.list<VersionValue>({ prefix: KEYS.modelVersions(name) }, { reverse: true }));
  }

  /** Writes the parts for which there is no room beside the version; how many these are. */
  private async writeFirst(name: string, version: number, write: string, bytes: Uint8Array): Promise<number> {
    let written = 0;
    for (; (written + PARTS_PER_WRITE) * PART_BYTES < bytes.length; written += PARTS_PER_WRITE) {
      this.tidied.delete(name);
      await this.put(name, this.withParts(name, version, write, bytes, written));
    }
    return written;
  }

  /** One write of parts, from one of them on. */
  private withParts(name: string, version: number, write: string, bytes: Uint8Array, from: number): KvAtomic {
    let atomic = this.kv.atomic();
    for (let part = from; part < from + PARTS_PER_WRITE && part * PART_BYTES < bytes.length; part++) {
      const key = KEYS.modelPart(name, version, write, part);
      atomic = atomic.set(key, bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES));
    }
    return atomic;
  }

  /** Commits what may be written twice, until the answer is that it is there: a version stands on it. */
  private async put(name: string, atomic: KvAtomic): Promise<void> {
    for (let tries = 0; tries < PUT_TRIES; tries++) if ((await this.ask(atomic.commit())).ok) return;
    throw new StoreError(`the parts of a version of ${name} could not be written in ${PUT_TRIES} tries`);
  }

  /** Tells of a version that is registered, and tidies up. @param versions all, newest first */
  private async finish(
    state: ModelState,
    versions: readonly VersionEntry[],
    registered: VersionEntry,
  ): Promise<ModelVersion> {
    this.tell(state);
    await this.tidy(state, versions);
    return versionOf(state.name, registered);
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

  /**
   * Removes versions beyond those that are kept, and parts that belong to no version. Such parts are looked for, among
   * the bytes of all versions, only where there may be some: a version that is one write leaves none.
   */
  private async tidy({ name, active }: ModelState, versions: readonly VersionEntry[]): Promise<void> {
    const kept = versions.filter(({ key }, i) => i < this.options.keep || key[2] === active);
    const gone = versions.filter((one) => !kept.includes(one)).flatMap(keysOf);
    if (!this.tidied.has(name)) {
      const known = new Map(versions.map(({ key, value }) => [key[2], value.write]));
      for await (const { key } of this.kv.list({ prefix: KEYS.modelParts(name) })) {
        // Those of a later version may be another writer's that has not finished.
        if (Number(key[2]) <= Number(versions[0].key[2]) && known.get(key[2]) !== key[3]) gone.push(key);
      }
    }
    for (let at = 0; at < gone.length; at += KV_LIMITS.mutations) {
      let atomic = this.kv.atomic();
      for (const key of gone.slice(at, at + KV_LIMITS.mutations)) atomic = atomic.delete(key);
      await this.ask(atomic.commit());
    }
    if (kept.every(({ value }) => value.parts <= PARTS_PER_WRITE)) this.tidied.add(name);
  }

  private ask<T>(answer: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.deadlineMs, answer);
  }
}

function versionOf(name: string, { key, value: { write: _, parts: _p, ...known } }: VersionEntry): ModelVersion {
  return { name, version: Number(key[2]), ...known };
}

/** All keys of a version. */
function keysOf({ key, value: { write, parts } }: VersionEntry): Deno.KvKey[] {
  const name = String(key[1]), version = Number(key[2]);
  return [key, ...Array.from({ length: parts }, (_, part) => KEYS.modelPart(name, version, write, part))];
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
