/**
 * How many sensors are how, over several processes: what one stores of its partition, the others count.
 *
 * @module
 */
import { judgingSchema } from "../../actors/config.ts";
import { InlineHost } from "../../actors/runtime/host.ts";
import { Supervisor } from "../../actors/supervisor.ts";
import { SUPERVISOR_DEFAULTS } from "../../actors/supervisor_options.ts";
import type { StateCounts } from "../../actors/batch.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { KEYS } from "../../store/keys.ts";
import { MemoryKv } from "../memory_kv.ts";
import { makeWorld, PARTITION, TextSource } from "../simulation/world.ts";
import { PATIENT, runSource, storeOver } from "./harness.ts";

Deno.test("Answers.states() counts the sensors of other processes as these have stored it", async () => {
  const { text, judging } = makeWorld(31, 400), kv = new MemoryKv();
  const source = new TextSource(text, { asLines: true, records: () => 1_000 });
  const { supervisor } = await runSource(source, { judging, kv, shards: 2, tellsStates: true });
  const here = await supervisor.answers.states(), told = (await kv.get<StateCounts>(KEYS.states(PARTITION))).value;
  assert(here.sensors > 3 && told !== null);
  assertEquals(told, here);

  const other = new Supervisor({ ...SUPERVISOR_DEFAULTS, judging: judgingSchema.parse({}) }, {
    store: storeOver(kv, PATIENT),
    clock: PATIENT,
    shards: 1,
    host: (options) => new InlineHost(options),
  });
  await other.load();
  const view = {
    partition: PARTITION,
    source: "s",
    position: 1,
    readings: 1,
    refused: 0,
    future: 0,
    state: "elsewhere",
  } as const;
  const names = supervisor.directory.present;
  other.heard(view, names);
  const { sensors, ...none } = await other.answers.states();
  assertEquals(
    [sensors, Object.values(none).every((n) => n === 0)],
    [here.sensors, true],
    "what nobody has told is not made up",
  );
  other.heard(view, names, told);
  assertEquals(await other.answers.states(), here);
  assertEquals((await other.answers.states(true)).sensors, 0, "none of them is its own");
});
