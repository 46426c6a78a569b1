/** @module */
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { assertEquals, assertRejects } from "../../../std/assert.ts";
import { LateKv } from "../../../store/nodes/late_kv.ts";

Deno.test("LateKv is opened by the first call that reaches it, and then does what it is asked", async () => {
  const kv = await Deno.openKv(":memory:");
  let isThere = false, opened = 0;
  const late = new LateKv(() => {
    opened++;
    return isThere ? Promise.resolve(kv) : Promise.reject(new Error("connection refused"));
  });
  await assertRejects(() => late.get(["a"]), StoreAwayError, "connection refused");
  await assertRejects(() => late.atomic().set(["a"], 1).commit(), StoreAwayError);
  await assertRejects(() => late.watch([["a"]]).getReader().read(), StoreAwayError);
  isThere = true;
  const changes = late.watch<[number]>([["a"]]).getReader();
  assertEquals((await changes.read()).value?.[0].value, null);
  const { ok } = await late.atomic().check({ key: ["a"], versionstamp: null }).set(["a"], 1).set(["b"], 2).commit();
  assertEquals([ok, (await late.atomic().check({ key: ["a"], versionstamp: null }).delete(["b"]).commit()).ok], [
    true,
    false,
  ]);
  assertEquals((await changes.read()).value?.[0].value, 1);
  assertEquals((await late.getMany([["a"], ["b"]])).map(({ value }) => value), [1, 2]);
  assertEquals(await Array.fromAsync(late.list({ prefix: [] }), ({ key }) => key), [["a"], ["b"]]);
  await changes.cancel();
  late.close();
  assertEquals(opened, 4);
});
