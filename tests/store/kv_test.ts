/**
 * The port's promises, over Deno KV in memory, in a file, and over the database that the other tests use.
 *
 * @module
 */
import fc from "fast-check";
import type { KvPort } from "../../store/kv.ts";
import { assert, assertEquals, assertNotEquals, assertRejects } from "../../std/assert.ts";
import { MemoryKv } from "../memory_kv.ts";
import { eachDatabase } from "./databases.ts";

const text = fc.oneof(
  fc.string({ maxLength: 6 }).filter((one) => !one.includes("\0")),
  fc.constantFrom("", "a", "ab", "é", "\uffff", "\ue000", "𝔞", "a\u{10ffff}", "__proto__", "%20"),
);
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }).map((one) => Object.is(one, -0) ? 0 : one),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -1, 0, 1e-9, Infinity, -Infinity),
);
const key: fc.Arbitrary<(string | number)[]> = fc.array(fc.oneof(text, number), { minLength: 1, maxLength: 4 });
const start = ["start"];

async function clear(kv: KvPort): Promise<void> {
  for await (const { key } of kv.list({ prefix: [] })) await kv.atomic().delete(key).commit();
}

async function keysOf(kv: KvPort, selector: Deno.KvListSelector, options?: Deno.KvListOptions): Promise<Deno.KvKey[]> {
  const keys: Deno.KvKey[] = [];
  for await (const entry of kv.list(selector, options)) keys.push([...entry.key]);
  return keys;
}

/** Not by JSON, to which both infinities are null. */
function isSame(one: Deno.KvKey, other: Deno.KvKey): boolean {
  return one.length === other.length && one.every((part, i) => part === other[i]);
}

eachDatabase(({ name, open, slow }) => {
  Deno.test(`${name} refuses to set keys of more than 81,920 bytes together, however they are written`, async () => {
    using kv = await open();
    for (const name of ["a", "é", "€", "𝔞", "\0", "\ud800"]) {
      const long = name.repeat(300), keys = Array.from({ length: 400 }, (_, i) => ["x", long, i]);
      const bytes = 3 + 2 + new TextEncoder().encode(long.replaceAll("\0", "\0\0")).length + 9;
      const fit = Math.floor(81_920 / bytes), room = 81_920 - fit * bytes;
      const write = (count: number, more: number) => {
        let atomic = kv.atomic();
        for (const key of keys.slice(0, count)) atomic = atomic.set(key, 1);
        for (const key of keys.slice(0, 50)) atomic = atomic.check({ key: [...key, "no"], versionstamp: null });
        for (const key of keys.slice(count)) atomic = atomic.delete(key); // these do not count
        return (more > 2 ? atomic.set(["y".repeat(more - 2)], 1) : atomic).commit();
      };
      assertEquals((await write(fit, room)).ok, true, JSON.stringify(name));
      await assertRejects(
        async () => await write(fit, room + 3),
        TypeError,
        "Total key size too large (max 81920 bytes)",
      );
    }
  });

  Deno.test(`${name} lists keys in the order of Deno KV, from, to and backwards`, async () => {
    using kv = await open();
    const model = new MemoryKv();
    await fc.assert(
      fc.asyncProperty(
        fc.array(key, { maxLength: 25 }),
        key,
        key,
        fc.nat(20),
        fc.boolean(),
        async (keys, a, b, limit, reverse) => {
          await clear(kv);
          await clear(model);
          for (const one of [...keys, a, b]) {
            for (const db of [kv, model]) await db.atomic().set([...start, ...one], 1).commit();
          }
          const options = { reverse, ...(limit > 0 ? { limit } : {}) };
          const from = [...start, ...a], to = [...start, ...b];
          const selectors: Deno.KvListSelector[] = [{ prefix: start }, { prefix: from.slice(0, 2) }, {
            prefix: start,
            start: from,
          }, {
            prefix: start,
            end: to,
          }];
          const found = await keysOf(model, { prefix: start });
          const rank = (one: Deno.KvKey) => found.findIndex((other) => isSame(one, other));
          if (rank(from) <= rank(to)) selectors.push({ start: from, end: to });
          for (const selector of selectors) {
            assertEquals(
              await keysOf(kv, selector, options),
              await keysOf(model, selector, options),
              JSON.stringify(selector),
            );
          }
        },
      ),
      { numRuns: slow ? 15 : 60 },
    );
  });

  Deno.test(`${name} writes together or not at all`, async () => {
    using kv = await open();
    const first = await kv.atomic().check({ key: ["a"], versionstamp: null }).set(["a"], 1).set(["b"], 2).commit();
    assert(first.ok);
    const [a, b] = await kv.getMany([["a"], ["b"]]);
    assertEquals([a.value, b.value, a.versionstamp, b.versionstamp], [1, 2, first.versionstamp, first.versionstamp]);
    const refused = await kv.atomic().check({ key: ["a"], versionstamp: null }).set(["b"], 3).delete(["a"]).commit();
    assertEquals(refused.ok, false);
    assertEquals((await kv.get(["b"])).value, 2);
    const second = await kv.atomic().check(a).check(b).set(["b"], 3).delete(["a"]).commit();
    assert(second.ok && second.versionstamp > first.versionstamp);
    assertEquals(await kv.get(["a"]), { key: ["a"], value: null, versionstamp: null });
    const stale = await kv.atomic().check(a).set(["b"], 4).commit();
    assertEquals(stale.ok, false);
    const touched = await kv.atomic().set(["b"], 3).commit();
    assert(touched.ok);
    assertNotEquals((await kv.get(["b"])).versionstamp, second.versionstamp, "the same value is a new version");
  });

  Deno.test(`${name} gives back copies of values as they were written`, async () => {
    using kv = await open();
    const value = {
      bytes: new Uint8Array([1, 2, 3]),
      numbers: new Float64Array([NaN, -0, 1.5, Infinity]),
      list: [1, "two", null, { three: [undefined] }],
      absent: undefined,
      text: "𝔞é\u0000",
    };
    await kv.atomic().set(["v"], value).commit();
    value.bytes[0] = 9;
    value.list.push("later");
    const { value: found } = await kv.get<typeof value>(["v"]);
    assertEquals(found, { ...value, bytes: new Uint8Array([1, 2, 3]), list: value.list.slice(0, 4) });
    assert(found);
    found.bytes[1] = 9;
    assertEquals((await kv.get<typeof value>(["v"])).value?.bytes[1], 2);
  });
});
