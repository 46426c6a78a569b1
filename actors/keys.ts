/**
 * The ports of access: who may do what, and what was done.
 *
 * @module
 */
import type { Page } from "./views.ts";

/** What a key may do; `admin` may do everything. */
export type Scope = "read" | "ingest" | "operate" | "admin";

/** All scopes, from the least to the greatest. */
export const SCOPES: readonly Scope[] = ["read", "ingest", "operate", "admin"];

/** Limits of keys. */
export const KEY_LIMITS = {
  /** Characters of a key's name, without control characters. */
  nameLength: 64,
  /** Keys that there are at the most, revoked ones not counted. */
  keys: 1_000,
} as const;

/** What is known of a key; never the key itself. */
export interface ApiKey {
  /** 8 letters and digits, the beginning of the key: what it is called in the audit log and revoked by. */
  readonly id: string;
  /** For a person: `line 3 gateway`. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Epoch ms. */
  readonly created: number;
  /** Epoch ms; absent: for ever. */
  readonly expires?: number;
}

/** A key that is to be made. */
export interface NewKey {
  readonly name: string;
  /** At least one. */
  readonly scopes: readonly Scope[];
  readonly expires?: number;
}

/** What was asked of keys cannot be; the message is one sentence. */
export class KeyRuleError extends Error {
  override name = "KeyRuleError";
}

/** The keys of an instance. */
export interface KeyBook {
  /** All keys that are not revoked, the oldest first. */
  list(): Promise<ApiKey[]>;
  /**
   * Makes a key.
   *
   * @returns what is known of it, and the key itself, which nobody can be told again
   * @throws {KeyRuleError} if there are too many, or what was asked is not allowed
   */
  create(key: NewKey): Promise<{ readonly key: ApiKey; readonly secret: string }>;
  /** Takes a key back, from the next request on. @throws {KeyRuleError} if there is none */
  revoke(id: string): Promise<ApiKey>;
  /**
   * The key that a secret is, if it is one and has not expired; also one that another process has just made. In a time that
   * does not depend on how much of what is secret is right.
   */
  check(secret: string): Promise<ApiKey | undefined>;
  /** The key of that id, if it can be used; also one that another process has just made. */
  find(id: string): Promise<ApiKey | undefined>;
  /** The key of that id, if it can still be used, as far as is known here. */
  valid(id: string): ApiKey | undefined;
}

/** A browser that has logged in. */
export interface Session {
  /** Id of the key that it was opened with. */
  readonly key: string;
  /** Epoch ms. */
  readonly opened: number;
  /** When it was used last, within minutes; epoch ms. */
  readonly used: number;
}

/** Where sessions lie that several processes share, each by the hash of its cookie. */
export interface SessionStore {
  load(hash: string): Promise<Session | undefined>;
  save(hash: string, session: Session): Promise<void>;
  remove(hash: string): Promise<void>;
}

/** One change that somebody made. */
export interface AuditEntry {
  /** Opaque; entries are in its order. */
  readonly id: string;
  /** Epoch ms. */
  readonly time: number;
  /** Who: a key's id, `instance` for a command on this machine, `local` for anybody on it, `anonymous`. */
  readonly actor: string;
  /** The key's name. */
  readonly name?: string;
  /** From where: an address, or `command`. */
  readonly from: string;
  /** What: `POST /models/parts/pin`. */
  readonly action: string;
  /** How it was answered, HTTP's status. */
  readonly status: number;
  /** The request's id, as its answer had it. */
  readonly request?: string;
  /** What it was about, for a person: the key that was made. */
  readonly detail?: string;
}

/** What was done, for a bounded number of changes. */
export interface AuditLog {
  /** Writes an entry down. Never rejects: what cannot be written is reported to the instance's log. */
  note(entry: Omit<AuditEntry, "id" | "time">): Promise<void>;
  /** Entries, newest first. */
  list(limit: number, cursor?: string): Promise<Page<AuditEntry>>;
}
