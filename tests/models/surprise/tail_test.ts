/** @module */
import fc from "fast-check";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "../../../std/assert.ts";
import { tailLength, type TailShape, tailShape, tailStep } from "../../../models/surprise/tail.ts";
import { uniformAt } from "../../../models/random.ts";
import { twoSidedLength, twoSidedStep } from "../../../models/surprise/two_sided.ts";

/** The definition, word for word, over all block maxima. */
class NaiveTail {
  readonly #maxima: number[] = [];
  #block: number[] = [];

  constructor(private readonly shape: TailShape) {}

  step(value: number): number {
    const score = this.#score(value);
    this.#block.push(value);
    if (this.#block.length === this.shape.block) {
      this.#maxima.push(Math.max(...this.#block));
      this.#block = [];
    }
    return score;
  }

  #score(value: number): number {
    const all = this.#maxima, sorted = all.toSorted((a, b) => b - a).slice(0, this.shape.kept);
    if (sorted.length < 8 || all.length < this.shape.blocksLeast) return 0;
    const fitted = sorted.slice(0, Math.min(sorted.length, Math.max(8, Math.floor(all.length * 0.3))));
    const threshold = fitted[fitted.length - 1];
    if (value <= threshold) return 0;
    const mean = fitted.reduce((sum, one) => sum + one - threshold, 0) / fitted.length;
    const excess = Math.max(mean, 0.02 * (Math.max(...all) - Math.min(...all))) || 1e-9;
    return (value - threshold) / excess / Math.LN10 + Math.log10(all.length / fitted.length) + this.shape.logBlock;
  }
}

Deno.test("tailStep() agrees with the definition over all values", () => {
  const value = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.float({ min: -1000, max: 1000, noNaN: true }));
  const shape = fc.record({ block: fc.integer({ min: 1, max: 5 }), kept: fc.integer({ min: 8, max: 20 }) });
  fc.assert(fc.property(shape, fc.array(value, { maxLength: 300 }), ({ block, kept }, values) => {
    const plan = tailShape(block, kept), state = new Float32Array(tailLength(plan) + 2), naive = new NaiveTail(plan);
    for (const one of values) {
      const expected = naive.step(Math.fround(one));
      assertAlmostEquals(tailStep(state, 1, plan, one), expected, 1e-3 * (1 + expected));
    }
    assertEquals([state[0], state[state.length - 1]], [0, 0], "touches nothing outside of its slice");
  }));
});

Deno.test("tailStep() is calibrated on an exponential stream, also long after it began to forget", () => {
  const plan = tailShape(1, 40), state = new Float32Array(tailLength(plan));
  const above = [0, 0], counted = 30_000;
  for (let i = 0; i < 5_000 + counted + 20_000; i++) {
    const score = tailStep(state, 0, plan, -Math.log(1 - uniformAt(7, i)));
    if (i >= 5_000 && i < 5_000 + counted && score >= 3) above[0]++;
    if (i >= 33_000 && score >= 3) above[1]++;
  }
  for (const [i, readings] of [[0, counted], [1, 22_000]]) {
    const rate = above[i] / readings;
    assert(rate > 3e-4 && rate < 3e-3, `a surprise of 3 came in ${rate} of the readings`);
  }
});

Deno.test("tailStep() right after it forgot takes no common value for an uncommon one", () => {
  const plan = tailShape(1, 40), state = new Float32Array(tailLength(plan));
  let surprised = 0;
  for (let i = 0; i < 34_000; i++) {
    const score = tailStep(state, 0, plan, uniformAt(3, i));
    if (i > 32_768 && score > 0) surprised++;
  }
  assertLess(surprised, 20);
});

Deno.test("tailStep() does not take what is equal to the greatest so far for something new", () => {
  const plan = tailShape(1, 10), state = new Float32Array(tailLength(plan));
  for (let i = 0; i < 100; i++) assertEquals(tailStep(state, 0, plan, 0.1), 0);
  assertGreater(tailStep(state, 0, plan, 0.2), 5);
});

Deno.test("twoSidedStep() finds both sides, or the one that counts", () => {
  const plan = tailShape(1, 20);
  for (const [direction, up, down] of [["both", true, true], ["above", true, false], ["below", false, true]] as const) {
    const state = new Float32Array(twoSidedLength(plan));
    for (let i = 0; i < 500; i++) twoSidedStep(state, 0, plan, uniformAt(1, i), 0, 1e-9, direction);
    assertEquals(twoSidedStep(state.slice(), 0, plan, 3, 0, 1e-9, direction) > 3, up);
    assertEquals(twoSidedStep(state.slice(), 0, plan, -2, 0, 1e-9, direction) > 3, down);
  }
});
