/** @module */
import { ABNORMAL_PARTS, drawPart, NORMAL_PARTS, type Part, type PartKind, PARTS, parts } from "../../data/parts.ts";
import { assert, assertEquals } from "../../std/assert.ts";

const RUN = { seed: 42, anchor: Date.UTC(2026, 0, 1), intervalMs: 1_000 };

/** All items of a seed's first cycle. */
function cycle(seed: number): { values: number[]; label: number }[] {
  const scenario = parts();
  return Array.from({ length: PARTS }, (_, at) => {
    const reading = scenario.reading(at, { ...RUN, seed });
    assert(reading !== undefined);
    return { values: scenario.channels.map((name) => reading.values[name] ?? NaN), label: reading.label ?? NaN };
  });
}

/** Mean and covariance of normal items, from which the squared distance of any item follows. */
function distanceFrom(normal: readonly number[][]): (values: readonly number[]) => number {
  const mean = [0, 1, 2].map((at) => normal.reduce((sum, row) => sum + row[at], 0) / normal.length);
  const cov = (i: number, j: number) =>
    normal.reduce((sum, row) => sum + (row[i] - mean[i]) * (row[j] - mean[j]), 0) / normal.length;
  const [a, b, c, d, e, f] = [cov(0, 0), cov(0, 1), cov(0, 2), cov(1, 1), cov(1, 2), cov(2, 2)];
  const det = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d);
  const inverse = [
    [d * f - e * e, c * e - b * f, b * e - c * d],
    [c * e - b * f, a * f - c * c, b * c - a * e],
    [b * e - c * d, b * c - a * e, a * d - b * b],
  ];
  return (values) => {
    const z = values.map((value, at) => value - mean[at]);
    return z.reduce((sum, zi, i) => sum + zi * z.reduce((part, zj, j) => part + inverse[i][j] * zj, 0), 0) / det;
  };
}

/** Share of abnormal-normal pairs that a score orders rightly (the area under the ROC curve). */
function area(scores: readonly { score: number; label: number }[]): number {
  const sorted = [...scores].sort((one, other) => one.score - other.score);
  let [rank, normals] = [0, 0];
  for (const { label } of sorted) label === 1 ? rank += normals : normals++;
  return rank / (normals * (scores.length - normals));
}

Deno.test("parts() gives 5,000 normal and 1,600 abnormal items, well mixed", () => {
  const items = cycle(42);
  const abnormal = items.filter((item) => item.label === 1).length;
  assertEquals([items.length - abnormal, abnormal], [5_000, 1_600]);
  assertEquals([NORMAL_PARTS, ABNORMAL_PARTS.high + ABNORMAL_PARTS.low + ABNORMAL_PARTS.joint], [5_000, 1_600]);
  for (let at = 0; at < 6_600; at += 660) {
    const share = items.slice(at, at + 660).filter((item) => item.label === 1).length / 660;
    assert(share > 0.18 && share < 0.31, `tenth from ${at}: ${share} abnormal`);
  }
});

Deno.test("parts() begins another cycle of other items after the last", () => {
  const scenario = parts();
  const [first, next] = [scenario.reading(0, RUN), scenario.reading(PARTS, RUN)];
  assert(first !== undefined && next !== undefined);
  assert(JSON.stringify(first.values) !== JSON.stringify(next.values));
  assertEquals([next.time - first.time, next.attributes], [PARTS * 1_000, { item: PARTS + 1 }]);
});

Deno.test("drawPart() draws what its kind says", () => {
  const mean = (kind: PartKind, pick: (part: Part) => number) => {
    let sum = 0;
    for (let item = 0; item < 2_000; item++) sum += pick(drawPart(1, item, kind));
    return sum / 2_000;
  };
  const heat = (part: Part) => part.temperature;
  assert(Math.abs(mean("normal", heat) - 30) < 0.3);
  assert(mean("high", heat) > 33 && mean("low", heat) < 27);
  const together = (part: Part) => (part.temperature - 30) * (part.sound_volume - 65);
  assert(mean("normal", together) > 7 && mean("joint", together) < -15, "hot parts are loud, unless something is odd");
  for (let item = 0; item < 2_000; item++) {
    const part = drawPart(1, item, "joint");
    assert(Math.abs(part.temperature - 30) <= 2.2 * 3 + 0.01 && Math.abs(part.sound_volume - 65) <= 2.2 * 4 + 0.01);
  }
});

Deno.test("parts() is a real problem: no single value solves it, all together nearly do, and some items nobody can tell", () => {
  for (const seed of [42, 1]) {
    const items = cycle(seed);
    const distance = distanceFrom(items.filter((item) => item.label === 0).map((item) => item.values));
    const all = area(items.map(({ values, label }) => ({ score: distance(values), label })));
    assert(all > 0.9 && all < 0.995, `area of all values together ${all}`);
    for (const at of [0, 1, 2]) {
      const center = [30, 70, 65][at];
      const single = area(items.map(({ values, label }) => ({ score: Math.abs(values[at] - center), label })));
      assert(single < all - 0.1, `value ${at} alone: area ${single}, all together ${all}`);
    }
    const overlapping = items.filter((item) => item.label === 1 && distance(item.values) < 4.1).length; // 75 % of χ²₃
    assert(overlapping > 50 && overlapping < 500, `${overlapping} abnormal items among the inner three quarters`);
  }
});

Deno.test("parts() has (30, 70, 65) in the midst of the normal", () => {
  const items = cycle(42);
  const distance = distanceFrom(items.filter((item) => item.label === 0).map((item) => item.values));
  assert(distance([30, 70, 65]) < 0.1);
  const near = items.filter(({ values }) =>
    Math.abs(values[0] - 30) < 1.5 && Math.abs(values[1] - 70) < 2.5 && Math.abs(values[2] - 65) < 2
  );
  const abnormal = near.filter((item) => item.label === 1).length;
  assert(near.length > 100 && abnormal / near.length < 0.1, `${abnormal} of ${near.length} items near it are abnormal`);
});
