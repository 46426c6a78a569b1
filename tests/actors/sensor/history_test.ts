/** @module */
import fc from "fast-check";
import {
  CHUNK_ROWS,
  History,
  HISTORY_ROWS,
  oldRowWidth,
  readRow,
  rowWidth,
  upgradeRows,
} from "../../../actors/sensor/history.ts";
import { VERDICT, VERDICT_CHANNEL, VERDICT_HEAD } from "../../../actors/sensor/verdict.ts";
import { assert, assertEquals } from "../../../std/assert.ts";

function verdictOf(number: number, channels: number): Float64Array {
  const verdict = new Float64Array(VERDICT_HEAD + channels * VERDICT_CHANNEL).fill(number);
  verdict[VERDICT.channels] = channels;
  return verdict;
}

/** Writes row `number`: the number in every place. */
function write(history: History, number: number): void {
  history.write(number, verdictOf(number, history.channels), 0);
}

/** Whether all rows from `from` on hold their numbers in every place that is kept. */
function holds(history: History, from: number, to: number, channels = history.channels): void {
  const rows = history.copy(from, to), verdict = verdictOf(NaN, history.channels);
  assertEquals(rows.length, (to - from) * history.width);
  for (let number = from; number < to; number++) {
    readRow(rows, (number - from) * history.width, verdict, history.channels);
    assertEquals([verdict[VERDICT.position], verdict[VERDICT.physicalMask], verdict[VERDICT.logisticVersion]], [
      number,
      number,
      number,
    ]);
    const said = [...verdict.subarray(VERDICT_HEAD)];
    assert(said.slice(0, channels * VERDICT_CHANNEL).every((one) => one === number));
    assert(said.slice(channels * VERDICT_CHANNEL).every(Number.isNaN));
  }
}

Deno.test("History holds at least the last hundred rows, and grows no further than its capacity", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 500 }), (channels, count) => {
    const history = new History(channels);
    for (let n = 0; n < count; n++) write(history, n);
    holds(history, history.oldest, count);
    assertEquals(count - history.oldest, Math.min(count, HISTORY_ROWS));
    assert(history.bytes <= HISTORY_ROWS * rowWidth(channels) * 8);
  }));
  assert(HISTORY_ROWS >= 100);
});

Deno.test("History.restore() goes on at any row, none restored included", () => {
  fc.assert(fc.property(fc.nat(400), fc.nat(CHUNK_ROWS), fc.integer({ min: 1, max: 300 }), (next, kept, more) => {
    const from = Math.max(0, next - kept), before = new History(2), history = new History(2);
    for (let n = 0; n < next; n++) write(before, n);
    history.restore(from, before.copy(from, next));
    for (let n = next; n < next + more; n++) write(history, n);
    holds(history, history.oldest, next + more);
    assertEquals(history.oldest, Math.max(from, next + more - HISTORY_ROWS));
  }));
});

Deno.test("History.widened() keeps its rows, the new channels missing in them", () => {
  fc.assert(
    fc.property(fc.nat(300), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 200 }), (count, more, on) => {
      const history = new History(1);
      for (let n = 0; n < count; n++) write(history, n);
      const wide = history.widened(1 + more, count);
      holds(wide, wide.oldest, count, 1);
      for (let n = count; n < count + on; n++) write(wide, n);
      holds(wide, Math.max(count, wide.oldest), count + on);
    }),
  );
});

Deno.test("upgradeRows() brings rows of before into today's form", () => {
  const old = new Float64Array(2 * oldRowWidth(2));
  old.set([7, 1_000, 1, 2, 0, 20.5, NaN], 0);
  old.set([9, 2_000, -1, 0, 0, 21, 3], oldRowWidth(2));
  const rows = upgradeRows(old, 2), verdict = verdictOf(0, 2);
  readRow(rows, 0, verdict, 2);
  assertEquals([...verdict.subarray(VERDICT.position, VERDICT.plan)], [7, 1_000, 1]);
  assertEquals([verdict[VERDICT.bits], verdict[VERDICT.limitMask], verdict[VERDICT.rate]], [1, 2, 1]);
  assertEquals([...verdict.subarray(VERDICT_HEAD)], [20.5, NaN, NaN, NaN, NaN, NaN, NaN, NaN]);
  readRow(rows, rowWidth(2), verdict, 2);
  assertEquals([verdict[VERDICT.position], verdict[VERDICT.bits], verdict[VERDICT_HEAD + VERDICT_CHANNEL]], [9, 0, 3]);
});
