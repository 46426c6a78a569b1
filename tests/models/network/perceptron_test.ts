/** @module */
import { assert, assertEquals, assertThrows } from "../../../std/assert.ts";
import fc from "fast-check";
import { Perceptron, WEIGHT_MOST } from "../../../models/network/perceptron.ts";
import { Random } from "../../../models/random.ts";

/** Loss of the example in `x` against `target`: half the sum of the squared errors. */
function lossOf(net: Perceptron, weights: Float32Array, target: readonly number[]): number {
  net.forward(weights, 0);
  return target.reduce((sum, value, k) => sum + (value - net.y[k]) ** 2 / 2, 0);
}

Deno.test("Perceptron.learn() moves every weight down the gradient that finite differences see", () => {
  const size = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(size, size, size, fc.integer({ min: 0, max: 1e6 }), (inputs, hidden, outputs, seed) => {
      const net = new Perceptron(inputs, hidden, outputs), random = new Random(seed);
      const weights = Float32Array.from({ length: net.weights }, () => random.normal());
      for (let i = 0; i < inputs; i++) net.x[i] = random.normal();
      const target = Array.from({ length: outputs }, () => random.normal());

      const step = 2 ** -10;
      const gradient = Array.from(weights, (weight, at) => {
        const moved = weights.slice();
        moved[at] = weight + step;
        const above = lossOf(net, moved, target), high = moved[at];
        moved[at] = weight - step;
        return (above - lossOf(net, moved, target)) / (high - moved[at]);
      });

      const learnt = weights.slice();
      net.forward(learnt, 0);
      target.forEach((value, k) => net.errors[k] = value - net.y[k]);
      net.learn(learnt, 0, 1);
      gradient.forEach((slope, at) => {
        const moved = learnt[at] - weights[at];
        assert(Math.abs(moved + slope) < 1e-4 * (1 + Math.abs(slope)), `weight ${at}: moved ${moved}, slope ${slope}`);
      });
    }),
    { numRuns: 60 },
  );
});

Deno.test("Perceptron.learn() finds what no linear function is: exclusive or", () => {
  const net = new Perceptron(2, 6, 1), weights = new Float32Array(net.weights), random = new Random(5);
  net.begin(weights, 0, 3);
  const loss = () => {
    let sum = 0;
    for (const [a, b] of [[-1, -1], [-1, 1], [1, -1], [1, 1]]) {
      net.x.set([a, b]);
      sum += lossOf(net, weights, [-a * b]) / 4;
    }
    return sum;
  };
  const before = loss();
  for (let i = 0; i < 4_000; i++) {
    const a = random.uniform() < 0.5 ? -1 : 1, b = random.uniform() < 0.5 ? -1 : 1;
    net.x.set([a, b]);
    net.forward(weights, 0);
    net.errors[0] = -a * b - net.y[0];
    net.learn(weights, 0, 0.1);
  }
  assert(before > 0.4, `it knew before: ${before}`);
  assert(loss() < 0.01, `loss after training: ${loss()}`);
});

Deno.test("Perceptron.begin() gives the same weights for the same seed, in its slice only", () => {
  const net = new Perceptron(3, 2, 4), at = 5;
  const one = new Float32Array(net.weights + 10).fill(7), other = one.slice(), third = one.slice();
  net.begin(one, at, 42);
  net.begin(other, at, 42);
  net.begin(third, at, 43);
  assertEquals(one, other);
  assert(one.some((weight, i) => weight !== third[i]));
  assertEquals([...one.subarray(0, at), ...one.subarray(at + net.weights)], Array(10).fill(7));
});

Deno.test("Perceptron.bound() brings weights back into their bounds", () => {
  const net = new Perceptron(1, 1, 1);
  const weights = Float32Array.of(1e30, -Infinity, NaN, 3);
  net.bound(weights, 0);
  assertEquals([...weights], [WEIGHT_MOST, -WEIGHT_MOST, 0, 3]);
});

Deno.test("Perceptron() refuses a layer without units", () => {
  assertThrows(() => new Perceptron(3, 0, 2), RangeError, "a layer of 0 units: there must be at least 1");
  assertThrows(() => new Perceptron(1.5, 1, 2), RangeError, "a layer of 1.5 units");
});
