import fc from "fast-check";
import { assertEquals } from "../../std/assert.ts";
import { forgetName, KvNames } from "../../store/names.ts";
import { exportSavepoint, importSavepoint } from "../../store/savepoint/savepoint.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock } from "../routes/fakes.ts";
import { eachDatabase } from "./databases.ts";

const options = { clock: new FakeClock() };

eachDatabase(({ name, open }) => {
  Deno.test(`KvNames.rename() gives, changes and takes back names that another process sees too (${name})`, async () => {
    using kv = await open();
    const names = await KvNames.open(kv, options), others = await KvNames.open(kv, options);
    assertEquals([names.idOf("Boiler"), names.nameOf("pump-7")], ["Boiler", undefined]);
    assertEquals(await names.rename("pump-7", "Boiler"), "done");
    assertEquals([names.idOf("Boiler"), names.nameOf("pump-7")], ["pump-7", "Boiler"]);
    assertEquals(await others.rename("pump-8", "Boiler"), "taken");
    assertEquals([others.idOf("Boiler"), others.nameOf("pump-7")], ["pump-7", "Boiler"]);
    assertEquals(await others.rename("pump-7", "Old boiler"), "done");
    assertEquals(names.idOf("Boiler"), "pump-7"); // until it looks
    await names.refresh();
    assertEquals([names.idOf("Boiler"), names.idOf("Old boiler")], ["Boiler", "pump-7"]);
    assertEquals(await names.rename("pump-8", "Boiler"), "done");
    await forgetName(kv, options, "pump-8");
    await names.refresh();
    assertEquals([names.idOf("Boiler"), names.nameOf("pump-8")], ["Boiler", undefined]);
    const reopened = await KvNames.open(kv, options);
    assertEquals(reopened.nameOf("pump-7"), "Old boiler");
    assertEquals(await names.rename("pump-7"), "done");
    assertEquals(await names.rename("pump-7"), "done");
    assertEquals(names.idOf("Old boiler"), "Old boiler");
  });
});

Deno.test("KvNames.rename() of several processes at once leaves each sensor one name and each name one sensor", async () => {
  const few = fc.constantFrom("a", "b", "c"), name = fc.option(fc.constantFrom("A", "B"), { nil: undefined });
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(2), few, name), { maxLength: 12 }), async (steps) => {
    const kv = new MemoryKv(), nodes = await Promise.all([0, 1, 2].map(() => KvNames.open(kv, options)));
    await Promise.all(steps.map(([node, sensor, name]) => nodes[node].rename(sensor, name)));
    const names = await KvNames.open(kv, options);
    for (const sensor of ["a", "b", "c"]) {
      const shown = names.nameOf(sensor);
      if (shown !== undefined) assertEquals(names.idOf(shown), sensor);
    }
    for (const name of ["A", "B"]) {
      const id = names.idOf(name);
      if (id !== name) assertEquals(names.nameOf(id), name);
    }
  }));
});

Deno.test("KvNames come with a savepoint", async () => {
  const from = new MemoryKv(), to = new MemoryKv();
  await (await KvNames.open(from, options)).rename("pump-7", "Boiler");
  const clock = { now: () => 0, sleep: () => new Promise<void>(() => {}) };
  await importSavepoint(to, exportSavepoint(from, { clock }));
  assertEquals((await KvNames.open(to, options)).nameOf("pump-7"), "Boiler");
});

Deno.test("KvNames.rename() refuses more names than there may be, and changes those that there are", async () => {
  const names = await KvNames.open(new MemoryKv(), { ...options, most: 1 });
  assertEquals(await names.rename("a", "A"), "done");
  assertEquals(await names.rename("b", "B"), "full");
  assertEquals(await names.rename("a", "B"), "done");
  assertEquals([await names.rename("a"), await names.rename("b", "B")], ["done", "done"]);
});
