/** @module */
import { judgingSchema } from "../../actors/config.ts";
import { assertEquals } from "../../std/assert.ts";
import { CONFIGURATIONS_KEPT, KvConfigurations } from "../../store/configurations.ts";
import { KEYS } from "../../store/keys.ts";
import { PATIENT } from "../actors/harness.ts";
import { MemoryKv } from "../memory_kv.ts";

const file = judgingSchema.parse({}), other = judgingSchema.parse({ futureMs: 5_000 });
const stricter = judgingSchema.parse({ budget: { alarms: 1, everyMs: 86_400_000 * 30 } });

Deno.test("KvConfigurations.open() goes on with what was changed, until the file says something else", async () => {
  const kv = new MemoryKv(), first = await KvConfigurations.open(kv, PATIENT, file);
  assertEquals([first.latest, first.replaced, first.now.by], [1, false, "file"]);
  assertEquals((await first.put({ judging: stricter, by: "ann", comment: "too many" }, 1))?.version, 2);
  const again = await KvConfigurations.open(kv, PATIENT, judgingSchema.parse({}));
  assertEquals([again.latest, again.replaced, again.now.judging], [2, false, stricter]);
  const edited = await KvConfigurations.open(kv, PATIENT, other);
  assertEquals([edited.latest, edited.replaced, edited.now.judging, await edited.judging(2)], [
    3,
    true,
    other,
    stricter,
  ]);
  assertEquals((await edited.list()).map(({ version, by }) => [version, by]), [[3, "file"], [2, "ann"], [1, "file"]]);
});

Deno.test("KvConfigurations.put() makes no version over one that was not seen, its own or another process's", async () => {
  const kv = new MemoryKv(), one = await KvConfigurations.open(kv, PATIENT, file);
  const two = await KvConfigurations.open(kv, PATIENT, file), by = "ann";
  assertEquals(await one.put({ judging: stricter, by }, 7), undefined);
  await one.put({ judging: stricter, by }, 1);
  assertEquals(await two.put({ judging: other, by }, 1), undefined);
  assertEquals([two.latest, two.now.judging], [2, stricter]); // and knows of it now
  assertEquals((await two.put({ judging: other, by }, 2))?.version, 3);
  assertEquals([await one.refresh(), one.latest, await one.refresh()], [true, 3, false]);
});

Deno.test("KvConfigurations.put() keeps a bounded number of versions, and where they came into force", async () => {
  const kv = new MemoryKv(), configurations = await KvConfigurations.open(kv, PATIENT, file);
  await kv.atomic().set(KEYS.configurationAt(1, "p"), 0).set(KEYS.configurationAt(2, "p"), 9).commit();
  for (let v = 1; v <= CONFIGURATIONS_KEPT; v++) await configurations.put({ judging: stricter, by: "ann" }, v);
  const versions = await configurations.list();
  assertEquals([versions.length, versions.at(-1)?.version], [CONFIGURATIONS_KEPT, 2]);
  assertEquals(versions.at(-1)?.places, [{ partition: "p", position: 9 }]);
  assertEquals(await Array.fromAsync(kv.list({ prefix: KEYS.configurationPlaces(1) })), []);
});
