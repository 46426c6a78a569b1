/**
 * Keys of the API in the key-value store: `api_key, id` holds what is known of a key and the SHA-256 of its secret.
 *
 * A secret is 256 random bits, so a plain hash protects it: there is nothing to guess, and checking costs microseconds.
 * All keys are held in memory too, and read again when they are looked at after {@linkcode FRESH_MS}: another process
 * on the same store may have taken one back. One that is not known is looked for at once.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { StoreAwayError } from "../actors/checkpoint.ts";
import { type ApiKey, KEY_LIMITS, type KeyBook, KeyRuleError, type NewKey, SCOPES } from "../actors/keys.ts";
import type { Clock } from "../actors/ports.ts";
import { encodeBase64Url } from "../std/base64url.ts";
import type { KvPort } from "./kv.ts";

/** How keys are kept. */
export interface KeysOptions {
  readonly clock: Clock;
  /** Random bytes, as many as asked for; a test passes its own. */
  readonly random?: (length: number) => Uint8Array;
  /** Told of a failure to read the keys again; those known go on to count. */
  readonly report?: (error: unknown) => void;
}

/** What is stored of a key. */
interface Stored extends Omit<ApiKey, "id"> {
  /** SHA-256 of the whole key, hexadecimal. */
  readonly hash: string;
}

/** So long what was read of the store counts, ms; the time after which a key revoked elsewhere ends here. */
export const FRESH_MS = 10_000;
const SECRET_BYTES = 32, ID_LENGTH = 8;
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const FORM = /^sensorium_([a-z2-7]{8})_[A-Za-z0-9_-]{43}$/;
const PREFIX: Deno.KvKey = ["api_key"];
// deno-lint-ignore no-control-regex -- control characters are exactly what a name must not hold
const CONTROL = /[\u0000-\u001f\u007f]|\p{Surrogate}/u;
/** What a key that there is not is compared with, so that it takes as long. */
const NOBODY = digest("nobody");

/** Keys in a key-value store. */
export class KvKeys implements KeyBook {
  private readonly known = new Map<string, { readonly key: ApiKey; readonly hash: Uint8Array }>();
  private readAt = -Infinity;
  private reading?: Promise<void>;
  /** Why the keys could not be read yet: nobody can be told to be refused by them. */
  private away?: StoreAwayError;

  private constructor(private readonly kv: KvPort, private readonly options: KeysOptions) {}

  /** Reads the keys that there are; those of a store that is away when somebody comes with one. */
  static async open(kv: KvPort, options: KeysOptions): Promise<KvKeys> {
    const keys = new KvKeys(kv, options);
    try {
      await keys.read();
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error;
      keys.away = error;
    }
    return keys;
  }

  async list(): Promise<ApiKey[]> {
    await this.read();
    return [...this.known.values()].map(({ key }) => key).sort((a, b) =>
      a.created - b.created || (a.id < b.id ? -1 : 1)
    );
  }

  async create(wanted: NewKey) {
    checkKey(wanted, this.options.clock.now());
    await this.read();
    if (this.known.size >= KEY_LIMITS.keys) {
      throw new KeyRuleError(`there are ${KEY_LIMITS.keys} keys already: revoke one first`);
    }
    const id = this.freshId(), secret = `sensorium_${id}_${encodeBase64Url(this.random(SECRET_BYTES))}`;
    const scopes = SCOPES.filter((scope) => wanted.scopes.includes(scope));
    const key: ApiKey = { ...wanted, id, scopes, created: this.options.clock.now() };
    const { id: _, ...stored } = key, hash = digest(secret);
    const value: Stored = { ...stored, hash: hash.toHex() };
    await this.kv.atomic().check({ key: [...PREFIX, id], versionstamp: null }).set([...PREFIX, id], value).commit();
    this.known.set(id, { key, hash });
    return { key, secret };
  }

  async revoke(id: string): Promise<ApiKey> {
    await this.read();
    const found = this.known.get(id);
    if (found === undefined) throw new KeyRuleError(`there is no key ${JSON.stringify(id.slice(0, 32))}`);
    await this.kv.atomic().delete([...PREFIX, id]).commit();
    this.known.delete(id);
    return found.key;
  }

  async check(secret: string): Promise<ApiKey | undefined> {
    this.refresh();
    if (this.away) throw this.away;
    const id = FORM.exec(secret)?.[1];
    const found = id === undefined || await this.find(id) === undefined ? undefined : this.known.get(id);
    const isRight = timingSafeEqual(digest(secret), found?.hash ?? NOBODY);
    return isRight && found !== undefined ? this.valid(found.key.id) : undefined;
  }

  async find(id: string): Promise<ApiKey | undefined> {
    if (!this.known.has(id)) {
      const { value } = await this.kv.get<Stored>([...PREFIX, id]);
      if (value !== null) this.learn(id, value);
    }
    return this.valid(id);
  }

  valid(id: string): ApiKey | undefined {
    this.refresh();
    if (this.away) throw this.away;
    const key = this.known.get(id)?.key;
    return key?.expires !== undefined && key.expires <= this.options.clock.now() ? undefined : key;
  }

  private refresh(): void {
    if (this.options.clock.now() - this.readAt < FRESH_MS || this.reading !== undefined) return;
    this.reading = this.read().catch((error) => this.options.report?.(error)).finally(() => this.reading = undefined);
  }

  private learn(id: string, { hash, ...key }: Stored): void {
    this.known.set(id, { key: { ...key, id }, hash: Uint8Array.fromHex(hash) });
  }

  private async read(): Promise<void> {
    this.readAt = this.options.clock.now();
    const found = await Array.fromAsync(this.kv.list<Stored>({ prefix: PREFIX }));
    this.away = undefined;
    this.known.clear();
    for (const { key: [, id], value } of found) this.learn(String(id), value);
  }

  private freshId(): string {
    for (;;) {
      const id = Array.from(this.random(ID_LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join("");
      if (!this.known.has(id)) return id;
    }
  }

  private random(length: number): Uint8Array {
    return this.options.random?.(length) ?? crypto.getRandomValues(new Uint8Array(length));
  }
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function checkKey({ name, scopes, expires }: NewKey, now: number): void {
  if (name.length < 1 || name.length > KEY_LIMITS.nameLength || CONTROL.test(name)) {
    throw new KeyRuleError(
      `a key's name must have 1 to ${KEY_LIMITS.nameLength} characters without control characters`,
    );
  }
  const unknown = scopes.find((scope) => !SCOPES.includes(scope));
  if (unknown !== undefined || scopes.length === 0) {
    throw new KeyRuleError(`a key's scopes must be some of ${SCOPES.join(", ")}, not ${unknown ?? "none"}`);
  }
  if (expires !== undefined && expires <= now) throw new KeyRuleError("a key must expire in the future");
}
