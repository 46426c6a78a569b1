/**
 * What judging costs and whether it keeps its budget where nothing happens: `deno task bench surprise [--readings=N]`.
 *
 * First time a reading and bytes a channel, full and light, after the detector has seen 100,000 readings. Then alarms
 * to budget on normal streams of many kinds, where whatever is raised is false, beside a threshold that takes surprise
 * for what it says (10^-s), and the standard deviations that would be right if everything were normally distributed.
 *
 * @module
 */
import { BAND_DOUBLES } from "../models/band.ts";
import { combine } from "../models/budget/combiner.ts";
import { BudgetRule, RULE_DOUBLES } from "../models/budget/rule.ts";
import { normalAt, uniformAt } from "../models/random.ts";
import { FULL, LIGHT, Surprise } from "../models/surprise/surprise.ts";

const START = 1_767_225_600_000, STEP_MS = 60_000;
const asked = Deno.args.find((one) => one.startsWith("--readings="));
const READINGS = asked === undefined ? 20_000 : Number(asked.slice("--readings=".length));
const STREAMS = 6, BUDGETS = [1e-4, 1e-3, 1e-2];

/** Makes a stream of one kind. */
type Kind = (seed: number) => (i: number) => number;

/** Normal streams: whatever is raised on them is false. */
const kinds: Record<string, Kind> = {
  gaussian: (seed) => (i) => normalAt(seed, i),
  exponential: (seed) => (i) => -Math.log(1 - uniformAt(seed, i)),
  lognormal: (seed) => (i) => Math.exp(normalAt(seed, i)),
  laplace: (seed) => (i) => Math.log(1 - uniformAt(seed, i)) * (uniformAt(seed, i, 1) < 0.5 ? 1 : -1),
  cauchy: (seed) => (i) => Math.tan(Math.PI * (uniformAt(seed, i) - 0.5)),
  "random walk": (seed) => {
    let x = 0;
    return (i) => x += normalAt(seed, i);
  },
  "first order, 0.95": (seed) => {
    let x = 0;
    return (i) => x = 0.95 * x + normalAt(seed, i);
  },
  "daily season": (seed) => (i) => 10 * Math.sin(2 * Math.PI * i / 1_440) + normalAt(seed, i),
  "whole numbers": (seed) => (i) => Math.round(3 + 1.5 * normalAt(seed, i)),
  "on and off": (seed) => {
    let on = 0;
    return (i) => on = uniformAt(seed, i) < 0.01 ? 1 - on : on;
  },
  "changing volume": (seed) => (i) => normalAt(seed, i) * (1 + 0.8 * Math.sin(i / 700)),
  trend: (seed) => (i) => i * 0.01 + normalAt(seed, i),
};

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

/** Alarms of the rule and of a fixed threshold at each budget, and of k sigma; all with a rest of 100 readings. */
function alarmsOf(kind: Kind, seed: number): { rule: number[]; fixed: number[]; sigma: number[] } {
  const plan = new Surprise(FULL), next = kind(seed);
  const floats = new Float32Array(plan.floats), doubles = new Float64Array(plan.doubles), held = new Float64Array(1);
  const rules = BUDGETS.map(() => new BudgetRule()), states = BUDGETS.map(() => new Float64Array(RULE_DOUBLES));
  const count = { rule: [0, 0, 0], fixed: [0, 0, 0], sigma: [0, 0, 0] };
  const rested = { fixed: [0, 0, 0], sigma: [0, 0, 0] }, K = [3.89, 3.29, 2.576]; // two-sided normal quantiles
  let mean = 0, squares = 0;
  for (let i = 0; i < READINGS; i++) {
    const value = next(i), surprise = plan.step(floats, 0, doubles, 0, START + i * STEP_MS, value);
    const z = combine(held, 0, 1, [surprise]), off = Math.abs(value - mean) / Math.sqrt(squares / Math.max(1, i));
    for (const [b, budget] of BUDGETS.entries()) {
      if (rules[b].step(states[b], 0, 1, z, budget)) count.rule[b]++;
      for (const [which, over] of [["fixed", surprise >= -Math.log10(budget)], ["sigma", off > K[b]]] as const) {
        if (i < 300 || !over || i < rested[which][b]) continue;
        count[which][b]++;
        rested[which][b] = i + 100;
      }
    }
    const delta = value - mean;
    mean += delta / (i + 1);
    squares += delta * (value - mean);
  }
  return count;
}

console.log(`band alone: ${8 * BAND_DOUBLES} bytes of each channel`);
speed("surprise, full", FULL);
speed("surprise, light", LIGHT);
ruleSpeed();

console.log(`\nalarms to budget, ${STREAMS} streams of ${READINGS.toLocaleString("en")} readings each`);
console.log(`${"".padEnd(20)}${["this rule", "fixed 10^-s", "k sigma"].map((name) => name.padEnd(22)).join("")}`);
console.log(`${"budget a reading".padEnd(20)}${`${BUDGETS.map((b) => String(b).padEnd(7)).join("")} `.repeat(3)}`);
for (const [name, kind] of Object.entries(kinds)) {
  const sum = { rule: [0, 0, 0], fixed: [0, 0, 0], sigma: [0, 0, 0] };
  for (let seed = 1; seed <= STREAMS; seed++) {
    const one = alarmsOf(kind, seed);
    for (const which of ["rule", "fixed", "sigma"] as const) one[which].forEach((n, b) => sum[which][b] += n);
  }
  const ratio = (counts: number[]) =>
    counts.map((n, b) => (n / (BUDGETS[b] * STREAMS * READINGS)).toFixed(2).padEnd(7)).join("");
  console.log(`${name.padEnd(20)}${ratio(sum.rule)} ${ratio(sum.fixed)} ${ratio(sum.sigma)}`);
}
