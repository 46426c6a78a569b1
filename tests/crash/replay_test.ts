import { assertEquals, assertGreater } from "../../std/assert.ts";
import { Folder } from "../process.ts";
import { killedReplays } from "./kills.ts";

const SCALE = Number(Deno.env.get("SENSORIUM_TEST_SCALE") ?? 1);
/** Kills of replays; `start_test.ts` adds those of live instances. */
const KILLS = Math.ceil(30 * SCALE);

Deno.test("replay() killed with SIGKILL at random instants ends with the outputs of a run never killed", async () => {
  await using folder = new Folder();
  const histories = await killedReplays({ folder: folder.path, kills: KILLS, seed: 42 });
  for (const { seed, lives, differences } of histories) {
    assertEquals(differences, [], `seed ${seed}: ${lives.join("; ")}`);
  }
  const kills = histories.reduce((sum, history) => sum + history.kills, 0);
  assertEquals(kills >= KILLS, true);
  const places = new Set(histories.flatMap(({ reached }) => reached.map((share) => Math.round(100 * share))));
  assertGreater(places.size, 4, "killed at many places, not before the first reading again and again");
});
