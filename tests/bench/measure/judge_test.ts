/** @module */
import { BudgetsJudge } from "../../../bench/measure/judge.ts";
import { judgingSchema } from "../../../actors/config.ts";
import type { Reading } from "../../../actors/reading.ts";
import { isJudged, Rehearsal } from "../../../actors/rehearsal.ts";
import { VerdictFigures } from "../../../commands/backtest/verdict.ts";
import { normalAt, uniformAt } from "../../../models/random.ts";
import { Surprise } from "../../../models/surprise/surprise.ts";
import { assert, assertEquals, assertGreater } from "../../../std/assert.ts";

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

Deno.test("BudgetsJudge concludes at each budget what a sensor's actor concludes at it alone", async () => {
  const judge = new BudgetsJudge(new Surprise(), BUDGETS), items = [...dirty(8_000)];
  const chunk = { kind: "readings" as const, items, positions: items.map((_, i) => i), next: items.length };
  const alone = await Promise.all(BUDGETS.map((perReading) => {
    const judging = judgingSchema.parse({ budget: { perReading }, forest: { everyMs: 86_400_000 } });
    return new Rehearsal("p", judging).take(chunk);
  }));
  const figures = new VerdictFigures(true);
  let alarms = 0, passed = 0;
  for (const [i, reading] of items.entries()) {
    const taken = judge.take(reading);
    if (!taken) passed++;
    for (const [b, outcomes] of alone.entries()) {
      const outcome = outcomes[i];
      if (isJudged(outcome)) figures.read(outcome);
      assertEquals(taken, isJudged(outcome) && !figures.late);
      if (!taken) continue;
      assertEquals(judge.score, figures.score);
      assertEquals(judge.rates[b], figures.rate);
      assertEquals(judge.anomalous[b] === 1, figures.anomalous);
      assertEquals(judge.alarms[b] === 1, figures.alarm > 0);
      alarms += judge.alarms[b];
    }
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
