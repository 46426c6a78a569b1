import fc from "fast-check";
import { partsRanges, partsTable } from "../../../data/parts_table.ts";
import { LogisticFormatError, LogisticModel } from "../../../models/logistic/model.ts";
import { judge } from "../../../models/logistic/metrics.ts";
import { fitChoice, predictRows, select } from "../../../models/logistic/select.ts";
import { trainLogistic } from "../../../models/logistic/train.ts";
import { joinTables, type LabelledTable } from "../../../models/logistic/table.ts";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "../../../std/assert.ts";
import { drawTable, maintenanceLookAlike, maintenanceTable } from "./tables.ts";

const parts = trainLogistic(partsTable(42), { seed: 42, ranges: partsRanges() });

Deno.test("trainLogistic() solves the parts, with products, without overfitting, and with honest probabilities", () => {
  const { choice, test, train, rows } = parts;
  assertEquals(choice.terms, "products"); // hot and quiet is odd, hot and loud is not: no single value shows it
  assertEquals(rows, { train: 5_280, test: 1_320 });
  assertEquals([test.count, test.positives], [1_320, 320]);
  assert(test.roc_auc > 0.95 && test.f1 > 0.85 && test.accuracy > 0.93, JSON.stringify(test));
  assert(Math.abs(train.f1 - test.f1) < 0.04 && Math.abs(train.roc_auc - test.roc_auc) < 0.02);
  assert(test.calibration_error < 0.03);
  // Nobody tells all apart: were it perfect, the data would be too easy or a label would have leaked.
  assert(test.roc_auc < 0.995);
});

Deno.test("trainLogistic() generalises to parts of another seed", () => {
  const other = partsTable(7), probabilities = new Float64Array(other.labels.length);
  for (let row = 0; row < probabilities.length; row++) probabilities[row] = parts.model.predict(other.rows, 3 * row);
  const { f1, roc_auc } = judge(probabilities, other.labels, parts.model.threshold);
  assert(f1 > 0.85 && roc_auc > 0.95, `F1 ${f1}, area ${roc_auc}`);
});

Deno.test("trainLogistic() calls (30, 70, 65) normal, and what is far out abnormal in any direction", () => {
  const { model } = parts, predict = (...row: number[]) => model.predict(Float64Array.from(row), 0);
  assert(predict(30, 70, 65) < 0.1 && predict(30, 70, 65) < model.threshold);
  const [heat, damp, loud] = model.form.features;
  fc.assert(
    fc.property(fc.tuple(...Array.from({ length: 3 }, () => fc.double({ min: -1, max: 1, noNaN: true }))), (to) => {
      const length = Math.hypot(...to);
      fc.pre(length > 0.1);
      const [a, b, c] = to.map((part) => 8 * part / length);
      const p = predict(
        heat.mean + a * heat.deviation,
        damp.mean + b * damp.deviation,
        loud.mean + c * loud.deviation,
      );
      assert(p > 0.99, `${p}`);
    }),
  );
});

Deno.test("trainLogistic() finds machine failures in data that is not ours, far better than chance", () => {
  for (const table of [maintenanceTable(), maintenanceLookAlike()]) {
    const { test, train, choice } = trainLogistic(table, { seed: 1 });
    assertEquals(choice.terms, "products");
    assert(test.roc_auc > 0.9 && test.f1 > 0.45, JSON.stringify(test));
    assert(train.roc_auc - test.roc_auc < 0.05);
    // Few fail: to predict "never" would be as accurate, and worth nothing.
    assert(test.positives / test.count < 0.1 && test.recall > 0.4);
    assert(test.calibration_error < 0.03);
  }
});

Deno.test("trainLogistic() is the same for the same table and seed, and leaves its input alone", () => {
  const table = drawTable(400, 2, 3, ([a, b]) => 2 * a - b), rows = table.rows.slice();
  const bytes = trainLogistic(table, { seed: 5 }).model.toBytes();
  assertEquals(trainLogistic({ ...table, rows: rows.slice() }, { seed: 5 }).model.toBytes(), bytes);
  assert(trainLogistic(table, { seed: 6 }).model.toBytes().join() !== bytes.join());
  assertEquals(table.rows, rows);
});

Deno.test("select() takes the fewest terms that do as well, and more where they help", () => {
  const linear = drawTable(1_500, 3, 8, ([a, b]) => 2 * a - b);
  assertEquals(select(linear, 5, 1).choice.terms, "linear");
  const round = drawTable(1_500, 3, 8, ([a, b]) => a * a + b * b - 2);
  assertEquals(select(round, 5, 1).choice.terms, "squares");
  const crossed = drawTable(1_500, 3, 8, ([a, b]) => 2 * a * b);
  const { choice, candidates } = select(crossed, 5, 1);
  assertEquals(choice.terms, "products");
  assertEquals(candidates.length, 24);
  assertEquals(
    candidates.filter(({ chosen }) => chosen).map(({ terms, class_weights, l2 }) => ({
      terms,
      class_weights,
      l2,
    })),
    [choice],
  );
});

Deno.test("fitChoice() gives the data's own probabilities, balanced or not", () => {
  const table = drawTable(8_000, 2, 4, ([a]) => 1.5 * a - 3);
  for (const class_weights of ["none", "balanced"] as const) {
    const probabilities = predictRows(fitChoice(table, { terms: "linear", class_weights, l2: 1 }), table.rows);
    assert(judge(probabilities, table.labels, 0.5).calibration_error < 0.02, class_weights);
  }
});

Deno.test("trainLogistic() learns from what people say beside what was generated", () => {
  const base = drawTable(600, 2, 2, ([a]) => 3 * a);
  // People say: where the second feature is high, it is normal whatever the first one is.
  const said = drawTable(150, 2, 3, () => 0);
  const given: LabelledTable = {
    ...said,
    rows: said.rows.map((value, at) => at % 2 === 1 ? 2 + Math.abs(value) : Math.abs(value)),
    labels: new Uint8Array(150),
  };
  const before = trainLogistic(base, { seed: 1 }).model;
  const after = trainLogistic(joinTables(base, given, 5), { seed: 1 }).model;
  const row = Float64Array.of(1, 3);
  assert(before.predict(row, 0) > before.threshold && after.predict(row, 0) < after.threshold);
  const usual = Float64Array.of(1.5, -0.5);
  assert(after.predict(usual, 0) > after.threshold);
});

Deno.test("trainLogistic() says what it cannot train on", () => {
  const good = drawTable(200, 2, 1, ([a]) => a);
  const cases: [Partial<LabelledTable>, object, string][] = [
    [{ labels: new Uint8Array(200) }, {}, "at least 20 rows must have the label 1, not 0"],
    [{ labels: new Uint8Array(200).fill(1) }, {}, "at least 20 rows must have the label 0, not 0"],
    [{ rows: good.rows.subarray(1) }, {}, "399 numbers are not 200 rows of 2 features"],
    [{ rows: good.rows.map((value, at) => at === 5 ? NaN : value) }, {}, "f1 in row 3 must be from -1e100 to 1e100"],
    [{}, { testShare: 0.9 }, "from 0.05 to 0.5, not 0.9"],
    [{}, { folds: 1 }, "folds must be a whole number from 2 to 20, not 1"],
  ];
  for (const [part, options, message] of cases) {
    assertThrows(() => trainLogistic({ ...good, ...part }, { seed: 1, ...options }), RangeError, message);
  }
});

Deno.test("LogisticModel.predict() shares the log odds out among the features", () => {
  const contributions = new Float64Array(3), { model } = parts;
  const cell = fc.double({ min: -30, max: 30, noNaN: true });
  fc.assert(fc.property(cell, cell, cell, (a, b, c) => {
    const row = Float64Array.of(9, 30 + a, 70 + b, 65 + c), p = model.predict(row, 1, contributions);
    assertEquals(p, model.predict(row, 1));
    const logOdds = Math.log(p / (1 - p)), sum = contributions.reduce((total, one) => total + one, 0);
    if (Math.abs(logOdds) < 25) assertAlmostEquals(sum + model.form.intercept, logOdds, 1e-4);
    assert(p >= 0 && p <= 1);
  }));
  model.predict(Float64Array.of(48, 70, 65), 0, contributions);
  assertEquals(contributions.indexOf(Math.max(...contributions)), 0);
});

Deno.test("LogisticModel.fromBytes() gives back the same model, with the values that are allowed", () => {
  const { model } = parts, again = LogisticModel.fromBytes(model.toBytes()), table = partsTable(3);
  assertEquals(again.form, model.form);
  for (let row = 0; row < 200; row++) {
    assertEquals(again.predict(table.rows, 3 * row), model.predict(table.rows, 3 * row));
  }
  const [heat, damp, loud] = model.form.features;
  assertEquals([heat.low, damp.low, damp.high, loud.low], [-273.15, 0, 100, 0]);
  assert(heat.high > 300 && heat.high < 1_000); // a fire is predicted, 1,000,000 °C is refused
});

Deno.test("LogisticModel.fromBytes() refuses anything else in one sentence", () => {
  const form = JSON.stringify(parts.model.form);
  const cases: [string, string][] = [
    ["", "not JSON"],
    ["[]", "expected object"],
    [form.replace('"version":1', '"version":2'), "version"],
    [form.replace("sensorium.logistic", "other"), "format"],
    [form.replace('"of":[0]', '"of":[3]'), "terms must name features that there are"],
    [form.replace(/"threshold":[^}]*/, '"threshold":1.5'), "threshold"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => LogisticModel.fromBytes(new TextEncoder().encode(text)), LogisticFormatError, message);
  }
  assertThrows(() => LogisticModel.fromBytes(Uint8Array.of(0xff)), LogisticFormatError, "not JSON");
});
