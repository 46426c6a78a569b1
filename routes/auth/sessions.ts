/**
 * Browser sessions: who has logged in with a key, for a bounded time and number.
 *
 * What is remembered is the hash of the cookie, so that looking one up tells nothing by its time. Over a store every
 * process knows what another one has opened, and within {@linkcode FRESH_MS} what it has ended; without one a restart
 * ends them all.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ApiKey, KeyBook, Session, SessionStore } from "../../actors/keys.ts";
import type { Clock } from "../../actors/ports.ts";
import { encodeBase64Url } from "../../std/base64url.ts";

/** The cookie's name. */
export const SESSION_COOKIE = "sensorium_session";
/** Limits of sessions. */
export const SESSION_LIMITS = {
  /** Sessions that a process remembers; beyond that it forgets the one not used for longest. */
  sessions: 1_000,
  /** A session that is not used for so long ends, ms. */
  idleMs: 12 * 3_600_000,
  /** A session ends after so long, ms. */
  wholeMs: 7 * 86_400_000,
} as const;
/** So long what was read of the store counts, ms. */
export const FRESH_MS = 10_000;
/** Its last use is stored so often at most, ms. */
const USED_EVERY_MS = 600_000;
const FORM = /^[\w-]{43}$/;

interface Known {
  session: Session;
  /** When it was read or written, epoch ms. */
  readAt: number;
}

/** The sessions of an instance. */
export class Sessions {
  /** By hash of the cookie, the one used last at the end. */
  readonly #known = new Map<string, Known>();

  /** @param store what other processes know too; absent: sessions are this process's own */
  constructor(
    private readonly keys: KeyBook,
    private readonly clock: Clock,
    private readonly store?: SessionStore,
  ) {}

  /** Opens one. @returns the cookie's value: 256 random bits */
  async open(key: ApiKey): Promise<string> {
    const value = encodeBase64Url(crypto.getRandomValues(new Uint8Array(32))), now = this.clock.now();
    const session = { key: key.id, opened: now, used: now }, hash = hashed(value);
    await this.store?.save(hash, session);
    this.#remember(hash, { session, readAt: now });
    return value;
  }

  /** The key that a session was opened with, as long as both are good. */
  async find(value: string | undefined): Promise<ApiKey | undefined> {
    if (value === undefined || !FORM.test(value)) return undefined;
    const hash = hashed(value), known = await this.#look(hash), now = this.clock.now();
    if (known === undefined) return undefined;
    const { session } = known, key = await this.keys.find(session.key);
    const isOver = now - session.used > SESSION_LIMITS.idleMs || now - session.opened > SESSION_LIMITS.wholeMs;
    if (isOver || key === undefined) {
      this.#known.delete(hash);
      return undefined;
    }
    if (this.store === undefined) known.session = { ...session, used: now };
    else if (now - session.used > USED_EVERY_MS) {
      known.session = { ...session, used: now };
      await this.store.save(hash, known.session);
    }
    this.#remember(hash, known);
    return key;
  }

  /** Ends one. */
  async close(value: string | undefined): Promise<void> {
    if (value === undefined || !FORM.test(value)) return;
    this.#known.delete(hashed(value));
    await this.store?.remove(hashed(value));
  }

  async #look(hash: string): Promise<Known | undefined> {
    const known = this.#known.get(hash), now = this.clock.now();
    if (this.store === undefined || (known !== undefined && now - known.readAt <= FRESH_MS)) return known;
    const session = await this.store.load(hash);
    if (session === undefined) this.#known.delete(hash);
    return session && { session, readAt: now };
  }

  /** Puts it at the end. */
  #remember(hash: string, known: Known): void {
    this.#known.delete(hash);
    this.#known.set(hash, known);
    if (this.#known.size <= SESSION_LIMITS.sessions) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }
}

function hashed(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}
