/**
 * Several processes without background work over one store: readings by POST, processes killed at random. The whole size
 * is a command: `deno task deploy-chaos`.
 *
 * @module
 */
import { assertGreater } from "../../std/assert.ts";
import { deployChaos } from "./chaos.ts";
import { testStore } from "./store.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
const SMALL = { readings: 80 * Math.ceil(6 * SCALE), sensors: 12, kills: 2, processes: 4, seed: 7 };

Deno.test("`deno serve` processes over one store, killed at random, count each reading once", async () => {
  await using store = await testStore("deploy");
  const { followed, moves } = await deployChaos(store.kv, SMALL);
  assertGreater(followed.length, 0);
  assertGreater(moves, 0);
});
