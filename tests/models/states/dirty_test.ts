/** @module */
import fc from "fast-check";
import { assert, assertEquals } from "../../../std/assert.ts";
import { CLEAN_BELOW, DIRTY_ABOVE, DIRTY_DOUBLES, dirtyStep, isDirty } from "../../../models/states/dirty.ts";
import { uniformAt } from "../../../models/random.ts";

/** Readings of which a part is bad; how often the state changed. */
function changes(state: Float64Array, at: number, seed: number, readings: number, part: number): number {
  let changed = 0, was = isDirty(state, at);
  for (let i = 0; i < readings; i++) {
    const dirty = dirtyStep(state, at, uniformAt(seed, i) < part);
    if (dirty !== was) changed++;
    was = dirty;
  }
  return changed;
}

/** Readings until the state is what is wanted. */
function until(state: Float64Array, bad: boolean, dirty: boolean): number {
  for (let readings = 1;; readings++) if (dirtyStep(state, 0, bad) === dirty) return readings;
}

Deno.test("dirtyStep() is dirty after at most 22 bad readings, clean after at most 800 good ones", () => {
  const state = new Float64Array(DIRTY_DOUBLES);
  assertEquals(until(state, true, true), 22, "a new sensor");
  for (let i = 0; i < 5_000; i++) dirtyStep(state, 0, true);
  assert(until(state, false, false) <= 800);
  for (let i = 0; i < 5_000; i++) dirtyStep(state, 0, false);
  assert(until(state, true, true) <= 22);
});

Deno.test("dirtyStep() has hysteresis: a share between its two bounds changes nothing", () => {
  for (let seed = 0; seed < 20; seed++) {
    const clean = new Float64Array(DIRTY_DOUBLES + 4), dirty = new Float64Array(DIRTY_DOUBLES);
    assertEquals(changes(clean, 2, seed, 20_000, 0.04), 0);
    assertEquals([clean[0], clean[1], clean[4], clean[5]], [0, 0, 0, 0]);
    assertEquals(changes(dirty, 0, seed, 2_000, 0.3), 1);
    assertEquals(changes(dirty, 0, seed, 2_000, 0.08), 0);
    assert(isDirty(dirty, 0));
    assertEquals(changes(dirty, 0, seed, 5_000, 0.001), 1);
  }
});

Deno.test("dirtyStep() agrees with shares summed the plain way, for any readings", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 600 }), (readings) => {
      const state = new Float64Array(DIRTY_DOUBLES);
      let dirty = false;
      readings.forEach((bad, i) => {
        const found = dirtyStep(state, 0, bad);
        const share = readings.slice(0, i + 1).reduce((sum, one, k) => sum + (one ? 0.995 ** (i - k) / 200 : 0), 0);
        assert(Math.abs(share - state[0]) < 1e-12 && share >= 0 && share <= 1);
        if (Math.abs(share - DIRTY_ABOVE) < 1e-9 || Math.abs(share - CLEAN_BELOW) < 1e-9) dirty = found;
        else if (share > DIRTY_ABOVE) dirty = true;
        else if (share < CLEAN_BELOW) dirty = false;
        assertEquals(found, dirty);
      });
    }),
    { numRuns: 20 },
  );
});
