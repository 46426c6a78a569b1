/** @module */
import { assert, assertAlmostEquals, assertEquals } from "../../../std/assert.ts";
import fc from "fast-check";
import { CHANNEL_FEATURES } from "../../../models/forest_features.ts";
import {
  followChannel,
  scaleChannel,
  SCALED_MOST,
  SCALER_DOUBLES,
  SCALER_WARM,
  unscaled,
} from "../../../models/network/scaler.ts";
import { normalAt } from "../../../models/random.ts";

const MEMORY = 10_000;

/** One channel's state, and the row that it reads. */
function scaler() {
  const floats = new Float32Array(1), doubles = new Float64Array(SCALER_DOUBLES);
  const scaled = new Float64Array(CHANNEL_FEATURES);
  return {
    doubles,
    follow: (features: readonly number[], share = 1) =>
      followChannel(floats, 0, doubles, 0, Float64Array.from(features), 0, MEMORY, share, true),
    scale: (features: readonly number[]) => {
      scaleChannel(floats, 0, doubles, 0, Float64Array.from(features), 0, scaled, 0);
      return [...scaled];
    },
  };
}

const all = (value: number) => Array<number>(CHANNEL_FEATURES).fill(value);

Deno.test("scaleChannel() brings normal values to mean 0 and deviation 1", () => {
  const one = scaler();
  for (let i = 0; i < 5_000; i++) one.follow(all(1013 + 0.2 * normalAt(1, i)));
  assertAlmostEquals(one.scale(all(1013))[0], 0, 0.1);
  assertAlmostEquals(one.scale(all(1013.2))[0], 1, 0.1);
  assertAlmostEquals(unscaled(one.doubles, 0, 0, one.scale(all(1013.2))[0]), 1013.2, 1e-9);
});

Deno.test("scaleChannel() says the same in any unit and from any zero", () => {
  const power = fc.integer({ min: -20, max: 60 });
  fc.assert(
    fc.property(power, fc.double({ min: -5, max: 5, noNaN: true }), (exponent, value) => {
      const plain = scaler(), other = scaler(), unit = 2 ** exponent;
      for (let i = 0; i < 200; i++) {
        plain.follow(all(normalAt(1, i)));
        other.follow(all(unit * normalAt(1, i)));
      }
      assertEquals(other.scale(all(unit * value)), plain.scale(all(value)));
    }),
    { numRuns: 50 },
  );
});

Deno.test("scaleChannel() takes what is missing, infinite or not yet known for missing", () => {
  const one = scaler();
  for (let i = 0; i < SCALER_WARM; i++) {
    assertEquals(one.scale(all(i)), all(NaN));
    one.follow(all(i));
  }
  assertEquals(one.scale([1, NaN, Infinity, -Infinity, 1]).map(Number.isNaN), [false, true, true, true, false]);
});

Deno.test("scaleChannel() puts a constant at 0 and anything else far out", () => {
  const one = scaler();
  for (let i = 0; i < 100; i++) one.follow(all(5));
  assertEquals(one.scale([5, 5.1, 4.9, 1e100, 5]), [0, SCALED_MOST, -SCALED_MOST, SCALED_MOST, 0]);
});

Deno.test("followChannel() is moved by a value of any size as by one 4 deviations away", () => {
  const one = scaler(), other = scaler();
  for (let i = 0; i < 1_000; i++) {
    one.follow(all(normalAt(2, i)));
    other.follow(all(normalAt(2, i)));
  }
  const before = one.doubles.slice();
  one.follow(all(100));
  other.follow(all(1e100));
  assertEquals(one.doubles, other.doubles);
  assert(one.doubles[0] > before[0] && one.doubles[0] - before[0] < 0.01);
});

Deno.test("followChannel() leaves a channel alone whose value is missing", () => {
  const one = scaler();
  for (let i = 0; i < 50; i++) one.follow(all(normalAt(3, i)));
  const before = one.doubles.slice();
  one.follow(all(NaN));
  assertEquals(one.doubles, before);
});
