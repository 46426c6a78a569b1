import { agreementViews } from "../../actors/agreement_view.ts";
import { AGREEMENT_DOUBLES, agreementCount } from "../../models/agreement.ts";
import { assertEquals } from "../../std/assert.ts";

/** A table of readings: machine learning, rules, label. */
function table(readings: readonly [boolean, boolean, number][]): Float64Array {
  const counts = new Float64Array(AGREEMENT_DOUBLES);
  for (const [first, second, label] of readings) agreementCount(counts, 0, first, second, label);
  return counts;
}

Deno.test("agreementViews() shows all groups together, and what can be said of each", () => {
  const views = agreementViews(
    new Map([
      ["room", table([[true, true, 1], [true, false, 1], [false, true, 0], [false, false, -1]])],
      ["pump", table([[false, false, -1], [false, false, -1]])],
    ]),
  );
  assertEquals(views.map(({ group, readings }) => [group, readings]), [[undefined, 6], ["pump", 2], ["room", 4]]);
  assertEquals(views[1], {
    group: "pump",
    readings: 2,
    both: 0,
    only_machine_learning: 0,
    only_rules: 0,
    neither: 2,
    agreement: 1,
    labelled: 0,
    anomalies: 0,
    missed: 0,
    machine_learning: { rate: 0, found_alone: 0 },
    rules: { rate: 0, found_alone: 0 },
  });
  const { machine_learning, rules, both, kappa } = views[2];
  assertEquals(machine_learning, { rate: 0.5, precision: 1, recall: 1, f1: 1, found_alone: 1 });
  assertEquals(rules, { rate: 0.5, precision: 0.5, recall: 0.5, f1: 0.5, found_alone: 0 });
  assertEquals([both, kappa], [1, 0]);
});

Deno.test("agreementViews() shows nothing where nothing was counted", () => {
  assertEquals(agreementViews(new Map([["room", table([])]])), []);
});
