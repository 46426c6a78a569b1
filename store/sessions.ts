/**
 * Sessions of browsers in the key-value store, so that one that was opened by a process is known to all others.
 *
 * A session has a place by its hash among {@linkcode PLACES}: one that is opened later may take it, whose browser logs
 * in again. So there are never more, without counting. What is stored is a hash: it opens nothing.
 *
 * @module
 */
import type { Session, SessionStore } from "../actors/keys.ts";
import type { KvPort } from "./kv.ts";

/** Sessions that there may be: four hexadecimal digits of a hash. Each takes some 150 bytes. */
export const PLACES = 65_536;
const DIGITS = 4;

/** What lies in a place. */
interface Stored extends Session {
  readonly hash: string;
}

const keyOf = (hash: string): Deno.KvKey => ["session", hash.slice(0, DIGITS)];

/** Sessions in a key-value store; see the module. */
export class KvSessions implements SessionStore {
  constructor(private readonly kv: KvPort) {}

  async load(hash: string): Promise<Session | undefined> {
    const { value } = await this.kv.get<Stored>(keyOf(hash));
    if (value?.hash !== hash) return undefined;
    const { hash: _, ...session } = value;
    return session;
  }

  async save(hash: string, session: Session): Promise<void> {
    await this.kv.atomic().set(keyOf(hash), { ...session, hash } satisfies Stored).commit();
  }

  async remove(hash: string): Promise<void> {
    const { value, versionstamp } = await this.kv.get<Stored>(keyOf(hash));
    if (value?.hash !== hash) return;
    await this.kv.atomic().check({ key: keyOf(hash), versionstamp }).delete(keyOf(hash)).commit(); // else another's by now
  }
}
