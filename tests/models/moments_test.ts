/** @module */
import fc from "fast-check";
import {
  addMoment,
  clearMoments,
  deviation,
  mergeMoments,
  MOMENT,
  MOMENTS_LENGTH,
  replaceMoment,
} from "../../models/moments.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";

const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
const AT = 3;

function filled(values: readonly number[], flags: readonly number[] = []): Float64Array {
  const state = new Float64Array(AT + MOMENTS_LENGTH + 1).fill(7);
  clearMoments(state, AT);
  values.forEach((one, i) => addMoment(state, AT, one, flags[i] ?? 0));
  return state;
}

function twoPassDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  return Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / values.length);
}

Deno.test("addMoment() agrees with two passes over any stream", () => {
  fc.assert(fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), (values) => {
    const state = filled(values), size = 1 + Math.max(...values.map(Math.abs));
    assertEquals(state[AT + MOMENT.count], values.length);
    assertAlmostEquals(state[AT + MOMENT.mean], values.reduce((a, b) => a + b, 0) / values.length, 1e-9 * size);
    assertAlmostEquals(deviation(state, AT), twoPassDeviation(values), 1e-6 * size);
    assertEquals(state[AT + MOMENT.least], Math.min(...values));
    assertEquals(state[AT + MOMENT.greatest], Math.max(...values));
  }));
});

Deno.test("addMoment() keeps its precision at a large offset", () => {
  const state = filled([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]);
  assertAlmostEquals(deviation(state, AT), Math.sqrt(22.5), 1e-9);
});

Deno.test("addMoment() counts flagged values and touches nothing beside its slice", () => {
  fc.assert(fc.property(fc.array(fc.tuple(value, fc.constantFrom(0, 1)), { maxLength: 50 }), (pairs) => {
    const state = filled(pairs.map(([one]) => one), pairs.map(([, flag]) => flag));
    assertEquals(state[AT + MOMENT.flagged], pairs.filter(([, flag]) => flag === 1).length);
    assertEquals([...state.subarray(0, AT), state[AT + MOMENTS_LENGTH]], [7, 7, 7, 7]);
  }));
});

Deno.test("replaceMoment() gives mean and deviation as if the new value had come instead", () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(fc.property(values, fc.nat(), fc.double({ min: -1e6, max: 1e6, noNaN: true }), (given, pick, fresh) => {
    const at = pick % given.length, state = filled(given);
    replaceMoment(state, AT, given[at], fresh);
    const expected = given.with(at, fresh);
    assertAlmostEquals(state[AT + MOMENT.mean], expected.reduce((a, b) => a + b, 0) / expected.length, 1e-6);
    assertAlmostEquals(deviation(state, AT) ** 2, twoPassDeviation(expected) ** 2, 1e-3 * (1 + fresh * fresh / 1e6));
    assertEquals(state[AT + MOMENT.least], Math.min(...given, fresh), "what was seen stays in the extremes");
    assertEquals(state[AT + MOMENT.greatest], Math.max(...given, fresh));
  }));
});

Deno.test("replaceMoment() leaves an empty accumulator empty", () => {
  const state = filled([]);
  replaceMoment(state, AT, 1, 2);
  assertEquals([...state.subarray(AT, AT + MOMENTS_LENGTH)], [0, 0, 0, 0, 0, 0]);
});

Deno.test("deviation() is NaN before the first value and 0 after one", () => {
  assert(Number.isNaN(deviation(filled([]), AT)));
  assertEquals(deviation(filled([5]), AT), 0);
});

Deno.test("mergeMoments() of any parts is what all values give one by one", () => {
  fc.assert(fc.property(fc.array(fc.array(value, { maxLength: 20 }), { minLength: 1, maxLength: 10 }), (parts) => {
    const merged = filled([]), values = parts.flat(), whole = filled(values);
    const size = 1 + Math.max(0, ...values.map(Math.abs));
    for (const part of parts) mergeMoments(merged, AT, filled(part), AT);
    for (const place of [MOMENT.count, MOMENT.least, MOMENT.greatest, MOMENT.flagged]) {
      assertEquals(merged[AT + place], whole[AT + place]);
    }
    assertAlmostEquals(merged[AT + MOMENT.mean], whole[AT + MOMENT.mean], 1e-9 * size);
    if (values.length > 0) assertAlmostEquals(deviation(merged, AT), deviation(whole, AT), 1e-6 * size);
  }));
});
