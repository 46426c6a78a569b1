import fc from "fast-check";
import type { Item } from "../../../sinks/delivery/item.ts";
import { assert, assertEquals } from "../../../std/assert.ts";
import { KV_LIMITS } from "../../../store/kv.ts";
import { CHUNK_BYTES, packItems, unpackItems } from "../../../store/outbox/chunks.ts";
import { eachDatabase } from "../../store/databases.ts";
import { KvOutbox } from "../../../store/outbox/outbox.ts";
import { SimulatedClock } from "../../simulation/clock.ts";
import { FakeSink } from "./fake_sink.ts";
import { FakePartition, readingAt } from "./partition.ts";
import { World } from "./world.ts";

const hall = { partition: "hall", kind: "readings" } as const;

Deno.test("packItems() and unpackItems() give the same items back, in chunks that a value holds", () => {
  const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 30_000 }), { maxLength: 12 });
  fc.assert(
    fc.property(texts, fc.nat(1e6), (texts, first) => {
      const items: Item[] = texts.map((text, i) => ({ ...readingAt("hall", i), location: text }));
      const { chunks, next } = packItems(items, first, 7);
      const fit = items.filter((item) => new TextEncoder().encode(JSON.stringify(item)).length < CHUNK_BYTES);
      assertEquals(chunks.flatMap(unpackItems), fit);
      assertEquals(next, first + items.length);
      for (const { first, count, text } of chunks) {
        assert(text.length <= CHUNK_BYTES && CHUNK_BYTES < KV_LIMITS.valueBytes && count > 0);
        assert(unpackItems({ first, count, text, at: 0 }).length === count);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("packItems() leaves an item out that no chunk can hold, and its number free", () => {
  const items = [0, 1, 2].map((i) => ({ ...readingAt("hall", i), location: "x".repeat(i === 1 ? 70_000 : 5) }));
  const { chunks, next } = packItems(items, 10, 0);
  assertEquals(chunks.map(({ first, count }) => [first, count]), [[10, 1], [12, 1]]);
  assertEquals(next, 13);
});

eachDatabase(({ name, open }) => {
  Deno.test(`KvOutbox over ${name}: read() gives committed chunks in order from any place, trim() removes`, async () => {
    using kv = await open();
    const clock = new SimulatedClock(), outbox = new KvOutbox(kv, { clock, deadlineMs: 60_000 });
    const partition = await FakePartition.claim(kv, "hall", outbox, 8);
    for (let cut = 700; cut <= 2_100; cut += 700) await partition.commit(cut);
    await partition.putOnly(2_500);
    const { chunks, total } = await outbox.read(hall, undefined, 1e6);
    assertEquals(total, 2_100);
    assertEquals(
      chunks.flatMap(({ items }) => items.map(({ id }) => id)),
      Array.from({ length: 2_100 }, (_, i) => readingAt("hall", i).id),
    );
    const middle = chunks.length >> 1;
    const rest = await outbox.read(hall, chunks[middle].place, 1e6);
    assertEquals(rest.chunks, chunks.slice(middle + 1));
    const few = await outbox.read(hall, chunks[middle].place, 1);
    assertEquals(few.chunks, chunks.slice(middle + 1, middle + 2));
    const spent = new Set(chunks.slice(0, middle).map(({ place }) => place.join()));
    assertEquals(await outbox.trim(hall, (place) => spent.has(place.join())), middle);
    assertEquals((await outbox.read(hall, undefined, 1e6)).chunks, chunks.slice(middle));
    assertEquals(await outbox.trim(hall, () => false), 0);
  });
});

/** What can happen to a partition whose owners are killed, and may not know that they have been replaced. */
const happening = fc.record({
  kind: fc.constantFrom("commit", "commit", "killed", "torn", "stale", "deliver", "restart"),
  by: fc.constantFrom(40, 100, 150, 250),
});

Deno.test("every committed item reaches the sink at least once, whatever owners and processes do in between", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 25 }), async (happenings) => {
      const sink = new FakeSink("table", ["readings", "windows", "alerts"], 50);
      let world = await World.open([sink], { channels: 20 });
      let owner = world.partition, stale = owner;
      const { kv } = world;
      const deliver = async () => {
        world.outbox.committed(hall);
        await world.drained();
      };
      for (const { kind, by } of happenings) {
        if (kind === "commit") await owner.commit(owner.cut + by);
        else if (kind === "stale") await stale.putOnly(stale.cut + by);
        else if (kind === "deliver") await deliver();
        else {
          if (kind === "killed") await owner.putOnly(owner.cut + by);
          if (kind === "torn") {
            await owner.putHalf(owner.cut + by);
            await deliver();
          }
          stale = owner;
          if (kind === "restart") {
            await world.stop();
            world = await World.open([sink], { kv, channels: 20 });
          }
          owner = await FakePartition.claim(kv, "hall", world.outbox, 20);
        }
      }
      await deliver();
      await world.stop();
      const got = new Set(sink.ids);
      const missing = Array.from({ length: owner.cut }, (_, i) => readingAt("hall", i).id).filter((id) => !got.has(id));
      assertEquals(missing, []);
    }),
    { numRuns: 100 },
  );
});
