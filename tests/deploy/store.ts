/**
 * The store of a test: a KV server of its own, or a KV file where there is none.
 *
 * @module
 */
import { KV_TOKEN, kvServer } from "../servers/kv.ts";
import { ServerMissing } from "../servers/server.ts";

/** A store, given back when it is disposed of. */
export interface TestStore extends AsyncDisposable {
  /** What `SENSORIUM_KV` is to be. */
  readonly kv: string;
  readonly isServer: boolean;
}

/** Opens one. */
export async function testStore(name: string): Promise<TestStore> {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-deploy-" });
  const server = await kvServer(name).catch((error) => {
    if (error instanceof ServerMissing) return undefined;
    throw error;
  });
  Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN); // and left so: files that run beside this one may want it
  return {
    kv: server?.url ?? `${folder}/kv`,
    isServer: server !== undefined,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
