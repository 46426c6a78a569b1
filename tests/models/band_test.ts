/** @module */
import { assert, assertAlmostEquals, assertGreater, assertLess } from "../../std/assert.ts";
import { type Band, BAND_DOUBLES, bandStep } from "../../models/band.ts";
import { channel, normal } from "./surprise/streams.ts";

/** A band without profiles. */
function follower() {
  const state = new Float64Array(BAND_DOUBLES), band: Band = { expected: NaN, low: NaN, high: NaN };
  return {
    band,
    step: (value: number) => {
      bandStep(state, 0, NaN, NaN, value, band);
      return band;
    },
  };
}

Deno.test("bandStep() has 99 of 100 normal readings inside, whatever they look like", () => {
  const level = normal(2);
  let walked = 0;
  const kinds: Record<string, (x: number) => number> = {
    normal: (x) => 20 + x,
    skewed: (x) => Math.exp(x),
    walk: (x) => walked += x,
    "noise on a walk": (x) => (walked += 0.02 * x) + level(),
  };
  for (const [name, shape] of Object.entries(kinds)) {
    const { step } = follower(), noise = normal(5);
    let outside = 0;
    for (let i = 0; i < 12_000; i++) {
      const value = shape(noise()), { low, high } = step(value);
      if (i >= 2_000 && (value < low || value > high)) outside++;
    }
    assert(outside > 50 && outside < 160, `${name}: ${outside} of 10000 outside`);
  }
});

Deno.test("bandStep() is not drawn along by a spike, and follows a lasting change within 300 readings", () => {
  const { step } = follower(), noise = normal(8);
  for (let i = 0; i < 1_000; i++) step(noise());
  step(500);
  const { expected } = step(noise());
  assertLess(Math.abs(expected), 3);
  for (let i = 0; i < 300; i++) step(50 + noise());
  const band = step(50);
  assertAlmostEquals(band.expected, 50, 2);
  assert(band.low < 50 && band.high > 50);
});

Deno.test("bandStep() says nothing before it has seen 20 readings", () => {
  const { step } = follower();
  for (let i = 0; i < 20; i++) assert(Number.isNaN(step(1).low));
  assert(!Number.isNaN(step(1).low));
});

Deno.test("Surprise.band follows the time of day where there is one", () => {
  const one = channel(), noise = normal(3);
  const day = (i: number) => 20 + 10 * (i % 96 < 48 ? -1 : 1); // a step at noon and at midnight
  let width = 0, misses = 0;
  for (let i = 0; i < 96 * 20; i++) {
    const value = day(i) + 0.1 * noise();
    one.step(value, 900_000);
    if (i < 96 * 15) continue;
    width = Math.max(width, one.plan.band.high - one.plan.band.low);
    if (Math.abs(one.plan.band.expected - day(i)) > 1) misses++;
  }
  assertLess(misses, 25);
  assertGreater(width, 0);
});
