/** @module */
import fc from "fast-check";
import {
  FEATURE,
  FEATURE_LENGTH,
  hourCos,
  hourSin,
  lastPlace,
  placeOfTime,
  pushValue,
  rangeOf,
  replaceValue,
  ROLLING,
  zScore,
} from "../../models/features.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";

const AT = 2;
const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(0, 1, 2, -1));
const step = fc.record({ value, gap: fc.constantFrom(0, 1, 500, 2_000, 86_400_000) });

interface Point {
  value: number;
  readonly time: number;
}

/** Everything that the features are, from all points. */
function naive(points: readonly Point[]) {
  const last = points.slice(-ROLLING), values = last.map((point) => point.value);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const [before, now] = points.slice(-2);
  const seconds = points.length > 1 ? (now.time - before.time) / 1_000 : 0;
  return {
    count: values.length,
    mean,
    std: Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / values.length),
    range: Math.max(...values) - Math.min(...values),
    rate: seconds > 0 ? (now.value - before.value) / seconds : 0,
  };
}

function agree(state: Float64Array, points: readonly Point[], rateToo: boolean): void {
  const expected = naive(points), size = 1 + Math.max(...points.map((point) => Math.abs(point.value)));
  assertEquals(state[AT + FEATURE.count], expected.count);
  assertAlmostEquals(state[AT + FEATURE.mean], expected.mean, 1e-9 * size);
  assertAlmostEquals(state[AT + FEATURE.std], expected.std, 1e-7 * size);
  assertEquals(rangeOf(state, AT), expected.range);
  if (rateToo) assertAlmostEquals(state[AT + FEATURE.rate], expected.rate, 1e-6 * (1 + Math.abs(expected.rate)));
}

Deno.test("pushValue() agrees with features computed from all values", () => {
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
    const state = new Float64Array(AT + FEATURE_LENGTH + 1).fill(0, 0, AT + FEATURE_LENGTH);
    state[AT + FEATURE_LENGTH] = 7;
    const points: Point[] = [];
    let time = 1_700_000_000_000;
    for (const { value, gap } of steps) {
      points.push({ value, time: time += gap });
      pushValue(state, AT, value, time);
      agree(state, points, true);
    }
    assertEquals(state[AT + FEATURE_LENGTH], 7, "the next slice is left alone");
  }));
});

Deno.test("replaceValue() gives features as if the new value had come instead, at any place and ever after", () => {
  const change = fc.record({ value, back: fc.integer({ min: 0, max: ROLLING - 1 }) });
  const act = fc.oneof(fc.record({ push: value }), fc.record({ change }));
  fc.assert(fc.property(fc.array(act, { minLength: 1, maxLength: 60 }), (acts) => {
    const state = new Float64Array(AT + FEATURE_LENGTH), points: Point[] = [];
    for (const one of acts) {
      if ("push" in one) {
        points.push({ value: one.push, time: 1_000 * points.length });
        pushValue(state, AT, one.push, points[points.length - 1].time);
      } else {
        const held = Math.min(points.length, ROLLING);
        if (one.change.back >= held) continue;
        const point = points[points.length - 1 - one.change.back];
        replaceValue(state, AT, placeOfTime(state, AT, point.time), one.change.value);
        point.value = one.change.value;
      }
      agree(state, points, false);
    }
  }));
});

Deno.test("zScore() is 0 until ten values are there and while they do not vary", () => {
  const state = new Float64Array(AT + FEATURE_LENGTH);
  for (let i = 0; i < ROLLING; i++) {
    assertEquals(zScore(state, AT, 100), 0);
    pushValue(state, AT, i % 2, i);
  }
  assertAlmostEquals(zScore(state, AT, 2), 3, 1e-12);
  for (let i = 0; i < ROLLING; i++) pushValue(state, AT, 5, 100 + i);
  assertEquals(zScore(state, AT, 6), 0);
});

Deno.test("placeOfTime() finds the last ten times and no other; lastPlace() the newest", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 35 }), (count) => {
    const state = new Float64Array(AT + FEATURE_LENGTH);
    for (let i = 0; i < count; i++) pushValue(state, AT, i, 1_000 + i);
    for (let i = -2; i < count + 2; i++) {
      const place = placeOfTime(state, AT, 1_000 + i), held = i >= 0 && i < count && i >= count - ROLLING;
      assertEquals(place >= 0, held);
      if (held) assertEquals(state[AT + FEATURE.values + place], i);
    }
    const last = lastPlace(state, AT);
    assertEquals(last < 0, count === 0);
    if (count > 0) assertEquals(state[AT + FEATURE.values + last], count - 1);
  }));
});

Deno.test("hourSin() and hourCos() put the hour on the circle, the same on every day", () => {
  const noon = Date.UTC(2026, 5, 1, 12), six = Date.UTC(2026, 5, 1, 6);
  assertAlmostEquals(hourCos(noon), -1, 1e-12);
  assertAlmostEquals(hourSin(six), 1, 1e-12);
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 46 }), (time) => {
    assertAlmostEquals(hourSin(time) ** 2 + hourCos(time) ** 2, 1, 1e-12);
    assertEquals(hourSin(time + 86_400_000), hourSin(time));
  }));
  const late = Date.UTC(2026, 5, 1, 23, 59), early = Date.UTC(2026, 5, 2, 0, 0);
  assert(Math.hypot(hourSin(late) - hourSin(early), hourCos(late) - hourCos(early)) < 0.005, "midnight is no jump");
});
