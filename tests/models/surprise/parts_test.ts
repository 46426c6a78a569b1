/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "../../../std/assert.ts";
import { BOXCAR_DOUBLES, boxcarFull, boxcarPush } from "../../../models/surprise/boxcar.ts";
import { calibrate, CALIBRATION_FLOATS } from "../../../models/surprise/calibration.ts";
import { SEASONAL_DOUBLES, seasonalFloats, seasonalStep, usualValue } from "../../../models/surprise/seasonal.ts";
import { SHAPE_DOUBLES, shapeFloats, shapeStep } from "../../../models/surprise/shape.ts";
import { uniformAt } from "../../../models/random.ts";
import { normal, START } from "./streams.ts";

Deno.test("boxcarPush() is the mean of the last values, whatever came before them", () => {
  const values = fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 100 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 24 }), values, (width, stream) => {
    const floats = new Float32Array(width), doubles = new Float64Array(BOXCAR_DOUBLES);
    for (let i = 0; i < stream.length; i++) {
      const last = stream.slice(Math.max(0, i + 1 - width), i + 1);
      const mean = boxcarPush(floats, 0, doubles, 0, width, stream[i]);
      assertAlmostEquals(mean, last.reduce((sum, one) => sum + one, 0) / last.length, 1e-6);
      assertEquals(boxcarFull(doubles, 0, width), i + 1 >= width);
    }
  }));
});

Deno.test("boxcarPush() is exact again once a value out of all range has left", () => {
  const floats = new Float32Array(4), doubles = new Float64Array(BOXCAR_DOUBLES);
  for (const value of [1, 1e18, 1, 1, 1, 1, 1, 1, 1]) boxcarPush(floats, 0, doubles, 0, 4, value);
  assertEquals(boxcarPush(floats, 0, doubles, 0, 4, 1), 1);
});

/** Runs days of half hours through the seasons; gives what differs from the usual in the last of them. */
function seasons(days: number, value: (halfHour: number) => number): { residuals: number[]; usual: number } {
  const floats = new Float32Array(seasonalFloats(true)), doubles = new Float64Array(SEASONAL_DOUBLES);
  const residuals: number[] = [];
  for (let i = 0; i < days * 48; i++) {
    residuals.push(seasonalStep(floats, 0, doubles, 0, true, START + i * 1_800_000, value(i)));
  }
  return { residuals: residuals.slice(-48), usual: usualValue(floats, 0, "day", START + 20 * 1_800_000) };
}

Deno.test("seasonalStep() knows a day after three, a week after two, and says nothing of noise", () => {
  const day = (i: number) => 20 + 5 * Math.sin(2 * Math.PI * i / 48);
  const { residuals, usual } = seasons(5, day);
  for (const residual of residuals) assertLess(Math.abs(residual), 0.01);
  assertAlmostEquals(usual, day(20), 0.01);

  const workday = (i: number) => Math.floor(i / 48) % 7 < 5 ? day(i) : 20;
  const weekly = seasons(28, workday).residuals;
  assert(weekly.every((residual) => Math.abs(residual) < 0.5), "a weekend is nothing unusual after four weeks");

  const noise = normal(1);
  assert(seasons(20, noise).residuals.every(Number.isNaN));
  assert(seasons(2, day).residuals.every(Number.isNaN), "too early");
});

Deno.test("shapeStep() is near what it has met and far from what it has not", () => {
  const floats = new Float32Array(shapeFloats(16)), doubles = new Float64Array(SHAPE_DOUBLES);
  const push = (value: number) => shapeStep(floats, 0, doubles, 0, 4, 16, 0.6, value);
  let known = 0;
  for (let i = 0; i < 2_000; i++) {
    const distance = push(Math.sin(i / 5));
    if (i > 1_000 && distance === distance) known = Math.max(known, distance);
  }
  assertLess(known, 0.3);
  let strange = 0;
  for (let i = 0; i < 16; i++) {
    const distance = push(i % 8 < 4 ? 3 : -3);
    if (distance === distance) strange = Math.max(strange, distance);
  }
  assertGreater(strange, 3 * known);
});

Deno.test("calibrate() exceeds 0.99 in one reading of a hundred, whatever the statistic looks like", () => {
  const shapes: Record<string, (u: number) => number> = {
    uniform: (u) => u,
    "mostly nothing": (u) => Math.max(0, u - 0.9) * 10,
    crowded: (u) => u < 0.97 ? 0.01 * u : 0.3 + 20 * (u - 0.97),
  };
  for (const [name, part] of Object.entries(shapes)) {
    const state = new Float32Array(CALIBRATION_FLOATS);
    let above = 0;
    for (let i = 0; i < 60_000; i++) {
      const score = calibrate(state, 0, part(uniformAt(5, i)), 0.01);
      assert(score >= 0 && score <= 1);
      if (i >= 10_000 && score > 0.99) above++;
    }
    assert(above > 350 && above < 650, `${name}: ${above} of 50000`);
  }
});

Deno.test("calibrate() calls no reading rarer than all that are equal to it", () => {
  const state = new Float32Array(CALIBRATION_FLOATS);
  let above = 0;
  for (let i = 0; i < 20_000; i++) if (calibrate(state, 0, uniformAt(5, i) > 0.97 ? 0.5 : 0, 0.01) > 0.99) above++;
  assertLess(above, 200);
});

Deno.test("calibrate() takes readings at the greatest value, and beyond, for equals", () => {
  const state = new Float32Array(CALIBRATION_FLOATS);
  let above = 0;
  for (let i = 0; i < 20_000; i++) {
    if (calibrate(state, 0, uniformAt(5, i) > 0.97 ? 1 + uniformAt(6, i) : 0, 0.001) > 0.99 && i >= 500) above++;
  }
  assertEquals(above, 0);
});

Deno.test("calibrate() goes by its prior while it has seen nothing", () => {
  const state = new Float32Array(CALIBRATION_FLOATS);
  assertAlmostEquals(calibrate(state, 0, 0.9, 0.001), 0.999, 1e-6);
  assertEquals(calibrate(state, 0, 0, 1), 0);
});
