/** @module */
import fc from "fast-check";
import { Roll } from "../../actors/roll.ts";
import { assert, assertEquals } from "../../std/assert.ts";

const nameOf = (sensor: number) => `sensor ${(sensor * 7_919) % 1_009}`;

/** The sensors that a turn of the hand passes, all of which say that they had changed. */
function pass(roll: Roll, share: number, least = 0): number[] {
  const passed: number[] = [];
  roll.goOn(share, least, (sensor) => passed.push(sensor) > 0);
  return passed;
}

Deno.test("Roll.goOn() passes everybody once a round, in order of name, whoever comes and goes meanwhile", () => {
  const step = fc.record({ come: fc.nat(8), go: fc.nat(3), share: fc.constantFrom(0.05, 0.2, 0.5) });
  fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
    const roll = new Roll(nameOf), here = new Set<number>();
    let next = 0, last = "", waiting = new Set<number>();
    for (const { come, go, share } of steps) {
      for (let i = 0; i < come; i++) {
        here.add(next);
        roll.add(next++);
      }
      const leaving = [...here].slice(0, go);
      for (const sensor of leaving) here.delete(sensor);
      roll.remove((sensor) => leaving.includes(sensor));
      assertEquals(new Set(roll), here);
      const passed = pass(roll, share);
      assertEquals(passed.length, Math.ceil(share * here.size));
      for (const sensor of passed) {
        assert(here.has(sensor));
        if (nameOf(sensor) <= last) { // the hand begins anew: nobody who was there all the time was left out
          assertEquals([...waiting].filter((one) => here.has(one)), []);
          waiting = new Set(here);
        }
        last = nameOf(sensor);
        waiting.delete(sensor);
      }
    }
  }));
});

Deno.test("Roll.goOn() goes on until the least number is written, and once round at most", () => {
  const roll = new Roll(nameOf);
  for (let sensor = 0; sensor < 100; sensor++) roll.add(sensor);
  assertEquals(pass(roll, 0.1, 30).length, 30);
  assertEquals(pass(roll, 0, 1_000).length, 100);
  assertEquals(pass(roll, 0).length, 0);
  let asked = 0;
  roll.goOn(0, 5, (sensor) => (asked++, sensor % 10 === 0)); // one in ten has changed
  assert(asked >= 5 && asked < 100);
  roll.goOn(1, 0, () => (asked = -1, false));
  assertEquals(asked, -1);
});
