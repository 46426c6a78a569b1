/** @module */
import fc from "fast-check";
import { addCounts, AGREEMENT_DOUBLES, agreementCount, agreementOf } from "../../models/agreement.ts";
import { DELAY_DOUBLES, DELAYS_DOUBLES, delaysOf, delayStep } from "../../models/agreement_delay.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../std/assert.ts";

interface Judged {
  readonly first: boolean;
  readonly second: boolean;
  readonly label: number;
}

const judged: fc.Arbitrary<readonly Judged[]> = fc.array(
  fc.record({ first: fc.boolean(), second: fc.boolean(), label: fc.constantFrom(-1, 0, 1, NaN) }),
  { maxLength: 60 },
);

function tableOf(readings: readonly Judged[], at = 0): Float64Array {
  const table = new Float64Array(at + AGREEMENT_DOUBLES + at);
  for (const { first, second, label } of readings) agreementCount(table, at, first, second, label);
  return table;
}

/** The same number, or both undefined. */
function assertSame(actual: number, expected: number): void {
  if (Number.isNaN(expected)) assert(Number.isNaN(actual), `${actual} instead of NaN`);
  else assertAlmostEquals(actual, expected, 1e-12);
}

/** Precision and recall, counted one by one. */
function findingsOf(readings: readonly Judged[], flagged: (one: Judged) => boolean): [number, number] {
  const labelled = readings.filter(({ label }) => label === 0 || label === 1),
    wrong = labelled.filter((one) => one.label === 1);
  const hits = wrong.filter(flagged).length;
  return [hits / labelled.filter(flagged).length, hits / wrong.length];
}

Deno.test("agreementOf() agrees with counting one by one, for any flags and labels", () => {
  fc.assert(fc.property(judged, (readings) => {
    const found = agreementOf(tableOf(readings, 3), 3),
      count = (of: (one: Judged) => boolean) => readings.filter(of).length;
    assertEquals(
      [found.readings, found.both, found.onlyFirst, found.onlySecond, found.neither],
      [
        readings.length,
        count(({ first, second }) => first && second),
        count(({ first, second }) => first && !second),
        count(({ first, second }) => !first && second),
        count(({ first, second }) => !first && !second),
      ],
    );
    assertSame(found.agreement, count(({ first, second }) => first === second) / readings.length);
    assertSame(found.overlap, found.both / count(({ first, second }) => first || second));
    assertSame(found.firstRate, count(({ first }) => first) / readings.length);
    assertSame(found.secondRate, count(({ second }) => second) / readings.length);
    assertEquals([found.labelled, found.anomalies], [
      count(({ label }) => label === 0 || label === 1),
      count(({ label }) => label === 1),
    ]);
    for (
      const [side, flagged] of [["first", (one: Judged) => one.first], ["second", (one: Judged) => one.second]] as const
    ) {
      const [precision, recall] = findingsOf(readings, flagged), { f1, ...rest } = found[side];
      assertSame(rest.precision, precision);
      assertSame(rest.recall, recall);
      if (precision > 0) assertSame(f1, 2 * precision * recall / (precision + recall));
    }
    assertEquals([found.foundByFirst, found.foundBySecond, found.missed], [
      count(({ first, second, label }) => label === 1 && first && !second),
      count(({ first, second, label }) => label === 1 && !first && second),
      count(({ first, second, label }) => label === 1 && !first && !second),
    ]);
  }));
});

Deno.test("agreementOf() gives Cohen's kappa: his example, 1 for the same flags, 0 for independent ones", () => {
  const kappa = (both: number, onlyFirst: number, onlySecond: number, neither: number) => {
    const table = new Float64Array(AGREEMENT_DOUBLES);
    table.set([neither, onlyFirst, onlySecond, both]);
    return agreementOf(table, 0).kappa;
  };
  assertAlmostEquals(kappa(20, 5, 10, 15), 0.4, 1e-12); // the usual textbook table: 0.7 observed, 0.5 by chance
  assertAlmostEquals(kappa(10, 0, 0, 90), 1, 1e-12);
  assertAlmostEquals(kappa(0, 50, 50, 0), -1, 1e-12);
  assertAlmostEquals(kappa(5, 45, 5, 45), 0, 1e-12);
  assert(Number.isNaN(kappa(0, 0, 0, 100)));
  assert(Number.isNaN(kappa(0, 0, 0, 0)));
});

Deno.test("addCounts() of the tables of two parts is the table of both", () => {
  fc.assert(fc.property(judged, judged, (some, others) => {
    const sum = tableOf(some, 2);
    addCounts(sum, 2, tableOf(others), 0, AGREEMENT_DOUBLES);
    assertEquals(sum, tableOf([...some, ...others], 2));
  }));
});

Deno.test("delayStep() measures from a stretch's first reading to the first flag in it, and counts what is missed", () => {
  const state = new Float64Array(DELAY_DOUBLES + 2), totals = new Float64Array(DELAYS_DOUBLES + 2);
  const step = (time: number, label: number, flag: boolean) => delayStep(state, 1, totals, 1, flag, label, time);
  step(1_000, 0, true); // a false alarm is no finding
  step(2_000, 1, false);
  step(3_000, -1, true); // nobody knows: neither end nor finding
  step(4_000, 1, true);
  step(5_000, 1, true); // found already
  step(6_000, 0, false);
  step(7_000, 1, true);
  step(8_000, 0, true);
  step(9_000, 1, false);
  step(10_000, 0, true); // too late
  assertEquals(delaysOf(totals, 1), { stretches: 3, found: 2, meanMs: 1_000 });
  assertEquals([state[0], state[4], totals[0], totals[4]], [0, 0, 0, 0]);
  assert(Number.isNaN(delaysOf(new Float64Array(DELAYS_DOUBLES), 0).meanMs));
});

Deno.test("delayStep() agrees with cutting the readings into stretches, for any flags and labels", () => {
  fc.assert(fc.property(judged, (readings) => {
    const state = new Float64Array(DELAY_DOUBLES), totals = new Float64Array(DELAYS_DOUBLES);
    readings.forEach(({ first, label }, i) => delayStep(state, 0, totals, 0, first, label, 1_000 * i));
    const stretches: { time: number; first: boolean }[][] = [];
    let inside = false;
    readings.forEach(({ first, label }, i) => {
      if (label === 1 && !inside) stretches.push([]);
      if (label === 1) stretches[stretches.length - 1].push({ time: 1_000 * i, first });
      if (label === 1 || label === 0) inside = label === 1;
    });
    const delays = stretches.map((one) => (one.find(({ first }) => first)?.time ?? NaN) - one[0].time)
      .filter((delay) => !Number.isNaN(delay));
    const found = delaysOf(totals, 0), sum = delays.reduce((total, delay) => total + delay, 0);
    assertEquals([found.stretches, found.found], [stretches.length, delays.length]);
    assertSame(found.meanMs, sum / delays.length);
  }));
});
