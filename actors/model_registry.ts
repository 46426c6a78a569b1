/**
 * The port of the model registry: models by name and version, what they were made from, and which version is in use.
 *
 * @module
 */
import type { Json } from "./ports.ts";

/** How a model computes, and how its bytes are read. */
export type ModelKind = "logistic" | "forest" | "network";

/** Shared by many sensors (global), or one sensor's own (local). */
export type ModelScope = "global" | "local";

/** What a version was made from: enough to make it again. */
export interface Lineage {
  /** Where the data came from, for a person: `parts, seed 42`, `readings of type room`. */
  readonly data: string;
  /** Rows that it was trained on. */
  readonly rows: number;
  /** How it was configured. */
  readonly configuration: Json;
  readonly seed: number;
  /** The version that it was trained on from, where there is one. */
  readonly parent?: number;
}

/** A version that is to be registered. */
export interface NewModel {
  readonly kind: ModelKind;
  readonly scope: ModelScope;
  readonly lineage: Lineage;
  /** Figures of its judgement, such as `roc_auc`. */
  readonly metrics: Json;
  readonly bytes: Uint8Array;
  /** The version's number, such as an epoch; above the latest, or one that is there with the same bytes. Default: the next. */
  readonly version?: number;
}

/** What is known of a registered version. */
export interface ModelVersion {
  readonly name: string;
  /** 1 and up. */
  readonly version: number;
  readonly kind: ModelKind;
  readonly scope: ModelScope;
  readonly lineage: Lineage;
  readonly metrics: Json;
  /** When it was registered, epoch ms. */
  readonly created: number;
  /** Of its bytes. */
  readonly size: number;
  /** Of its bytes, in hexadecimal digits. */
  readonly sha256: string;
}

/** A model with its versions' state. */
export interface ModelState {
  readonly name: string;
  /** The version in use. */
  readonly active: number;
  /** The version that was registered last. */
  readonly latest: number;
  /** Whether the active version stays when another is registered. */
  readonly pinned: boolean;
}

/** Limits of the registry. */
export const MODEL_LIMITS = {
  /** Characters of a name, without control characters. */
  nameLength: 128,
  /** Bytes of a version. */
  bytes: 16 * 1024 * 1024,
  /** Greatest version. */
  version: 2 ** 31,
} as const;

/** There is no such model or version; the message is one sentence. */
export class NoModelError extends Error {
  override name = "NoModelError";
}

/** What was asked is against the registry's rules; the message is one sentence. */
export class ModelRuleError extends Error {
  override name = "ModelRuleError";
}

/** Versions of models. Everything that changes it is atomic: a reader sees the whole change or nothing of it. */
export interface ModelRegistry {
  /** All models in order of name. */
  list(): Promise<ModelState[]>;
  /** One model; undefined if there is none. */
  state(name: string): Promise<ModelState | undefined>;
  /** Its versions, newest first. */
  versions(name: string): Promise<ModelVersion[]>;
  /** One version; undefined if there is none. */
  version(name: string, version: number): Promise<ModelVersion | undefined>;
  /**
   * The bytes of a version, as they were registered.
   *
   * @throws {NoModelError} if there is none
   */
  bytes(name: string, version: number): Promise<Uint8Array>;
  /**
   * Keeps a version and puts it to use, unless another one is pinned.
   *
   * @throws {ModelRuleError} for a name, size or version that is not allowed
   */
  register(name: string, model: NewModel): Promise<ModelVersion>;
  /** Puts a version to use and keeps it in use. @throws {NoModelError} */
  pin(name: string, version: number): Promise<ModelState>;
  /** Puts the latest version to use, and from now on every new one. @throws {NoModelError} */
  unpin(name: string): Promise<ModelState>;
  /**
   * Puts an earlier version to use until a new one is registered, and no longer pins.
   *
   * @param to default the one before the active one
   * @throws {NoModelError} if there is none
   * @throws {ModelRuleError} if `to` is not before the active one
   */
  rollBack(name: string, to?: number): Promise<ModelState>;
  /** Told, in this process, of every change of which version is in use; returns what ends that. */
  onChange(told: (state: ModelState) => void): () => void;
}
