/** @module */
import { FencedError, StoreAwayError } from "../../../actors/checkpoint.ts";
import { ALL_GUARDS, Chain, type ChainOptions, type Mutation, StoreError } from "../../../store/checkpoint/chain.ts";
import { KEYS } from "../../../store/keys.ts";
import { KV_LIMITS } from "../../../store/kv.ts";
import { assert, assertEquals, assertRejects } from "../../../std/assert.ts";
import type { Write } from "../../memory_kv.ts";
import { SimulatedClock } from "../../simulation/clock.ts";
import { type CommitFault, FaultyKv } from "../faulty_kv.ts";

/** Remembers how many mutations each commit had, and lets the deadline of one that hangs pass. */
class WatchedKv extends FaultyKv {
  readonly sizes: number[] = [];

  constructor(readonly clock: SimulatedClock) {
    super();
  }

  override commit(write: Write): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    this.sizes.push(write.mutations.length);
    if (this.faults[0] === "hanging") queueMicrotask(() => this.clock.advance(10_000));
    return super.commit(write);
  }
}

let ids = 0;

function scene(): { kv: WatchedKv; options: ChainOptions } {
  const clock = new SimulatedClock(), kv = new WatchedKv(clock);
  return { kv, options: { clock, freshId: () => `id-${++ids}`, deadlineMs: 10_000, guards: ALL_GUARDS } };
}

function mutation(i: number, bytes = 100): Mutation {
  return { key: ["data", i], value: i, bytes };
}

const many = (count: number) => Array.from({ length: count }, (_, i) => mutation(i));

Deno.test("Chain.write() takes as few atomic writes as the limits allow, the last mutations in the last of them", async () => {
  const { kv, options } = scene(), chain = await Chain.claim(kv, "p", options);
  const sizes = async (mutations: readonly Mutation[], last: readonly Mutation[] = []) => {
    kv.sizes.length = 0;
    await chain.write(mutations, last);
    return kv.sizes.map((size) => size - 1); // less the chain's own
  };
  const { mutations: most, atomicBytes } = KV_LIMITS;
  assertEquals(await sizes([]), []);
  assertEquals(await sizes([], [mutation(-1)]), [1]);
  assertEquals(await sizes(many(10), [mutation(-1)]), [11]);
  assertEquals(await sizes(many(most)), [most]);
  assertEquals(await sizes(many(most), [mutation(-1)]), [most, 1]);
  assertEquals(await sizes(many(2 * most + 5), [mutation(-1)]), [most, most, 6]);
  const large = Array.from({ length: 40 }, (_, i) => mutation(i, atomicBytes / 16));
  assertEquals(await sizes(large), [16, 16, 8]);
  assertEquals(kv.count(["data"]), 2 * most + 6);
});

Deno.test("Chain.write() deletes where there is no value", async () => {
  const { kv, options } = scene(), chain = await Chain.claim(kv, "p", options);
  await chain.write(many(3));
  await chain.write([{ key: ["data", 1], bytes: 50 }]);
  assertEquals([kv.count(["data"]), (await kv.get(["data", 1])).value], [2, null]);
});

Deno.test("Chain.write() refuses a value over the limit, and says which", async () => {
  const { kv, options } = scene(), chain = await Chain.claim(kv, "p", options);
  const error = await assertRejects(() => chain.write([mutation(1, KV_LIMITS.valueBytes + 1)]), StoreError);
  assert(error.message.includes('["data",1]') && error.message.includes(String(KV_LIMITS.valueBytes)), error.message);
  assertEquals(kv.count(["data"]), 0);
});

for (const fault of ["lost", "unanswered", "echo", "late", "soon", "hanging"] as const) {
  Deno.test(`Chain.write() writes once where a commit is ${fault}`, async () => {
    const { kv, options } = scene(), chain = await Chain.claim(kv, "p", options);
    await chain.write([mutation(0)]);
    kv.faults = [fault];
    await chain.write([mutation(1)]);
    await chain.write([mutation(1), { key: ["data", 0], bytes: 50 }]);
    await chain.write([mutation(2)]);
    assertEquals([kv.count(["data"]), (await kv.get(["data", 0])).value], [2, null]);
    assertEquals(kv.commits, fault === "unanswered" || fault === "echo" || fault === "hanging" ? 5 : 6);
  });
}

Deno.test("Chain.write() gives up after some tries, with one sentence", async () => {
  const { kv, options } = scene(), chain = await Chain.claim(kv, "p", options);
  kv.faults = new Array<CommitFault>(20).fill("lost");
  const error = await assertRejects(() => chain.write([mutation(1)]), StoreAwayError);
  assertEquals(error.message, "partition p: the database did not take a write in 6 tries");
});

Deno.test("Chain.claim() fences the owner before: it writes nothing more", async () => {
  const { kv, options } = scene(), old = await Chain.claim(kv, "p", options);
  await old.write([mutation(1)]);
  const fresh = await Chain.claim(kv, "p", options);
  const error = await assertRejects(() => old.write([mutation(2)]), FencedError);
  assert(error.message.includes("p"), error.message);
  await fresh.write([mutation(3)]);
  await assertRejects(() => old.write([mutation(4)]), FencedError);
  assertEquals([(await kv.get(["data", 2])).value, (await kv.get(["data", 3])).value], [null, 3]);
});

Deno.test("Chain.write() says who has taken a partition over, and that two have one name", async () => {
  const { kv, options } = scene(), called = (owner: string) => Chain.claim(kv, "p", { ...options, owner });
  const [first, second, twin] = [await called("node-1"), await called("node-2"), await called("node-2")];
  const said = (old: Chain) =>
    assertRejects(() => old.write([mutation(1)]), FencedError).then(({ message }) => message);
  assertEquals(await said(first), "another process (node-2) has taken p over");
  assertEquals(
    await said(second),
    "another process that is called node-2, too, has taken p over: give each process a name of its own (--instance)",
  );
  await twin.write([mutation(2)]);
});

Deno.test("Chain.claim() leaves other partitions alone", async () => {
  const { kv, options } = scene(), p = await Chain.claim(kv, "p", options), q = await Chain.claim(kv, "q", options);
  await p.write([mutation(1)]);
  await q.write([mutation(2)]);
  await p.write([mutation(3)]);
  assertEquals(kv.count(["data"]), 3);
});

Deno.test("Chain.claim() takes over whatever becomes of its commits", async () => {
  for (const fault of ["lost", "unanswered", "echo", "late", "soon", "hanging"] as const) {
    const { kv, options } = scene(), old = await Chain.claim(kv, "p", options);
    kv.faults = [fault];
    const fresh = await Chain.claim(kv, "p", options);
    await fresh.write([mutation(1)]);
    await assertRejects(() => old.write([mutation(2)]), FencedError);
    assertEquals(kv.count(["data"]), 1, fault);
  }
});

Deno.test("Chain.version changes with every write, and the next owner finds it", async () => {
  const { kv, options } = scene(), chain = await Chain.claim(kv, "p", options);
  assertEquals(chain.version, null);
  await chain.write([mutation(1)]);
  const first = chain.version;
  await chain.write([mutation(2)]);
  assert(first !== null && chain.version !== first);
  assertEquals((await Chain.claim(kv, "p", options)).version, chain.version);
  assertEquals((await kv.get(KEYS.chain("p"))).versionstamp, chain.version);
});
