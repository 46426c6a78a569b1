/** @module */
import { assert, assertEquals } from "../../../std/assert.ts";
import { GUARD_DOUBLES, guardStep, guardWarm, LASTING_CHANGE } from "../../../models/network/guard.ts";
import { uniformAt } from "../../../models/random.ts";

const PATIENCE = 200;

/** A guard that has seen so many usual errors, from 0.5 to 1.5. */
function seasoned(count: number): Float64Array {
  const state = new Float64Array(GUARD_DOUBLES);
  for (let i = 0; i < count; i++) guardStep(state, 0, 0.5 + uniformAt(1, i), PATIENCE);
  return state;
}

Deno.test("guardStep() lets usual errors teach in full and those far out a tenth", () => {
  const state = seasoned(300);
  assert(guardWarm(state, 0));
  assertEquals(guardStep(state, 0, 1.5, PATIENCE), 1);
  assertEquals(guardStep(state, 0, 5, PATIENCE), 0.1);
  assertEquals(guardStep(state, 0, 1e300, PATIENCE), 0.1);
});

Deno.test("guardStep() calls a change lasting after so many readings as it has patience, and is usual then", () => {
  const state = seasoned(300);
  for (let i = 1; i < PATIENCE; i++) assertEquals(guardStep(state, 0, 50, PATIENCE), 0.1, `reading ${i}`);
  assertEquals(guardStep(state, 0, 50, PATIENCE), LASTING_CHANGE);
  for (let i = 0; i < 100; i++) assertEquals(guardStep(state, 0, 50, PATIENCE), 1);
});

Deno.test("guardStep() never calls single errors lasting, however many come", () => {
  const state = seasoned(300);
  for (let i = 0; i < 5_000; i++) assert(guardStep(state, 0, i % 3 === 0 ? 50 : 1, PATIENCE) <= 1);
});

Deno.test("guardStep() is not put off by the small errors of a sensor that is still", () => {
  const state = new Float64Array(GUARD_DOUBLES);
  for (let i = 0; i < 1_000; i++) guardStep(state, 0, 0, PATIENCE);
  assertEquals(guardStep(state, 0, 0.4, PATIENCE), 1);
  assertEquals(guardStep(state, 0, 3, PATIENCE), 0.1);
});
