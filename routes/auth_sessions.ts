/**
 * Browser sessions: who has logged in with a key, in memory, for a bounded time and number.
 *
 * A restart ends them all. What is remembered is the hash of the cookie, so that looking one up tells nothing by its time.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ApiKey, KeyBook } from "../actors/keys.ts";
import type { Clock } from "../actors/ports.ts";
import { encodeBase64Url } from "../std/base64url.ts";

/** The cookie's name. */
export const SESSION_COOKIE = "sensorium_session";
/** Limits of sessions. */
export const SESSION_LIMITS = {
  /** Sessions at once; beyond that the one not used for longest ends. */
  sessions: 1_000,
  /** A session that is not used for so long ends, ms. */
  idleMs: 12 * 3_600_000,
  /** A session ends after so long, ms. */
  wholeMs: 7 * 86_400_000,
} as const;

interface Session {
  readonly key: string;
  readonly opened: number;
  used: number;
}

/** The sessions of an instance. */
export class Sessions {
  /** By hash of the cookie, the one used last at the end. */
  readonly #sessions = new Map<string, Session>();

  constructor(private readonly keys: KeyBook, private readonly clock: Clock) {}

  /** Sessions that are open, ended ones that nobody has looked at included. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Opens one. @returns the cookie's value: 256 random bits */
  open(key: ApiKey): string {
    const value = encodeBase64Url(crypto.getRandomValues(new Uint8Array(32))), now = this.clock.now();
    this.#sessions.set(hashed(value), { key: key.id, opened: now, used: now });
    if (this.#sessions.size > SESSION_LIMITS.sessions) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest);
        break;
      }
    }
    return value;
  }

  /** The key that a session was opened with, as long as both are good. */
  find(value: string | undefined): ApiKey | undefined {
    if (value === undefined) return undefined;
    const hash = hashed(value), session = this.#sessions.get(hash);
    if (session === undefined) return undefined;
    const now = this.clock.now(), key = this.keys.valid(session.key);
    this.#sessions.delete(hash);
    const isOver = now - session.used > SESSION_LIMITS.idleMs || now - session.opened > SESSION_LIMITS.wholeMs;
    if (isOver || key === undefined) return undefined;
    session.used = now;
    this.#sessions.set(hash, session); // at the end again
    return key;
  }

  /** Ends one. */
  close(value: string | undefined): void {
    if (value !== undefined) this.#sessions.delete(hashed(value));
  }
}

function hashed(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}
