import fc from "fast-check";
import {
  type DeviceUpdate,
  FEDERATION_LIMITS,
  type RoundRecord,
  type UpdateAnswer,
} from "../../actors/federation/port.ts";
import { assertEquals, assertRejects } from "../../std/assert.ts";
import { KvFederationStore } from "../../store/federation.ts";
import { KV_LIMITS, type KvPort } from "../../store/kv.ts";
import { MemoryKv } from "../memory_kv.ts";
import { FakeClock, NOON } from "../routes/fakes.ts";
import { eachDatabase } from "./databases.ts";

function storeOn(kv: KvPort = new MemoryKv()): KvFederationStore {
  return new KvFederationStore(kv, { clock: new FakeClock() });
}

function record(round: number, more: Partial<RoundRecord> = {}): RoundRecord {
  return {
    group: "room",
    round,
    time: NOON + round,
    method: "fedavg",
    participants: [{ id: "a", kind: "sensor", readings: 7, loss: 0.25, norm: 3, distance: 1 }],
    participant_count: 1,
    readings: 7,
    loss: 0.25,
    left_out: 0,
    model: "network:room",
    version: round,
    norm: 3,
    validation_loss: 0.5,
    local_loss: 0.75,
    ...more,
  };
}

function update(device: string, round: number, weight = 1, more: Partial<DeviceUpdate> = {}): DeviceUpdate {
  return { device, group: "room", round, readings: 10, loss: 0.5, weights: Float32Array.of(weight, 2), ...more };
}

const named = (updates: readonly DeviceUpdate[]) =>
  updates.map(({ device, round, weights: [w] }) => [device, round, w]);

eachDatabase(({ name, open }) => {
  Deno.test(`KvFederationStore.putRound() keeps rounds, newest first, the same one once (${name})`, async () => {
    using kv = await open();
    const store = storeOn(kv);
    assertEquals([await store.groups(), await store.group("room"), await store.rounds("room", 9)], [[], undefined, []]);
    for (const round of [1, 2, 5, 2]) await store.putRound(record(round));
    await store.putRound(record(3, { group: "{a,b}" }));
    assertEquals(await store.rounds("room", 9), [record(5), record(2), record(1)]);
    assertEquals(await store.rounds("room", 1, 5), [record(2)]);
    assertEquals(await store.groups(), [
      { group: "room", round: 5, time: NOON + 5, devices: 0, waiting: 0 },
      { group: "{a,b}", round: 3, time: NOON + 3, devices: 0, waiting: 0 },
    ]);
    assertEquals((await store.group("room"))?.round, 5);
  });

  Deno.test(`KvFederationStore.takeUpdates() settles once what goes into a round (${name})`, async () => {
    using kv = await open();
    const store = storeOn(kv);
    await store.putRound(record(1));
    for (const device of ["ü", "b", "a"]) {
      assertEquals(await store.putUpdate(update(device, 1)), { kind: "accepted" });
    }
    assertEquals(await store.group("room"), { group: "room", round: 1, time: NOON + 1, devices: 3, waiting: 3 });
    const taken = await store.takeUpdates("room", 2);
    assertEquals(taken[0], update("a", 1));
    assertEquals(named(taken), [["a", 1, 1], ["b", 1, 1], ["ü", 1, 1]]);
    await store.putUpdate(update("late", 1));
    assertEquals(named(await storeOn(kv).takeUpdates("room", 2)), named(taken)); // made again after a crash
    await store.putRound(record(2));
    assertEquals(named(await store.takeUpdates("room", 3)), [["late", 1, 1]]);
    assertEquals(await store.takeUpdates("room", 4), []);
    assertEquals(await store.takeUpdates("room", 4), []);
    await assertRejects(() => store.takeUpdates("room", 2), RangeError, "those of round 4 are settled");
    assertEquals((await store.group("room"))?.waiting, 0);
    let left = 0;
    for await (const _ of kv.list({ prefix: ["federation_update"] })) left++;
    assertEquals(left, 0); // what a later round no longer needs is gone
  });
});

Deno.test("KvFederationStore.putUpdate() takes the same content of a device and round once, and no other", async () => {
  const store = storeOn();
  await store.putRound(record(3));
  const put = async (one: DeviceUpdate, inUse?: number) => (await store.putUpdate(one, inUse)).kind;
  assertEquals(await put(update("a", 3)), "accepted");
  assertEquals(await put(update("a", 3)), "known");
  assertEquals(await put(update("a", 3, 9)), "differs");
  assertEquals(await put(update("a", 3, 1, { readings: 11 })), "differs");
  assertEquals(named(await store.takeUpdates("room", 4)), [["a", 3, 1]]);
  assertEquals([await put(update("a", 3)), await put(update("a", 3, 9))], ["known", "differs"]); // also afterwards
  assertEquals(await store.putUpdate(update("a", 4)), { kind: "ahead", latest: 3 });
  await store.putRound(record(9));
  assertEquals(await store.putUpdate(update("a", 6)), { kind: "stale", latest: 9 });
  assertEquals(await put(update("a", 6), 6), "accepted"); // the version in use was rolled back
  assertEquals(await put(update("a", 9)), "accepted");
  assertEquals(await put(update("a", 8)), "stale"); // its later one stands for more
  assertEquals(named(await store.takeUpdates("room", 10)), [["a", 9, 1]]);
});

Deno.test("KvFederationStore.putUpdate() holds a bounded number of devices; those that fell behind make room", async () => {
  const store = storeOn(), most = FEDERATION_LIMITS.devices;
  await store.putRound(record(1));
  for (let at = 0; at < most; at++) await store.putUpdate(update(`device ${at}`, 1));
  assertEquals(await store.putUpdate(update("more", 1)), { kind: "full", what: "devices" });
  assertEquals(await store.putUpdate(update("device 7", 1)), { kind: "known" });
  assertEquals((await store.takeUpdates("room", 2)).length, most);
  await store.takeUpdates("room", 3);
  await store.putRound(record(4));
  assertEquals(await store.putUpdate(update("more", 4)), { kind: "accepted" });
  assertEquals((await store.group("room"))?.devices, 1);
  assertEquals(await store.putUpdate(update("device 7", 1)), { kind: "stale", latest: 4 });
});

Deno.test("KvFederationStore.putUpdate() holds a bounded number of bytes, each write within the database's limits", async () => {
  const kv = new MemoryKv(), store = storeOn(kv), weights = new Float32Array(FEDERATION_LIMITS.weights);
  const apply = kv.apply.bind(kv);
  kv.apply = (write) => {
    assertEquals(write.mutations.length <= KV_LIMITS.mutations, true);
    for (const { value } of write.mutations) {
      const sent = (value as { weights?: Float32Array } | undefined)?.weights;
      assertEquals((sent?.byteLength ?? 0) <= KV_LIMITS.valueBytes - 1024, true);
    }
    return apply(write);
  };
  await store.putRound(record(1));
  const answers = new Map<UpdateAnswer["kind"], number>();
  for (let at = 0; at < 256; at++) {
    const { kind } = await store.putUpdate(update(`${at}`, 1, 1, { group: "big", round: 0, weights }));
    answers.set(kind, (answers.get(kind) ?? 0) + 1);
  }
  assertEquals(answers.get("accepted"), Math.floor(FEDERATION_LIMITS.bytes / weights.byteLength));
  assertEquals((await store.takeUpdates("big", 1)).length, answers.get("accepted"));
  assertEquals(await store.putUpdate(update("x", 0, 1, { group: "big", weights })), { kind: "accepted" });
});

Deno.test("KvFederationStore.putRound() keeps the newest rounds", async () => {
  const kv = new MemoryKv(), store = storeOn(kv), more = 5;
  for (let round = 1; round <= FEDERATION_LIMITS.rounds + more; round++) await store.putRound(record(round));
  const kept = await store.rounds("room", 10_000);
  assertEquals([kept.length, kept.at(-1)?.round], [FEDERATION_LIMITS.rounds, more + 1]);
});

Deno.test("KvFederationStore loses nothing and doubles nothing when many write at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom(1, 2), fc.constantFrom(5, 6)), {
        minLength: 1,
        maxLength: 8,
      }),
      async (sent) => {
        const kv = new MemoryKv(), stores = [storeOn(kv), storeOn(kv)];
        await stores[0].putRound(record(2));
        const answers = await Promise.all(
          sent.map(([device, round, weight], at) => stores[at % 2].putUpdate(update(device, round, weight))),
        );
        const taken = await stores[0].takeUpdates("room", 3);
        assertEquals(named(await stores[1].takeUpdates("room", 3)), named(taken));
        for (const [device, round, weight] of named(taken)) {
          const accepted = sent.some(([d, r, w], at) =>
            d === device && r === round && w === weight && answers[at].kind === "accepted"
          );
          assertEquals(accepted, true);
        }
        assertEquals(new Set(taken.map(({ device }) => device)), new Set(sent.map(([device]) => device)));
      },
    ),
    { numRuns: 60 },
  );
});
