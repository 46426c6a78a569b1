import fc from "fast-check";
import { evaluatePart, joinParts } from "../../../actors/evaluation/batch.ts";
import { CELL, CELL_LENGTH, countReading, LOSS_GREATEST, readCell } from "../../../actors/evaluation/cell.ts";
import { compareEvaluations, DIFFERENCES_MOST } from "../../../actors/evaluation/compare.ts";
import { type Block, blockKey, EvaluationCounts } from "../../../actors/evaluation/counts.ts";
import { type ScoredReading, StreamingEvaluation, VERSIONS_MOST } from "../../../actors/evaluation/streaming.ts";
import { assert, assertAlmostEquals, assertEquals } from "../../../std/assert.ts";

const HOUR = 3_600_000;

const scored: fc.Arbitrary<Omit<ScoredReading, "position" | "version">> = fc.record({
  sensor: fc.constantFrom("a", "b", "c", "d", "e", "ü", "sensor 7", "sensor 8"),
  time: fc.integer({ min: 0, max: 30 * HOUR }),
  loss: fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(NaN, Infinity, -1, 0, LOSS_GREATEST)),
  flagged: fc.boolean(),
  label: fc.constantFrom(undefined, 0 as const, 1 as const),
}, { requiredKeys: ["sensor", "time", "loss", "flagged"] });

/** Readings at positions 0, 1, 2 and so on. */
const recording = fc.array(scored, { maxLength: 60 })
  .map((all) => all.map((one, position): ScoredReading => ({ ...one, position, version: 3 })));

Deno.test("countReading() counts losses exactly, and what is labelled by what was flagged", () => {
  const cell = new Float64Array(CELL_LENGTH);
  for (let at = 0; at < 1_000; at++) countReading(cell, 0, 0.1, false, -1);
  countReading(cell, 0, 7, true, 1);
  countReading(cell, 0, NaN, true, 0);
  countReading(cell, 0, 0, false, 1);
  countReading(cell, 0, 1e9, false, 0);
  const { mean_loss = NaN, greatest_loss, precision, recall, ...counts } = readCell(cell, 0);
  assertAlmostEquals(mean_loss, (100 + 7 + 2 * LOSS_GREATEST) / 1_004, 1e-6);
  assertEquals([greatest_loss, precision, recall], [LOSS_GREATEST, 0.5, 0.5]);
  assertEquals(counts, {
    count: 1_004,
    clipped: 2,
    flagged: 2,
    labelled: 4,
    true_positive: 1,
    false_positive: 1,
    false_negative: 1,
    true_negative: 1,
  });
  assertEquals(readCell(new Float64Array(CELL_LENGTH), 0).mean_loss, undefined);
});

Deno.test("joinParts() comes to the same bits however readings are split, ordered and bounded", () => {
  fc.assert(
    fc.property(recording, fc.array(fc.nat(3), { minLength: 60 }), fc.constantFrom(1, 3, 100), (all, split, most) => {
      const whole = evaluatePart(all, 3, most);
      const shares = [0, 1, 2, 3].map((share) => all.filter((_, at) => split[at] === share).reverse());
      const parts = shares.map((share) => evaluatePart(share, 3, most)).reverse();
      const joined = joinParts(structuredClone(parts), most);
      assertEquals([...joined.counts.all()], [...whole.blocks]);
      assertEquals(joined.counts.total(), joinParts([whole]).counts.total());
      assertEquals([joined.from, joined.to], [whole.from, whole.to]);
      assert(joined.counts.deviceCount <= most);
    }),
  );
});

Deno.test("StreamingEvaluation agrees exactly with the batch over the same readings", () => {
  fc.assert(fc.property(recording, fc.integer({ min: 1, max: 20 }), (all, size) => {
    const streaming = new StreamingEvaluation(), batch = joinParts([evaluatePart(all, 3)]);
    for (let at = 0; at < all.length; at += size) {
      streaming.add(all.slice(at, at + size));
      streaming.cut(at + size);
    }
    const live = streaming.versions()[0]?.counts ?? new EvaluationCounts();
    assertEquals(compareEvaluations(batch.counts, live), {
      equal: true,
      cells: [...batch.counts.all()].reduce((sum, { devices }) => sum + devices.length, 0),
      different: 0,
      differences: [],
    });
  }));
});

Deno.test("StreamingEvaluation counts each reading once, whatever of a cut was written when it was killed", () => {
  const kills = fc.array(fc.record({ cut: fc.nat(8), blocks: fc.nat(6) }), { maxLength: 4 });
  fc.assert(fc.property(recording, kills, (all, kills) => {
    const stored = new Map<number, { block: Block; cut: number }>(); // what the store holds, by block
    let committed = 0; // outputs before it are not given again
    for (const kill of [...kills, undefined]) {
      const counts = new EvaluationCounts(), positions = new Map([...stored].map(([key, { cut }]) => [key, cut]));
      for (const { block } of stored.values()) counts.put(block);
      const versions = [{ version: 3, from: 0, to: 0, counts, positions }];
      const streaming = new StreamingEvaluation({ cut: 0, late: 0, versions });
      const size = kill === undefined ? 9 : 7; // cuts are elsewhere in each run
      for (let number = 0; committed < all.length; number++) {
        const to = Math.min(all.length, committed + size), killed = kill?.cut === number;
        streaming.add(all.slice(committed, to));
        const blocks = streaming.cut(to).changes.flatMap((change) => change.blocks);
        for (const block of killed ? blocks.slice(0, kill.blocks) : blocks) {
          stored.set(blockKey(block.hour, block.block), { block, cut: to });
        }
        if (killed) break;
        committed = to;
      }
    }
    const live = new EvaluationCounts();
    for (const { block } of stored.values()) live.put(block);
    assertEquals(compareEvaluations(joinParts([evaluatePart(all, 3)]).counts, live).differences, []);
  }));
});

Deno.test("StreamingEvaluation keeps the newest versions open, and loses nothing of those that it closes", () => {
  const streaming = new StreamingEvaluation(), versions = VERSIONS_MOST + 3;
  const reading = (version: number, position: number): ScoredReading => ({
    position,
    sensor: "a",
    time: version,
    version,
    loss: 1,
    flagged: false,
  });
  for (let version = 1; version <= versions; version++) streaming.add([reading(version, version)]);
  streaming.add([reading(1, 50), reading(2, 51)]);
  const { changes, late } = streaming.cut(100);
  assertEquals([changes.map(({ version }) => version), late], [[1, 2, 3, 4, 5], 2]);
  assertEquals(streaming.versions().map(({ version }) => version), [4, 5]);
  assertEquals(streaming.cut(200).changes, []);
});

Deno.test("compareEvaluations() says where two differ, for a bounded number of places", () => {
  const batch = new EvaluationCounts(), streaming = new EvaluationCounts();
  for (const counts of [batch, streaming]) counts.add("a", 5 * HOUR, 1, false);
  batch.add("a", 5 * HOUR, 0.5, true, 1);
  const { equal, cells, different, differences } = compareEvaluations(batch, streaming);
  assertEquals([equal, cells, different], [false, 1, 4]);
  assertEquals(differences[0], { device: "a", hour: 5, field: "count", batch: 2, streaming: 1 });
  assertEquals(differences.map(({ field }) => field), ["count", "lossLow", "flagged", "truePositive"]);
  for (let at = 0; at < 200; at++) batch.add(`s${at}`, at * HOUR, 0, false);
  const many = compareEvaluations(batch, streaming);
  assertEquals([many.differences.length, many.different], [DIFFERENCES_MOST, 204]);
});

Deno.test("EvaluationCounts says the error by device and by hour of the day", () => {
  const counts = new EvaluationCounts(2), names = Array.from({ length: 20 }, (_, at) => `s${at}`);
  for (const [at, name] of names.entries()) counts.add(name, at * HOUR, at, at % 2 === 0);
  assertEquals(counts.byHour().map(({ of, error }) => [of, error.mean_loss]), names.map((_, at) => [at, at]));
  const devices = counts.byDevice();
  assertEquals([devices.length, devices[0].of, devices[0].error.count], [3, "", 18]);
  for (const { of, error } of devices.slice(1)) assertEquals(error.mean_loss, Number(of.slice(1)));
  assertEquals(counts.cell(devices[1].of, Number(devices[1].of.slice(1)))[CELL.count], 1);
  assertEquals(counts.cell("nobody", 3), new Float64Array(CELL_LENGTH));
});
