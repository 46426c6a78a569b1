import fc from "fast-check";
import type { Label, LabelFilter } from "../../actors/labels.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";
import { CursorError } from "../../store/cursor.ts";
import type { KvPort } from "../../store/kv.ts";
import { KvLabelStore } from "../../store/labels.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock } from "../routes/fakes.ts";
import { eachDatabase } from "./databases.ts";

function storeOn(kv: KvPort = new MemoryKv(), most?: number): KvLabelStore {
  return new KvLabelStore(kv, { clock: new FakeClock(), ...(most === undefined ? {} : { most }) });
}

function labelOf(sensor: string, time: number, label: 0 | 1, more: Partial<Label> = {}): Label {
  return { sensor, time, group: "room", label, values: { t: 1, h: null }, created: 7, ...more };
}

eachDatabase(({ name, open }) => {
  Deno.test(`KvLabelStore.put() keeps one label a reading, the last, and counts (${name})`, async () => {
    using kv = await open();
    const store = storeOn(kv);
    assertEquals(await store.put(labelOf("a", 5, 1)), "new");
    assertEquals(await store.put(labelOf("b", 5, 0, { group: "pump" })), "new");
    assertEquals(await store.put(labelOf("a", 5, 0, { who: "ann" })), "replaced");
    assertEquals(await store.counts(), [{ group: "pump", zeros: 1, ones: 0 }, { group: "room", zeros: 1, ones: 0 }]);
    assertEquals(await store.put(labelOf("a", 5, 1, { group: "pump" })), "replaced");
    assertEquals(await store.counts(), [{ group: "pump", zeros: 1, ones: 1 }]);
    assertEquals([(await store.find("a", 5))?.label, await store.find("a", 6)], [1, undefined]);
    const { items } = await store.list({}, 10);
    assertEquals(items, [labelOf("b", 5, 0, { group: "pump" }), labelOf("a", 5, 1, { group: "pump" })]);
  });
});

Deno.test("KvLabelStore.list() pages through what a filter lets pass, newest reading first", async () => {
  const store = storeOn(), all: Label[] = [];
  for (let at = 0; at < 30; at++) {
    const one = labelOf(`s${at % 3}`, 100 - at, at % 2 === 0 ? 0 : 1, { group: at % 5 === 0 ? "x" : "y" });
    all.push(one);
    await store.put(one);
  }
  const filters: [LabelFilter, (one: Label) => boolean][] = [
    [{}, () => true],
    [{ sensor: "s1" }, ({ sensor }) => sensor === "s1"],
    [{ group: "x", label: 1 }, ({ group, label }) => group === "x" && label === 1],
    [{ group: "none" }, () => false],
  ];
  for (const [filter, passes] of filters) {
    const found: Label[] = [];
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const { items, next } = await store.list(filter, 4, cursor);
      found.push(...items);
      cursor = next;
    }
    assertEquals(found, all.filter(passes));
  }
  await assertRejects(() => store.list({}, 4, "x"), CursorError);
});

Deno.test("KvLabelStore.put() refuses what there is no room for, and changes what it has", async () => {
  const store = storeOn(new MemoryKv(), 2);
  for (const time of [1, 2]) await store.put(labelOf("a", time, 1));
  assertEquals([await store.put(labelOf("a", 3, 1)), await store.put(labelOf("a", 2, 0))], ["full", "replaced"]);
  assertEquals(await store.counts(), [{ group: "room", zeros: 1, ones: 1 }]);
});

Deno.test("KvLabelStore.counts() is what is listed, however many give labels at once", async () => {
  const given = fc.tuple(
    fc.constantFrom("a", "b"),
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(0 as const, 1 as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(given, { maxLength: 10 }), async (all) => {
      const kv = new MemoryKv(), stores = [storeOn(kv), storeOn(kv)];
      await Promise.all(all.map(([sensor, time, label], at) => stores[at % 2].put(labelOf(sensor, time, label))));
      const { items } = await stores[0].list({}, 100), ones = items.filter(({ label }) => label === 1).length;
      const expected = items.length === 0 ? [] : [{ group: "room", zeros: items.length - ones, ones }];
      assertEquals(await stores[1].counts(), expected);
    }),
    { numRuns: 50 },
  );
});
