/**
 * Several processes without background work over one store: readings by POST, processes killed at random. The whole size
 * is a command: `deno task deploy-chaos`.
 *
 * @module
 */
import { assertGreater } from "../../std/assert.ts";
import { KV_TOKEN, type KvServer, kvServer } from "../servers/kv.ts";
import { ServerMissing } from "../servers/server.ts";
import { deployChaos } from "./chaos.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const SMALL = { readings: 80 * Math.ceil(6 * SCALE), sensors: 12, kills: 2, processes: 4, seed: 7 };

Deno.test("`deno serve` processes over one store, killed at random, count each reading once", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sensorium-deploy-" }), server = await serverIfThere();
  Deno.env.set("DENO_KV_ACCESS_TOKEN", KV_TOKEN);
  try {
    const { followed, moves } = await deployChaos(server?.url ?? `${folder}/kv`, SMALL);
    assertGreater(followed.length, 0);
    assertGreater(moves, 0);
  } finally {
    Deno.env.delete("DENO_KV_ACCESS_TOKEN");
    await Deno.remove(folder, { recursive: true });
  }
});

/** A KV server; where there is none a KV file tests the same code. */
async function serverIfThere(): Promise<KvServer | undefined> {
  try {
    return await kvServer("deploy");
  } catch (error) {
    if (error instanceof ServerMissing) return undefined;
    throw error;
  }
}
