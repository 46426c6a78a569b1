import { assertEquals } from "../../std/assert.ts";
import { GatedKv } from "../../store/gate.ts";
import { MemoryKv } from "../memory_kv.ts";

Deno.test("GatedKv holds writes back while it is paused, and lets them pass afterwards", async () => {
  const kv = new GatedKv(new MemoryKv()), seen: unknown[] = [];
  let write: Promise<unknown> | undefined;
  await kv.paused(async () => {
    write = kv.atomic().set(["a"], 1).commit();
    await Promise.resolve();
    seen.push((await kv.get(["a"])).value);
  });
  await write;
  seen.push((await kv.get(["a"])).value);
  assertEquals(seen, [null, 1]);
});

Deno.test("GatedKv waits for writes under way before it pauses", async () => {
  const order: string[] = [], slow = Promise.withResolvers<void>();
  class SlowKv extends MemoryKv {
    override async commit(write: Parameters<MemoryKv["commit"]>[0]) {
      await slow.promise;
      order.push("written");
      return this.apply(write);
    }
  }
  const kv = new GatedKv(new SlowKv()), write = kv.atomic().set(["a"], 1).commit();
  const work = kv.paused(() => {
    order.push("read");
    return Promise.resolve();
  });
  slow.resolve();
  await Promise.all([write, work]);
  assertEquals(order, ["written", "read"]);
});

Deno.test("GatedKv opens again after work that failed, and pauses one at a time", async () => {
  const kv = new GatedKv(new MemoryKv()), order: number[] = [];
  const failing = kv.paused(() => Promise.reject(new Error("no"))).catch(() => order.push(1));
  const second = kv.paused(() => Promise.resolve(void order.push(2)));
  await Promise.all([failing, second, kv.atomic().set(["a"], 1).commit()]);
  assertEquals(order.sort(), [1, 2]);
});
