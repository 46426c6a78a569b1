/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "../../../std/assert.ts";
import { BLOCK_TAIL_DOUBLES, blockTailLearn, blockTailRate } from "../../../models/budget/block_tail.ts";
import { budgetPerReading } from "../../../models/budget/budget.ts";
import { combine } from "../../../models/budget/combiner.ts";
import { INTERVAL_DOUBLES, intervalLearn, intervalMs } from "../../../models/budget/interval.ts";
import { PROMISES_DOUBLES, promisesAge, promisesCorrect, promisesWatch } from "../../../models/budget/promises.ts";
import { equivalentSurprise, generalRate } from "../../../models/budget/rate.ts";
import { BudgetRule, readyAge, RULE_DOUBLES, strengthOf } from "../../../models/budget/rule.ts";
import { SPENDING_DOUBLES, spendingAge, spendingAlarm, spendingFactor } from "../../../models/budget/spending.ts";
import { uniformAt } from "../../../models/random.ts";

Deno.test("combine() is the sum of the held surprises' logarithms while one is unusual", () => {
  const surprise = fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.constant(NaN));
  fc.assert(fc.property(fc.array(fc.array(surprise, { minLength: 4, maxLength: 4 }), { maxLength: 30 }), (rows) => {
    const held = new Float64Array(6), expected = [0, 0, 0, 0];
    for (const row of rows) {
      for (let c = 0; c < 4; c++) expected[c] = Math.max(0.95 * expected[c], Number.isNaN(row[c]) ? 0 : row[c]);
      const sum = expected.reduce((total, h) => total + Math.max(0, Math.log(h / 3)), 0);
      assertAlmostEquals(combine(held, 1, 4, row), row.some((s) => s >= 3) ? sum : 0, 1e-9);
    }
    assertEquals([held[0], held[5]], [0, 0]);
  }));
});

Deno.test("combine() does not overflow with many channels", () => {
  const channels = 2_000, held = new Float64Array(channels);
  assertAlmostEquals(
    combine(held, 0, channels, new Float64Array(channels).fill(10)),
    channels * Math.log(10 / 3),
    1e-6,
  );
});

Deno.test("blockTailRate() predicts how often an exponential z comes", () => {
  const state = new Float64Array(BLOCK_TAIL_DOUBLES);
  assert(Number.isNaN(blockTailRate(state, 0, 1)));
  for (let i = 0; i < 40_000; i++) blockTailLearn(state, 0, -Math.log(1 - uniformAt(1, i)), 1);
  for (const rate of [1e-3, 1e-4]) {
    const predicted = blockTailRate(state, 0, -Math.log(rate));
    assert(predicted > rate / 3 && predicted < 3 * rate, `${predicted} for ${rate}`);
  }
});

Deno.test("promisesCorrect() raises a rate that was broken too often, lowers one that never was, within bounds", () => {
  const broken = new Float64Array(PROMISES_DOUBLES), kept = new Float64Array(PROMISES_DOUBLES);
  for (let i = 0; i < 20_000; i++) {
    promisesAge(broken, 0);
    promisesAge(kept, 0);
    if (i % 200 === 0) promisesWatch(broken, 0, 1e-3, 1, 100); // 5 times as often as promised
  }
  const raised = promisesCorrect(broken, 0, 1e-3, 100), lowered = promisesCorrect(kept, 0, 1e-3, 100);
  assert(raised > 2e-3 && raised <= 3e-3, `${raised}`);
  assert(lowered < 5e-4 && lowered >= 5e-5, `${lowered}`);
});

Deno.test("generalRate() falls with z and with age, and is that of one channel for an equivalent surprise", () => {
  for (const channels of [1, 5, 38]) {
    for (let z = 0.1; z < 3; z += 0.1) {
      assert(generalRate(z + 0.1, channels, 1_000) < generalRate(z, channels, 1_000));
      assert(generalRate(z, channels, 10_000) < generalRate(z, channels, 1_000));
    }
    assertEquals(equivalentSurprise(0, channels), 3);
  }
});

Deno.test("intervalMs() is the rhythm, also with jitter and gaps", () => {
  const state = new Float64Array(INTERVAL_DOUBLES);
  let time = 1_767_225_600_000;
  assertEquals(intervalMs(state, 0), 0);
  for (let i = 0; i < 3_000; i++) {
    intervalLearn(state, 0, time);
    intervalLearn(state, 0, time - 500); // behind: teaches nothing
    time += i % 500 === 499 ? 86_400_000 : 500 + 1_000 * uniformAt(1, i);
  }
  assertAlmostEquals(intervalMs(state, 0), 1_000, 60);
});

Deno.test("budgetPerReading() turns one a week into readings by the interval, within bounds", () => {
  const weekly = { alarms: 1, everyMs: 7 * 86_400_000 };
  assertAlmostEquals(budgetPerReading(weekly, 60_000), 1 / 10_080, 1e-12);
  assertEquals(budgetPerReading({ perReading: 1e-3 }, 60_000), 1e-3);
  assertEquals(budgetPerReading({ alarms: 1_000, everyMs: 1 }, 60_000), 0.1);
  assertGreater(budgetPerReading(weekly, 0), 0);
});

/** A z whose tail is far heavier than that of real sensors: a hundredth of a hundredth is at the top. */
function heavy(seed: number, i: number): number {
  const u = uniformAt(seed, i), s = u > 0.02 ? 0 : 3 * (u / 0.02) ** -0.4;
  return s > 3 ? Math.log(Math.min(10, s) / 3) : 0;
}

Deno.test("BudgetRule keeps a budget with a sensor that is unlike all others", () => {
  for (const budget of [1e-2, 1e-3, 1e-4]) {
    let alarms = 0;
    const sensors = 12, readings = 20_000;
    for (let seed = 1; seed <= sensors; seed++) {
      const rule = new BudgetRule(), state = new Float64Array(RULE_DOUBLES);
      for (let i = 0; i < readings; i++) if (rule.step(state, 0, 1, heavy(seed, i), budget)) alarms++;
    }
    const ratio = alarms / (budget * sensors * readings);
    assertLess(ratio, 2, `ratio at ${budget}`);
  }
});

Deno.test("BudgetRule raises one alarm for one event, and another for something far rarer", () => {
  const rule = new BudgetRule(), state = new Float64Array(RULE_DOUBLES);
  for (let i = 0; i < 10_000; i++) assert(!rule.step(state, 0, 1, 0, 1e-3));
  const event = Array.from({ length: 40 }, () => rule.step(state, 0, 1, 0.5, 1e-3));
  assertEquals(event.filter((began) => began).length, 1);
  assert(event[0]);
  assert(rule.anomalous, "the event goes on though no alarm begins");
  assert(!rule.step(state, 0, 1, 0.6, 1e-3), "hardly rarer");
  assert(rule.step(state, 0, 1, Math.log(10 / 3), 1e-3), "far rarer");
});

Deno.test("BudgetRule raises nothing before its sensor is known, and a rarer budget takes longer", () => {
  assertEquals(readyAge(1e-3), 300);
  assertEquals(readyAge(1e-9), 1_000);
  const rule = new BudgetRule(), state = new Float64Array(RULE_DOUBLES);
  for (let i = 0; i < 300; i++) assert(!rule.step(state, 0, 1, 1.2, 1e-3));
});

Deno.test("BudgetRule goes on from a saved state as if nothing had been", () => {
  const rule = new BudgetRule(), state = new Float64Array(RULE_DOUBLES + 3);
  for (let i = 0; i < 5_000; i++) rule.step(state, 3, 2, heavy(3, i), 1e-3);
  const copy = state.slice(3), again = new BudgetRule();
  for (let i = 5_000; i < 10_000; i++) {
    assertEquals(again.step(copy, 0, 2, heavy(3, i), 1e-3), rule.step(state, 3, 2, heavy(3, i), 1e-3));
    assertEquals(again.rate, rule.rate);
  }
});

Deno.test("strengthOf() lies in 0..1 and grows with rarity", () => {
  assertEquals(strengthOf(1e-8), 1);
  assertEquals(strengthOf(1e-4), 0.5);
  assert(strengthOf(0.999) > 0);
});

Deno.test("spendingFactor() widens the limit of a sensor that spends too little, never before, and never narrows it", () => {
  const state = new Float64Array(SPENDING_DOUBLES);
  for (let i = 0; i < 5_000; i++) spendingAge(state, 0, 1e-3);
  assertEquals(spendingFactor(state, 0), 1, "5 allowed alarms say nothing");
  for (let i = 0; i < 95_000; i++) spendingAge(state, 0, 1e-3);
  assertEquals(spendingFactor(state, 0), 10);
  let before = 10;
  for (let alarm = 0; alarm < 60; alarm++) {
    spendingAlarm(state, 0);
    const factor = spendingFactor(state, 0);
    assert(factor <= before && factor >= 1);
    before = factor;
  }
  assertEquals(before, 1);
  for (let i = 0; i < 400_000; i++) spendingAge(state, 0, 1e-3);
  assertGreater(spendingFactor(state, 0), 5, "what lies far back is forgotten");
});

/** A z that comes rarely: less often than its height says. */
function quiet(seed: number, i: number): number {
  return uniformAt(seed, i) < 1e-3 ? 0.05 * uniformAt(seed, i, 1) : 0;
}

Deno.test("BudgetRule spends a good part of a budget also where a signal is too regular for it", () => {
  const budget = 1e-3, readings = 60_000, halves = [0, 0];
  for (let seed = 1; seed <= 6; seed++) {
    const rule = new BudgetRule(), state = new Float64Array(RULE_DOUBLES);
    for (let i = 0; i < readings; i++) {
      if (rule.step(state, 0, 1, quiet(seed, i), budget)) halves[i < readings / 2 ? 0 : 1]++;
      assert(rule.limit >= budget && rule.limit <= 10.001 * budget);
    }
  }
  const later = halves[1] / (budget * 3 * readings);
  assert(later > 0.25 && later < 1, `${later} of the budget in the second half`);
});
