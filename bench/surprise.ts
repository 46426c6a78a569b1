/**
 * What judging costs: `deno task bench surprise`.
 *
 * Time a reading and bytes a channel, full and light, after the detector has seen 100,000 readings, and of the alert
 * budget's rule. Whether that keeps its budget is measured by `deno task bench budget`.
 *
 * @module
 */
import { BAND_DOUBLES } from "../models/band.ts";
import { combine } from "../models/budget/combiner.ts";
import { BudgetRule, RULE_DOUBLES } from "../models/budget/rule.ts";
import { normalAt, uniformAt } from "../models/random.ts";
import { FULL, LIGHT, Surprise } from "../models/surprise/surprise.ts";

const START = 1_767_225_600_000, STEP_MS = 60_000;

function speed(name: string, settings: typeof FULL): void {
  const plan = new Surprise(settings), count = 300_000, warm = 100_000;
  const floats = new Float32Array(plan.floats), doubles = new Float64Array(plan.doubles);
  const values = Float64Array.from({ length: count }, (_, i) => 20 + 5 * Math.sin(i / 229) + normalAt(1, i));
  let begun = 0;
  for (let i = 0; i < count; i++) {
    if (i === warm) begun = performance.now();
    plan.step(floats, 0, doubles, 0, START + i * STEP_MS, values[i]);
  }
  const ns = (performance.now() - begun) * 1e6 / (count - warm);
  const bytes = 4 * plan.floats + 8 * plan.doubles;
  console.log(`${name.padEnd(22)} ${ns.toFixed(0).padStart(5)} ns a reading  ${bytes} bytes a channel`);
}

function ruleSpeed(): void {
  const rule = new BudgetRule(), state = new Float64Array(RULE_DOUBLES), held = new Float64Array(4), count = 2_000_000;
  const surprises = Float64Array.from(
    { length: 4_096 },
    (_, i) => uniformAt(1, i) < 0.98 ? 0 : 1 + 4 * uniformAt(2, i),
  );
  const begun = performance.now();
  for (let i = 0; i < count; i++) {
    rule.step(state, 0, 4, combine(held, 0, 4, surprises, (4 * i) % 4_096), 1e-4);
  }
  const ns = (performance.now() - begun) * 1e6 / count;
  console.log(
    `${"budget, 4 channels".padEnd(22)} ${ns.toFixed(0).padStart(5)} ns a reading  ${8 * RULE_DOUBLES} bytes a sensor`,
  );
}

console.log(`band alone: ${8 * BAND_DOUBLES} bytes of each channel`);
speed("surprise, full", FULL);
speed("surprise, light", LIGHT);
ruleSpeed();
