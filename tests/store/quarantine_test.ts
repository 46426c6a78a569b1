/** @module */
import { assertEquals } from "../../std/assert.ts";
import { KEYS } from "../../store/keys.ts";
import { KvQuarantine } from "../../store/quarantine.ts";
import { Written } from "../../store/retention/written.ts";
import { MemoryKv } from "../memory_kv.ts";

async function filled() {
  const kv = new MemoryKv(), written = new Written();
  for (let position = 0; position < 6; position++) {
    const reason = position % 2 === 0 ? "invalid" : "late", partition = position < 4 ? "http-0" : "a/b";
    const item = { id: `${partition}/${position}`, partition, position, reason, errors: [], sample: "{}" };
    await kv.atomic().set(KEYS.quarantine(partition, position, reason), item).commit();
  }
  for (const partition of ["http-0", "a/b"]) await kv.atomic().set(KEYS.outputs(partition), { cut: 5 }).commit();
  return { kv, written, quarantine: new KvQuarantine(kv, written) };
}

Deno.test("KvQuarantine finds a record by its id, whatever its partition is called", async () => {
  const { quarantine } = await filled();
  assertEquals((await quarantine.find("http-0/1"))?.reason, "late");
  assertEquals((await quarantine.find("a/b/4"))?.partition, "a/b");
  for (const id of ["http-0/4", "http-0/", "/1", "http-0/1/2", "http-0/-1", "", "http-0/9007199254740993"]) {
    assertEquals(await quarantine.find(id), undefined, id);
  }
});

Deno.test("KvQuarantine.settle() takes a record out once, and the counts stay those of all that ever came", async () => {
  const { quarantine, written } = await filled();
  const ends = [];
  for (const id of ["http-0/0", "http-0/1", "http-0/1", "a/b/5", "none/1"]) {
    ends.push(await quarantine.settle(id, "discarded"));
  }
  assertEquals(ends, ["settled", "settled", "gone", "early", "gone"], "what may come again after a crash stays");
  assertEquals(await quarantine.settle("a/b/4", "retried"), "settled");
  assertEquals(await quarantine.counts(), [
    { partition: "a/b", kept: { late: 1 }, gone: { invalid: 1 }, retried: 1, discarded: 0 },
    { partition: "http-0", kept: { invalid: 1, late: 1 }, gone: { invalid: 1, late: 1 }, retried: 0, discarded: 2 },
  ]);
  assertEquals(written.of(KEYS.quarantinesOf("http-0")), -2, "retention knows that there are fewer");
});

Deno.test("KvQuarantine.settle() by two at once counts once", async () => {
  const { quarantine } = await filled();
  const ends = await Promise.all(Array.from({ length: 4 }, () => quarantine.settle("http-0/2", "retried")));
  assertEquals(ends.sort(), ["gone", "gone", "gone", "settled"]);
  assertEquals((await quarantine.counts())[1].gone, { invalid: 1 });
});
