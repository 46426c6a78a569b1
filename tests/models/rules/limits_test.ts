/** @module */
import fc from "fast-check";
import { assertEquals } from "../../../std/assert.ts";
import { BOUND, BROKEN, brokenLimits, type Limits, LIMITS_DOUBLES, setLimits } from "../../../models/rules/limits.ts";

const bound = fc.option(fc.integer({ min: -20, max: 20 }), { nil: undefined });
const limits = fc.record({
  low: bound,
  high: bound,
  warnLow: bound,
  warnHigh: bound,
  physicalLow: bound,
  physicalHigh: bound,
  rateMost: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
});

/** The rule as one would say it. */
function plainly(of: Limits, value: number, rate: number): number {
  const below = (least: number | undefined) => least !== undefined && value < least;
  const above = (most: number | undefined) => most !== undefined && value > most;
  const broken: [boolean, number][] = [
    [below(of.low), BROKEN.low],
    [above(of.high), BROKEN.high],
    [below(of.warnLow), BROKEN.warnLow],
    [above(of.warnHigh), BROKEN.warnHigh],
    [below(of.physicalLow), BROKEN.physicalLow],
    [above(of.physicalHigh), BROKEN.physicalHigh],
    [of.rateMost !== undefined && rate > of.rateMost, BROKEN.rising],
    [of.rateMost !== undefined && -rate > of.rateMost, BROKEN.falling],
  ];
  return broken.reduce((bits, [is, bit]) => bits + (is ? bit : 0), 0);
}

Deno.test("brokenLimits() says what a plain reading of the limits says, for any limits, value and rate", () => {
  const number = fc.oneof(fc.integer({ min: -25, max: 25 }), fc.constantFrom(-1e100, 1e100, -0));
  fc.assert(
    fc.property(limits, number, number, fc.nat(3), (of, value, rate, c) => {
      const bounds = new Float64Array(5 * LIMITS_DOUBLES).fill(NaN);
      setLimits(bounds, c * LIMITS_DOUBLES, of);
      assertEquals(brokenLimits(bounds, c * LIMITS_DOUBLES, value, rate), plainly(of, value, rate));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("brokenLimits() says nothing where all is open, and of values on their bounds", () => {
  const bounds = new Float64Array(LIMITS_DOUBLES);
  setLimits(bounds, 0, {});
  for (const value of [-1e100, 0, 1e100]) assertEquals(brokenLimits(bounds, 0, value, value), 0);
  setLimits(bounds, 0, { low: 1, warnLow: 1, physicalLow: 1, high: 2, warnHigh: 2, physicalHigh: 2, rateMost: 3 });
  assertEquals(brokenLimits(bounds, 0, 1, 3), 0);
  assertEquals(brokenLimits(bounds, 0, 2, -3), 0);
});

Deno.test("BROKEN names each bit once, and its groups hold two each", () => {
  const { low, high, warnLow, warnHigh, physicalLow, physicalHigh, rising, falling } = BROKEN;
  assertEquals(low + high + warnLow + warnHigh + physicalLow + physicalHigh + rising + falling, 255);
  assertEquals([BROKEN.limit, BROKEN.warning], [low + high, warnLow + warnHigh]);
  assertEquals([BROKEN.physical, BROKEN.rate], [physicalLow + physicalHigh, rising + falling]);
  assertEquals(Object.keys(BOUND).length, LIMITS_DOUBLES);
});
