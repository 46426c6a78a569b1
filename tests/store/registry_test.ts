import fc from "fast-check";
import { type ModelRegistry, ModelRuleError, type NewModel, NoModelError } from "../../actors/model_registry.ts";
import { assert, assertEquals, assertRejects } from "../../std/assert.ts";
import { StoreError } from "../../store/checkpoint/chain.ts";
import { KV_LIMITS, type KvPort } from "../../store/kv.ts";
import { KvModelRegistry, PART_BYTES } from "../../store/registry.ts";
import { exportSavepoint, importSavepoint } from "../../store/savepoint/savepoint.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock } from "../routes/fakes.ts";
import { type CommitFault, FaultyKv } from "./faulty_kv.ts";

const NOON = Date.UTC(2026, 0, 31, 12);

function makeRegistry(kv: KvPort = new MemoryKv(), keep?: number, clock = new FakeClock()): ModelRegistry {
  let ids = 0;
  const prefix = crypto.randomUUID().slice(0, 4);
  return new KvModelRegistry(kv, {
    clock,
    freshId: () => `${prefix}${++ids}`,
    ...(keep === undefined ? {} : { keep }),
  });
}

/** A version whose bytes follow from a number. */
function model(seed: number, length = 100, more: Partial<NewModel> = {}): NewModel {
  return {
    kind: "logistic",
    scope: "global",
    lineage: { data: "parts, seed 42", rows: 5_280, configuration: { l2: 1, terms: "products" }, seed },
    metrics: { roc_auc: 0.97 },
    bytes: Uint8Array.from({ length }, (_, at) => (seed * 31 + at * 7) & 255),
    ...more,
  };
}

Deno.test("KvModelRegistry keeps versions with lineage, metrics, size and hash, newest first", async () => {
  const registry = makeRegistry();
  assertEquals([await registry.list(), await registry.state("parts")], [[], undefined]);
  const first = await registry.register("parts", model(1)), second = await registry.register("parts", model(2, 200));
  await registry.register("room", model(3, 10, { kind: "forest", scope: "local" }));
  const { bytes, ...known } = model(1);
  assertEquals(first, {
    name: "parts",
    version: 1,
    ...known,
    created: NOON,
    size: 100,
    sha256: first.sha256,
  });
  assertEquals(first.sha256, new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toHex());
  assertEquals(await registry.versions("parts"), [second, first]);
  assertEquals(await registry.version("parts", 1), first);
  assertEquals(await registry.version("parts", 3), undefined);
  assertEquals(await registry.list(), [
    { name: "parts", active: 2, latest: 2, pinned: false },
    { name: "room", active: 1, latest: 1, pinned: false },
  ]);
  assertEquals(await registry.bytes("parts", 1), bytes);
  await assertRejects(() => registry.bytes("parts", 9), NoModelError, 'no version 9 of the model "parts"');
});

Deno.test("KvModelRegistry gives back bytes of any length, in values and writes within the database's limits", async () => {
  const sizes = [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 10 * PART_BYTES, 11 * PART_BYTES + 5, 2_000_000];
  const kv = new FaultyKv(), registry = makeRegistry(kv), atomicFor = kv.atomicFor.bind(kv);
  kv.atomicFor = (commit) =>
    atomicFor((write) => {
      const bytes = write.mutations.map(({ value }) => value instanceof Uint8Array ? value.length : 1_000);
      assert(Math.max(...bytes) <= KV_LIMITS.valueBytes);
      assert(bytes.reduce((sum, one) => sum + one, 0) <= KV_LIMITS.atomicBytes);
      return commit(write);
    });
  for (const [at, size] of sizes.entries()) {
    await registry.register("m", model(at, size));
    assertEquals(await registry.bytes("m", at + 1), model(at, size).bytes);
  }
  await assertRejects(() => registry.register("m", model(1, 0)), ModelRuleError, "1 to 16777216 bytes, not 0");
  const huge = model(1, 16 * 1024 * 1024 + 1);
  await assertRejects(() => registry.register("m", huge), ModelRuleError, "not 16777217");
});

Deno.test("KvModelRegistry works over a real database file", async () => {
  const folder = await Deno.makeTempDir(), kv = await Deno.openKv(`${folder}/kv`);
  try {
    const registry = makeRegistry(kv), big = model(5, 3_000_000);
    await registry.register("m", model(4));
    await registry.register("m", big);
    assertEquals(await registry.bytes("m", 2), big.bytes);
    assertEquals((await registry.versions("m")).map(({ version }) => version), [2, 1]);
    assertEquals(await registry.rollBack("m"), { name: "m", active: 1, latest: 2, pinned: false });
    assertEquals(await makeRegistry(kv).state("m"), { name: "m", active: 1, latest: 2, pinned: false });
  } finally {
    kv.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("KvModelRegistry pins, unpins and rolls back", async () => {
  const registry = makeRegistry();
  for (let seed = 1; seed <= 3; seed++) await registry.register("m", model(seed));
  const state = (active: number, latest: number, pinned: boolean) => ({ name: "m", active, latest, pinned });
  assertEquals(await registry.rollBack("m"), state(2, 3, false));
  assertEquals(await registry.rollBack("m"), state(1, 3, false));
  await assertRejects(() => registry.rollBack("m"), ModelRuleError, "there is no version before 1");
  await registry.register("m", model(4));
  assertEquals(await registry.state("m"), state(4, 4, false)); // a new one is used again
  assertEquals(await registry.rollBack("m", 2), state(2, 4, false));
  await assertRejects(() => registry.rollBack("m", 3), ModelRuleError, "version 2 is in use");
  assertEquals(await registry.pin("m", 3), state(3, 4, true));
  await registry.register("m", model(5));
  assertEquals(await registry.state("m"), state(3, 5, true)); // pinned stays
  assertEquals(await registry.unpin("m"), state(5, 5, false));
  assertEquals((await registry.pin("m", 5)).pinned, true);
  assertEquals(await registry.rollBack("m"), state(4, 5, false));
  await assertRejects(() => registry.pin("m", 9), NoModelError, "no version 9");
  await assertRejects(() => registry.rollBack("m", 0), NoModelError, "no version 0");
  for (const act of [() => registry.pin("x", 1), () => registry.unpin("x"), () => registry.rollBack("x")]) {
    await assertRejects(act, NoModelError, 'no model "x"');
  }
});

Deno.test("KvModelRegistry takes a version's own number once, or again with the same bytes", async () => {
  const registry = makeRegistry();
  const seventh = await registry.register("m", model(1, 50, { version: 7 }));
  assertEquals(await registry.register("m", model(1, 50, { version: 7 })), seventh);
  assertEquals((await registry.register("m", model(2))).version, 8);
  const refused = (more: Partial<NewModel>, message: string) =>
    assertRejects(() => registry.register("m", model(3, 50, more)), ModelRuleError, message);
  await refused({ version: 7 }, "it is there with other bytes");
  await refused({ version: 3 }, "8 is the latest");
  for (const version of [0, 1.5, -1, NaN, 2 ** 31 + 1]) {
    await refused({ version }, "a whole number from 1 to 2147483648");
  }
  assertEquals((await registry.versions("m")).map(({ version }) => version), [8, 7]);
  for (const name of ["", "x".repeat(129), "a\nb", "\ud800"]) {
    await assertRejects(() => registry.register(name, model(1)), ModelRuleError, "1 to 128 characters");
  }
  const long = { data: "x".repeat(40_000), rows: 1, configuration: null, seed: 1 };
  await refused({ lineage: long }, "lineage and metrics take");
});

Deno.test("KvModelRegistry keeps a bounded number of versions and no part of any other, but always the one in use", async () => {
  const kv = new FaultyKv(), registry = makeRegistry(kv, 3);
  await registry.register("m", model(1, 200_000));
  await registry.register("other", model(1, 200_000));
  await registry.pin("m", 1);
  for (let seed = 2; seed <= 9; seed++) await registry.register("m", model(seed, 200_000));
  assertEquals((await registry.versions("m")).map(({ version }) => version), [9, 8, 7, 1]);
  const parts = Math.ceil(200_000 / PART_BYTES);
  assertEquals(kv.count(["model_part", "m"]), 4 * parts);
  for (const version of [9, 8, 7, 1]) {
    assertEquals(await registry.bytes("m", version), model(version, 200_000).bytes);
  }
  assertEquals(await registry.bytes("other", 1), model(1, 200_000).bytes);
});

Deno.test("KvModelRegistry has a version as a whole or not at all, whatever the database does, and once only", async () => {
  const fault = fc.constantFrom<CommitFault>("ok", "lost", "unanswered", "echo", "late", "soon");
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 6 }), fc.constantFrom(10, 700_000), async (faults, size) => {
      const kv = new FaultyKv(), registry = makeRegistry(kv);
      await registry.register("m", model(1));
      kv.faults = [...faults];
      let done = true;
      try {
        assertEquals((await registry.register("m", model(2, size))).sha256.length, 64);
      } catch {
        done = false; // the database said no; what is there must be whole all the same
      }
      kv.faults = [];
      const versions = await registry.versions("m"), state = await registry.state("m");
      assert(!done || versions.length === 2, `${versions.length} versions`);
      assert(versions.length <= 2);
      assertEquals(state?.active, versions[0].version);
      for (const { version } of versions) {
        assertEquals(await registry.bytes("m", version), version === 1 ? model(1).bytes : model(2, size).bytes);
      }
      await registry.register("m", model(3));
      const needed = (await registry.versions("m")).reduce((sum, one) => sum + Math.ceil(one.size / PART_BYTES), 0);
      assertEquals(kv.count(["model_part", "m"]), needed); // nothing is left lying about
    }),
  );
});

Deno.test("KvModelRegistry.register() is one write, where a version fits, and reads the bytes of no other one", async () => {
  const kv = new FaultyKv(), registry = makeRegistry(kv);
  await registry.register("m", model(1, 150_000)); // it may have found parts that somebody left behind
  const list = kv.list.bind(kv), listed: Deno.KvKey[] = [], { commits } = kv;
  kv.list = (selector, options) => {
    if ("prefix" in selector) listed.push(selector.prefix);
    return list(selector, options);
  };
  await registry.register("m", model(2, 150_000));
  assertEquals([kv.commits - commits, listed], [1, [["model_version", "m"]]]);
  assertEquals(await makeRegistry(kv).bytes("m", 2), model(2, 150_000).bytes);
});

Deno.test("KvModelRegistry loses none of versions that are registered at the same time", async () => {
  const kv = new MemoryKv(), registries = [makeRegistry(kv), makeRegistry(kv), makeRegistry(kv)];
  const registered = await Promise.all(
    registries.flatMap((registry, at) => [0, 1].map((n) => registry.register("m", model(10 * at + n, 150_000)))),
  );
  assertEquals(registered.map(({ version }) => version).sort(), [1, 2, 3, 4, 5, 6]);
  for (const { version, lineage } of registered) {
    assertEquals(await registries[0].bytes("m", version), model(lineage.seed, 150_000).bytes);
  }
  const last = (await registries[1].state("m"))?.active;
  assertEquals(last, 6);
});

Deno.test("KvModelRegistry says so where bytes are missing or damaged", async () => {
  const kv = new MemoryKv(), registry = makeRegistry(kv);
  await registry.register("m", model(1));
  const [key] = [...kv.entries.values()].map((entry) => entry.key).filter(([kind]) => kind === "model_part");
  await kv.atomic().set(key, new Uint8Array(100)).commit();
  await assertRejects(() => registry.bytes("m", 1), StoreError, "version 1 of m is damaged");
  await kv.atomic().delete(key).commit();
  await assertRejects(() => registry.bytes("m", 1), StoreError, "part 0 of 1 of version 1 of m is missing");
});

Deno.test("KvModelRegistry tells of changes, until nobody wants to hear", async () => {
  const registry = makeRegistry(), told: string[] = [];
  const forget = registry.onChange(({ name, active }) => told.push(`${name} ${active}`));
  await registry.register("m", model(1));
  await registry.register("m", model(2));
  await registry.rollBack("m");
  await registry.pin("m", 2);
  forget();
  await registry.unpin("m");
  assertEquals(told, ["m 1", "m 2", "m 1", "m 2"]);
});

Deno.test("KvModelRegistry gives up on a database that does not answer", async () => {
  const kv = new FaultyKv(), clock = new FakeClock(), registry = makeRegistry(kv, undefined, clock);
  kv.faults = ["hanging"];
  const pending = registry.register("m", model(1, 700_000)); // more than one write
  const refused = assertRejects(() => pending, Error, "did not answer");
  while (clock.sleepers === 0 || kv.commits === 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  await clock.advance(30_000);
  await refused;
});

Deno.test("KvModelRegistry's models are in a savepoint", async () => {
  const from = new MemoryKv(), to = new MemoryKv(), registry = makeRegistry(from), clock = new FakeClock();
  await registry.register("m", model(1, 150_000));
  await registry.register("m", model(2, 150_000));
  await registry.pin("m", 1);
  await importSavepoint(to, exportSavepoint(from, { clock }));
  const there = makeRegistry(to);
  assertEquals(await there.list(), await registry.list());
  assertEquals(await there.bytes("m", 1), await registry.bytes("m", 1));
});
