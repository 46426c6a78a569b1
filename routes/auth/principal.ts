/**
 * Somebody who asks, as the guard found out and handlers may know.
 *
 * @module
 */
import type { Context } from "hono";
import type { Scope } from "../../actors/keys.ts";

/** Somebody who asks. */
export interface Principal {
  /** A key's id, `instance`, `local` or `anonymous`. */
  readonly id: string;
  /** The key's name. */
  readonly name?: string;
  readonly scopes: readonly Scope[];
  /** Whether a browser's cookie says so: then another site may have made it ask. */
  readonly byCookie?: boolean;
}

/** A command on this machine that may read the data directory. */
export const INSTANCE: Principal = { id: "instance", scopes: ["admin"] };
/** Anybody, where keys are not required. */
export const LOCAL: Principal = { id: "local", scopes: ["read", "ingest", "operate"] };
/** Anybody, where they are. */
export const ANONYMOUS: Principal = { id: "anonymous", scopes: [] };

/** The principal of a request; `local` where nothing guards. */
export function principalOf(c: Context): Principal {
  const principal: Principal | undefined = c.get("principal");
  return principal ?? LOCAL;
}

/** Says who it is, for those who come after. */
export function setPrincipal(c: Context, principal: Principal): void {
  c.set("principal", principal);
}

/** Says how to find out later whether the request would still be let in. */
export function setStillMay(c: Context, stillMay: () => boolean): void {
  c.set("stillMay", stillMay);
}

/** Whether the request would still be let in, for what goes on long after it: a key may be revoked or expire. */
export function stillMayOf(c: Context): () => boolean {
  const stillMay: (() => boolean) | undefined = c.get("stillMay");
  return stillMay ?? (() => true);
}

/** The address that a request came from; an instance behind a proxy sees the proxy's. */
export function addressOf(c: Context): string {
  const info = c.env as { readonly remoteAddr?: { readonly hostname?: string } } | undefined;
  return info?.remoteAddr?.hostname ?? "unknown";
}

/** A key, or the address of somebody without one: whose limits count. */
export function clientOf(c: Context): string {
  const { id } = principalOf(c);
  return id === "local" || id === "anonymous" ? addressOf(c) : `key ${id}`;
}
