/**
 * A database that does not answer: said so in time, and asked again over a new connection.
 *
 * @module
 */
import { StoreAwayError } from "../../../actors/checkpoint.ts";
import { type KvConnection, TimedKv } from "../../../store/nodes/timed_kv.ts";
import { assertEquals, assertMatch, assertRejects } from "../../../std/assert.ts";
import { MemoryKv } from "../../memory_kv.ts";

/** A clock whose deadlines come when the test says so. */
class Deadlines {
  #waiting: (() => void)[] = [];
  readonly now = () => 0;

  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  pass(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A connection to a database; one that has gone silent answers nothing, and never ends. */
function connect(kv: MemoryKv, isSilent: boolean, closed: () => void): KvConnection {
  const silence = new Promise<never>(() => {}), answer = <T>(given: () => Promise<T>) => isSilent ? silence : given();
  return {
    get: (key) => answer(() => kv.get(key)),
    getMany: (keys) => answer(() => kv.getMany(keys)),
    list: (selector, options) => kv.list(selector, options),
    atomic: () => kv.atomicFor((write) => answer(() => kv.commit(write))),
    watch: () => new ReadableStream(),
    close: closed,
  };
}

Deno.test("TimedKv gives a connection up on which no answers come, and goes on over a new one", async () => {
  const kv = new MemoryKv(), clock = new Deadlines(), said: string[] = [];
  await kv.atomic().set(["a"], 1).commit();
  const timed = new TimedKv(connect(kv, true, () => said.push("silent closed")), "kv:4512", clock, 5_000, () => {
    said.push("connected");
    return Promise.resolve(connect(kv, false, () => said.push("new closed")));
  });
  const asked = [timed.get(["a"]), timed.atomic().set(["b"], 2).commit()].map((answer) =>
    assertRejects(() => answer, StoreAwayError, "the KV server kv:4512 does not answer")
  );
  clock.pass();
  await Promise.all(asked);
  assertMatch(timed.problem ?? "", /does not answer/);
  assertEquals(said, ["connected"], "once for all that waited; what is under way there keeps its time");
  assertEquals((await timed.get(["a"])).value, 1);
  assertEquals(timed.problem, undefined);
  clock.pass();
  await Promise.resolve();
  assertEquals((await timed.get(["a"])).value, 1);
  assertEquals(said, ["connected", "silent closed"]);
  timed.close();
  assertEquals(said.at(-1), "new closed");
});

Deno.test("TimedKv says that a connection which was given up is away, whatever fails there", async () => {
  const kv = new MemoryKv(), clock = new Deadlines();
  let fail = (_error: Error) => {};
  const first: KvConnection = {
    ...connect(kv, true, () => {}),
    getMany: () => new Promise((_, reject) => fail = reject),
  };
  const timed = new TimedKv(first, "kv:4512", clock, 5_000, () => Promise.resolve(connect(kv, false, () => {})));
  const given = assertRejects(() => timed.get(["a"]), StoreAwayError);
  clock.pass();
  const late = timed.getMany([["a"]]);
  await given;
  fail(new Deno.errors.BadResource("closed"));
  await assertRejects(() => late, StoreAwayError, "closed");
  timed.close();
});

Deno.test("TimedKv says that a server is away at the deadline, and waits no longer for a new connection", async () => {
  const kv = new MemoryKv(), clock = new Deadlines();
  let connected = (_kv: KvConnection) => {};
  const coming = new Promise<KvConnection>((resolve) => connected = resolve);
  const timed = new TimedKv(connect(kv, true, () => {}), "kv:4512", clock, 5_000, () => coming);
  const asked = assertRejects(() => timed.get(["a"]), StoreAwayError);
  clock.pass();
  await new Promise((resolve) => setTimeout(resolve)); // what the deadline sets off is under way
  assertEquals(timed.problem, "the KV server kv:4512 does not answer");
  clock.pass();
  await asked;
  connected(connect(kv, false, () => {}));
  await coming;
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals((await timed.get(["a"])).value, null, "it goes on over the connection that came late");
  timed.close();
});

Deno.test("TimedKv connects once more where a new connection never comes, and takes one of them", async () => {
  const kv = new MemoryKv(), clock = new Deadlines(), coming: PromiseWithResolvers<KvConnection>[] = [];
  const timed = new TimedKv(connect(kv, true, () => {}), "kv:4512", clock, 5_000, () => {
    coming.push(Promise.withResolvers());
    return coming.at(-1)!.promise;
  });
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  for (const tries of [1, 2]) {
    const asked = assertRejects(() => timed.get(["a"]), StoreAwayError);
    clock.pass();
    await turn();
    clock.pass();
    await asked;
    assertEquals(coming.length, tries);
  }
  const closed: string[] = [];
  for (const [i, { resolve }] of coming.entries()) resolve(connect(kv, false, () => closed.push(`connection ${i}`)));
  await turn();
  assertEquals(closed, ["connection 1"]);
  assertEquals((await timed.get(["a"])).value, null);
  timed.close();
});

Deno.test("TimedKv asks nothing more over a connection that was given up, also where a new one is refused", async () => {
  const kv = new MemoryKv(), clock = new Deadlines(), said: string[] = [];
  let isThere = false;
  const timed = new TimedKv(connect(kv, true, () => said.push("silent closed")), "kv:4512", clock, 5_000, () => {
    said.push("asked");
    return isThere ? Promise.resolve(connect(kv, false, () => {})) : Promise.reject(new Error("connection refused"));
  });
  const asked = assertRejects(() => timed.get(["a"]), StoreAwayError, "within 5 s");
  clock.pass();
  await asked;
  clock.pass(); // what was under way has had its time
  await new Promise((resolve) => setTimeout(resolve));
  await assertRejects(() => timed.get(["a"]), StoreAwayError, "kv:4512 does not answer: connection refused");
  assertEquals(said, ["asked", "silent closed", "asked"], "by the next call");
  assertMatch(timed.problem ?? "", /does not answer/);
  isThere = true;
  assertEquals((await timed.get(["a"])).value, null);
  assertEquals([timed.problem, said.length], [undefined, 4]);
  timed.close();
});
