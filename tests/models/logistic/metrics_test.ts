import fc from "fast-check";
import { bestThreshold, confusionAt, f1Of, judge, logLoss, rocArea } from "../../../models/logistic/metrics.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../../std/assert.ts";

const pairs = fc.array(
  fc.tuple(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.25, 0.5, 1)), fc.boolean()),
  { minLength: 2, maxLength: 60 },
).map((rows) => ({
  probabilities: Float64Array.from(rows, ([p]) => p),
  labels: Uint8Array.from(rows, ([, label], at) => at < 2 ? at : Number(label)),
}));

Deno.test("rocArea() is the share of pairs in the right order, ties half", () => {
  fc.assert(fc.property(pairs, ({ probabilities, labels }) => {
    let right = 0, all = 0;
    labels.forEach((one, i) =>
      labels.forEach((other, j) => {
        if (one !== 1 || other !== 0) return;
        all++;
        right += probabilities[i] > probabilities[j] ? 1 : probabilities[i] === probabilities[j] ? 0.5 : 0;
      })
    );
    assertAlmostEquals(rocArea(probabilities, labels), right / all, 1e-12);
  }));
  assertEquals(rocArea(Float64Array.of(0.1, 0.9), Uint8Array.of(1, 1)), 0.5);
});

Deno.test("bestThreshold() has the greatest F1 of all thresholds", () => {
  fc.assert(
    fc.property(pairs, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), ({ probabilities, labels }, some) => {
      const f1 = (threshold: number) => f1Of(confusionAt(probabilities, labels, threshold));
      const best = f1(bestThreshold(probabilities, labels));
      for (const threshold of [...some, ...probabilities]) assert(best >= f1(threshold) - 1e-12);
    }),
  );
});

Deno.test("judge() counts as the definitions say", () => {
  const probabilities = Float64Array.of(0.9, 0.8, 0.7, 0.3, 0.2, 0.05), labels = Uint8Array.of(1, 0, 1, 1, 0, 0);
  const metrics = judge(probabilities, labels, 0.5);
  assertEquals(metrics.confusion, { true_positive: 2, false_positive: 1, true_negative: 2, false_negative: 1 });
  assertEquals([metrics.count, metrics.positives], [6, 3]);
  const thirds = [metrics.accuracy, metrics.precision, metrics.recall, metrics.f1];
  for (const value of thirds) assertAlmostEquals(value, 2 / 3, 1e-12);
  assertAlmostEquals(metrics.roc_auc, 7 / 9, 1e-12);
  assertAlmostEquals(metrics.brier, (0.01 + 0.64 + 0.09 + 0.49 + 0.04 + 0.0025) / 6, 1e-12);
  const logs = [0.9, 0.2, 0.7, 0.3, 0.8, 0.95].map(Math.log);
  assertAlmostEquals(metrics.log_loss, -logs.reduce((sum, one) => sum + one, 0) / 6, 1e-12);
  const bins = metrics.calibration.filter(({ count }) => count > 0);
  assertEquals(bins.map(({ from, observed }) => [from, observed]), [[0, 0], [0.2, 0], [0.3, 1], [0.7, 1], [0.8, 0], [
    0.9,
    1,
  ]]);
  assertAlmostEquals(metrics.calibration_error, (0.05 + 0.2 + 0.7 + 0.3 + 0.8 + 0.1) / 6, 1e-12);
});

Deno.test("judge() has no figure that is not a number, whatever is predicted", () => {
  fc.assert(
    fc.property(pairs, fc.constantFrom(0, 0.5, 1), fc.boolean(), ({ probabilities, labels }, threshold, all) => {
      const metrics = judge(probabilities, all ? labels.map(() => 1) : labels, threshold);
      for (const value of Object.values(metrics)) if (typeof value === "number") assert(Number.isFinite(value));
      assertEquals(metrics.calibration.reduce((sum, { count }) => sum + count, 0), labels.length);
    }),
  );
  assert(Number.isFinite(logLoss(Float64Array.of(0), Uint8Array.of(1))));
  assertThrows(() => judge(new Float64Array(1), new Uint8Array(2), 0.5), RangeError, "1 probabilities by 2 labels");
});
