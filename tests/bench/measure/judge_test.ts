/** @module */
import { BudgetsJudge } from "../../../bench/measure/judge.ts";
import { JudgePlan, SensorJudge } from "../../../commands/backtest_judge.ts";
import { normalAt, uniformAt } from "../../../models/random.ts";
import { Surprise } from "../../../models/surprise/surprise.ts";
import { makeZone } from "../../../models/zone.ts";
import { assert, assertEquals, assertGreater } from "../../../std/assert.ts";
import type { Reading } from "../../../actors/reading.ts";

const BUDGETS = [1e-4, 1e-3, 1e-2];

/** Days with noise, two channels of which one is missing now and then, jumps, duplicates and late readings. */
function* dirty(count: number): Generator<Reading> {
  for (let i = 0; i < count; i++) {
    const time = Date.UTC(2026, 0, 5) + (uniformAt(3, i) < 0.02 ? i - 1 : i) * 60_000;
    const a = Math.sin(i / 229) + 0.1 * normalAt(1, i) + (uniformAt(4, i) < 0.003 ? 5 : 0);
    const b = uniformAt(5, i) < 0.1 ? null : 3 * normalAt(2, i);
    yield { sensor: "s", time: uniformAt(6, i) < 0.01 ? time - 500_000 : time, values: { a, b } };
  }
}

Deno.test("BudgetsJudge concludes at each budget what the backtest's judge concludes at it alone", () => {
  const zone = makeZone("UTC");
  assert(zone !== undefined);
  const judge = new BudgetsJudge(new Surprise(), BUDGETS);
  const alone = BUDGETS.map((perReading) =>
    new SensorJudge(new JudgePlan({ budget: { perReading }, light: false, direction: "both", zone }))
  );
  let alarms = 0, passed = 0;
  for (const reading of dirty(8_000)) {
    const taken = judge.take(reading), verdicts = alone.map((one) => one.judge(reading));
    assertEquals(taken, verdicts[0].passed === undefined);
    if (!taken) passed++;
    if (!taken) continue;
    assertEquals(judge.surprise, verdicts[0].surprise);
    assertEquals(judge.score, verdicts[0].score);
    assertEquals(judge.age, alone[0].readings);
    verdicts.forEach((verdict, b) => {
      assertEquals(judge.rates[b], verdict.rate);
      assertEquals(judge.anomalous[b] === 1, verdict.anomalous);
      assertEquals(judge.alarms[b] === 1, verdict.alarm > 0);
      alarms += judge.alarms[b];
    });
  }
  assertGreater(alarms, 10);
  assertGreater(passed, 10);
});

Deno.test("BudgetsJudge takes sensors whose channels come one by one", () => {
  const judge = new BudgetsJudge(new Surprise(), [1e-3]);
  for (let i = 0; i < 40; i++) {
    assert(judge.take({ sensor: "s", time: i, values: { [`c${i % 20}`]: i } }));
    assertEquals(judge.channels, Math.min(20, i + 1));
  }
});
