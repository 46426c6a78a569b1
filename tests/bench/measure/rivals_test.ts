/** @module */
import fc from "fast-check";
import { Contest, WAYS } from "../../../bench/measure/contest.ts";
import { BudgetsJudge } from "../../../bench/measure/judge.ts";
import { normalDeviations, Sigma } from "../../../bench/measure/sigma.ts";
import { fitPareto, Spot, SPOT_BEGIN } from "../../../bench/measure/spot.ts";
import { normalAt, uniformAt } from "../../../models/random.ts";
import { Surprise } from "../../../models/surprise/surprise.ts";
import { assert, assertAlmostEquals, assertEquals, assertLess } from "../../../std/assert.ts";

Deno.test("fitPareto() finds the tail that peaks were drawn from", () => {
  for (const shape of [-0.3, 0, 0.4]) {
    const draw = (u: number) => shape === 0 ? -2 * Math.log(u) : 2 / shape * (u ** -shape - 1);
    const fitted = fitPareto(Array.from({ length: 20_000 }, (_, i) => draw(1 - uniformAt(7, i))));
    assertAlmostEquals(fitted.shape, shape, 0.05);
    assertAlmostEquals(fitted.scale, 2, 0.1);
  }
});

Deno.test("fitPareto() gives a usable tail for any peaks", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1 }), (peaks) => {
    const { shape, scale } = fitPareto(peaks);
    assert(Number.isFinite(shape) && scale > 0, `${shape} ${scale}`);
  }));
});

Deno.test("Spot is passed as often as asked where it learns everything, and nothing is raised before it has begun", () => {
  let passed = 0, cut = 0;
  for (let seed = 1; seed <= 4; seed++) {
    const spot = new Spot(1e-3, true), published = new Spot(1e-3, false);
    for (let i = 0; i < 30_000; i++) {
      const value = normalAt(seed, i), anomalous = spot.step(value);
      assert(!anomalous || i >= SPOT_BEGIN);
      if (anomalous) passed++;
      if (published.step(value)) cut++;
    }
  }
  assert(passed > 90 && passed < 180, `${passed} of 116 asked for`);
  assert(cut >= passed, "what it does not learn it cannot expect");
});

Deno.test("Spot takes a stream without any peak", () => {
  const spot = new Spot(1e-3, false);
  for (let i = 0; i < 3_000; i++) assert(!spot.step(0));
  assert(spot.step(1));
});

Deno.test("normalDeviations() is the two-sided quantile of the normal distribution", () => {
  for (const [probability, deviations] of [[0.3173105, 1], [0.05, 1.959964], [0.0026998, 3], [5.733e-7, 5]]) {
    assertAlmostEquals(normalDeviations(probability), deviations, 1e-4);
  }
});

Deno.test("Sigma is tuned on the first part: nothing there, and the rarer the budget the fewer beyond it", () => {
  const budgets = [1e-5, 1e-4, 1e-3], sigma = new Sigma(budgets), over = [0, 0, 0];
  for (let i = 0; i < 100_000; i++) {
    sigma.step({ sensor: "s", time: i, values: { a: normalAt(2, i), b: null } });
    sigma.over.forEach((one, b) => over[b] += one);
    if (i === 999) assertEquals(over, [0, 0, 0]);
  }
  assert(over[0] <= over[1] && over[1] < over[2], over.join());
  assertLess(over[2], 400);
  sigma.step({ sensor: "s", time: 1e6, values: { a: 50, b: null } });
  assertEquals([...sigma.over], [1, 1, 1]);
});

Deno.test("Contest: every way finds what is plain, one alarm for one event, and nothing is raised in the first part", () => {
  const budgets = [1e-4, 1e-3], contest = new Contest(new BudgetsJudge(new Surprise(), budgets), budgets);
  const alarms = WAYS.map(() => 0);
  for (let i = 0; i < 6_000; i++) {
    const odd = i >= 5_000 && i < 5_010;
    assert(contest.take({ sensor: "s", time: i * 60_000, values: { a: normalAt(1, i) + (odd ? 40 : 0) } }));
    contest.alarms.forEach((own, way) => {
      assert(own[1] === 0 || i >= 300, WAYS[way]);
      if (odd) alarms[way] += own[1];
    });
  }
  assertEquals(alarms, WAYS.map(() => 1));
  assert(!contest.take({ sensor: "s", time: 0, values: { a: 0 } }), "late");
});
