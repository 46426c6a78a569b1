import { KEY_LIMITS, KeyRuleError } from "../../actors/keys.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../std/assert.ts";
import { FRESH_MS, KvKeys } from "../../store/api_keys.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, settle } from "../routes/fakes.ts";

async function opened(kv = new MemoryKv()) {
  const clock = new FakeClock();
  return { kv, clock, keys: await KvKeys.open(kv, { clock }) };
}

Deno.test("KvKeys.create() gives a key that check() knows, and stores no key", async () => {
  const { kv, clock, keys } = await opened();
  const { key, secret } = await keys.create({ name: "gateway", scopes: ["ingest", "read"] });
  assertEquals([key.name, key.scopes, key.created], ["gateway", ["read", "ingest"], clock.now()]);
  assertEquals(await keys.check(secret), key);
  assert(secret.startsWith(`sensorium_${key.id}_`));
  const stored = JSON.stringify([...kv.entries.values()]), [, , ...random] = secret.split("_");
  assertEquals(stored.includes(random.join("_")), false);
  const again = await opened(kv);
  assertEquals([await again.keys.check(secret), await again.keys.list()], [key, [key]]);
});

Deno.test("KvKeys.check() knows nothing but whole keys", async () => {
  const { keys } = await opened();
  const { secret } = await keys.create({ name: "a", scopes: ["read"] });
  const other = (await keys.create({ name: "b", scopes: ["read"] })).secret;
  const mixed = other.slice(0, 19) + secret.slice(19);
  const flipped = secret.slice(0, -1) + (secret.endsWith("A") ? "E" : "A");
  for (
    const wrong of ["", "sensorium_", secret.slice(1), secret.slice(0, -1), `${secret} `, mixed, flipped, "__proto__"]
  ) {
    assertEquals(await keys.check(wrong), undefined, wrong);
  }
});

Deno.test("KvKeys.check() and find() know a key at once that another process has just made", async () => {
  const kv = new MemoryKv(), here = await opened(kv), there = await opened(kv);
  const { key, secret } = await here.keys.create({ name: "a", scopes: ["read"] });
  assertEquals(await there.keys.check(secret), key);
  assertEquals(await (await opened(kv)).keys.check(`${secret.slice(0, -2)}__`), undefined);
  const other = await here.keys.create({ name: "b", scopes: ["read"] });
  assertEquals(await there.keys.find(other.key.id), other.key);
  assertEquals(await there.keys.find("nobodysk"), undefined);
});

Deno.test("KvKeys.revoke() ends a key at once here, and within ten seconds elsewhere", async () => {
  const kv = new MemoryKv(),
    here = await opened(kv),
    { key, secret } = await here.keys.create({ name: "a", scopes: ["read"] });
  const there = await opened(kv);
  await here.keys.revoke(key.id);
  assertEquals([await here.keys.check(secret), here.keys.valid(key.id)], [undefined, undefined]);
  assertEquals(await there.keys.check(secret), key);
  await there.clock.advance(FRESH_MS);
  await there.keys.check(secret);
  await settle();
  assertEquals(await there.keys.check(secret), undefined);
  await assertRejects(() => here.keys.revoke(key.id), KeyRuleError, "no key");
});

Deno.test("KvKeys.check() refuses a key that has expired", async () => {
  const { keys, clock } = await opened();
  const { secret } = await keys.create({ name: "a", scopes: ["read"], expires: clock.now() + 1_000 });
  await clock.advance(999);
  assert(await keys.check(secret) !== undefined);
  await clock.advance(1);
  assertEquals(await keys.check(secret), undefined);
});

Deno.test("KvKeys.create() refuses names, scopes and times that no key has, and too many keys", async () => {
  const { keys, clock } = await opened();
  const wrong = [
    [{ name: "", scopes: ["read"] }, "1 to 64 characters"],
    [{ name: "a\nb", scopes: ["read"] }, "control"],
    [{ name: "a", scopes: [] }, "read, ingest, operate, admin"],
    [{ name: "a", scopes: ["root" as "read"] }, "not root"],
    [{ name: "a", scopes: ["read"], expires: clock.now() }, "future"],
  ] as const;
  for (const [key, message] of wrong) await assertRejects(() => keys.create(key), KeyRuleError, message);
  for (let i = 0; i < KEY_LIMITS.keys; i++) await keys.create({ name: `k${i}`, scopes: ["read"] });
  assertStringIncludes(
    (await assertRejects(() => keys.create({ name: "one more", scopes: ["read"] }), KeyRuleError)).message,
    "1000 keys already",
  );
});
