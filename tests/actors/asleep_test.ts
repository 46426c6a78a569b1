/**
 * Snapshots that are at hand of sensors out of memory: as many as there is room for, whatever comes and goes.
 *
 * @module
 */
import fc from "fast-check";
import { Asleep } from "../../actors/asleep.ts";
import { judgingSchema } from "../../actors/config.ts";
import { Directory } from "../../actors/directory.ts";
import { encodeSnapshot } from "../../actors/sensor/snapshot.ts";
import { assert, assertEquals } from "../../std/assert.ts";
import { ActorInHand } from "./sensor/in_hand.ts";

const judging = judgingSchema.parse({ detectors: "rules" }), directory = new Directory(1);
const SENSORS = Array.from({ length: 6 }, (_, i) => directory.of(`s${i}`, "p"));
const { actor } = new ActorInHand(judging, "pump", ["a"]);
const SIZE = encodeSnapshot(actor, 0).length, store = { snapshot: () => Promise.resolve(encodeSnapshot(actor, 0)) };

Deno.test("Asleep keeps what is read at hand for as long as it is of the given bytes, and no longer", async () => {
  const step = fc.record({
    sensor: fc.nat(SENSORS.length - 1),
    what: fc.constantFrom("learn", "unlearn", "arrive", "keep", "stored"),
  });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(4), async (steps, most) => {
    const asleep = new Asleep(store, most * SIZE), expected = new Map<number, Uint8Array>();
    for (const { sensor, what } of steps) {
      const entry = SENSORS[sensor], bytes = encodeSnapshot(actor, 0), before = asleep.ready(entry);
      if (what === "arrive") await asleep.arrive(entry);
      else if (what === "unlearn") asleep.unlearn(entry);
      else if (what === "stored") asleep.stored(entry, before ?? bytes);
      else asleep[what](entry, bytes);
      expected.delete(sensor);
      if (what === "keep" || (what === "learn" && expected.size < most)) expected.set(sensor, bytes);
      for (const one of SENSORS) assert(asleep.ready(one) === expected.get(one.sensor), what);
    }
  }));
});

Deno.test("Asleep hands a shard a copy, and asks the store for what is not at hand", async () => {
  const asleep = new Asleep(store, SIZE), [first, second] = SENSORS, bytes = encodeSnapshot(actor, 0);
  asleep.learn(first, bytes);
  const arrived = await asleep.arrive(first);
  assert(arrived !== bytes);
  assertEquals(arrived, bytes);
  assertEquals(await asleep.arrive(second), undefined, "a new one");
  assertEquals((await asleep.arrive({ ...second, stored: true }))?.length, SIZE);
});
