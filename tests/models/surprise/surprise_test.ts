/** @module */
import fc from "fast-check";
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "../../../std/assert.ts";
import { FULL, LIGHT, Surprise, SURPRISE_MOST, VIEWS } from "../../../models/surprise/surprise.ts";
import { Channel, channel, normal } from "./streams.ts";

const SETTINGS = [["full", FULL], ["light", LIGHT]] as const;

Deno.test("Surprise keeps a channel in 12 KiB, a light one in 4 KiB", () => {
  const bytes = ({ floats, doubles }: Surprise) => 4 * floats + 8 * doubles;
  assert(bytes(new Surprise(FULL)) <= 12 * 1024, `${bytes(new Surprise(FULL))} bytes`);
  assert(bytes(new Surprise(LIGHT)) <= 4 * 1024, `${bytes(new Surprise(LIGHT))} bytes`);
});

for (const [name, settings] of SETTINGS) {
  Deno.test(`Surprise.step() finds what it is for (${name})`, () => {
    const kinds: [string, (i: number, noise: number) => number][] = [
      ["a spike", (i, noise) => noise + (i === 3_000 ? 15 : 0)],
      ["a drop", (i, noise) => noise - (i === 3_000 ? 15 : 0)],
      ["a shift", (i, noise) => noise + (i >= 3_000 ? 6 : 0)],
      ["a flatline", (i, noise) => i >= 3_000 ? 0.1 : noise],
      ["a wrong time of day", (i, noise) => 20 * Math.sin(2 * Math.PI * (i >= 9_000 ? i + 720 : i) / 1_440) + noise],
    ];
    for (const [what, value] of kinds) {
      const one = channel(settings), noise = normal(4), from = what === "a wrong time of day" ? 9_000 : 3_000;
      let before = 0, after = 0;
      for (let i = 0; i < from + 300; i++) {
        const surprise = one.step(value(i, noise()));
        if (i > 1_000 && i < from) before = Math.max(before, surprise);
        if (i >= from) after = Math.max(after, surprise);
      }
      assertGreater(after, 4.5, `${what} of ${name} after ${before}`);
      assertGreater(after, before, what);
    }
  });
}

Deno.test("Surprise.step() goes on from a saved state as if nothing had been", () => {
  const noise = normal(9), values = Array.from({ length: 3_000 }, (_, i) => noise() + (i % 500 === 499 ? 8 : 0));
  const whole = new Channel(), resumed = new Channel(new Surprise(), 0, 0);
  for (let i = 0; i < 1_500; i++) whole.step(values[i]);
  const { plan, f, d } = whole;
  resumed.floats.set(whole.floats.slice(f, f + plan.floats));
  resumed.doubles.set(whole.doubles.slice(d, d + plan.doubles));
  let time = 1_767_225_600_000 + 1_500 * 60_000;
  for (let i = 1_500; i < values.length; i++) {
    const expected = whole.step(values[i]);
    assertEquals(resumed.plan.step(resumed.floats, 0, resumed.doubles, 0, time += 60_000, values[i]), expected);
    assertEquals(resumed.plan.views, plan.views);
    assertEquals(resumed.plan.band, plan.band);
  }
});

Deno.test("Surprise.step() gives one channel's answer whatever another one of the plan does, and stays in its slices", () => {
  const plan = new Surprise(), alone = new Channel(), a = new Channel(plan), b = new Channel(plan, 1, 7);
  const noise = normal(2), other = normal(3);
  for (let i = 0; i < 1_000; i++) {
    const value = noise(), expected = alone.step(value);
    b.step(1e6 * other());
    assertEquals(a.step(value), expected);
  }
  assert(a.floats.subarray(0, 3).every((x) => x === 0) && a.floats.subarray(-5).every((x) => x === 0));
  assert(a.doubles.subarray(0, 2).every((x) => x === 0) && a.doubles.subarray(-5).every((x) => x === 0));
});

Deno.test("Surprise.step() is the same for a signal moved far away, and nearly so in another unit", () => {
  const near = channel(), far = channel(), scaled = channel(), noise = normal(6);
  let differ = 0;
  for (let i = 0; i < 4_000; i++) {
    // eighths: exact also next to 2^30, so that only the detector's own arithmetic could tell them apart
    const value = Math.round(8 * (noise() * 3 + (i % 700 === 699 ? 30 : 0))) / 8;
    const surprise = near.step(value);
    assertEquals(far.step(value + 2 ** 30), surprise);
    if (Math.abs(scaled.step(value * 1e20) - surprise) > 0.1) differ++;
  }
  assertLess(differ, 40);
});

Deno.test("Surprise.step() stays finite, bounded and without NaN in any stream of allowed values", () => {
  const extreme = fc.constantFrom(0, -0, 1e100, -1e100, 1e-100, 1e18, -1e18, 5e-324, 1, -1);
  const value = fc.oneof(fc.double({ min: -1e100, max: 1e100, noNaN: true }), extreme, fc.constant(7));
  for (const [, settings] of SETTINGS) {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 150 }), (values) => {
        const one = channel(settings);
        for (const x of values) {
          const surprise = one.step(x);
          assert(surprise >= 0 && surprise <= SURPRISE_MOST, `${surprise} of ${x}`);
          assert(one.plan.views.every((view) => view >= 0));
        }
        assert(one.floats.every((x) => x === x) && one.doubles.every((x) => x === x), "NaN in the state");
      }),
      { numRuns: 60 },
    );
  }
});

Deno.test("Surprise.step() is not surprised by a constant, and at once by what ends it", () => {
  const one = channel();
  for (let i = 0; i < 5_000; i++) assert(one.step(21.5) < 3.5, `surprised at reading ${i}`);
  assertGreater(one.step(30), 4);
});

Deno.test("Surprise.views names what is unusual", () => {
  const one = channel(), noise = normal(12);
  for (let i = 0; i < 2_000; i++) one.step(noise());
  one.step(14);
  const value = VIEWS.indexOf("value");
  assertEquals(one.plan.views.indexOf(Math.max(...one.plan.views)), value);
  assertGreater(one.plan.views[value], 4);
});

Deno.test("Surprise refuses a plan without members or with too few forms", () => {
  assertThrows(() => new Surprise({ ...FULL, members: [] }), RangeError, "0 members");
  assertThrows(() => new Surprise({ ...FULL, prototypes: 3 }), RangeError, "3 forms");
});
