/** @module */
import fc from "fast-check";
import { Histogram } from "../../models/histogram.ts";
import { assert, assertEquals } from "../../std/assert.ts";

Deno.test("Histogram counts every value once, between the edges of its bin", () => {
  const value = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(fc.property(fc.array(value, { maxLength: 100 }), fc.integer({ min: 2, max: 30 }), (values, bins) => {
    const histogram = new Histogram(-50, 50, bins);
    for (const one of values) histogram.add(one, one > 0);
    for (let bin = 0; bin < bins; bin++) {
      // A value right at an edge may fall to either side of it: a division decides.
      const [low, high] = [histogram.edge(bin), histogram.edge(bin + 1)], near = 1e-9;
      const least = values.filter((one) => one > low + near && one < high - near).length;
      const most = values.filter((one) => one >= low - near && one <= high + near).length;
      assert(histogram.counts[bin] >= least && histogram.counts[bin] <= most);
    }
    assertEquals(histogram.counts.reduce((a, b) => a + b, 0), values.length);
    assertEquals(histogram.flagged.reduce((a, b) => a + b, 0), values.filter((one) => one > 0).length);
  }));
});

Deno.test("Histogram puts the ends and what lies outside into the first and the last bin", () => {
  const histogram = new Histogram(0, 1, 4);
  for (const one of [-7, 0, 0.25, 1, 9]) histogram.add(one, false);
  assertEquals([...histogram.counts], [2, 1, 0, 2]);
  assertEquals([0, 1, 4].map((bin) => histogram.edge(bin)), [0, 0.25, 1]);
});
