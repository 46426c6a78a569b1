import fc from "fast-check";
import type { Label } from "../../actors/labels.ts";
import { LABELS_LEAST, relabel, RelabelError } from "../../actors/relabel.ts";
import { Random } from "../../models/random.ts";
import { assert, assertEquals, assertThrows } from "../../std/assert.ts";
import { drawTable } from "../models/logistic/tables.ts";

/** Labels of readings whose `heat` tells them apart, half of them 1. */
function labelsOf(count: number, seed = 1): Label[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, at) => {
    const label = at % 2 === 0 ? 0 : 1;
    return {
      sensor: `s${at % 5}`,
      time: 1_000 * at,
      group: "oven",
      label,
      values: { load: random.normal(), heat: random.normal() + 4 * label },
      created: 5,
    };
  });
}

const options = { seed: 7, folds: 3 };

Deno.test("relabel() learns what people's labels say, and names them in its lineage", () => {
  const { training, lineage, used, leftOut } = relabel({ labels: labelsOf(200), options });
  assertEquals([used, leftOut, [...training.model.features]], [200, 0, ["heat", "load"]]);
  assert(training.test.accuracy > 0.9);
  assertEquals(lineage.labels, { zeros: 100, ones: 100, left_out: 0, newest: 199_000 });
  assertEquals((lineage.labelled as unknown[]).length, 100); // the newest
  assertEquals((lineage.labelled as unknown[])[1], ["s1", 101_000, 1]);
});

Deno.test("relabel() gives the same bits in whatever order labels come, whoever gave them and whatever he said", () => {
  const labels = labelsOf(60), bytes = relabel({ labels, options }).training.model.toBytes();
  fc.assert(
    fc.property(fc.shuffledSubarray(labels, { minLength: 60 }), fc.string(), (shuffled, words) => {
      const said = shuffled.map((one) => ({ ...one, who: words, comment: words, created: words.length, alert: words }));
      assertEquals(relabel({ labels: said, options }).training.model.toBytes(), bytes);
    }),
    { numRuns: 5 },
  );
});

Deno.test("relabel() leaves out what cannot be learnt from, and needs enough of either kind", () => {
  const labels = labelsOf(2 * LABELS_LEAST);
  const gaps: Label[] = [
    { ...labels[0], sensor: "x", values: { heat: null, load: 1 } },
    { ...labels[0], sensor: "y", values: undefined },
    { ...labels[0], sensor: "z", values: { heat: 1, load: 2, more: 3 } },
  ];
  const { used, leftOut, training } = relabel({ labels: [...labels, ...gaps], options });
  assertEquals([used, leftOut, training.model.features.length], [2 * LABELS_LEAST + 1, 2, 2]);
  const few = assertThrows(() => relabel({ labels: labels.slice(1), options }), RelabelError);
  assertEquals(few.message, "cannot train: it takes at least 20 labels of either kind, there are 19 of 0 and 20 of 1");
  assertThrows(() => relabel({ labels: [gaps[1]], options }), RelabelError, "no labelled reading has values");
});

Deno.test("relabel() counts labels beside the rows that there were, in their features", () => {
  const base = { ...drawTable(300, 2, 3, ([heat]) => 2 * heat), features: ["load", "heat"] };
  const { training, lineage } = relabel({ labels: labelsOf(4), base, baseData: "drawn", options });
  assertEquals([...training.model.features], ["load", "heat"]);
  assertEquals(training.rows.train + training.rows.test, 304);
  assertEquals([lineage.base, lineage.base_rows, lineage.label_weight], ["drawn", 300, 5]);
  assertThrows(() => relabel({ labels: [], base, options }), RelabelError, "it takes at least one label, there are 0");
});
